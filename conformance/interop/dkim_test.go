package interop

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailsec-go/mailsec/dkim"
)

// dkimBench is a directory with two keys and their records in the forms that
// the programs want.
type dkimBench struct {
	dir  string
	zone map[string][]string
	sigs map[string]dkim.Signature
}

func (b *dkimBench) LookupTXT(_ context.Context, name string) ([]string, error) {
	return b.zone[name], nil
}

func (b *dkimBench) path(name string) string { return filepath.Join(b.dir, name) }

// key returns the file with a private key: PEM, or for dkimpy a bare seed.
func (b *dkimBench) key(selector string) string { return b.path(selector + ".key") }

func newDKIMBench(t *testing.T) *dkimBench {
	b := &dkimBench{dir: t.TempDir(), zone: map[string][]string{}, sigs: map[string]dkim.Signature{}}
	var public strings.Builder
	for selector, alg := range map[string]dkim.Algorithm{"rsa": dkim.RSASHA256, "ed": dkim.Ed25519SHA256} {
		key, record, err := dkim.GenerateKey(alg, 0)
		if err != nil {
			t.Fatal(err)
		}
		b.add(t, selector, key)
		name := selector + "._domainkey.example.com"
		b.zone[name+"."] = []string{record.String()}
		fmt.Fprintf(&public, "%s %s\n", name, record)
	}
	write(t, b.path("public"), public.String())
	write(t, b.path("conf"), "TestPublicKeys "+b.path("public")+"\nMode v\n")
	return b
}

func (b *dkimBench) add(t *testing.T, selector string, key crypto.Signer) {
	pem, err := dkim.MarshalPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, b.key(selector), string(pem))
	if k, ok := key.(ed25519.PrivateKey); ok {
		write(t, b.path("ed.seed"), string(k.Seed()))
	}
	b.sigs[selector] = dkim.Signature{Domain: "example.com", Selector: selector, Key: key}
}

// python returns the interpreter that Debian's modules belong to.
func python(t *testing.T, modules ...string) string {
	t.Helper()
	const interpreter = "/usr/bin/python3"
	if err := exec.Command(interpreter, "-c", "import "+strings.Join(modules, ", ")).Run(); err != nil {
		return need(t, "python3 with "+strings.Join(modules, ", "))
	}
	return interpreter
}

// run feeds in to a command and returns what it writes.
func run(t *testing.T, in []byte, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.String())
	}
	return string(out), err
}

// dkimMessages are messages with folding, tabs, 8-bit text, long lines and odd
// ends, each of which the peers agree about.
func dkimMessages() []string {
	const header = "Received: from a.example.net\r\n\tby b.example.com;\r\n Sat, 21 Nov 2026 18:00:00 +0000\r\n" +
		"From: =?utf-8?q?Ann?= <ann@example.com>\r\nTo: bob@example.net,\r\n\t carol@example.net \r\n" +
		"Subject: two  spaces\tand a tab; b=x\r\n  folded\r\nDate: Sat, 21 Nov 2026 18:00:00 +0000\r\n" +
		"Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n"
	r := rand.New(rand.NewPCG(7, 7))
	var random strings.Builder
	for range 400 {
		for range r.IntN(12) {
			random.WriteString(strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(9)) + []string{" ", "  ", "\t", " \t"}[r.IntN(4)])
		}
		random.WriteString("\r\n")
	}
	var messages []string
	for _, body := range []string{
		"", "\r\n", "\r\n\r\n\r\n", "one line\r\n", "trailing blanks \t\r\n\r\n \r\n",
		" leading\r\n\r\n\r\ninside\r\n\r\n", "gr\xc3\xbc\xc3\x9fe \xff\r\n", strings.Repeat("long ", 4000) + "\r\n",
		random.String(),
	} {
		messages = append(messages, header+"\r\n"+body)
	}
	return messages
}

// dkimVariants calls f with every key, canonicalization and message.
func dkimVariants(b *dkimBench, f func(sig dkim.Signature, msg string)) {
	for _, selector := range []string{"rsa", "ed"} {
		for _, head := range []dkim.Canon{dkim.Relaxed, dkim.Simple} {
			for _, body := range []dkim.Canon{dkim.Relaxed, dkim.Simple} {
				for _, msg := range dkimMessages() {
					sig := b.sigs[selector]
					sig.Header, sig.Body = head, body
					f(sig, msg)
				}
			}
		}
	}
}

func signDKIM(t *testing.T, sig dkim.Signature, msg string) []byte {
	t.Helper()
	signer, err := dkim.NewSigner(nil, sig)
	if err != nil {
		t.Fatal(err)
	}
	fields, err := signer.Sign(context.Background(), strings.NewReader(msg))
	if err != nil {
		t.Fatal(err)
	}
	return append(fields, msg...)
}

func TestDKIMOurSignaturesInOpenDKIM(t *testing.T) {
	opendkim := need(t, "opendkim")
	b := newDKIMBench(t)
	var files []string
	dkimVariants(b, func(sig dkim.Signature, msg string) {
		file := b.path(fmt.Sprintf("%d-%s-%v-%v", len(files), sig.Selector, sig.Header, sig.Body))
		write(t, file, string(signDKIM(t, sig, msg)))
		files = append(files, file)
	})
	out, err := run(t, nil, opendkim, "-x", b.path("conf"), "-t", strings.Join(files, ","))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.Contains(out, file+": verification (") || !strings.Contains(lineWith(out, file), "succeeded") {
			t.Errorf("%s: %s", filepath.Base(file), lineWith(out, file))
		}
	}
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part+":") {
			return line
		}
	}
	return ""
}

// dkimpyVerify reads "name record" lines from a file, then verifies each file
// named on the command line.
const dkimpyVerify = `
import dkim, sys
zone = dict(l.rstrip("\n").split(" ", 1) for l in open(sys.argv[1]))
def txt(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return zone.get(name.rstrip("."), "").encode()
for f in sys.argv[2:]:
    print(f + ":", dkim.verify(open(f, "rb").read(), dnsfunc=txt))
`

func TestDKIMOurSignaturesInDkimpy(t *testing.T) {
	python := python(t, "dkim", "nacl")
	b := newDKIMBench(t)
	args := []string{"-c", dkimpyVerify, b.path("public")}
	dkimVariants(b, func(sig dkim.Signature, msg string) {
		file := b.path(fmt.Sprintf("%d-%s-%v-%v", len(args), sig.Selector, sig.Header, sig.Body))
		write(t, file, string(signDKIM(t, sig, msg)))
		args = append(args, file)
	})
	out, err := run(t, nil, python, args...)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range args[3:] {
		if line := lineWith(out, file); !strings.Contains(line, ": True") {
			t.Errorf("%s: %q", filepath.Base(file), line)
		}
	}
}

func (b *dkimBench) wantPass(t *testing.T, what, msg string) {
	t.Helper()
	v := dkim.Verifier{Resolver: b}
	report, err := v.Verify(context.Background(), strings.NewReader(msg))
	if err != nil || len(report.Results) != 1 {
		t.Fatalf("%s: %v, %v", what, report, err)
	}
	if r := &report.Results[0]; r.Status != dkim.Pass {
		t.Errorf("%s: %v\n%.2000q", what, r.Err, msg)
	}
}

const dkimpySign = `
import dkim, sys
selector, key, head, body, alg = sys.argv[1:]
msg = sys.stdin.buffer.read()
sig = dkim.sign(msg, selector.encode(), b"example.com", open(key, "rb").read(),
    canonicalize=(head.encode(), body.encode()), signature_algorithm=alg.encode())
sys.stdout.buffer.write(sig + msg)
`

func TestDKIMDkimpySignaturesInOurs(t *testing.T) {
	python := python(t, "dkim", "nacl")
	b := newDKIMBench(t)
	seed, err := os.ReadFile(b.path("ed.seed"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, b.path("ed.base64"), base64Text(seed))
	pkcs1(t, b)
	n := 0
	dkimVariants(b, func(sig dkim.Signature, msg string) {
		if n++; n%3 != 0 {
			return // starting an interpreter takes a while; a third will do
		}
		key, alg := b.path("rsa.pkcs1"), "rsa-sha256"
		if sig.Selector == "ed" {
			key, alg = b.path("ed.base64"), "ed25519-sha256"
		}
		out, err := run(t, []byte(msg), python, "-c", dkimpySign, sig.Selector, key, sig.Header.String(), sig.Body.String(), alg)
		if err != nil {
			t.Fatal(err)
		}
		b.wantPass(t, fmt.Sprintf("dkimpy %s %v/%v", sig.Selector, sig.Header, sig.Body), out)
	})
}

// libopendkimSign signs with OpenDKIM's library, which the milter uses.
const libopendkimSign = `
import ctypes, sys
lib = ctypes.CDLL("libopendkim.so.11")
P, c, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
lib.dkim_init.restype = lib.dkim_sign.restype = P
lib.dkim_init.argtypes = [P, P]
lib.dkim_sign.argtypes = [P, c, P, c, c, c] + 3 * [ctypes.c_int] + [ctypes.c_ssize_t, P]
lib.dkim_header.argtypes = lib.dkim_body.argtypes = [P, c, size]
lib.dkim_eoh.argtypes, lib.dkim_eom.argtypes = [P], [P, P]
lib.dkim_getsighdr_d.argtypes = [P, size, ctypes.POINTER(c), ctypes.POINTER(size)]
def check(status):
    if status: sys.exit("libopendkim: status %d" % status)
selector, key, head, body, alg = sys.argv[1:]
msg, status = sys.stdin.buffer.read(), ctypes.c_int()
d = lib.dkim_sign(lib.dkim_init(None, None), b"id", None, open(key, "rb").read(), selector.encode(), b"example.com",
    int(head), int(body), int(alg), -1, ctypes.byref(status))
check(status.value)
header, _, text = msg.partition(b"\r\n\r\n")
fields = []
for line in header.split(b"\r\n"):
    if line[:1] in b" \t": fields[-1] += b"\r\n" + line
    else: fields.append(line)
for f in fields: check(lib.dkim_header(d, f, len(f)))
check(lib.dkim_eoh(d))
if text: check(lib.dkim_body(d, text, len(text)))
check(lib.dkim_eom(d, None))
buf, n = c(), size()
check(lib.dkim_getsighdr_d(d, 16, ctypes.byref(buf), ctypes.byref(n)))
sys.stdout.buffer.write(b"DKIM-Signature: " + buf.value[:n.value] + b"\r\n" + msg)
`

func TestDKIMOpenDKIMSignaturesInOurs(t *testing.T) {
	need(t, "opendkim")
	python := python(t, "ctypes")
	b := newDKIMBench(t)
	n := 0
	dkimVariants(b, func(sig dkim.Signature, msg string) {
		if n++; n%3 != 1 {
			return
		}
		if sig.Selector == "ed" && sig.Header == dkim.Simple {
			return // OpenDKIM 2.11 itself refuses what its library signs so
		}
		canon := map[dkim.Canon]string{dkim.Simple: "0", dkim.Relaxed: "1"}
		alg := map[string]string{"rsa": "1", "ed": "2"}[sig.Selector]
		out, err := run(t, []byte(msg), python, "-c", libopendkimSign,
			sig.Selector, b.key(sig.Selector), canon[sig.Header], canon[sig.Body], alg)
		if err != nil {
			t.Fatal(err)
		}
		b.wantPass(t, fmt.Sprintf("libopendkim %s %v/%v", sig.Selector, sig.Header, sig.Body), out)
	})
}

// TestDKIMArchivedSHA1 verifies what opendkim-testmsg makes, which still signs
// with rsa-sha1: refused, and accepted for archived mail.
func TestDKIMArchivedSHA1(t *testing.T) {
	testmsg := need(t, "opendkim-testmsg")
	b := newDKIMBench(t)
	out, err := run(t, []byte(dkimMessages()[3]), testmsg, "-C", "-d", "example.com", "-k", b.key("rsa"), "-s", "rsa")
	if err != nil {
		t.Fatal(err)
	}
	for _, allow := range []bool{false, true} {
		v := dkim.Verifier{Resolver: b, AllowSHA1: allow}
		report, err := v.Verify(context.Background(), strings.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		want := dkim.SHA1
		if allow {
			want = dkim.OK
		}
		if got := report.Results[0].Reason; got != want {
			t.Errorf("AllowSHA1 %v: %v, want %v", allow, got, want)
		}
	}
}

// TestDKIMGenkey reads a key and a record that opendkim-genkey made.
func TestDKIMGenkey(t *testing.T) {
	genkey := need(t, "opendkim-genkey")
	dir := t.TempDir()
	if _, err := run(t, nil, genkey, "-b", "2048", "-d", "example.com", "-s", "sel", "-D", dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "sel.private"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := dkim.ParsePrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := os.ReadFile(filepath.Join(dir, "sel.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i, part := range strings.Split(string(zone), `"`) {
		if i%2 == 1 {
			text.WriteString(part)
		}
	}
	b := &dkimBench{zone: map[string][]string{"sel._domainkey.example.com.": {text.String()}}}
	if err := dkim.CheckPublished(context.Background(), b, "example.com", "sel", key.Public()); err != nil {
		t.Errorf("%v\n%s", err, zone)
	}
}

func base64Text(data []byte) string { return base64.StdEncoding.EncodeToString(data) + "\n" }

// pkcs1 writes the RSA key in the form that dkimpy reads.
func pkcs1(t *testing.T, b *dkimBench) {
	key := b.sigs["rsa"].Key.(*rsa.PrivateKey)
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	write(t, b.path("rsa.pkcs1"), string(pem.EncodeToMemory(block)))
}
