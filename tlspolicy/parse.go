package tlspolicy

import (
	"crypto"
	"errors"
	"os"
	"strings"
)

// Options adjust how a table or policy is read. A nil *Options and the zero
// value are the defaults of Postfix.
type Options struct {
	// File names the text in errors and reports.
	File string

	// VerifyMatch and SecureMatch are the patterns of entries at these levels
	// without a match attribute; nil: hostname, and nexthop, dot-nexthop.
	VerifyMatch, SecureMatch []Pattern

	// Fingerprints are the digests of entries at level fingerprint without a
	// match attribute; nil: such an entry is a bad one.
	Fingerprints [][]byte

	// Hash is the digest in fingerprints: SHA256 (also for 0), SHA512, SHA384,
	// SHA1 or MD5, of which the last two are weak. With any other, entries
	// with fingerprints are bad ones.
	Hash crypto.Hash

	// ReadFile returns the content of a tafile attribute; nil: os.ReadFile.
	ReadFile func(name string) ([]byte, error)

	// LastWins makes the last of several entries with one key count. By default
	// a table with a duplicate key does not compile, as in Postfix.
	LastWins bool
}

// separators end a word of a policy, braces aside.
const separators = " \t\r\n\v\f,"

func isSpace(r rune) bool { return r == ' ' || '\t' <= r && r <= '\r' }

// ParsePolicy parses the value of one entry: a level followed by attributes,
// separated by white space and commas. An attribute is name=value or, where the
// value holds a separator, { name = value }. Names and levels are in any case.
//
// The error is an [*Error] of kind [ErrBadEntry]: the destination must defer.
func ParsePolicy(value string, o *Options) (*Policy, error) {
	if o == nil {
		o = &Options{}
	}
	p, err := parsePolicy(value, o)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// parsePolicy is ParsePolicy with the error's own type. Errors and warnings come
// without File, Line and Key.
func parsePolicy(value string, o *Options) (*Policy, *Error) {
	word, rest, err := nextWord(value)
	if err != nil {
		return nil, bad(value, err.Error())
	}
	if word == "" {
		return nil, bad("", "empty policy: write a level")
	}
	level, lerr := ParseLevel(word)
	if lerr != nil {
		return nil, lerr.(*Error)
	}
	a := attributes{Policy: Policy{Level: level}, options: o}
	for {
		word, rest, err = nextWord(rest)
		if err != nil {
			return nil, bad(word, err.Error())
		}
		if word == "" {
			break
		}
		if level == None {
			a.warn(word, ErrIgnored, "TLS is off at level none")
			continue
		}
		if err := a.add(word); err != nil {
			return nil, err
		}
	}
	if err := a.finish(); err != nil {
		return nil, err
	}
	return &a.Policy, nil
}

// nextWord cuts the first word off s. A part in braces belongs to one word with
// all that is in it. The word is "" at the end.
func nextWord(s string) (word, rest string, err error) {
	s = strings.TrimLeft(s, separators)
	depth := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth < 0 {
				return s, "", errors.New("closing brace without an opening one")
			}
		case depth == 0 && strings.IndexByte(separators, c) >= 0:
			return s[:i], s[i:], nil
		}
	}
	if depth > 0 {
		return s, "", errors.New("opening brace without a closing one")
	}
	return s, "", nil
}

// splitAttr splits a word into an attribute's name, in lower case, and value.
func splitAttr(word string) (name, value string, err *Error) {
	text := word
	if word[0] == '{' {
		end := closingBrace(word)
		if end != len(word)-1 {
			return "", "", bad(word, "text after the closing brace")
		}
		text = word[1:end]
	}
	name, value, ok := strings.Cut(text, "=")
	name, value = trim(name), trim(value)
	switch {
	case !ok:
		return "", "", bad(word, "attribute without '=': write name=value without blanks, or { name = value }")
	case name == "":
		return "", "", bad(word, "attribute without a name")
	}
	return strings.ToLower(name), value, nil
}

// closingBrace returns the index of the brace that closes the one at s[0].
func closingBrace(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func trim(s string) string { return strings.TrimFunc(s, isSpace) }

func bad(text, reason string) *Error {
	return &Error{Text: text, Reason: reason, Err: ErrBadEntry}
}

func (o *Options) hash() crypto.Hash {
	if o.Hash == 0 {
		return crypto.SHA256
	}
	return o.Hash
}

// hashOK reports whether Hash is one of those in its documentation.
func (o *Options) hashOK() bool {
	switch o.hash() {
	case crypto.SHA256, crypto.SHA512, crypto.SHA384, crypto.SHA1, crypto.MD5:
		return true
	}
	return false
}

func (o *Options) readFile(name string) ([]byte, error) {
	if o.ReadFile != nil {
		return o.ReadFile(name)
	}
	return os.ReadFile(name)
}

func (o *Options) match(l Level) []Pattern {
	switch {
	case l == Verify && o.VerifyMatch != nil:
		return o.VerifyMatch
	case l == Secure && o.SecureMatch != nil:
		return o.SecureMatch
	}
	return defaultMatch(l)
}
