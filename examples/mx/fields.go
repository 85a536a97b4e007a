package main

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec"
	"github.com/mailsec-go/mailsec/authres"
)

// This file holds the fields that the server puts on top of a message.

// authField returns the Authentication-Results field of the message.
func (s *session) authField(result *mailsec.Result) ([]byte, error) {
	if result != nil {
		return result.AppendField(nil)
	}
	h := authres.Header{ID: s.server.hostname, Methods: []authres.Method{authres.Auth(authres.Pass, s.login)}}
	return h.AppendField(nil)
}

// stamp returns the fields that say how the message came here (RFC 5321,
// section 4.4).
func (s *session) stamp(id string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Return-Path: %s\r\n", printable(path(s.sender)))
	for _, to := range s.recipients {
		fmt.Fprintf(&b, "Delivered-To: %s\r\n", printable(to))
	}
	with := "ESMTP"
	if s.encrypted {
		with += "S"
	}
	if s.login != "" {
		with += "A"
	}
	client := s.client.Addr().String()
	if s.client.Addr().Is6() {
		client = "IPv6:" + client // RFC 5321, section 4.1.3
	}
	fmt.Fprintf(&b, "Received: from %s ([%s])\r\n\tby %s with %s id %s;\r\n\t%s\r\n",
		printable(s.helo), client, s.server.hostname, with, id, time.Now().Format(time.RFC1123Z))
	return b.Bytes()
}

// printable makes what a client said fit for a header field.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
