package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"

	"github.com/mailsec-go/mailsec/dkim"
)

// A spool holds a message while it arrives: in a file, so that memory does not
// depend on its size. The octets are kept as they came, since signatures cover
// them.
type spool struct {
	file *os.File
	size int64

	last   byte
	bare   bool // a CR or LF stood alone
	folded bool // the first line is the continuation of nothing
}

// newSpool makes a spool in tmp/ of a maildir, where nobody reads it, and where
// what a crash leaves is cleaned up with the rest.
func newSpool(m maildir) (*spool, error) {
	f, err := os.CreateTemp(filepath.Join(string(m), "tmp"), "incoming-")
	if err != nil {
		return nil, err
	}
	return &spool{file: f}, nil
}

func (s *spool) Write(p []byte) (int, error) {
	if s.size == 0 && len(p) > 0 {
		s.folded = p[0] == ' ' || p[0] == '\t'
	}
	for _, c := range p {
		if (c == '\n') != (s.last == '\r') {
			s.bare = true
		}
		s.last = c
	}
	n, err := s.file.Write(p)
	s.size += int64(n)
	return n, err
}

// bareLineEnd reports whether a CR or LF of the message stands alone.
func (s *spool) bareLineEnd() bool { return s.bare || s.last == '\r' }

// beginsFolded reports whether the message begins with a blank. Its first line
// would continue whatever field is put on top of it.
func (s *spool) beginsFolded() bool { return s.folded }

// parts returns the header block and a reader for the rest.
func (s *spool) parts() (header []byte, rest io.Reader, err error) {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, nil, err
	}
	r := bufio.NewReader(s.file)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, nil, err
		}
		header = append(header, line...)
		switch {
		case len(header) > dkim.DefaultMaxHeaderBytes:
			return nil, nil, dkim.ErrHeaderTooLarge
		case err == io.EOF, string(line) == "\r\n":
			return header, r, nil
		}
	}
}

func (s *spool) remove() {
	s.file.Close()
	os.Remove(s.file.Name())
}
