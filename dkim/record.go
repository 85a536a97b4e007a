package dkim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/mailsec-go/mailsec/internal/domainkey"
)

// A Record is the key record that a domain publishes below _domainkey
// (RFC 6376, section 3.6.1). Records in results may be shared: do not change
// them.
type Record struct {
	Key      crypto.PublicKey // *rsa.PublicKey or ed25519.PublicKey; nil if revoked
	KeyType  string           // "rsa" or "ed25519"
	Hashes   []string         // h=, nil: any
	Services []string         // s=, nil: any
	Flags    []string         // t=: "y" test mode, "s" no subdomains in i=
	Notes    string           // n=, decoded
	Revoked  bool             // p= is empty
}

// ParseRecord parses the text of a key record, its strings already joined. The
// error is an [*Error] that wraps [ErrSyntax], [ErrVersion], [ErrKeyType],
// [ErrRevoked] or [ErrKeyData]. With ErrRevoked and ErrKeyData the record is
// returned too, without a key.
func ParseRecord(txt string) (*Record, error) {
	r, err := domainkey.Parse(txt)
	if err != nil {
		var e *domainkey.Error
		errors.As(err, &e)
		err = &Error{Reason: keyReason(err), Tag: e.Tag, Pos: e.Pos, Text: "key record", Err: e.Err}
	}
	return (*Record)(r), err
}

// keyReason returns the reason that belongs to a failed key look-up.
func keyReason(err error) Reason {
	for _, k := range [...]struct {
		kind   error
		reason Reason
	}{
		{domainkey.ErrTemporary, KeyUnavailable},
		{domainkey.ErrMissing, KeyMissing},
		{domainkey.ErrName, KeyMissing},
		{domainkey.ErrMultiple, KeyMultiple},
		{domainkey.ErrVersion, KeyVersion},
		{domainkey.ErrKeyType, KeyType},
		{domainkey.ErrRevoked, KeyRevoked},
	} {
		if errors.Is(err, k.kind) {
			return k.reason
		}
	}
	return KeySyntax
}

// Bits returns the size of the key in bits, 0 without a key. Ed25519 has 256.
func (r *Record) Bits() int { return (*domainkey.Record)(r).Bits() }

// TestMode reports whether the domain says that it is testing (t=y).
func (r *Record) TestMode() bool { return has(r.Flags, "y") }

// Strict reports whether i= may not name a subdomain (t=s).
func (r *Record) Strict() bool { return has(r.Flags, "s") }

func has(list []string, item string) bool {
	for _, s := range list {
		if s == item {
			return true
		}
	}
	return false
}

// String returns the record as the text to publish. It is empty when the key
// is of a type that DKIM does not know.
func (r *Record) String() string {
	var data []byte
	typ := r.KeyType
	switch k := r.Key.(type) {
	case *rsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(k)
		if err != nil {
			return ""
		}
		data, typ = der, domainkey.RSA
	case ed25519.PublicKey:
		data, typ = k, domainkey.Ed25519
	case nil:
		if typ == "" {
			typ = domainkey.RSA
		}
	default:
		return ""
	}
	var b strings.Builder
	b.WriteString("v=DKIM1; k=" + typ)
	for _, l := range [...]struct {
		tag   string
		items []string
	}{{"h", r.Hashes}, {"s", r.Services}, {"t", r.Flags}} {
		if len(l.items) > 0 {
			b.WriteString("; " + l.tag + "=" + strings.Join(l.items, ":"))
		}
	}
	if r.Notes != "" {
		b.WriteString("; n=" + quotedPrintable(r.Notes))
	}
	b.WriteString("; p=" + base64.StdEncoding.EncodeToString(data))
	return b.String()
}

// quotedPrintable encodes s as a qp-section that may stand in a tag list.
func quotedPrintable(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c > '~' || c == '=' || c == ';' || c == ' ' && (i == 0 || i == len(s)-1) {
			b.WriteByte('=')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
