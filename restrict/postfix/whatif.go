package postfix

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"slices"

	"github.com/mailsec-go/mailsec/restrict"
)

// A Recording is one SMTP session as a server saw it: what [WhatIf] runs again
// under another policy. Its JSON form, one object a line, is stable: fields may
// be added, none changes its meaning.
//
//	{"id":"1","client":{"addr":"198.51.100.7","name":"mail.client.example"},
//	 "steps":[{"cmd":"EHLO mail.client.example"},{"cmd":"MAIL FROM:<s@sender.example>"}]}
type Recording struct {
	ID     string         `json:"id,omitempty"`
	Client RecordedClient `json:"client"`
	// Greeting is the answer to the connection, "" if it was not recorded.
	Greeting string         `json:"greeting,omitempty"`
	Steps    []RecordedStep `json:"steps"`
}

// A RecordedClient is the client of a Recording. A name that is absent was
// looked up and not found, unless Names is false: then it is looked up again.
type RecordedClient struct {
	Addr          netip.Addr     `json:"addr"`
	Port          uint16         `json:"port,omitempty"`
	Names         bool           `json:"names"` // the four fields below are known
	Name          string         `json:"name,omitempty"`
	NameStatus    string         `json:"name_status,omitempty"` // "ok", "temp", "perm", "forged"; "" is ok
	ReverseName   string         `json:"reverse_name,omitempty"`
	ReverseStatus string         `json:"reverse_status,omitempty"`
	Local         netip.AddrPort `json:"local,omitzero"`
	Socket        netip.Addr     `json:"socket,omitzero"`
}

// A RecordedStep is one event of a Recording; one of Cmd, Login, TLS and Data
// is set.
type RecordedStep struct {
	Cmd   string         `json:"cmd,omitempty"`   // a command line without its end
	Login *RecordedLogin `json:"login,omitempty"` // AUTH succeeded
	TLS   *RecordedTLS   `json:"tls,omitempty"`   // the connection is encrypted from here on
	Data  *int64         `json:"data,omitempty"`  // the end of the message, and its size
	// Ahead says that the client sent more before it had the answer.
	Ahead bool `json:"ahead,omitempty"`
	// Facts learned before this step, such as authentication results.
	SPF   string `json:"spf,omitempty"`
	DMARC string `json:"dmarc,omitempty"`
	// Reply is the answer that was given, "" if it was not recorded.
	Reply string `json:"reply,omitempty"`
}

// A RecordedLogin is a successful AUTH.
type RecordedLogin struct {
	Mech string `json:"mech"`
	User string `json:"user"`
}

// RecordedTLS is what was known about the encryption.
type RecordedTLS struct {
	Protocol        string `json:"protocol"`
	Cipher          string `json:"cipher,omitempty"`
	Bits            int    `json:"bits,omitempty"`
	ServerName      string `json:"server_name,omitempty"`
	StartTLS        bool   `json:"starttls,omitempty"` // what was said before is forgotten
	CertSubject     string `json:"cert_subject,omitempty"`
	CertFingerprint string `json:"cert_fingerprint,omitempty"`
	CertTrusted     bool   `json:"cert_trusted,omitempty"`
}

// Limits of recordings.
const (
	MaxRecording      = 1 << 20 // octets of one line
	MaxRecordingSteps = 10_000
)

// ErrRecording is the kind of error for a line that is no Recording.
var ErrRecording = errors.New("not a recorded session")

// ReadRecordings returns an iterator over the recordings of r, one a line.
// Empty lines are skipped. It ends after the first error, which is an [*Error]
// with the line.
func ReadRecordings(r io.Reader) iter.Seq2[*Recording, error] {
	return func(yield func(*Recording, error) bool) {
		sc := bufio.NewScanner(r)
		sc.Buffer(nil, MaxRecording)
		line := 0
		for sc.Scan() {
			line++
			text := bytes.TrimSpace(sc.Bytes())
			if len(text) == 0 {
				continue
			}
			rec := new(Recording)
			err := json.Unmarshal(text, rec)
			switch {
			case err != nil:
			case !rec.Client.Addr.IsValid():
				err = errors.New("the address of the client is missing")
			case len(rec.Steps) > MaxRecordingSteps:
				err = errors.New("too many steps")
			}
			if err != nil {
				yield(nil, &Error{Line: line, File: "sessions", Err: ErrRecording, Advice: err.Error()})
				return
			}
			if !yield(rec, nil) {
				return
			}
		}
		if err := sc.Err(); err != nil {
			yield(nil, &Error{Line: line + 1, File: "sessions", Err: ErrRecording, Advice: err.Error()})
		}
	}
}

// AppendLine appends the recording as one line of JSON.
func (r *Recording) AppendLine(dst []byte) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return dst, err
	}
	return append(append(dst, text...), '\n'), nil
}

// Record returns the client part of a recording of a session with c, with the
// names as far as s has found them out; s may be nil.
func (c Client) Record(s *Session) RecordedClient {
	r := RecordedClient{Addr: c.Addr, Port: c.Port, Names: c.KnownNames, Name: c.Name, ReverseName: c.ReverseName,
		NameStatus: statusText(c.NameStatus), ReverseStatus: statusText(c.ReverseStatus), Local: c.Local, Socket: c.Socket}
	if s != nil && s.connected {
		f := s.Facts()
		r.Names = true
		r.Name, r.NameStatus = knownName(f.ClientName), statusText(f.ClientStatus)
		r.ReverseName, r.ReverseStatus = knownName(f.ReverseName), statusText(f.ReverseStatus)
	}
	return r
}

func knownName(name string) string {
	if name == "unknown" {
		return ""
	}
	return name
}

var statusNames = []string{restrict.NameOK: "", restrict.NameTemp: "temp", restrict.NamePerm: "perm", restrict.NameForged: "forged", restrict.NameUnasked: "unasked"}

func statusText(s restrict.NameStatus) string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "perm"
}

func parseStatus(name, text string) restrict.NameStatus {
	if i := slices.Index(statusNames, text); i > 0 {
		return restrict.NameStatus(i)
	}
	if name == "" {
		return restrict.NamePerm
	}
	return restrict.NameOK
}

// A Change is one answer that differs between two policies.
type Change struct {
	ID      string // of the recording
	Session int    // its number, from 0
	Step    int    // of the recording; -1 is the greeting
	Command string
	Was, Is Reply
	// WasTrace and IsTrace say how each verdict came about. WasTrace is "" when
	// Was is the recorded answer.
	WasTrace, IsTrace string
}

// String returns the change as text, without the traces.
func (c Change) String() string {
	return fmt.Sprintf("session %d %s: %s: %v -> %v", c.Session, c.ID, c.Command, c.Was, c.Is)
}

// WhatIf runs recorded sessions under a candidate policy and calls report for
// every answer that changes. The answers to compare with are those of the
// current policy; with current nil they are the recorded ones. Each session
// runs to its end under both policies, so a changed answer to MAIL also shows
// in the commands after it. The error is that of sessions or of ctx.
//
// Both policies ask what their Config provides, the DNS for one: give them a
// resolver that caches, or the changes include those of the world.
func WhatIf(ctx context.Context, current, candidate *Policy, sessions iter.Seq2[*Recording, error], report func(Change)) error {
	n := 0
	for rec, err := range sessions {
		if err != nil {
			return err
		}
		if err := whatIf(ctx, current, candidate, rec, n, report); err != nil {
			return err
		}
		n++
	}
	return nil
}

func whatIf(ctx context.Context, current, candidate *Policy, rec *Recording, n int, report func(Change)) error {
	is := newReplay(candidate, rec)
	var was *replay
	if current != nil {
		was = newReplay(current, rec)
	}
	for step := -1; step < len(rec.Steps); step++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := Change{ID: rec.ID, Session: n, Step: step, Command: stepName(rec, step)}
		answered := false
		c.Is, answered = is.step(ctx, rec, step)
		if !answered {
			if was != nil {
				was.step(ctx, rec, step)
			}
			continue
		}
		c.IsTrace = is.trace.String()
		same := false
		if was != nil {
			c.Was, _ = was.step(ctx, rec, step)
			c.WasTrace = was.trace.String()
			same = c.Was.String() == c.Is.String()
		} else {
			recorded := rec.Greeting
			if step >= 0 {
				recorded = rec.Steps[step].Reply
			}
			c.Was = parseReply(recorded)
			same = recorded == "" || recorded == c.Is.String()
		}
		if !same {
			report(c)
		}
		if c.Is.Close && (was != nil && c.Was.Close || was == nil && !same) {
			return nil
		}
	}
	return nil
}

// stepName names a step in reports.
func stepName(rec *Recording, step int) string {
	switch {
	case step < 0:
		return "CONNECT"
	case rec.Steps[step].Data != nil:
		return "END-OF-MESSAGE"
	}
	return printable(rec.Steps[step].Cmd)
}

// parseReply reads what Reply.String wrote, for showing it.
func parseReply(s string) Reply {
	r := Reply{Lines: []string{s}}
	if len(s) > 4 && s[3] == ' ' {
		if _, err := fmt.Sscanf(s[:3], "%d", &r.Code); err == nil {
			r.Lines[0] = s[4:]
		}
	}
	return r
}

// replay is one session under one policy.
type replay struct {
	s     *Session
	trace restrict.Trace
	over  bool
	data  bool // the message may follow
}

func newReplay(p *Policy, rec *Recording) *replay {
	r := &replay{}
	c := &rec.Client
	r.s = p.NewSession(Client{Addr: c.Addr, Port: c.Port, Local: c.Local, Socket: c.Socket, KnownNames: c.Names,
		Name: c.Name, NameStatus: parseStatus(c.Name, c.NameStatus),
		ReverseName: c.ReverseName, ReverseStatus: parseStatus(c.ReverseName, c.ReverseStatus),
		Instance: rec.ID, Trace: &r.trace})
	return r
}

// step plays one step. answered is false when it has no reply of the policy.
func (r *replay) step(ctx context.Context, rec *Recording, step int) (reply Reply, answered bool) {
	r.trace.Reset()
	if r.over {
		return Reply{Silent: true, Close: true}, true
	}
	if step < 0 {
		reply = r.s.Connect(ctx)
		r.over = reply.Close
		return reply, true
	}
	st := &rec.Steps[step]
	f := r.s.Facts()
	if st.SPF != "" {
		f.SPF, f.Has = st.SPF, f.Has|restrict.HasSPF
	}
	if st.DMARC != "" {
		f.DMARC, f.Has = st.DMARC, f.Has|restrict.HasDMARC
	}
	switch {
	case st.Login != nil:
		r.s.SetAuth(st.Login.Mech, st.Login.User)
		return Reply{}, false
	case st.TLS != nil:
		t := restrict.TLS{Protocol: st.TLS.Protocol, Cipher: st.TLS.Cipher, Bits: st.TLS.Bits, CertSubject: st.TLS.CertSubject,
			CertFingerprint: st.TLS.CertFingerprint, CertTrusted: st.TLS.CertTrusted}
		if st.TLS.StartTLS {
			r.s.StartTLS(t, st.TLS.ServerName)
		} else {
			r.s.SetTLS(t, st.TLS.ServerName)
		}
		return Reply{}, false
	case st.Data != nil:
		if !r.data {
			return Reply{}, false // DATA was refused
		}
		reply, r.data = r.s.EndOfData(ctx, *st.Data), false
	default:
		reply = r.s.Command(ctx, st.Cmd, st.Ahead)
		r.data = reply.Code == 354
	}
	r.over = reply.Close
	return reply, true
}
