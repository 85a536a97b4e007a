package main

import (
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// With -record, what the lists were asked and what they answered is kept, so
// that another configuration can be tried on it. The answers are those of the
// lists: a refusal by DMARC, for one, is none of theirs. Off unless asked for,
// because it keeps who wrote to whom; see package record.

// beginRecording begins the recording of a session that has been greeted. After
// STARTTLS go-smtp begins a new session, which says so.
func (s *session) beginRecording(client postfix.Client, greeting postfix.Reply) {
	s.recording = s.server.recordings.Begin("", client.Record(s.lists), greeting)
	if state, ok := s.smtp.TLSConnectionState(); ok {
		facts := tlsFacts(state)
		s.recording.Add(postfix.RecordedStep{TLS: &postfix.RecordedTLS{
			Protocol: facts.Protocol, Cipher: facts.Cipher, ServerName: state.ServerName, StartTLS: true,
		}})
	}
}

// recordMessage records the end of a message and what was known about it. The
// zero reply is that of lists which let it pass.
func (s *session) recordMessage(size int64, d *decision, reply postfix.Reply) {
	if reply.Code == 0 && !reply.Silent {
		reply = postfix.Reply{Code: 250, Enhanced: "2.0.0", Lines: []string{"Ok"}}
	}
	s.recording.Add(postfix.RecordedStep{Data: &size, SPF: d.SPF, DMARC: d.DMARC, Reply: reply.String()})
}

// endRecording writes the recording.
func (s *session) endRecording() {
	if _, now := s.smtp.TLSConnectionState(); now && !s.encrypted {
		return // STARTTLS: what was said before does not count (RFC 3207, section 4.2)
	}
	if err := s.recording.End(); err != nil {
		s.server.log.Error("recording", "err", err)
	}
}
