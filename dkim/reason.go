package dkim

import "strconv"

// Status is the outcome of one signature, in the words of RFC 8601, section
// 2.7.1. The zero Status is None: nothing was checked.
type Status uint8

// The outcomes.
const (
	None      Status = iota
	Pass             // the signature verified
	Fail             // the body or the signed header was changed
	Policy           // the signature verified, or would have to, but is refused by local policy
	Neutral          // a syntax error, where [Verifier.SyntaxNeutral] asks for it
	TempError        // the key could not be looked up for now
	PermError        // the signature or its key cannot be used
)

var statusNames = [...]string{"none", "pass", "fail", "policy", "neutral", "temperror", "permerror"}

// String returns the word that RFC 8601 uses.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "Status(" + strconv.Itoa(int(s)) + ")"
}

// Reason says why a signature got its [Status].
type Reason uint8

// The reasons. Each belongs to one Status, which the comment names.
const (
	OK                Reason = iota // pass
	BodyHash                        // fail: the body is not the one that was signed
	SignatureMismatch               // fail: the header is not the one that was signed, or the key is another
	Syntax                          // permerror: the field is no tag list, or a value is malformed
	DuplicateTag                    // permerror
	MissingTag                      // permerror: a required tag is missing
	Version                         // permerror: v= is not 1
	UnknownAlgorithm                // permerror
	SHA1                            // permerror: rsa-sha1 (RFC 8301, section 3.1)
	UnknownCanon                    // permerror: c=
	QueryMethod                     // permerror: q= names no known method
	Base64                          // permerror: b= or bh= is not base64
	BodyHashLength                  // permerror: bh= has the wrong length
	FromNotSigned                   // permerror: From is missing in h=
	Identity                        // permerror: i= is not at or below d=
	ExpireBeforeTime                // permerror: x= is not after t=
	Expired                         // permerror: x= is in the past
	BodyTooShort                    // permerror: l= is more than the body has
	KeyMissing                      // permerror: no key record, or no possible name for one
	KeyMultiple                     // permerror: several TXT records
	KeySyntax                       // permerror: malformed key record
	KeyVersion                      // permerror: v= of the record is not DKIM1, or not first
	KeyType                         // permerror: k= is unknown
	KeyRevoked                      // permerror: p= is empty
	KeyMismatch                     // permerror: k= does not fit a=
	KeyHash                         // permerror: h= of the record excludes the hash
	KeyService                      // permerror: s= of the record excludes the service
	KeyStrict                       // permerror: t=s, and the domain of i= is not d=
	KeyWeak                         // permerror: RSA below 1024 bits, or below MinRSABits
	KeyTooLong                      // permerror: RSA above MaxRSABits
	KeyUnavailable                  // temperror: the look-up failed
	TooMany                         // policy: beyond MaxSignatures
	FutureTime                      // policy: t= is in the future
	TopLevelDomain                  // policy: d= is a single label
	NoFrom                          // policy: the message has no From field
	UnsignedBody                    // policy: l= leaves a part of the body unsigned
	Refused                         // policy: Verifier.Policy said no
)

var reasonNames = [...]string{
	"ok", "bodyhash", "signature", "syntax", "duplicate-tag", "missing-tag", "version", "algorithm", "rsa-sha1",
	"canonicalization", "query-method", "base64", "bodyhash-length", "from-not-signed", "identity", "x-before-t",
	"expired", "l-too-long", "key-missing", "key-multiple", "key-syntax", "key-version", "key-type", "key-revoked",
	"key-mismatch", "key-hash", "key-service", "key-strict", "key-weak", "key-too-long", "key-unavailable",
	"too-many", "future", "top-level-domain", "no-from", "unsigned-body", "refused",
}

// String returns a short word that does not change between versions.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "Reason(" + strconv.Itoa(int(r)) + ")"
}

// status returns the Status the reason belongs to.
func (r Reason) status() Status {
	switch {
	case r == OK:
		return Pass
	case r <= SignatureMismatch:
		return Fail
	case r == KeyUnavailable:
		return TempError
	case r >= TooMany:
		return Policy
	}
	return PermError
}

// syntax reports whether the reason is a syntax error of the signature field.
func (r Reason) syntax() bool { return r >= Syntax && r <= ExpireBeforeTime && r != SHA1 }
