package dkim

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
)

func TestGenerateKey(t *testing.T) {
	for _, tt := range []struct {
		alg  Algorithm
		bits int
		want int // 0: an error
	}{{Ed25519SHA256, 0, 256}, {RSASHA256, 0, 2048}, {RSASHA256, 1024, 0}, {RSASHA256, 16384, 0}, {RSASHA1, 0, 0}, {0, 0, 0}} {
		key, record, err := GenerateKey(tt.alg, tt.bits)
		if tt.want == 0 {
			if !errors.Is(err, ErrConfig) {
				t.Errorf("GenerateKey(%v, %d): %v", tt.alg, tt.bits, err)
			}
			continue
		}
		if err != nil || record.Bits() != tt.want {
			t.Errorf("GenerateKey(%v, %d): %d bits, %v", tt.alg, tt.bits, record.Bits(), err)
			continue
		}
		data, err := MarshalPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParsePrivateKey(data)
		if err != nil || !reflect.DeepEqual(back.Public(), key.Public()) {
			t.Errorf("%v: %v", tt.alg, err)
		}
		again, err := ParseRecord(record.String())
		if err != nil || !reflect.DeepEqual(again, record) {
			t.Errorf("ParseRecord(%s) = %+v, %v; want %+v", record, again, err, record)
		}
	}
}

func TestParsePrivateKey(t *testing.T) {
	seed := []byte("0123456789abcdef0123456789abcdef")
	rsaKey := testKey("rsa").(*rsa.PrivateKey)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecDER, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	block := func(typ string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}) }
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"DEK-Info": "x"}, Bytes: []byte{1}})
	for _, tt := range []struct {
		name string
		in   []byte
		want crypto.PublicKey
	}{
		{"seed", seed, testKey("ed").Public()},
		{"seed in base64", []byte(" " + b64(seed) + "\n"), testKey("ed").Public()},
		{"PKCS#1", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), rsaKey.Public()},
		{"after another block", append(block("CERTIFICATE", []byte{1}), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey))...), rsaKey.Public()},
		{"malformed PKCS#1", block("RSA PRIVATE KEY", []byte{1}), nil},
		{"malformed PKCS#8", block("PRIVATE KEY", []byte{1}), nil},
		{"ECDSA", block("PRIVATE KEY", ecDER), nil},
		{"encrypted PKCS#1", encrypted, nil},
		{"encrypted PKCS#8", block("ENCRYPTED PRIVATE KEY", []byte{1}), nil},
		{"public key", block("PUBLIC KEY", []byte{1}), nil},
		{"empty", nil, nil},
		{"secret words", []byte("secret words"), nil},
	} {
		key, err := ParsePrivateKey(tt.in)
		if tt.want == nil {
			if !errors.Is(err, ErrPrivateKey) || strings.Contains(err.Error(), "secret words") {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(key.Public(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := MarshalPrivateKey(fakeKey{}); !errors.Is(err, ErrPrivateKey) {
		t.Errorf("MarshalPrivateKey: %v", err)
	}
}

func TestParseRecord(t *testing.T) {
	ed := b64(testKey("ed").Public().(ed25519.PublicKey))
	for _, tt := range []struct {
		in   string
		want Record
		err  error
		tag  string
	}{
		{in: "v=DKIM1; k=ed25519; h=SHA256 : sha1; s=email:*; t=Y:s; n=a note; p=" + ed, want: Record{
			Key: testKey("ed").Public(), KeyType: "ed25519", Hashes: []string{"sha256", "sha1"},
			Services: []string{"email", "*"}, Flags: []string{"y", "s"}, Notes: "a note"}},
		{in: "k=Ed25519;p=" + ed[:10] + " \t" + ed[10:] + ";", want: Record{Key: testKey("ed").Public(), KeyType: "ed25519"}},
		{in: "n=a=3Bb=3d =4; k=ed25519; p=" + ed, want: Record{Key: testKey("ed").Public(), KeyType: "ed25519", Notes: "a;b=3d =4"}},
		{in: "p=", want: Record{KeyType: "rsa", Revoked: true}, err: ErrRevoked, tag: "p"},
		{in: "v=DKIM1; k=ed25519; p=AAAA", want: Record{KeyType: "ed25519"}, err: ErrKeyData, tag: "p"},
		{in: "p=" + ed, want: Record{KeyType: "rsa"}, err: ErrKeyData, tag: "p"},
		{in: "p=****", want: Record{KeyType: "rsa"}, err: ErrKeyData, tag: "p"},
		{in: "v=DKIM1; k=x; p=", err: ErrKeyType, tag: "k"},
		{in: "k=rsa; v=DKIM1; p=", err: ErrVersion, tag: "v"},
		{in: "v=dkim1; p=", err: ErrVersion, tag: "v"},
		{in: "v=DKIM1", err: ErrSyntax, tag: "p"},
		{in: "v=DKIM1; p=; p=", err: ErrSyntax, tag: "p"},
		{in: "v=spf1 -all", err: ErrVersion, tag: "v"},
		{in: "hello", err: ErrSyntax},
		{in: "p=" + strings.Repeat(" ", 9000), err: ErrSyntax},
	} {
		got, err := ParseRecord(tt.in)
		if !errors.Is(err, tt.err) {
			t.Errorf("ParseRecord(%.80q): %v, want %v", tt.in, err, tt.err)
		}
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Tag != tt.tag) {
			t.Errorf("ParseRecord(%.80q): tag %q, want %q", tt.in, e.Tag, tt.tag)
		}
		if got == nil {
			got = new(Record)
		}
		if !reflect.DeepEqual(*got, tt.want) {
			t.Errorf("ParseRecord(%.80q) = %+v, want %+v", tt.in, *got, tt.want)
		}
	}
}

func TestRecordString(t *testing.T) {
	for _, tt := range []struct {
		r    Record
		want string
	}{
		{Record{Revoked: true}, "v=DKIM1; k=rsa; p="},
		{Record{KeyType: "ed25519"}, "v=DKIM1; k=ed25519; p="},
		{Record{Hashes: []string{"sha256"}, Services: []string{"email"}, Flags: []string{"y", "s"}, Notes: " a=b; \u00fc "},
			"v=DKIM1; k=rsa; h=sha256; s=email; t=y:s; n==20a=3Db=3B =C3=BC=20; p="},
		{Record{Key: "text"}, ""},
		{Record{Key: &rsa.PublicKey{}}, ""},
	} {
		if got := tt.r.String(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.r, got, tt.want)
		}
	}
}

func TestZoneLine(t *testing.T) {
	r := Record{Key: testKey("rsa").Public(), Notes: `say "hi" \o/`}
	parts := r.TXT()
	if len(parts) != 2 || len(parts[0]) != 255 || strings.Join(parts, "") != r.String() {
		t.Errorf("TXT = %q", parts)
	}
	line := r.ZoneLine("s._domainkey.example.com.", 3600)
	if !strings.HasPrefix(line, `s._domainkey.example.com. 3600 IN TXT "v=DKIM1; k=rsa; n=say \"hi\" \\o/; p=`) {
		t.Errorf("ZoneLine = %s", line)
	}
	// A record that came from elsewhere adds no line to the zone.
	foreign, err := ParseRecord("v=DKIM1; h=sha256:a\r\n evil. IN A 192.0.2.1; p=" + b64(make([]byte, 32)) + "; k=ed25519; s=\u00fc")
	if err != nil {
		t.Fatal(err)
	}
	if line := foreign.ZoneLine("s.", 60); strings.ContainsAny(line, "\r\n\u00fc") || !strings.Contains(line, `\013\010 evil.`) {
		t.Errorf("ZoneLine = %q", line)
	}
	for _, tt := range []struct{ selector, domain, want string }{
		{"s", "example.com", "s._domainkey.example.com."},
		{"S.2", "B\u00fccher.example.", "s.2._domainkey.xn--bcher-kva.example."},
		{"", "example.com", ""}, {"s", "", ""}, {"a b", "example.com", ""}, {"s", "a..b", ""},
	} {
		got, err := RecordName(tt.selector, tt.domain)
		if got != tt.want || (err != nil) != (tt.want == "") || err != nil && !errors.Is(err, ErrConfig) {
			t.Errorf("RecordName(%q, %q) = %q, %v", tt.selector, tt.domain, got, err)
		}
	}
}

func TestCheckPublished(t *testing.T) {
	ctx := context.Background()
	ed := testKey("ed").Public()
	z := testZone()
	z["revoked._domainkey.example.com."] = []string{"v=DKIM1; p="}
	for _, tt := range []struct {
		r         Resolver
		selector  string
		want      Reason
		published bool
	}{
		{z, "ed", OK, true},
		{z, "rsa", KeyMismatch, false},
		{z, "none", KeyMissing, false},
		{z, "revoked", KeyRevoked, false},
		{failing{errors.New("timeout")}, "ed", KeyUnavailable, true},
	} {
		err := CheckPublished(ctx, tt.r, "example.com", tt.selector, ed)
		var e *Error
		if tt.want == OK {
			if err != nil {
				t.Errorf("%s: %v", tt.selector, err)
			}
			continue
		}
		if !errors.As(err, &e) || e.Reason != tt.want || errors.Is(err, ErrNotPublished) == tt.published {
			t.Errorf("%s: %v", tt.selector, err)
		}
	}
	if err := CheckPublished(ctx, z, "example.com", "ed", testKey("ed")); err != nil {
		t.Errorf("private key: %v", err)
	}
	if err := CheckPublished(ctx, z, "example.com", "ed", nil); !errors.Is(err, ErrConfig) {
		t.Errorf("no key: %v", err)
	}
	if err := CheckPublished(ctx, nil, "example.com", "ed", ed); !errors.Is(err, ErrConfig) {
		t.Errorf("no resolver: %v", err)
	}
	if err := CheckPublished(ctx, z, "", "s", ed); !errors.Is(err, ErrConfig) {
		t.Errorf("no domain: %v", err)
	}
}

func TestKeySet(t *testing.T) {
	ctx := context.Background()
	set := KeySet{Domain: "example.com", Active: SelectorKey{Selector: "a", Key: testKey("rsa")}}
	if _, err := set.Rotate(SelectorKey{}); !errors.Is(err, ErrConfig) {
		t.Errorf("Rotate without a next key: %v", err)
	}
	if err := set.ReadyToRotate(ctx, testZone()); !errors.Is(err, ErrConfig) {
		t.Errorf("ReadyToRotate without a next key: %v", err)
	}
	set.Next = SelectorKey{Selector: "ed", Key: testKey("ed")}
	if err := set.ReadyToRotate(ctx, zone{}); !errors.Is(err, ErrNotPublished) {
		t.Errorf("ReadyToRotate too early: %v", err)
	}
	if err := set.ReadyToRotate(ctx, testZone()); err != nil {
		t.Errorf("ReadyToRotate: %v", err)
	}
	for _, used := range []string{"a", "ED"} {
		if _, err := set.Rotate(SelectorKey{Selector: used, Key: testKey("ed")}); !errors.Is(err, ErrConfig) {
			t.Errorf("Rotate to used selector %q: %v", used, err)
		}
	}
	after, err := set.Rotate(SelectorKey{Selector: "c", Key: testKey("rsa")})
	if err != nil {
		t.Fatal(err)
	}
	if s := after.Signature(Signature{Header: Simple}); s.Selector != "ed" || s.Domain != "example.com" || s.Header != Simple {
		t.Errorf("Signature = %+v", s)
	}
	lines, err := after.ZoneLines(300)
	if err != nil || len(lines) != 3 {
		t.Fatalf("ZoneLines = %q, %v", lines, err)
	}
	for i, name := range []string{"ed", "c", "a"} {
		if !strings.HasPrefix(lines[i], name+"._domainkey.example.com. 300 IN TXT ") {
			t.Errorf("line %d: %s", i, lines[i])
		}
	}
	if after.Retired[0].Key != nil || set.Retired != nil {
		t.Error("the retired private key is kept, or the old set was changed")
	}
	gone := KeySet{Domain: "example.com", Active: SelectorKey{Selector: "x"}}
	if lines, err := gone.ZoneLines(1); err != nil || !strings.HasSuffix(lines[0], `p="`) {
		t.Errorf("destroyed key: %q, %v", lines, err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (KeySet{Domain: "example.com", Active: SelectorKey{Selector: "x", Key: ec}}).ZoneLines(1); !errors.Is(err, ErrConfig) {
		t.Errorf("ECDSA key: %v", err)
	}
	gone.Domain = "a b"
	if _, err := gone.ZoneLines(1); !errors.Is(err, ErrConfig) {
		t.Errorf("bad domain: %v", err)
	}
}

func TestLintRecord(t *testing.T) {
	rsaText := (&Record{Key: testKey("rsa").Public()}).String()
	pkcs1 := "v=DKIM1; p=" + b64(x509.MarshalPKCS1PublicKey(testKey("rsa").Public().(*rsa.PublicKey)))
	odd := &rsa.PublicKey{N: testKey("rsa").Public().(*rsa.PublicKey).N, E: 3}
	long := &rsa.PublicKey{N: new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), 5000), 0, 1), E: 65537}
	short := &rsa.PublicKey{N: new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), 700), 0, 1), E: 65537}
	for _, tt := range []struct {
		in   string
		want []string
	}{
		{rsaText, nil},
		{(&Record{Key: testKey("ed").Public()}).String(), nil},
		{"hello", []string{"error: malformed key record"}},
		{"p=", []string{`error: tag "p" at offset 0: the key is revoked: signatures made with it fail`, `warning: start the record with "v=DKIM1" so that it cannot be taken for something else`}},
		{strings.Replace(rsaText, "k=rsa", "k=rsa; g=*; x=y; t=y:z; h=sha1; s=web", 1), []string{
			`warning: tag "g" at offset 16: g= was dropped`, `warning: tag "x" at offset 21: unknown tag`,
			`error: tag "h" at offset 33: sha256 is not allowed`, `error: tag "s" at offset 41: the key is not for mail`,
			`warning: tag "t" at offset 26: the domain is testing`, `warning: tag "t" at offset 26: unknown flag "z"`}},
		{(&Record{Key: testKey("rsa1024").Public()}).String(), []string{`warning: tag "p" at offset 16: RSA key of 1024 bits: use 2048`}},
		{(&Record{Key: odd}).String(), []string{`warning: tag "p" at offset 16: RSA exponent 3`}},
		{(&Record{Key: long}).String(), []string{`warning: tag "p" at offset 16: RSA key of 5001 bits`}},
		{(&Record{Key: short}).String(), []string{`error: tag "p" at offset 16: RSA key of 701 bits`}},
		{pkcs1, []string{`warning: tag "p" at offset 9: not a SubjectPublicKeyInfo`}},
	} {
		got := LintRecord(tt.in)
		ok := len(got) == len(tt.want)
		for i := range min(len(got), len(tt.want)) {
			ok = ok && strings.HasPrefix(got[i].String(), tt.want[i])
		}
		if !ok {
			t.Errorf("LintRecord(%.60q):\n%s\nwant\n%s", tt.in, fmt.Sprint(got), strings.Join(tt.want, "\n"))
		}
	}
}

// TestOddRSAKeys: keys that parse but are no RSA keys do not verify.
func TestOddRSAKeys(t *testing.T) {
	n := testKey("rsa").Public().(*rsa.PublicKey).N
	msg := mustSign(t, nil, simpleMessage, testSignature("rsa"))
	for name, key := range map[string]*rsa.PublicKey{
		"even exponent": {N: n, E: 4}, "exponent 1": {N: n, E: 1}, "even modulus": {N: new(big.Int).Add(n, big.NewInt(1)), E: 65537},
		"exponent 3": {N: n, E: 3},
	} {
		z := zone{"rsa._domainkey.example.com.": {(&Record{Key: key}).String()}}
		want := "permerror/key-syntax"
		if name == "exponent 3" {
			want = "fail/signature"
		}
		if got := outcome(mustVerify(t, &Verifier{Resolver: z}, msg)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
