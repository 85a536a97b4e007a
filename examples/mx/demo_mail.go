package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/dkim"
)

// keyring makes and holds the DKIM keys of the senders of the demonstration.
type keyring map[string][]dkim.Signature // by domain

// add makes a key for a domain and returns the line of its zone.
func (k keyring) add(domain, selector string, alg dkim.Algorithm) (zoneLine string, err error) {
	key, record, err := dkim.GenerateKey(alg, 0)
	if err != nil {
		return "", err
	}
	name, err := dkim.RecordName(selector, domain)
	if err != nil {
		return "", err
	}
	k[domain] = append(k[domain], dkim.Signature{Domain: domain, Selector: selector, Key: key})
	return record.ZoneLine(name, 300), nil
}

// sign puts the signatures of domain in front of a message, with every key that
// the domain has.
func (k keyring) sign(domain string, message []byte) ([]byte, error) {
	signer, err := dkim.NewSigner(nil, k[domain]...)
	if err != nil {
		return nil, err
	}
	fields, err := signer.Sign(context.Background(), bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	return append(fields, message...), nil
}

// A mail is what a person writes; compose makes a message of it.
type mail struct {
	from, to, subject string
	body              string // lines end in \n
	signedBy          string // domain, "" for nobody
	footer            string // what somebody on the way writes below the body
	raw               string // octets to add as they are
}

func (m mail) compose(k keyring, now time.Time) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s\n", m.from)
	fmt.Fprintf(&b, "To: %s\n", m.to)
	fmt.Fprintf(&b, "Subject: %s\n", m.subject)
	fmt.Fprintf(&b, "Date: %s\n", now.Format(time.RFC1123Z))
	fmt.Fprintf(&b, "Message-ID: <%d.demo@%s>\n", now.UnixNano(), m.signedBy+".mid.example")
	fmt.Fprintf(&b, "\n%s", m.body)
	message := bytes.ReplaceAll(b.Bytes(), []byte("\n"), []byte("\r\n"))
	if m.signedBy != "" {
		var err error
		if message, err = k.sign(m.signedBy, message); err != nil {
			return nil, err
		}
	}
	message = append(message, strings.ReplaceAll(m.footer, "\n", "\r\n")...)
	return append(message, m.raw...), nil
}
