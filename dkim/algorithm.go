package dkim

import (
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"hash"
	"strconv"

	"github.com/mailsec-go/mailsec/internal/bodyhash"
	"github.com/mailsec-go/mailsec/internal/domainkey"
	"github.com/mailsec-go/mailsec/internal/taglist"
)

// Canon is a canonicalization of header or body (RFC 6376, section 3.4). The
// zero value is Relaxed.
type Canon uint8

// The canonicalizations.
const (
	Relaxed Canon = iota
	Simple
)

// String returns the name used in c=.
func (c Canon) String() string {
	switch c {
	case Relaxed:
		return "relaxed"
	case Simple:
		return "simple"
	}
	return "Canon(" + strconv.Itoa(int(c)) + ")"
}

func (c Canon) body() bodyhash.Canon {
	if c == Simple {
		return bodyhash.Simple
	}
	return bodyhash.Relaxed
}

// Algorithm is a signature algorithm (RFC 6376, section 3.3; RFC 8463). The
// zero value is none.
type Algorithm uint8

// The algorithms. RSASHA1 is verified only where [Verifier.AllowSHA1] asks for
// it, and never used to sign (RFC 8301, section 3.1).
const (
	RSASHA256 Algorithm = iota + 1
	Ed25519SHA256
	RSASHA1
)

// String returns the name used in a=.
func (a Algorithm) String() string {
	switch a {
	case RSASHA256:
		return "rsa-sha256"
	case Ed25519SHA256:
		return "ed25519-sha256"
	case RSASHA1:
		return "rsa-sha1"
	}
	return "Algorithm(" + strconv.Itoa(int(a)) + ")"
}

func parseAlgorithm(v []byte) Algorithm {
	for _, a := range [...]Algorithm{RSASHA256, Ed25519SHA256, RSASHA1} {
		if taglist.EqualFold(v, a.String()) {
			return a
		}
	}
	return 0
}

// keyType returns the k= that the algorithm needs.
func (a Algorithm) keyType() string {
	if a == Ed25519SHA256 {
		return domainkey.Ed25519
	}
	return domainkey.RSA
}

func (a Algorithm) hashName() string {
	if a == RSASHA1 {
		return "sha1"
	}
	return "sha256"
}

func (a Algorithm) hash() crypto.Hash {
	if a == RSASHA1 {
		return crypto.SHA1
	}
	return crypto.SHA256
}

func (a Algorithm) newHash() hash.Hash {
	if a == RSASHA1 {
		return sha1.New()
	}
	return sha256.New()
}
