package dkim

import (
	"bytes"
	"math"
	"strings"

	"github.com/mailsec-go/mailsec/internal/bodyhash"
	"github.com/mailsec-go/mailsec/internal/dnsname"
	"github.com/mailsec-go/mailsec/internal/rawheader"
	"github.com/mailsec-go/mailsec/internal/taglist"
)

// Limits on one DKIM-Signature field; RFC 6376 names none.
const (
	maxSignatureField = 64 << 10
	maxSignedNames    = 1000
)

// Digits of numbers (RFC 6376, section 3.5).
const (
	maxLengthDigits = 76
	maxTimeDigits   = 12
)

// signature is a parsed DKIM-Signature field (RFC 6376, section 3.5).
type signature struct {
	field          *rawheader.Field
	value          []byte // what follows the colon, without the final CRLF
	alg            Algorithm
	header, body   Canon
	domain         string
	selector       string
	identity       string // i=, or "@" and d=
	identityDomain string
	names          []string // h=
	limit          int64    // l=, bodyhash.NoLimit without one
	time, expires  int64    // t= and x=, -1 without
	sig, bodyHash  []byte   // b= and bh=
	bFrom, bTo     int      // where the value of b= stands in value
	bText          []byte   // the value of b= as written
}

// required tags, in the order they are asked for.
var required = [...]string{"v", "a", "b", "bh", "d", "h", "s"}

// known lists the tags that have a place in tagSet.
const knownTags = 14

type tagSet struct {
	src []byte
	has uint16
	tag [knownTags]taglist.Tag
}

func tagIndex(name string) int {
	switch name {
	case "v":
		return 0
	case "a":
		return 1
	case "b":
		return 2
	case "bh":
		return 3
	case "c":
		return 4
	case "d":
		return 5
	case "h":
		return 6
	case "i":
		return 7
	case "l":
		return 8
	case "q":
		return 9
	case "s":
		return 10
	case "t":
		return 11
	case "x":
		return 12
	case "z":
		return 13
	}
	return -1
}

// get returns the value of a known tag and whether it is there.
func (t *tagSet) get(name string) ([]byte, bool) {
	i := tagIndex(name)
	if t.has&(1<<i) == 0 {
		return nil, false
	}
	return t.tag[i].Value(t.src), true
}

func (t *tagSet) bad(reason Reason, name, text string) *Error {
	e := &Error{Reason: reason, Tag: name, Text: text}
	if i := tagIndex(name); i >= 0 && t.has&(1<<i) != 0 {
		e.Pos = t.tag[i].NameStart
	}
	return e
}

// parse reads the field. What it could read before an error stays set, so that
// a result can name the domain.
func (s *signature) parse(f *rawheader.Field, lax, allowSHA1 bool) *Error {
	s.field = f
	s.limit, s.time, s.expires = bodyhash.NoLimit, -1, -1
	s.value = bytes.TrimSuffix(f.Value(), crlf)
	if len(s.value) > maxSignatureField {
		return &Error{Reason: Syntax, Text: "signature field too long"}
	}
	var tags tagSet
	err := tags.read(s.value)
	s.setNames(&tags)
	if err != nil {
		return err
	}
	if v, ok := tags.get("v"); ok && string(v) != "1" {
		return tags.bad(Version, "v", "unknown version")
	}
	for _, name := range required {
		if _, ok := tags.get(name); !ok {
			return tags.bad(MissingTag, name, "required tag missing")
		}
	}
	if s.alg == RSASHA1 && !allowSHA1 {
		return tags.bad(SHA1, "a", "rsa-sha1 is not secure")
	}
	for _, step := range [...]func(*tagSet) *Error{s.parseAlgorithms, s.parseHeaders, s.parseNumbers, s.parseIdentity} {
		if err := step(&tags); err != nil {
			return err
		}
	}
	return s.parseBinary(&tags, lax)
}

func (t *tagSet) read(src []byte) *Error {
	t.src = src
	var buf [20]taglist.Tag
	list, err := taglist.Parse(buf[:0], src)
	for _, tag := range list {
		if i := tagIndex(string(tag.Name(src))); i >= 0 {
			t.tag[i] = tag
			t.has |= 1 << i
		}
	}
	if err == nil {
		return nil
	}
	e := err.(*taglist.Error)
	reason := Syntax
	if e.Err == taglist.ErrDuplicate {
		reason = DuplicateTag
	}
	return &Error{Reason: reason, Tag: e.Tag, Pos: e.Pos, Text: e.Err.Error()}
}

// setNames takes over what identifies the signature, whatever else is wrong.
func (s *signature) setNames(t *tagSet) {
	v, _ := t.get("d")
	s.identity = "@" + string(v)
	s.domain = s.identity[1:] // one string for both
	if v, ok := t.get("s"); ok {
		s.selector = string(v)
	}
	if v, ok := t.get("a"); ok {
		s.alg = parseAlgorithm(v)
	}
	s.bText, _ = t.get("b")
}

func (s *signature) parseAlgorithms(t *tagSet) *Error {
	if s.alg == 0 {
		return t.bad(UnknownAlgorithm, "a", "unknown algorithm")
	}
	s.header, s.body = Simple, Simple
	if v, ok := t.get("c"); ok {
		head, body, both := bytes.Cut(v, []byte{'/'})
		if !parseCanon(&s.header, head) || both && !parseCanon(&s.body, body) {
			return t.bad(UnknownCanon, "c", "unknown canonicalization")
		}
	}
	if v, ok := t.get("q"); ok {
		found := false
		for more := true; more && !found; {
			var method []byte
			method, v, more = taglist.Cut(v)
			found = taglist.EqualFold(method, "dns/txt")
		}
		if !found {
			return t.bad(QueryMethod, "q", "no known query method")
		}
	}
	return nil
}

func parseCanon(c *Canon, v []byte) bool {
	switch v = taglist.Trim(v); {
	case taglist.EqualFold(v, "relaxed"):
		*c = Relaxed
	case taglist.EqualFold(v, "simple"):
		*c = Simple
	default:
		return false
	}
	return true
}

func (s *signature) parseHeaders(t *tagSet) *Error {
	v, _ := t.get("h")
	if n := bytes.Count(v, []byte{':'}) + 1; n > maxSignedNames {
		return t.bad(Syntax, "h", "too many header names")
	} else {
		s.names = make([]string, 0, n)
	}
	text := string(v) // the names are parts of this one string
	from := false
	for more := true; more; {
		var name string
		name, text, more = strings.Cut(text, ":")
		if name = strings.Trim(name, " \t\r\n"); !isFieldName(name) {
			return t.bad(Syntax, "h", "malformed header name")
		}
		from = from || strings.EqualFold(name, "from")
		s.names = append(s.names, name)
	}
	if !from {
		return t.bad(FromNotSigned, "h", "From is not signed")
	}
	return nil
}

// isFieldName reports whether s can name a header field (RFC 5322, section
// 3.6.8).
func isFieldName(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == ':' || c == ';' {
			return false
		}
	}
	return len(s) > 0
}

func (s *signature) parseNumbers(t *tagSet) *Error {
	for _, n := range [...]struct {
		tag    string
		digits int
		to     *int64
	}{{"l", maxLengthDigits, &s.limit}, {"t", maxTimeDigits, &s.time}, {"x", maxTimeDigits, &s.expires}} {
		v, ok := t.get(n.tag)
		if !ok {
			continue
		}
		value, ok := taglist.Number(v, n.digits)
		if !ok {
			return t.bad(Syntax, n.tag, "malformed number")
		}
		// One less than NoLimit is still more than any body.
		*n.to = min(value, math.MaxInt64-1)
	}
	if s.time >= 0 && s.expires >= 0 && s.expires <= s.time {
		return t.bad(ExpireBeforeTime, "x", "expires before it was made")
	}
	return nil
}

// parseIdentity checks that i= lies at or below d= (RFC 6376, section 3.5).
// U-labels in i= compare by their A-labels (RFC 8616, section 4).
func (s *signature) parseIdentity(t *tagSet) *Error {
	s.identityDomain = s.domain
	v, ok := t.get("i")
	if !ok {
		return nil
	}
	// Folding anywhere in i= is not part of it (RFC 6376, section 2.11).
	s.identity = strings.Map(dropFWS, string(v))
	at := strings.LastIndexByte(s.identity, '@')
	if at < 0 {
		return t.bad(Identity, "i", "identity without a domain")
	}
	domain, err := dnsname.ToASCII(s.identity[at+1:])
	if err != nil || strings.TrimRight(s.identity, fullStops) != s.identity || !dnsname.HasSuffix(domain, s.domain) {
		return t.bad(Identity, "i", "identity is not within the signing domain")
	}
	s.identityDomain = domain
	return nil
}

// fullStops are the characters that end a label (UTS 46, section 4).
const fullStops = ".\u3002\uff0e\uff61"

// dropFWS is for [strings.Map].
func dropFWS(r rune) rune {
	if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
		return -1
	}
	return r
}

func (s *signature) parseBinary(t *tagSet, lax bool) *Error {
	b, _ := t.get("b")
	bh, _ := t.get("bh")
	raw := make([]byte, 0, len(b)+len(bh))
	raw, err := taglist.AppendBase64(raw, b, lax)
	if err != nil || len(raw) == 0 {
		return t.bad(Base64, "b", "malformed base64")
	}
	s.sig = raw[:len(raw):len(raw)]
	s.bodyHash, err = taglist.AppendBase64(raw[len(raw):], bh, lax)
	if err != nil {
		return t.bad(Base64, "bh", "malformed base64")
	}
	if len(s.bodyHash) != s.alg.hash().Size() {
		return t.bad(BodyHashLength, "bh", "hash of the wrong length")
	}
	tag := t.tag[tagIndex("b")]
	s.bFrom, s.bTo = tag.RawStart, tag.RawEnd
	return nil
}

// prefix returns the first n characters of b=, folding removed (RFC 6008).
func (s *signature) prefix(n int) string {
	var buf [64]byte
	out := buf[:0]
	for _, c := range s.bText {
		if len(out) == min(n, len(buf)) {
			break
		}
		if c > ' ' && c < 0x7f {
			out = append(out, c)
		}
	}
	return string(out)
}

// limited reports whether there is an l=.
func (s *signature) limited() bool { return s.limit != bodyhash.NoLimit }
