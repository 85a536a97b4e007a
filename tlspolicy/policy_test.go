package tlspolicy

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const digest = "3E99EE2DB143A3B52680090A24F03BC1F778505A6670E7BA78AD1BDF3A06782C"

func TestParsePolicy(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"may", "may"},
		{"Secure", "secure match=nexthop:dot-nexthop"},
		{"VERIFY", "verify match=hostname"},
		{"dane-only", "dane-only"},
		{"dane", "dane"},
		{"secure MATCH=MX.a.example:.B.example match=Hostname", "secure match=mx.a.example:.b.example:hostname"},
		{"secure match=:nexthop::", "secure match=nexthop"},
		{"secure match=*.a.example", "secure match=*.a.example"},
		{"secure match=.b\u00fccher.example", "secure match=.xn--bcher-kva.example"},
		{"verify match=.", "verify match=."},
		{"verify match=a.example.:nexthop", "verify match=nexthop"},
		{"encrypt,protocols=TLSv1.2", "encrypt protocols=!SSLv2:!SSLv3:!TLSv1:!TLSv1.1:!TLSv1.3"},
		{"encrypt { protocols = >=TLSv1.2 }", "encrypt protocols=>=TLSv1.2"},
		{"encrypt protocols=", "encrypt protocols="},
		{"encrypt exclude=", "encrypt exclude="},
		{"encrypt exclude=RC4:DES", "encrypt exclude=RC4:DES"},
		{"encrypt {exclude=RC4, DES}", "encrypt exclude=RC4:DES"},
		{"encrypt ciphers=export", "encrypt ciphers=medium"},
		{"encrypt ciphers=HIGH", "encrypt ciphers=high"},
		{"encrypt servername=Mx.a.example", "encrypt servername=Mx.a.example"},
		{"encrypt servername=NEXTHOP", "encrypt servername=nexthop"},
		{"encrypt connection_reuse=no connection_reuse=YES", "encrypt connection_reuse=yes"},
		{"encrypt enable_rpk=no", "encrypt enable_rpk=no"},
		{"fingerprint match=" + digest, "fingerprint match=" + strings.ToLower(digest)},
		{"fingerprint match=zz|3E:99EE2DB143A3B52680090A24F03BC1F778505A6670E7BA78AD1BDF3A0678:2C", "fingerprint match=" + strings.ToLower(digest)},
		{"none match=x protocols=bar junk", "none"},
		{"secure match=.a.example servername=hostname policy_ttl=3600 policy_type=STS policy_domain=a.example " +
			"policy_string=version:STSv1 policy_string=mode:enforce mx_host_pattern=*.a.example policy_failure=x",
			"secure match=.a.example servername=hostname policy_type=sts policy_domain=a.example policy_ttl=3600 " +
				"policy_string=version:STSv1 policy_string=mode:enforce mx_host_pattern=*.a.example policy_failure=x"},
		{"secure policy_type=sts { policy_string = mode: enforce }", "secure match=nexthop:dot-nexthop policy_type=sts { policy_string = mode: enforce }"},
	} {
		p, err := ParsePolicy(tt.in, nil)
		if err != nil {
			t.Errorf("ParsePolicy(%q): %v", tt.in, err)
			continue
		}
		if got := p.String(); got != tt.want {
			t.Errorf("ParsePolicy(%q)\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

// All that Postfix answers with "client TLS configuration problem", and the
// attribute values that it refuses only at the handshake.
func TestParsePolicyBad(t *testing.T) {
	for _, tt := range []struct{ in, reason string }{
		{"", "empty policy"},
		{",", "empty policy"},
		{"mandatory", "unknown security level"},
		{"MUST", "unknown security level"},
		{"halfdane", "unknown security level"},
		{"encrypt foo=bar", "unknown attribute"},
		{"encrypt foo", "without '='"},
		{"encrypt =bar", "without a name"},
		{"encrypt secure", "without '='"},
		{"encrypt protocols = TLSv1.2", "without '='"},
		{"encrypt protocols=>= TLSv1.2", "neither a protocol"},
		{"encrypt match=a.example", "fingerprint, verify and secure only"},
		{"may match=nexthop", "fingerprint, verify and secure only"},
		{"dane match=nexthop", "fingerprint, verify and secure only"},
		{"secure match=", "without a value"},
		{"encrypt ciphers=", "without a value"},
		{"encrypt ciphers=high ciphers=high", "more than once"},
		{"encrypt exclude=A exclude=B", "more than once"},
		{"encrypt protocols=TLSv1.2 protocols=TLSv1.3", "more than once"},
		{"encrypt servername=a.example servername=a.example", "more than once"},
		{"encrypt ciphers=ultra", "unknown cipher grade"},
		{"encrypt ciphers=null", "without encryption"},
		{"encrypt protocols=TLSv9", "unknown protocol"},
		{"encrypt protocols=!TLSv9", "unknown protocol"},
		{"encrypt protocols=<=0", "neither a protocol"},
		{"encrypt protocols=SSLv3", "leaves no TLS version"},
		{"encrypt protocols=>=TLSv1.3:<=TLSv1.2", "leaves no TLS version"},
		{"encrypt protocols=!TLSv1:!TLSv1.1:!TLSv1.2:!TLSv1.3", "leaves no TLS version"},
		{"encrypt protocols=>=0305", "leaves no TLS version"},
		{"encrypt servername=", "without a value"},
		{"encrypt servername=bad..name", "not a host name"},
		{"encrypt servername=-a.example", "not a host name"},
		{"encrypt servername=a-.example", "not a host name"},
		{"encrypt servername=192.0.2.1", "not a host name"},
		{"encrypt servername=" + strings.Repeat("a", 64), "not a host name"},
		{"encrypt connection_reuse=maybe", "yes nor no"},
		{"encrypt enable_rpk=1", "yes nor no"},
		{"encrypt tafile=x", "verify and secure only"},
		{"secure tafile=", "without a value"},
		{"secure tafile=missing", "not exist"},
		{"fingerprint", "without a digest"},
		{"fingerprint match=zz", "without a digest"},
		{"fingerprint match=00", "without a digest"},
		{"secure policy_type=foo", "unknown policy type"},
		{"secure policy_ttl=3600", "needs policy_type"},
		{"secure policy_type=sts policy_ttl=1h", "number of seconds"},
		{"secure policy_type=sts policy_domain=a..b", "not a domain name"},
		{"encrypt { protocols = TLSv1.2", "without a closing"},
		{"{ encrypt", "without a closing"},
		{"encrypt protocols=TLSv1.2 }", "without an opening"},
		{"encrypt {exclude=A}B", "after the closing"},
		{"encrypt {exclude=A}{ciphers=high}", "after the closing"},
	} {
		o := &Options{ReadFile: func(string) ([]byte, error) { return nil, fs.ErrNotExist }}
		p, err := ParsePolicy(tt.in, o)
		if p != nil || !errors.Is(err, ErrBadEntry) || !strings.Contains(err.Error(), tt.reason) {
			t.Errorf("ParsePolicy(%q) = %v, %v; want a bad entry because %q", tt.in, p, err, tt.reason)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, tt := range []struct {
		in   string
		kind error
		text string
	}{
		{"none junk", ErrIgnored, "junk"},
		{"secure match=a.example.", ErrIgnored, "a.example."},
		{"secure match=.", ErrIgnored, "."},
		{"fingerprint match=zz|" + digest, ErrIgnored, "zz"},
		{"encrypt enable_rpk=yes", ErrUnsupported, "enable_rpk=yes"},
	} {
		p, err := ParsePolicy(tt.in, nil)
		if err != nil || len(p.Warnings) != 1 || !errors.Is(p.Warnings[0], tt.kind) || p.Warnings[0].Text != tt.text {
			t.Errorf("ParsePolicy(%q): %v, %v; want one warning about %q", tt.in, p, err, tt.text)
		}
	}
}

func TestOptions(t *testing.T) {
	sum := bytes.Repeat([]byte{7}, crypto.SHA512.Size())
	o := &Options{
		VerifyMatch:  []Pattern{{Kind: Nexthop}},
		SecureMatch:  []Pattern{{Kind: Hostname}},
		Fingerprints: [][]byte{sum},
		Hash:         crypto.SHA512,
	}
	for _, tt := range []struct{ in, want string }{
		{"verify", "verify match=nexthop"},
		{"secure", "secure match=hostname"},
		{"fingerprint", "fingerprint match=" + strings.Repeat("07", 64)},
		{"fingerprint match=" + strings.Repeat("08", 64), "fingerprint match=" + strings.Repeat("08", 64)},
	} {
		p, err := ParsePolicy(tt.in, o)
		if err != nil || p.String() != tt.want {
			t.Errorf("ParsePolicy(%q) = %v, %v; want %s", tt.in, p, err, tt.want)
		}
	}
	if _, err := ParsePolicy("fingerprint match=zz", o); !errors.Is(err, ErrBadEntry) {
		t.Errorf("only malformed digests: %v; the global list must not stand in", err)
	}
}

func TestAnchors(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)},
		&x509.Certificate{SerialNumber: big.NewInt(1)}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, b []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}) }
	files := map[string][]byte{
		"both":  slices.Concat(block("CERTIFICATE", der), block("PUBLIC KEY", spki)),
		"empty": nil,
		"cert":  block("CERTIFICATE", []byte("x")),
		"key":   block("PUBLIC KEY", []byte("x")),
		"other": block("PRIVATE KEY", []byte("x")),
	}
	o := &Options{ReadFile: func(name string) ([]byte, error) { return files[name], nil }}
	p, err := ParsePolicy("secure tafile=both tafile=both", o)
	if err != nil {
		t.Fatal(err)
	}
	if a := p.Anchors; len(a.Certificates) != 2 || len(a.Keys) != 2 || !slices.Equal(a.Files, []string{"both", "both"}) {
		t.Errorf("anchors = %+v", a)
	}
	if want := "secure match=nexthop:dot-nexthop tafile=both tafile=both"; p.String() != want {
		t.Errorf("String = %s; want %s", p, want)
	}
	for _, name := range []string{"empty", "cert", "key", "other"} {
		if p, err := ParsePolicy("secure tafile="+name, o); !errors.Is(err, ErrBadEntry) {
			t.Errorf("tafile=%s: %v, %v; want a bad entry", name, p, err)
		}
	}
	if _, err := ParsePolicy("secure tafile=testdata/missing", nil); !errors.Is(err, ErrBadEntry) {
		t.Errorf("missing file: %v", err)
	}
}

func TestProtocolsClientRange(t *testing.T) {
	const v10, v11, v12, v13 = tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13
	for _, tt := range []struct {
		in     string
		lo, hi uint16
	}{
		{"", v10, v13},
		{"!SSLv2:!SSLv3", v10, v13},
		{">=TLSv1.2", v12, v13},
		{">=tlsv1.2:<=TLSV1.2", v12, v12},
		{"<=0x0303", v10, v12},
		{"<=0303", v10, v12},
		{"<=0304", v10, v13},
		{"<=7fff", v10, v13},
		{">=TLSv1.3:>=TLSv1.1", v11, v13},
		{">=TLSv1.2:>=None", v10, v13},
		{">=TLSv1.2:!TLSv1.3", v12, v12},
		{"TLSv1.2:TLSv1.3", v12, v13},
		{"TLSv1.3", v13, v13},
		{"!TLSv1", v11, v13},
		{"!TLSv1.2", v10, v11},              // a hole ends the range
		{"TLSv1:TLSv1.2:TLSv1.3", v10, v10}, // likewise
		{"TLSv1 TLSv1.1,TLSv1.2", v10, v12},
	} {
		p, err := ParseProtocols(tt.in)
		if err != nil {
			t.Errorf("ParseProtocols(%q): %v", tt.in, err)
			continue
		}
		lo, hi, err := p.ClientRange()
		if lo != tt.lo || hi != tt.hi || err != nil {
			t.Errorf("ParseProtocols(%q).ClientRange() = %04x, %04x, %v; want %04x, %04x", tt.in, lo, hi, err, tt.lo, tt.hi)
		}
		if again, err := ParseProtocols(p.String()); err != nil || again != p {
			t.Errorf("ParseProtocols(%q).String() = %q reads back as %v, %v", tt.in, p.String(), again, err)
		}
	}
	if !(Protocols{}).IsZero() {
		t.Error("zero Protocols is not IsZero")
	}
}

func TestZeroValues(t *testing.T) {
	if l := Level(0); l.IsValid() || l.String() != "invalid" || Level(99).IsValid() || !Secure.IsValid() {
		t.Error("the zero Level must be invalid")
	}
	if CipherGrade(0).String() != "" {
		t.Error("the zero CipherGrade must have no word")
	}
	if (Pattern{}).String() != "." {
		t.Error("the zero Pattern must match nothing")
	}
}

func TestErrorText(t *testing.T) {
	for _, tt := range []struct {
		err  Error
		want string
	}{
		{Error{Line: 3, Key: "a\r\nb", Err: ErrIgnored}, `tlspolicy: line 3: "a\r\nb": ignored`},
		{Error{File: "f", Line: 3, Text: "x", Err: ErrBadEntry, Reason: "why"}, `tlspolicy: f:3: "x": bad entry: why`},
		{Error{Err: ErrTooLarge}, `tlspolicy: table too large`},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got %s; want %s", got, tt.want)
		}
	}
}

// equal compares policies, warnings aside.
func equal(a, b *Policy) bool {
	x, y := *a, *b
	x.Warnings, y.Warnings = nil, nil
	return reflect.DeepEqual(x, y)
}

// TestUnknownHash checks that fingerprints of a digest that is not supported
// make bad entries.
func TestUnknownHash(t *testing.T) {
	for _, h := range []crypto.Hash{crypto.SHA224, crypto.BLAKE2b_256, 99} {
		p, err := ParsePolicy("fingerprint match="+strings.Repeat("ab", 32), &Options{Hash: h})
		if p != nil || !errors.Is(err, ErrBadEntry) {
			t.Errorf("%v: %v, %v", h, p, err)
		}
	}
}

func TestZeroTable(t *testing.T) {
	var z Table
	for range z.All() {
		t.Error("All yields an entry")
	}
	m, ok := z.Lookup("a.b.example")
	if m2, ok2 := (Tables{&z, compile(t, ".example encrypt")}).Lookup("a.b.example"); ok || z.Len() != 0 || !ok2 || m2.Policy.Level != Encrypt {
		t.Errorf("Lookup = %v, %v; behind it %v, %v", m, ok, m2, ok2)
	}
}
