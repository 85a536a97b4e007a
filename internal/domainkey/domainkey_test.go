package domainkey

import (
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

var edText = "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(
	ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey))

func TestName(t *testing.T) {
	for _, tt := range []struct{ selector, domain, want string }{
		{"s", "example.com", "s._domainkey.example.com."},
		{"a.b_1-", "xn--x.example", "a.b_1-._domainkey.xn--x.example."},
		{"S", "Example.COM", "s._domainkey.example.com."},
		{"", "example.com", ""},
		{"s", "", ""},
		{"s", "example.com.", ""},
		{"s.", "example.com", ""},
		{".s", "example.com", ""},
		{"s", "a..b", ""},
		{"s", "b\u00fccher.example", ""},
		{"s", "a b", ""},
		{"s", "a/b", ""},
		{"s\x00", "a", ""},
		{strings.Repeat("s", 63), "a", strings.Repeat("s", 63) + "._domainkey.a."},
		{strings.Repeat("s", 64), "a", ""},
		{"s", strings.Repeat("a.", 118) + "abc", "s._domainkey." + strings.Repeat("a.", 118) + "abc."},
		{"s", strings.Repeat("a.", 118) + "abcd", "s._domainkey." + strings.Repeat("a.", 118) + "abcd."},
		{"ss", strings.Repeat("a.", 118) + "abcd", ""},
		{"s", strings.Repeat("a.", 130) + "a", ""},
	} {
		got, err := Name(tt.selector, tt.domain)
		if len(got) > 254 || got != tt.want && tt.want != "" || (err != nil) != (got == "") || tt.want == "" && got != "" {
			t.Errorf("Name(%q, %q) = %q (%d octets), %v; want %q", tt.selector, tt.domain, got, len(got), err, tt.want)
		}
	}
}

// answers is a resolver with a fixed answer.
type answers struct {
	txts []string
	err  error
	n    int
}

func (a *answers) LookupTXT(context.Context, string) ([]string, error) {
	a.n++
	return a.txts, a.err
}

// metaAnswers also tells a TTL.
type metaAnswers struct {
	answers
	ttl time.Duration
}

func (a *metaAnswers) LookupTXTMeta(ctx context.Context, name string) ([]string, time.Duration, bool, error) {
	txts, err := a.LookupTXT(ctx, name)
	return txts, a.ttl, true, err
}

func TestLookup(t *testing.T) {
	boom := errors.New("boom")
	for _, tt := range []struct {
		name string
		r    answers
		want error
	}{
		{"one", answers{txts: []string{edText}}, nil},
		{"none", answers{}, ErrMissing},
		{"not found", answers{err: &net.DNSError{IsNotFound: true}}, ErrMissing},
		{"temporary", answers{err: boom}, ErrTemporary},
		{"several", answers{txts: []string{edText, edText}}, ErrMultiple},
		{"revoked", answers{txts: []string{"p="}}, ErrRevoked},
		{"other text", answers{txts: []string{"hello"}}, ErrSyntax},
	} {
		a := Lookup(context.Background(), &tt.r, nil, "n.", time.Time{})
		if !errors.Is(a.Err, tt.want) || a.Authentic || tt.r.err != nil && !errors.Is(a.Err, tt.r.err) {
			t.Errorf("%s: %+v, want %v", tt.name, a, tt.want)
		}
		if a.Err != nil && !strings.HasPrefix(a.Err.Error(), "dkim: ") {
			t.Errorf("%s: %v", tt.name, a.Err)
		}
	}
}

func TestCache(t *testing.T) {
	now := time.Unix(1000, 0)
	var c Cache
	r := &metaAnswers{answers{txts: []string{edText}}, time.Minute}
	for _, tt := range []struct {
		at   time.Duration
		want bool
	}{{0, false}, {59 * time.Second, true}, {time.Minute, false}} {
		a, ok := c.Get("n.", now.Add(tt.at))
		if ok != tt.want || ok && (!a.Authentic || a.Record == nil) {
			t.Errorf("after %v: %v, %+v", tt.at, ok, a)
		}
		if !ok {
			Lookup(context.Background(), r, &c, "n.", now)
		}
	}
	for _, ttl := range []time.Duration{0, -1, 1000 * time.Hour} {
		r.ttl = ttl
		name := fmt.Sprint(ttl)
		Lookup(context.Background(), r, &c, name, now)
		if _, ok := c.Get(name, now.Add(maxTTL-1)); ok != (ttl > 0) {
			t.Errorf("TTL %v: kept %v", ttl, ok)
		}
		if _, ok := c.Get(name, now.Add(maxTTL)); ok {
			t.Errorf("TTL %v: kept for more than a day", ttl)
		}
	}
	r.err = errors.New("boom")
	r.ttl = time.Minute
	Lookup(context.Background(), r, &c, "failed.", now)
	if _, ok := c.Get("failed.", now); ok {
		t.Error("a failure is kept")
	}
	if _, ok := (*Cache)(nil).Get("n.", now); ok {
		t.Error("a nil cache has an answer")
	}
	if c.Len() != 1 {
		t.Errorf("Len = %d, want 1", c.Len())
	}
}

// TestCacheBound fills a cache far beyond its size, from several goroutines.
func TestCacheBound(t *testing.T) {
	var c Cache
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range CacheSize {
				if _, err := c.Parse(fmt.Sprintf("n=%d; %s", i*4+g, edText[9:])); err != nil {
					t.Error(err)
					return
				}
				if rec, err := c.Parse(edText); err != nil || rec == nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := c.Len(); n > CacheSize || n < CacheSize/2 {
		t.Errorf("Len = %d, want %d at most", n, CacheSize)
	}
	if rec1, _ := c.Parse(edText); rec1 == nil {
		t.Error("record lost")
	}
	long := "v=DKIM1; p=" + strings.Repeat(" ", MaxRecord)
	before := c.Len()
	if _, err := c.Parse(long); !errors.Is(err, ErrSyntax) || c.Len() != before {
		t.Errorf("long record: %v", err)
	}
}

// TestCacheKeepsKeys: only records with a key are kept, and none of odd size.
func TestCacheKeepsKeys(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, tt := range []struct {
		txt  string
		want bool
	}{
		{edText, true},
		{edText + "; n=" + strings.Repeat("x", maxCachedText-len(edText)-4), true},
		{edText + "; n=" + strings.Repeat("x", maxCachedText-len(edText)-3), false},
		{edText + "; t=a" + strings.Repeat(":a", maxCachedItems-1), true},
		{edText + "; t=a" + strings.Repeat(":a", maxCachedItems), false},
		{"v=DKIM1; p=", false},
		{"v=DKIM1; p=AAAA", false},
		{"hello", false},
	} {
		var c Cache
		r := &metaAnswers{answers{txts: []string{tt.txt}}, time.Minute}
		a := Lookup(context.Background(), r, &c, "n.", now)
		_, ok := c.Get("n.", now)
		if ok != tt.want || (c.Len() == 1) != tt.want || tt.want && (a.Record == nil || a.Err != nil) {
			t.Errorf("%.60q: kept %v and %d, want %v", tt.txt, ok, c.Len(), tt.want)
		}
	}
}

func TestRSAForms(t *testing.T) {
	key, err := rsa.GenerateKey(nil, 1024)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	edSPKI, err := x509.MarshalPKIXPublicKey(ed25519.NewKeyFromSeed(make([]byte, 32)).Public())
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PublicKey(&key.PublicKey)
	for _, tt := range []struct {
		name string
		der  []byte
		ok   bool
	}{
		{"SubjectPublicKeyInfo", spki, true}, {"RSAPublicKey", pkcs1, true}, {"Ed25519", edSPKI, false},
		{"cut", pkcs1[:len(pkcs1)-1], false}, {"longer", append(pkcs1, 0), false}, {"empty", nil, false},
	} {
		got, err := parseRSA(tt.der)
		if (err == nil) != tt.ok || tt.ok && !got.Equal(&key.PublicKey) {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
	r := Record{Key: &key.PublicKey}
	if r.Bits() != 1024 || (&Record{}).Bits() != 0 {
		t.Errorf("Bits = %d", r.Bits())
	}
}

func TestErrorText(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&Error{Tag: "p", Pos: 3, Err: ErrKeyData}, `dkim: malformed public key: tag "p" at offset 3`},
		{&Error{Err: ErrSyntax}, "dkim: malformed key record"},
		{&LookupError{Name: "n.", Kind: ErrMultiple}, "dkim: more than one TXT record at n."},
		{&LookupError{Name: "n.", Kind: ErrMissing, Err: errors.New("x")}, "dkim: no key record at n.: x"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// FuzzParse checks that a record has a key of its type unless there is an
// error, and that the error points into the text.
func FuzzParse(f *testing.F) {
	for _, s := range []string{edText, "p=", "v=DKIM1; h=sha256:*; s=; t=y; n=x; p=AAAA", "k=x", "v=DKIM1;;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, txt string) {
		r, err := Parse(txt)
		var e *Error
		if err != nil {
			if !errors.As(err, &e) || e.Pos < 0 || e.Pos > len(txt) {
				t.Fatalf("Parse(%q): %#v", txt, err)
			}
			withRecord := errors.Is(err, ErrRevoked) || errors.Is(err, ErrKeyData)
			if (r != nil) != withRecord || r != nil && (r.Key != nil || r.Bits() != 0) {
				t.Fatalf("Parse(%q) = %+v, %v", txt, r, err)
			}
			return
		}
		ok := false
		switch r.Key.(type) {
		case *rsa.PublicKey:
			ok = r.KeyType == RSA
		case ed25519.PublicKey:
			ok = r.KeyType == Ed25519
		}
		if !ok || r.Revoked || r.Bits() == 0 {
			t.Fatalf("Parse(%q) = %+v", txt, r)
		}
	})
}

func TestParse(t *testing.T) {
	key := edText[len("v=DKIM1; k=ed25519; p="):]
	r, err := Parse("v=DKIM1; k=ED25519; h=SHA256:sha1; s=*; t=y : S; n=a=20b=; p=" + key)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(r.KeyType, r.Hashes, r.Services, r.Flags, r.Notes, r.Bits())
	if want := fmt.Sprint("ed25519", []string{"sha256", "sha1"}, []string{"*"}, []string{"y", "s"}, "a b=", 256); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for in, want := range map[string]error{
		"":                        ErrSyntax,
		"v=DKIM1":                 ErrSyntax,
		"p=; v=DKIM1":             ErrVersion,
		"v=DKIM2; p=":             ErrVersion,
		"k=; p=":                  ErrKeyType,
		"p=":                      ErrRevoked,
		"p=AAAA":                  ErrKeyData,
		"p=A":                     ErrKeyData,
		"k=ed25519; p=AAAA":       ErrKeyData,
		strings.Repeat("x", 9000): ErrSyntax,
	} {
		if _, err := Parse(in); !errors.Is(err, want) {
			t.Errorf("Parse(%.40q): %v, want %v", in, err, want)
		}
	}
}
