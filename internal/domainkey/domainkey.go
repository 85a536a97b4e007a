// Package domainkey parses the key records that domains publish below
// _domainkey (RFC 6376, section 3.6.1; RFC 8463) and looks them up.
package domainkey

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"

	"github.com/mailsec-go/mailsec/internal/taglist"
)

// MaxRecord is the longest record text that is looked at. A 4096-bit RSA key
// needs about 750 octets.
const MaxRecord = 8 << 10

// Key types (RFC 6376, section 3.6.1; RFC 8463, section 4).
const (
	RSA     = "rsa"
	Ed25519 = "ed25519"
)

// Kinds of an [Error].
var (
	ErrSyntax  = errors.New("malformed key record")
	ErrVersion = errors.New("key record of another version")
	ErrKeyType = errors.New("unknown key type")
	ErrRevoked = errors.New("key revoked")
	ErrKeyData = errors.New("malformed public key")
)

// An Error says why a record holds no usable key.
type Error struct {
	Tag string // the tag at fault, "" for the record as a whole
	Pos int    // byte offset in the record
	Err error  // the kind
}

func (e *Error) Error() string {
	if e.Tag == "" {
		return fmt.Sprintf("dkim: %v", e.Err)
	}
	return fmt.Sprintf("dkim: %v: tag %q at offset %d", e.Err, e.Tag, e.Pos)
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Err }

// A Record is a parsed key record.
type Record struct {
	Key      crypto.PublicKey
	KeyType  string
	Hashes   []string
	Services []string
	Flags    []string
	Notes    string
	Revoked  bool
}

// Bits returns the size of the key: the length of the RSA modulus, 256 for
// Ed25519, 0 without a key.
func (r *Record) Bits() int {
	switch k := r.Key.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen()
	case ed25519.PublicKey:
		return 256
	}
	return 0
}

// Parse parses the text of a key record, its strings already joined. The error
// is an [*Error]. When it is [ErrRevoked] or [ErrKeyData], the record is
// returned too, with everything but the key: whoever compares the key type with
// an algorithm can then give the better reason.
func Parse(txt string) (*Record, error) {
	if len(txt) > MaxRecord {
		return nil, &Error{Pos: MaxRecord, Err: ErrSyntax}
	}
	src := []byte(txt)
	var buf [12]taglist.Tag
	tags, err := taglist.Parse(buf[:0], src)
	if err != nil {
		e := err.(*taglist.Error)
		return nil, &Error{Tag: e.Tag, Pos: e.Pos, Err: ErrSyntax}
	}
	r := &Record{KeyType: RSA}
	var key []byte
	hasKey, keyPos := false, 0
	for i, t := range tags {
		v := t.Value(src)
		switch name := t.Name(src); string(name) {
		case "v":
			if i != 0 || string(v) != "DKIM1" {
				return nil, &Error{Tag: "v", Pos: t.NameStart, Err: ErrVersion}
			}
		case "k":
			if r.KeyType = keyType(v); r.KeyType == "" {
				return nil, &Error{Tag: "k", Pos: t.NameStart, Err: ErrKeyType}
			}
		case "p":
			key, hasKey, keyPos = v, true, t.NameStart
		case "h":
			r.Hashes = list(v)
		case "s":
			r.Services = list(v)
		case "t":
			r.Flags = list(v)
		case "n":
			r.Notes = unquote(v)
		}
	}
	switch {
	case !hasKey:
		return nil, &Error{Tag: "p", Pos: len(src), Err: ErrSyntax}
	case len(key) == 0:
		r.Revoked = true
		return r, &Error{Tag: "p", Pos: keyPos, Err: ErrRevoked}
	}
	public, err := publicKey(r.KeyType, key)
	if err != nil {
		return r, &Error{Tag: "p", Pos: keyPos, Err: ErrKeyData}
	}
	r.Key = public
	return r, nil
}

func keyType(v []byte) string {
	switch {
	case taglist.EqualFold(v, RSA):
		return RSA
	case taglist.EqualFold(v, Ed25519):
		return Ed25519
	}
	return ""
}

// list splits a colon-separated list into lower-case items. It is never nil: a
// tag that is present but empty allows nothing.
func list(v []byte) []string {
	items := []string{}
	for more := true; more; {
		var item []byte
		item, v, more = taglist.Cut(v)
		if len(item) > 0 {
			items = append(items, lower(item))
		}
	}
	return items
}

// unquote decodes a qp-section (RFC 2045, section 6.7); what is no escape stays.
func unquote(v []byte) string {
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		if v[i] == '=' && i+2 < len(v) {
			hi, lo := unhex(v[i+1]), unhex(v[i+2])
			if hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, v[i])
	}
	return string(out)
}

func unhex(c byte) int { return strings.IndexByte("0123456789ABCDEF", c) }

func lower(b []byte) string {
	out := make([]byte, len(b))
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		out[i] = c
	}
	return string(out)
}

// publicKey decodes p=: for RSA a SubjectPublicKeyInfo, or the RSAPublicKey
// that the RFC's text names (RFC 6376, section 3.6.1, erratum 3017); for
// Ed25519 the 32 octets of the key (RFC 8463, section 4.2).
func publicKey(typ string, text []byte) (crypto.PublicKey, error) {
	der, err := taglist.AppendBase64(make([]byte, 0, len(text)), text, false)
	if err != nil {
		return nil, err
	}
	if typ == Ed25519 {
		if len(der) != ed25519.PublicKeySize {
			return nil, ErrKeyData
		}
		return ed25519.PublicKey(der), nil
	}
	return parseRSA(der)
}
