package main

import (
	"log/slog"
	"net/netip"
)

// A decision says what became of a command that mattered: a refusal, or a
// message taken. It is logged, and the demonstration prints it.
type decision struct {
	Client    netip.Addr
	Helo      string
	Login     string
	Encrypted bool
	Sender    string
	Recipient string // the last one asked for

	Reply string // what the client was told
	Rule  string // which rule decided
	Why   string // what it found

	SPF, DKIM, DMARC string // results, "" when it did not come to that
	RBL              string // what the lists of the file dnslists say

	Field   string // the Authentication-Results field of a message taken
	QueueID string // of a message taken
}

// decisionKey is the key under which a context carries the decision in the
// making, for parts that are called through the lists.
type decisionKey struct{}

// LogValue is what the log shows of a decision. Everything that a client chose
// is quoted by the handler.
func (d *decision) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("client", d.Client.String()),
		slog.String("helo", d.Helo),
		slog.String("sender", d.Sender),
		slog.String("recipient", d.Recipient),
		slog.String("reply", d.Reply),
		slog.String("rule", d.Rule),
		slog.String("why", d.Why),
		slog.Bool("tls", d.Encrypted),
	}
	for _, a := range []slog.Attr{
		slog.String("login", d.Login), slog.String("spf", d.SPF), slog.String("dkim", d.DKIM),
		slog.String("dmarc", d.DMARC), slog.String("rbl", d.RBL), slog.String("id", d.QueueID),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	return slog.GroupValue(attrs...)
}
