package tlspolicy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Protocols is a set of TLS versions as a list of Postfix describes it. The
// zero value stands for the default of the level. Values are comparable.
type Protocols struct {
	given   bool
	exclude uint8  // bit i: versions[i] is out
	floor   uint16 // 0: no bound
	ceil    uint16 // 0: no bound
}

var versions = [...]struct {
	name string
	id   uint16
}{
	{"SSLv2", 0x0002}, {"SSLv3", 0x0300},
	{"TLSv1", tls.VersionTLS10}, {"TLSv1.1", tls.VersionTLS11},
	{"TLSv1.2", tls.VersionTLS12}, {"TLSv1.3", tls.VersionTLS13},
}

const allVersions = 1<<len(versions) - 1

// errNoProtocol says that a list leaves nothing that crypto/tls can speak.
var errNoProtocol = errors.New("the list leaves no TLS version that can be used")

// ParseProtocols parses a protocol list: words separated by colons, commas or
// white space. !P takes P out, P alone leaves only the protocols so named, >=P
// and <=P are bounds of which the last one counts. P is SSLv2, SSLv3, TLSv1,
// TLSv1.1, TLSv1.2 or TLSv1.3 in any case; a bound may also be a hexadecimal
// version number (0303, 0x0303) or None. The empty list allows everything.
func ParseProtocols(s string) (Protocols, error) {
	p := Protocols{given: true}
	var include uint8
	for w := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ':' || r == ',' || isSpace(r) }) {
		var err error
		switch {
		case strings.HasPrefix(w, ">="):
			p.floor, err = parseBound(w[2:])
		case strings.HasPrefix(w, "<="):
			p.ceil, err = parseBound(w[2:])
		case w[0] == '!':
			i := versionIndex(w[1:])
			if i < 0 {
				err = errors.New("unknown protocol")
				break
			}
			p.exclude |= 1 << i
		default:
			i := versionIndex(w)
			if i < 0 {
				err = errors.New("unknown protocol")
				break
			}
			include |= 1 << i
		}
		if err != nil {
			return Protocols{}, &Error{Text: w, Err: ErrBadEntry, Reason: err.Error()}
		}
	}
	if include != 0 {
		p.exclude |= allVersions &^ include
	}
	return p, nil
}

func versionIndex(name string) int {
	for i, v := range versions {
		if strings.EqualFold(name, v.name) {
			return i
		}
	}
	return -1
}

func parseBound(s string) (uint16, error) {
	if strings.EqualFold(s, "none") {
		return 0, nil
	}
	if i := versionIndex(s); i >= 0 {
		return versions[i].id, nil
	}
	hex := s
	if len(hex) > 2 && hex[0] == '0' && hex[1]|0x20 == 'x' {
		hex = hex[2:]
	}
	n, err := strconv.ParseUint(hex, 16, 16)
	if err != nil || n == 0 {
		return 0, errors.New("neither a protocol nor a hexadecimal version number")
	}
	return uint16(n), nil
}

// IsZero reports whether p stands for the default of the level.
func (p Protocols) IsZero() bool { return p == Protocols{} }

// ClientRange returns the lowest and the highest TLS version that a client may
// offer under p. A client offers a range, so a set with a hole is cut down to
// its lowest part, as OpenSSL does it: !TLSv1.2 also ends TLS 1.3. The zero
// value gives TLS 1.0 to 1.3. The error tells that nothing is left.
func (p Protocols) ClientRange() (lo, hi uint16, err error) {
	for i, v := range versions {
		if v.id < tls.VersionTLS10 {
			continue
		}
		out := p.exclude&(1<<i) != 0 || v.id < p.floor || p.ceil != 0 && v.id > p.ceil
		switch {
		case !out && lo == 0:
			lo, hi = v.id, v.id
		case !out:
			hi = v.id
		case lo != 0:
			return lo, hi, nil
		}
	}
	if lo == 0 {
		return 0, 0, errNoProtocol
	}
	return lo, hi, nil
}

// String returns p as a list that [ParseProtocols] reads back, "" for the zero
// value and for the list that allows everything.
func (p Protocols) String() string {
	var b strings.Builder
	add := func(s string) {
		if b.Len() > 0 {
			b.WriteByte(':')
		}
		b.WriteString(s)
	}
	if p.floor != 0 {
		add(">=" + boundName(p.floor))
	}
	if p.ceil != 0 {
		add("<=" + boundName(p.ceil))
	}
	for i, v := range versions {
		if p.exclude&(1<<i) != 0 {
			add("!" + v.name)
		}
	}
	return b.String()
}

func boundName(id uint16) string {
	for _, v := range versions {
		if v.id == id {
			return v.name
		}
	}
	return fmt.Sprintf("%04x", id)
}
