package dkim

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/mailsec-go/mailsec/authres"
)

// handSigned returns simpleMessage with a signature whose field has the given
// tags before b=, made the way any signer would.
func handSigned(t testing.TB, tags, msg string) string {
	t.Helper()
	return handSignedWith(t, "DKIM-Signature", tags, msg)
}

func handSignedWith(t testing.TB, name, tags, msg string) string {
	t.Helper()
	v := Verifier{Resolver: testZone(), Now: testClock}
	w := v.NewWriter(context.Background())
	field := name + ": " + tags + "; b="
	if _, err := w.Write([]byte(field + "AAAA\r\n" + msg)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if len(w.checks) == 0 || w.checks[0].digestN == 0 {
		return field + "AAAA\r\n" + msg
	}
	sig := ed25519.Sign(testKey("ed").(ed25519.PrivateKey), w.checks[0].digest[:w.checks[0].digestN])
	return field + b64(sig) + "\r\n" + msg
}

const okTags = "v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com; s=ed; h=From:To:Subject"

// bh returns the bh= tag for the body of msg.
func bh(t testing.TB, msg string) string {
	t.Helper()
	s := mustSign(t, nil, msg, testSignature("ed"))
	_, rest, _ := strings.Cut(s, "bh=")
	value, _, _ := strings.Cut(rest, ";")
	return "; bh=" + value
}

func TestVerifyReasons(t *testing.T) {
	msg := simpleMessage
	hash := bh(t, msg)
	now := testNow.Unix()
	for _, tt := range []struct {
		name, tags string
		want       string
		edit       func(*Verifier)
	}{
		{name: "ok", tags: okTags + hash, want: "pass/ok"},
		{name: "future", tags: okTags + hash + fmt.Sprintf("; t=%d", now+7200), want: "policy/future"},
		{name: "future within the skew", tags: okTags + hash + fmt.Sprintf("; t=%d", now+3600), want: "pass/ok"},
		{name: "future, no limit", tags: okTags + hash + fmt.Sprintf("; t=%d", now+7200), want: "pass/ok", edit: func(v *Verifier) { v.Skew = -1 }},
		{name: "expires now", tags: okTags + hash + fmt.Sprintf("; x=%d", now), want: "pass/ok"},
		{name: "expired", tags: okTags + hash + fmt.Sprintf("; x=%d", now-1), want: "permerror/expired"},
		{name: "x before t", tags: okTags + hash + fmt.Sprintf("; x=%d; t=%d", now+1, now+1), want: "permerror/x-before-t"},
		{name: "long x", tags: okTags + hash + "; x=1234567890123", want: "permerror/syntax"},
		{name: "l in words", tags: okTags + hash + "; l=ten", want: "permerror/syntax"},
		{name: "l of 76 digits", tags: okTags + hash + "; l=" + strings.Repeat("9", 76), want: "permerror/l-too-long"},
		{name: "l of 77 digits", tags: okTags + hash + "; l=" + strings.Repeat("9", 77), want: "permerror/syntax"},
		{name: "no at sign", tags: okTags + hash + "; i=example.com", want: "permerror/identity"},
		{name: "identity below", tags: okTags + hash + "; i=a@Sub.Example.COM", want: "pass/ok"},
		{name: "identity beside", tags: okTags + hash + "; i=a@badexample.com", want: "permerror/identity"},
		{name: "folded identity", tags: okTags + hash + "; i=a\r\n b@exam\r\n\tple.com", want: "pass/ok"},
		{name: "identity with a final dot", tags: okTags + hash + "; i=a@example.com.", want: "permerror/identity"},
		{name: "identity with a final ideographic dot", tags: okTags + hash + "; i=a@example.com\u3002", want: "permerror/identity"},
		{name: "unknown query", tags: okTags + hash + "; q=x", want: "permerror/query-method"},
		{name: "second query", tags: okTags + hash + "; q=x : dns/TXT", want: "pass/ok"},
		{name: "too many names", tags: "v=1; a=ed25519-sha256; d=example.com; s=ed; h=From" + strings.Repeat(":a", 1000) + hash, want: "permerror/syntax"},
		{name: "long field", tags: okTags + hash + "; z=" + strings.Repeat("x", maxSignatureField), want: "permerror/syntax"},
		{name: "neutral", tags: okTags + hash + ";;", want: "neutral/syntax", edit: func(v *Verifier) { v.SyntaxNeutral = true }},
		{name: "long selector", tags: "v=1; a=ed25519-sha256; d=example.com; s=" + strings.Repeat("s.", 120) + "s; h=From" + hash, want: "permerror/key-missing"},
		{name: "long label", tags: "v=1; a=ed25519-sha256; d=example.com; s=" + strings.Repeat("s", 64) + "; h=From" + hash, want: "permerror/key-missing"},
		{name: "slash in the domain", tags: "v=1; a=ed25519-sha256; d=example.com/x; s=ed; h=From" + hash, want: "permerror/key-missing"},
		{name: "service", tags: okTags + hash, want: "permerror/key-service", edit: func(v *Verifier) { v.Service = "tlsrpt"; v.Resolver = withRecord("s=email") }},
		{name: "service listed", tags: okTags + hash, want: "pass/ok", edit: func(v *Verifier) { v.Service = "tlsrpt"; v.Resolver = withRecord("s=email:tlsrpt") }},
		{name: "empty list of hashes", tags: okTags + hash, want: "permerror/key-hash", edit: func(v *Verifier) { v.Resolver = withRecord("h=") }},
		{name: "refused", tags: okTags + hash, want: "policy/refused", edit: func(v *Verifier) { v.Policy = func(*Result) error { return errors.New("no") } }},
		{name: "temporary", tags: okTags + hash, want: "temperror/key-unavailable", edit: func(v *Verifier) { v.Resolver = failing{errors.New("timeout")} }},
		{name: "not found", tags: okTags + hash, want: "permerror/key-missing", edit: func(v *Verifier) { v.Resolver = failing{nil} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			signed := handSigned(t, tt.tags, msg)
			var v Verifier
			if tt.edit != nil {
				tt.edit(&v)
			}
			r := mustVerify(t, &v, signed)
			if got := outcome(r); got != tt.want {
				t.Errorf("got %s, want %s (%v)\n%.500s", got, tt.want, r.Results[0].Err, signed)
			}
			res := &r.Results[0]
			if (res.Err == nil) != (res.Status == Pass) {
				t.Errorf("%v with error %v", res.Status, res.Err)
			}
			var e *Error
			if res.Err != nil && (!errors.As(res.Err, &e) || e.Reason != res.Reason || e.Domain != res.Domain) {
				t.Errorf("error %#v for reason %v, domain %q", res.Err, res.Reason, res.Domain)
			}
		})
	}
}

// failing is a resolver that always returns its error.
type failing struct{ err error }

func (f failing) LookupTXT(context.Context, string) ([]string, error) { return nil, f.err }

// withRecord publishes the Ed25519 key with more tags.
func withRecord(tags string) zone {
	_, key, _ := strings.Cut((&Record{Key: testKey("ed").Public()}).String(), "k=")
	return zone{"ed._domainkey.example.com.": {"v=DKIM1; " + tags + "; k=" + key}}
}

func TestRSASize(t *testing.T) {
	msg := mustSign(t, &SignerOptions{AllowShortRSA: true}, simpleMessage, testSignature("rsa1024"), testSignature("rsa"))
	for _, tt := range []struct {
		lo, hi int
		want   string
	}{
		{0, 0, "pass/ok pass/ok"},
		{512, 0, "pass/ok pass/ok"},
		{2048, 0, "permerror/key-weak pass/ok"},
		{0, 1024, "pass/ok permerror/key-too-long"},
		{0, 100000, "pass/ok pass/ok"},
	} {
		v := Verifier{MinRSABits: tt.lo, MaxRSABits: tt.hi}
		if got := outcome(mustVerify(t, &v, msg)); got != tt.want {
			t.Errorf("%d..%d bits: %s, want %s", tt.lo, tt.hi, got, tt.want)
		}
	}
}

func TestLengthTag(t *testing.T) {
	msg := simpleMessage
	for _, tt := range []struct {
		l        int64
		policy   func(*Result) error
		want     string
		unsigned int64
	}{
		{30, nil, "pass/ok", 0},
		{29, nil, "policy/unsigned-body", 1},
		{29, AcceptAll, "pass/ok", 1},
		{31, nil, "permerror/l-too-long", 0},
	} {
		tags := fmt.Sprintf("%s; l=%d; bh=%s", okTags, tt.l, b64(bodyHash("Hello Bob,\r\n\r\nlunch at noon?\r\n"[:min(tt.l, 30)])))
		v := Verifier{Policy: tt.policy}
		r := mustVerify(t, &v, handSigned(t, tags, msg))
		if got := outcome(r); got != tt.want || r.Results[0].UnsignedBytes != tt.unsigned {
			t.Errorf("l=%d: %s, %d unsigned; want %s, %d", tt.l, got, r.Results[0].UnsignedBytes, tt.want, tt.unsigned)
		}
	}
}

func TestResultFields(t *testing.T) {
	sig := testSignature("ed")
	sig.Identity = "Ann M@example.com"
	sig.Expire = time.Hour
	msg := mustSign(t, nil, simpleMessage, sig)
	v := Verifier{Resolver: meta{testZone()}}
	r := mustVerify(t, &v, msg)
	res := &r.Results[0]
	if res.Status != Pass || res.Domain != "example.com" || res.Selector != "ed" || res.Identity != "Ann=20M@example.com" ||
		res.Algorithm != Ed25519SHA256 || res.KeyBits != 256 || !res.Authentic || res.TestMode || !res.BodyMatches || !res.HeaderMatches ||
		!res.Time.Equal(testNow) || !res.Expires.Equal(testNow.Add(time.Hour)) || res.Header != Relaxed || res.Body != Relaxed {
		t.Errorf("%+v", *res)
	}
	for _, tt := range []struct {
		name          string
		signed, overs bool
	}{{"From", true, true}, {"subject", true, true}, {"Reply-To", true, true}, {"DKIM-Signature", false, false}, {"X-Other", false, false}, {"List-Id", false, false}} {
		if res.Signed(tt.name) != tt.signed || res.Oversigned(tt.name) != tt.overs {
			t.Errorf("%s: signed %v, oversigned %v", tt.name, res.Signed(tt.name), res.Oversigned(tt.name))
		}
	}
	if got := fmt.Sprintf("%q", r.Fields("from")); got != `[" Ann <ann@example.com>\r\n"]` {
		t.Errorf("Fields(from) = %s", got)
	}
	if r.Findings.Any() || r.Findings.FromCount != 1 {
		t.Errorf("findings %+v", r.Findings)
	}
	want := authres.Method{Name: "dkim", Result: "pass", Comment: "256-bit key", Props: []authres.Prop{
		{Type: "header", Name: "d", Value: "example.com"}, {Type: "header", Name: "i", Value: "Ann=20M@example.com"},
		{Type: "header", Name: "a", Value: "ed25519-sha256"}, {Type: "header", Name: "s", Value: "ed"},
		{Type: "header", Name: "b", Value: res.SignaturePrefix},
	}}
	if got := res.AuthResult(); !reflect.DeepEqual(got, want) {
		t.Errorf("AuthResult = %+v, want %+v", got, want)
	}
	if len(res.SignaturePrefix) != 8 {
		t.Errorf("SignaturePrefix = %q", res.SignaturePrefix)
	}
}

// meta adds to a zone what a resolver may know besides.
type meta struct{ zone }

func (m meta) LookupTXTMeta(ctx context.Context, name string) ([]string, time.Duration, bool, error) {
	txts, err := m.LookupTXT(ctx, name)
	return txts, time.Minute, true, err
}

func TestAuthResults(t *testing.T) {
	r := mustVerify(t, &Verifier{}, simpleMessage)
	if got := r.AuthResults(); len(got) != 1 || got[0].Name != "dkim" || got[0].Result != "none" || len(got[0].Props) != 0 {
		t.Errorf("no signature: %+v", got)
	}
	v := Verifier{Resolver: withRecord("t=y"), Policy: AcceptAll}
	tags := okTags + "; l=0; bh=" + b64(bodyHash(""))
	r = mustVerify(t, &v, handSigned(t, tags, simpleMessage))
	if got := r.AuthResults()[0]; got.Comment != "256-bit key, test mode, 30 octets unsigned" || got.Reason != "" {
		t.Errorf("test mode: %+v", got)
	}
	r = mustVerify(t, &Verifier{}, "DKIM-Signature: junk\r\n"+simpleMessage)
	if got := r.AuthResults()[0]; got.Result != "permerror" || got.Reason != "syntax" || len(got.Props) != 0 {
		t.Errorf("junk: %+v", got)
	}
	// Thousands of signatures, each with a long domain, leave a field that can be written.
	many := strings.Repeat("DKIM-Signature: d="+strings.Repeat("a", 1000)+"\r\n", 900) + simpleMessage
	for _, limit := range []int{0, 500} {
		methods := mustVerify(t, &Verifier{MaxSignatures: limit}, many).AuthResults()
		field, err := authres.Header{ID: "mx.example.com", Methods: methods}.AppendField(nil)
		if err != nil || len(methods) < DefaultMaxSignatures || len(field) > 100*len(methods) {
			t.Errorf("limit %d: %d methods, %d octets, %v", limit, len(methods), len(field), err)
		}
	}
}

// TestErrorText: what a signature or a key record says never reaches the text
// of an error as it is.
func TestErrorText(t *testing.T) {
	const evil = "x\r\n\ty\u202e\u00fc\x7f\x01\"\n"
	good := []string{"v=1;", "a=ed25519-sha256;", "d=example.com;", "s=ed;", "h=From;", "b=AAAA;", "bh=" + b64(bodyHash("")) + ";"}
	check := func(v *Verifier, field string) {
		t.Helper()
		for _, res := range mustVerify(t, v, "DKIM-Signature: "+field+"\r\n"+simpleMessage).Results {
			for _, c := range res.Err.Error() {
				if !strconv.IsPrint(c) {
					t.Fatalf("%q: %q", field, res.Err.Error())
				}
			}
		}
	}
	for _, name := range []string{"v", "a", "d", "s", "h", "bh", "b", "i", "c", "q", "l", "t", "x", "z", "unknown", evil} {
		for _, value := range []string{evil, "\u00fc\r\n x", "x;" + name + "=" + evil, ""} {
			var field strings.Builder
			for _, tag := range good {
				if !strings.HasPrefix(tag, name+"=") {
					field.WriteString(tag)
				}
			}
			check(&Verifier{}, field.String()+name+"="+value)
		}
	}
	for _, record := range []string{evil, "v=" + evil, "k=\u00fc", evil + "=x", "p=" + evil, "t=\u00fc;p=AAAA"} {
		v := &Verifier{Resolver: zone{"ed._domainkey.example.com.": {record}}}
		check(v, strings.Join(good, ""))
	}
}

func TestFindings(t *testing.T) {
	msg := "garbage\r\nFrom: a@x\r\nFrom: b@x\r\nX: \x00\r\rY\n\r\n\r\nbody\n\r\x00\x00"
	got := mustVerify(t, &Verifier{}, msg).Findings
	want := Findings{HeaderBareCR: 2, HeaderBareLF: 1, HeaderNUL: 1, BodyBareCR: 1, BodyBareLF: 1, BodyNUL: 2, MalformedFields: 1, FromCount: 2}
	if got != want || !got.Any() {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestManySignatures(t *testing.T) {
	var fields strings.Builder
	one := strings.TrimSuffix(mustSign(t, nil, simpleMessage, testSignature("ed")), simpleMessage)
	for range 12 {
		fields.WriteString(one)
	}
	r := mustVerify(t, &Verifier{}, fields.String()+simpleMessage)
	if want := strings.Repeat("pass/ok ", 10) + "policy/too-many policy/too-many"; outcome(r) != want {
		t.Errorf("got %s", outcome(r))
	}
	if r.Findings.Skipped != 2 || r.Results[11].Domain != "example.com" || r.Results[11].Index != 11 {
		t.Errorf("skipped %d, last %+v", r.Findings.Skipped, r.Results[11])
	}
	if r := mustVerify(t, &Verifier{MaxSignatures: 1}, fields.String()+simpleMessage); r.Findings.Skipped != 11 {
		t.Errorf("skipped %d of 12, limit 1", r.Findings.Skipped)
	}
}

// TestManyLengths: distinct l= are capped, since each takes a hash of its own.
func TestManyLengths(t *testing.T) {
	var fields strings.Builder
	for i := range 12 {
		body := "Hello Bob,\r\n\r\nlunch at noon?\r\n"[:i]
		signed := handSigned(t, fmt.Sprintf("%s; l=%d; bh=%s", okTags, i, b64(bodyHash(body))), simpleMessage)
		fields.WriteString(strings.TrimSuffix(signed, simpleMessage))
	}
	r := mustVerify(t, &Verifier{MaxSignatures: 20, Policy: AcceptAll}, fields.String()+simpleMessage)
	if want := strings.TrimSpace(strings.Repeat("pass/ok ", 8) + strings.Repeat("policy/too-many ", 4)); outcome(r) != want {
		t.Errorf("got %s", outcome(r))
	}
}

// TestHostileHeader: thousands of signature fields, and a signature that names
// thousands of fields, take no more than a moment.
func TestHostileHeader(t *testing.T) {
	one := "DKIM-Signature: v=1; a=ed25519-sha256; d=example.com; s=ed; h=From; bh=; b=AAAA\r\n"
	var v Verifier
	start := time.Now()
	r := mustVerify(t, &v, strings.Repeat(one, 9990)+simpleMessage)
	if len(r.Results) != 9990 || r.Findings.Skipped != 9980 {
		t.Errorf("%d results, %d skipped", len(r.Results), r.Findings.Skipped)
	}
	names := "v=1; a=ed25519-sha256; d=example.com; s=ed; bh=" + b64(bodyHash("")) + "; h=From" + strings.Repeat(":x", 999)
	r = mustVerify(t, &v, strings.Repeat("DKIM-Signature: "+names+"; b=AAAA\r\n", 100)+strings.Repeat("x:\r\n", 9000)+simpleMessage)
	if len(r.Results) != 100 {
		t.Errorf("%d results", len(r.Results))
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("took %v", d)
	} else {
		t.Logf("took %v", d)
	}
}

func TestPrefixes(t *testing.T) {
	a := "DKIM-Signature: v=1; a=ed25519-sha256; d=a.example; s=s; h=From; bh=" + b64(bodyHash("")) + "; b=AAAA AAAA\r\n BBBB\r\n"
	b := strings.Replace(a, "BBBB", "BBCC", 1)
	r := mustVerify(t, &Verifier{}, a+b+simpleMessage)
	if x, y := r.Results[0].SignaturePrefix, r.Results[1].SignaturePrefix; x != "AAAAAAAABBB" || y != "AAAAAAAABBC" {
		t.Errorf("prefixes %q and %q", x, y)
	}
	r = mustVerify(t, &Verifier{}, a+a+simpleMessage)
	if x, y := r.Results[0].SignaturePrefix, r.Results[1].SignaturePrefix; x != "AAAAAAAA" || y != x {
		t.Errorf("prefixes of equal signatures %q and %q", x, y)
	}
	// One that is the start of the other, and the two with the same start again.
	r = mustVerify(t, &Verifier{}, strings.Replace(a, " AAAA\r\n BBBB", "AAAA", 1)+a+b+simpleMessage)
	var got []string
	for _, res := range r.Results {
		got = append(got, res.SignaturePrefix)
	}
	if want := "AAAAAAAA AAAAAAAABBB AAAAAAAABBC"; strings.Join(got, " ") != want {
		t.Errorf("prefixes %q, want %q", got, want)
	}
}

// TestPrefixOfBlanks: signatures that differ only beyond a mass of blanks are
// told apart without reading the blanks once per pair.
func TestPrefixOfBlanks(t *testing.T) {
	one := "DKIM-Signature: b=AAAAAAAA" + strings.Repeat(" ", 32000) + "A\r\n"
	start := time.Now()
	r := mustVerify(t, &Verifier{}, strings.Repeat(one, maxDistinguished)+simpleMessage)
	if d := time.Since(start); d > 500*time.Millisecond {
		t.Errorf("took %v", d)
	}
	if p := r.Results[0].SignaturePrefix; p != "AAAAAAAA" {
		t.Errorf("prefix %q", p)
	}
}

func TestBest(t *testing.T) {
	r := Report{Results: []Result{
		{Status: Fail, Domain: "a.example"}, {Status: Pass, Domain: "b.example"}, {Status: Pass, Domain: "c.example"},
	}}
	for _, tt := range []struct {
		aligned func(string) bool
		want    string
	}{
		{nil, "b.example"},
		{func(d string) bool { return d == "c.example" }, "c.example"},
		{func(d string) bool { return d == "a.example" }, "b.example"},
	} {
		if got := r.Best(tt.aligned); got == nil || got.Domain != tt.want {
			t.Errorf("Best = %v, want %s", got, tt.want)
		}
	}
	if (&Report{}).Best(nil) != nil || (&Report{}).Fields("From") != nil {
		t.Error("an empty report has something")
	}
	if new(Result).Signed("From") || new(Result).Oversigned("From") {
		t.Error("an empty result signs something")
	}
}

func TestVerifyErrors(t *testing.T) {
	ctx := context.Background()
	signed := mustSign(t, nil, simpleMessage, testSignature("ed"))
	if _, err := new(Verifier).Verify(ctx, strings.NewReader(signed)); err == nil {
		t.Error("no error without a resolver")
	}
	boom := errors.New("boom")
	v := Verifier{Resolver: testZone(), Now: testClock}
	if _, err := v.Verify(ctx, io.MultiReader(strings.NewReader(signed), iotest.ErrReader(boom))); !errors.Is(err, boom) {
		t.Errorf("failing reader: %v", err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	for _, r := range []io.Reader{strings.NewReader(signed), iotest.OneByteReader(strings.NewReader(signed))} {
		if _, err := v.Verify(canceled, r); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
	}
	w := v.NewWriter(ctx)
	w.Close()
	if _, err := w.Write(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
	if err := w.Close(); err != nil || w.Report() == nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestHeaderLimits(t *testing.T) {
	for name, v := range map[string]Verifier{
		"octets": {MaxHeaderBytes: 50}, "fields": {MaxHeaderFields: 2},
	} {
		v.Resolver = testZone()
		for _, wrap := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
			in := strings.NewReader(simpleMessage)
			if _, err := v.Verify(context.Background(), wrap(in)); !errors.Is(err, ErrHeaderTooLarge) {
				t.Errorf("%s: %v, want %v", name, err, ErrHeaderTooLarge)
			}
			if in.Len() > 0 {
				t.Errorf("%s: %d octets were not read", name, in.Len())
			}
		}
		w := v.NewWriter(context.Background())
		_, err1 := w.Write([]byte(simpleMessage))
		_, err2 := w.Write([]byte("more"))
		if err3 := w.Close(); err1 == nil || err1 != err2 || err1 != err3 || w.Report() != nil {
			t.Errorf("%s: %v, %v, %v", name, err1, err2, err3)
		}
		w = v.NewWriter(context.Background())
		header, _, _ := strings.Cut(simpleMessage, "\r\n\r\n")
		if w.Write([]byte(header)); !errors.Is(w.Close(), ErrHeaderTooLarge) {
			t.Errorf("%s, header only: %v", name, w.err)
		}
	}
}

// TestOwnFieldName: blanks before the colon of the signature field itself are
// part of what simple signs.
func TestOwnFieldName(t *testing.T) {
	for _, name := range []string{"DKIM-Signature", "dkim-signature", "DKIM-Signature \t"} {
		for _, canon := range []string{"relaxed", "simple"} {
			tags := strings.Replace(okTags, "c=relaxed/", "c="+canon+"/", 1) + bh(t, simpleMessage)
			if got := outcome(mustVerify(t, &Verifier{}, handSignedWith(t, name, tags, simpleMessage))); got != "pass/ok" {
				t.Errorf("%q, %s: %s", name, canon, got)
			}
		}
	}
}

func TestStrings(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{None.String(), "none"}, {PermError.String(), "permerror"}, {Status(99).String(), "Status(99)"},
		{OK.String(), "ok"}, {Refused.String(), "refused"}, {Reason(99).String(), "Reason(99)"},
		{Relaxed.String(), "relaxed"}, {Simple.String(), "simple"}, {Canon(9).String(), "Canon(9)"},
		{RSASHA256.String(), "rsa-sha256"}, {RSASHA1.String(), "rsa-sha1"}, {Algorithm(0).String(), "Algorithm(0)"},
		{HeaderDone.String(), "header-done"}, {EventKind(99).String(), "EventKind(99)"},
		{(&Error{Reason: Expired}).Error(), "dkim: expired"},
		{(&Error{Domain: "x", Text: "t", Tag: "v", Pos: 3, Err: io.EOF}).Error(), `dkim: "x": t: tag "v" at offset 3: EOF`},
		{(BareLineEnd | RepeatedField).String(), "bare CR or LF, repeated header field"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	if len(reasonNames) != int(Refused)+1 || len(dangerNames) != 7 {
		t.Error("a name is missing")
	}
}

func bodyHash(canonical string) []byte {
	h := RSASHA256.newHash()
	h.Write([]byte(canonical))
	return h.Sum(nil)
}

func TestVerifyWriterChunks(t *testing.T) {
	msg := []byte(mustSign(t, nil, simpleMessage, testSignature("ed")))
	v := Verifier{Resolver: testZone(), Now: testClock}
	for step := 1; step <= len(msg); step += 7 {
		w := v.NewWriter(context.Background())
		for rest := msg; len(rest) > 0; {
			n := min(step, len(rest))
			if m, err := w.Write(bytes.Clone(rest[:n])); m != n || err != nil {
				t.Fatal(m, err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := outcome(w.Report()); got != "pass/ok" {
			t.Errorf("pieces of %d: %s", step, got)
		}
	}
}
