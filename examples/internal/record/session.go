package record

import (
	"sync"

	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// A Session is one recording in the making. It is safe for concurrent use; a
// nil *Session records nothing, so that nobody has to ask.
type Session struct {
	file *File

	mu   sync.Mutex
	rec  postfix.Recording
	size int // of the line, at the most
	done bool
}

// Begin begins a recording with the greeting that the client got; the zero
// Reply stands for one that is not known. Without an id it gets one.
func (f *File) Begin(id string, client postfix.RecordedClient, greeting postfix.Reply) *Session {
	if f == nil {
		return nil
	}
	if id == "" {
		id = f.id()
	}
	s := &Session{file: f, rec: postfix.Recording{ID: id, Client: client, Greeting: replyText(greeting)}}
	s.size = jsonSize(id, client.Name, client.ReverseName, s.rec.Greeting)
	return s
}

// Command adds a command and passes on the reply to it.
func (s *Session) Command(command string, r postfix.Reply) postfix.Reply {
	s.Add(postfix.RecordedStep{Cmd: command, Reply: replyText(r)})
	return r
}

// Add adds a step. What exceeds the limits of a recording is left out, and all
// that follows it.
func (s *Session) Add(step postfix.RecordedStep) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.size += jsonSize(step.Cmd, step.SPF, step.DMARC, step.Reply)
	if t := step.TLS; t != nil {
		s.size += jsonSize(t.Protocol, t.Cipher, t.ServerName, t.CertSubject, t.CertFingerprint)
	}
	if l := step.Login; l != nil {
		s.size += jsonSize(l.Mech, l.User)
	}
	if s.size <= postfix.MaxRecording && len(s.rec.Steps) < postfix.MaxRecordingSteps {
		s.rec.Steps = append(s.rec.Steps, step)
	}
}

// End writes the recording. Only the first call does something.
func (s *Session) End() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return nil
	}
	s.done = true
	line, err := s.rec.AppendLine(nil)
	if err != nil {
		return err
	}
	return s.file.write(line)
}

// jsonSize bounds the octets that an object with these values takes: six for
// an octet that has to be escaped, and the names of the fields.
func jsonSize(values ...string) int {
	n := 400
	for _, v := range values {
		n += 6 * len(v)
	}
	return n
}

func replyText(r postfix.Reply) string {
	if r.Code == 0 && !r.Silent {
		return ""
	}
	return r.String()
}
