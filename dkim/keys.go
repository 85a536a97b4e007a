package dkim

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/internal/domainkey"
)

// GenerateKey makes a key for an algorithm and the record to publish for it.
// bits is the size of an RSA key, 2048 to 8192, 0 for 2048; it is not used for
// Ed25519.
func GenerateKey(alg Algorithm, bits int) (crypto.Signer, *Record, error) {
	switch alg {
	case Ed25519SHA256:
		pub, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		return key, &Record{Key: pub, KeyType: domainkey.Ed25519}, nil
	case RSASHA256:
		if bits == 0 {
			bits = MinSignBits
		}
		if bits < MinSignBits || bits > hardMaxRSABits {
			return nil, nil, &Error{Text: fmt.Sprintf("RSA key of %d bits", bits), Err: ErrConfig}
		}
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, nil, err
		}
		return key, &Record{Key: &key.PublicKey, KeyType: domainkey.RSA}, nil
	}
	return nil, nil, &Error{Text: fmt.Sprintf("no keys for %v", alg), Err: ErrConfig}
}

// ParsePrivateKey reads a private key: PEM with a PKCS#1 or PKCS#8 block, or an
// Ed25519 seed of 32 octets, raw or in base64. The key is an *rsa.PrivateKey or
// an ed25519.PrivateKey. The error wraps [ErrPrivateKey] and quotes nothing of
// the input.
func ParsePrivateKey(data []byte) (crypto.Signer, error) {
	bad := func(format string, args ...any) (crypto.Signer, error) {
		return nil, &Error{Text: "private key: " + fmt.Sprintf(format, args...), Err: ErrPrivateKey}
	}
	if len(data) == ed25519.SeedSize {
		return ed25519.NewKeyFromSeed(data), nil
	}
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "RSA PRIVATE KEY":
			if block.Headers["DEK-Info"] != "" {
				return bad("encrypted")
			}
			key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
			if err != nil {
				return bad("malformed PKCS#1")
			}
			return key, nil
		case "PRIVATE KEY":
			return parsePKCS8(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return bad("encrypted")
		}
	}
	seed, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(data)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return bad("neither PEM nor an Ed25519 seed")
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func parsePKCS8(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, &Error{Text: "private key: malformed PKCS#8", Err: ErrPrivateKey}
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, &Error{Text: fmt.Sprintf("private key: %T cannot sign mail", key), Err: ErrPrivateKey}
}

// MarshalPrivateKey returns a key in a form that [ParsePrivateKey] reads: PEM
// with a PKCS#8 block.
func MarshalPrivateKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, &Error{Text: fmt.Sprintf("private key: %T", key), Err: ErrPrivateKey}
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// RecordName returns the absolute name at which the key of a selector is
// published. U-labels become A-labels. The error wraps [ErrConfig].
func RecordName(selector, domain string) (string, error) {
	_, _, name, err := publishedName(selector, domain)
	return name, err
}

// maxString is the longest string in a TXT record (RFC 1035, section 3.3.14).
const maxString = 255

// TXT returns the record as the strings of one TXT record, each of at most 255
// octets.
func (r *Record) TXT() []string {
	text := r.String()
	var parts []string
	for len(text) > maxString {
		parts = append(parts, text[:maxString])
		text = text[maxString:]
	}
	return append(parts, text)
}

// ZoneLine returns the record as a line of a zone file (RFC 1035, section 5.1)
// for an absolute name, such as [RecordName] returns. Octets outside printable
// ASCII are escaped.
func (r *Record) ZoneLine(name string, ttl int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d IN TXT", name, ttl)
	for _, part := range r.TXT() {
		b.WriteString(` "`)
		for i := 0; i < len(part); i++ {
			switch c := part[i]; {
			case c < ' ' || c > '~':
				fmt.Fprintf(&b, `\%03d`, c)
				continue
			case c == '"' || c == '\\':
				b.WriteByte('\\')
			}
			b.WriteByte(part[i])
		}
		b.WriteByte('"')
	}
	return b.String()
}

// CheckPublished reports whether DNS holds the public key of the key that signs
// for a selector: nil if so. key is the public key, or the [crypto.Signer] it
// belongs to. The error is an [*Error] whose Reason says what is wrong; it wraps
// [ErrNotPublished] if there is no such key, or another one, [ErrConfig] if the
// arguments make no sense, and neither if DNS failed.
func CheckPublished(ctx context.Context, r Resolver, domain, selector string, key crypto.PublicKey) error {
	name, err := RecordName(selector, domain)
	if err != nil {
		return err
	}
	if s, ok := key.(crypto.Signer); ok {
		key = s.Public()
	}
	if r == nil || key == nil {
		return &Error{Domain: domain, Text: "no resolver, or no key", Err: ErrConfig}
	}
	a := domainkey.Lookup(ctx, r, nil, name, time.Time{})
	if a.Err != nil {
		e := &Error{Reason: keyReason(a.Err), Domain: domain, Text: "key record", Err: a.Err}
		if e.Reason != KeyUnavailable {
			e.Err = fmt.Errorf("%w: %w", ErrNotPublished, a.Err)
		}
		return e
	}
	pub, ok := a.Record.Key.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !pub.Equal(key) {
		return &Error{Reason: KeyMismatch, Domain: domain, Text: "another key is published at " + name, Err: ErrNotPublished}
	}
	return nil
}
