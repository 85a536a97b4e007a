package dkim_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/dkim"
)

// message is what the examples sign.
var message = strings.ReplaceAll(`From: Ann <ann@example.com>
To: bob@example.net
Subject: lunch
Date: Sat, 21 Nov 2026 18:00:00 +0000
Message-ID: <1@example.com>

Lunch at noon?
`, "\n", "\r\n")

// records is a resolver that answers from a map. Real programs use a
// *resolver.Resolver or a *net.Resolver.
type records map[string]string

func (r records) LookupTXT(_ context.Context, name string) ([]string, error) {
	if txt, ok := r[name]; ok {
		return []string{txt}, nil
	}
	return nil, &net.DNSError{Name: name, IsNotFound: true}
}

func clock() time.Time { return time.Unix(1795287654, 0) }

// A key that is the same in every run; real ones come from GenerateKey.
const seed = "0123456789abcdef0123456789abcdef"

func Example() {
	// The owner of example.com makes a key and publishes its record.
	key, err := dkim.ParsePrivateKey([]byte(seed))
	if err != nil {
		panic(err)
	}
	record := &dkim.Record{Key: key.Public()}
	name, err := dkim.RecordName("2026", "example.com")
	if err != nil {
		panic(err)
	}
	fmt.Println(record.ZoneLine(name, 3600))

	// His server signs.
	signer, err := dkim.NewSigner(&dkim.SignerOptions{Now: clock},
		dkim.Signature{Domain: "example.com", Selector: "2026", Key: key})
	if err != nil {
		panic(err)
	}
	fields, err := signer.Sign(context.Background(), strings.NewReader(message))
	if err != nil {
		panic(err)
	}

	// The server of the recipient verifies.
	verifier := dkim.Verifier{Resolver: records{name: record.String()}, Now: clock}
	report, err := verifier.Verify(context.Background(), strings.NewReader(string(fields)+message))
	if err != nil {
		panic(err)
	}
	for _, r := range report.Results {
		fmt.Println(r.Status, r.Domain, r.Algorithm)
	}
	// Output:
	// 2026._domainkey.example.com. 3600 IN TXT "v=DKIM1; k=ed25519; p=I7xUkSwebpLEqGglyGfif/3FVb/71CRPF6Jqv//ull0="
	// pass example.com ed25519-sha256
}

// A server that receives a message hands on each piece as it arrives, to the
// verifier and to the queue.
func ExampleVerifier_NewWriter() {
	verifier := dkim.Verifier{Resolver: records{}, Now: clock}
	w := verifier.NewWriter(context.Background())
	var queue strings.Builder
	in := strings.NewReader("DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=none; h=From;\r\n" +
		" bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n" + message)
	if _, err := io.Copy(io.MultiWriter(&queue, w), in); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	for _, r := range w.Report().Results {
		fmt.Println(r.Status, r.Reason)
		fmt.Println(r.Err)
	}
	// Output:
	// permerror key-missing
	// dkim: "example.com": key-missing: dkim: no key record at none._domainkey.example.com.: lookup none._domainkey.example.com.:
}

// During a rotation the next key is published first, then takes over.
func ExampleKeySet() {
	old, _ := dkim.ParsePrivateKey([]byte(seed))
	next, _ := dkim.ParsePrivateKey([]byte("fedcba9876543210fedcba9876543210"))
	keys := dkim.KeySet{
		Domain: "example.com",
		Active: dkim.SelectorKey{Selector: "2026", Key: old},
		Next:   dkim.SelectorKey{Selector: "2027", Key: next},
	}
	dns := records{}
	if err := keys.ReadyToRotate(context.Background(), dns); err != nil {
		fmt.Println("not yet")
	}
	dns["2027._domainkey.example.com."] = (&dkim.Record{Key: next.Public()}).String()
	if err := keys.ReadyToRotate(context.Background(), dns); err != nil {
		panic(err)
	}
	keys, err := keys.Rotate(dkim.SelectorKey{})
	if err != nil {
		panic(err)
	}
	fmt.Println(keys.Signature(dkim.Signature{}).Selector, "signs;", keys.Retired[0].Selector, "stays published")
	// Output:
	// not yet
	// 2027 signs; 2026 stays published
}

func ExampleLintRecord() {
	for _, p := range dkim.LintRecord("k=ed25519; t=y; p=I7xUkSwebpLEqGglyGfif/3FVb/71CRPF6Jqv//ull0=") {
		fmt.Println(p)
	}
	// Output:
	// warning: start the record with "v=DKIM1" so that it cannot be taken for something else
	// warning: tag "t" at offset 11: the domain is testing (y): receivers may treat its mail as unsigned
}
