package rbl

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// An Algorithm is the hash that a list of hashes uses, with its encoding.
type Algorithm uint8

// Algorithms. The hashes hide what is asked about; they protect nothing else,
// so that MD5 and SHA-1 are still in use here.
const (
	SHA1   Algorithm = iota // 40 hexadecimal digits
	MD5                     // 32 hexadecimal digits
	SHA256                  // 52 characters of base32 in lower case, no padding
)

// String returns "sha1", "md5" or "sha256".
func (a Algorithm) String() string {
	switch a {
	case MD5:
		return "md5"
	case SHA256:
		return "sha256"
	}
	return "sha1"
}

// A HashSpec says what a list of hashes has hashed, and how. The zero HashSpec
// is SHA-1 over the text in lower case.
type HashSpec struct {
	Algorithm Algorithm

	// KeepCase keeps the case of the local part, and of a link's path. The
	// domain is in lower case either way.
	KeepCase bool

	// CutTag removes "+" and what follows from the local part.
	CutTag bool

	// CutDots removes dots from the local part.
	CutDots bool

	// Aliases maps domains, in lower case, to the one their addresses are
	// known under; in both, dots of the local part do not count. See [GmailAliases].
	Aliases map[string]string

	// Canonical, if not nil, replaces all of the above but Algorithm: it
	// returns the text to hash, "" for none.
	Canonical func(string) string
}

// GmailAliases is [HashSpec.Aliases] for Google's mail domains.
func GmailAliases() map[string]string {
	return map[string]string{"googlemail.com": "gmail.com", "gmail.com": "gmail.com"}
}

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Sum returns the hash of text as it stands in a query name.
func (h HashSpec) Sum(text string) string {
	switch h.Algorithm {
	case MD5:
		sum := md5.Sum([]byte(text))
		return hex.EncodeToString(sum[:])
	case SHA256:
		sum := sha256.Sum256([]byte(text))
		return base32Lower.EncodeToString(sum[:])
	}
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Email returns the hash of a mail address in canonical form: the domain as
// A-labels in lower case without final dot, the local part as the spec says.
// The error is an [*Error] of kind [ErrAddress] when there is no local part or
// no usable domain.
func (h HashSpec) Email(address string) (string, error) {
	if h.Canonical != nil {
		if text := h.Canonical(address); text != "" {
			return h.Sum(text), nil
		}
		return "", &Error{Kind: ErrAddress}
	}
	at := strings.LastIndexByte(address, '@')
	if at <= 0 {
		return "", &Error{Kind: ErrAddress, Advice: "want local-part@domain"}
	}
	local := address[:at]
	domain, skip := CanonicalDomain(address[at+1:])
	if skip != "" {
		return "", &Error{Kind: ErrAddress, Advice: string(skip) + " in the domain"}
	}
	if !h.KeepCase {
		local = strings.ToLower(local)
	}
	if i := strings.IndexByte(local, '+'); h.CutTag && i > 0 {
		local = local[:i]
	}
	cutDots := h.CutDots
	if to, ok := h.Aliases[domain]; ok {
		domain, cutDots = to, true
	}
	if cutDots {
		local = strings.ReplaceAll(local, ".", "")
	}
	if local == "" {
		return "", &Error{Kind: ErrAddress, Advice: "nothing is left of the local part"}
	}
	return h.Sum(local + "@" + domain), nil
}

// URL returns the hash of a link in canonical form: no user information, port
// 80 or 443, or fragment; scheme and host in lower case; "/" for an empty path;
// the rest in lower case unless KeepCase. Lists differ here: set
// [HashSpec.Canonical] to the form a list documents. It returns "" for a link
// without host.
func (h HashSpec) URL(link string) string {
	if h.Canonical != nil {
		if text := h.Canonical(link); text != "" {
			return h.Sum(text)
		}
		return ""
	}
	host, addr, skip := Host(link)
	if skip != "" {
		return ""
	}
	if addr.IsValid() {
		host = addr.String()
		if addr.Is6() {
			host = "[" + host + "]"
		}
	}
	link = strings.TrimSpace(link)
	scheme := "http://"
	if n := schemeLen(link); n > 0 {
		scheme, link = dnsname.Lower(link[:n])+"//", link[n:]
	}
	link = strings.TrimLeft(link, `/\`)
	port, path := "", "/"
	if i := strings.IndexAny(link, `/\?#`); i >= 0 {
		link, path = link[:i], link[i:]
	}
	if i := strings.LastIndexByte(link, ':'); i > strings.LastIndexByte(link, ']') && i > strings.LastIndexByte(link, '@') {
		if p := link[i:]; isNumeric(p[1:]) && p != ":80" && p != ":443" {
			port = p
		}
	}
	path, _, _ = strings.Cut(path, "#")
	if path == "" || path[0] != '/' {
		path = "/" + path
	}
	if !h.KeepCase {
		path = strings.ToLower(path)
	}
	return h.Sum(scheme + host + port + path)
}
