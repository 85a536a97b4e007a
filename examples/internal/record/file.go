// Package record writes SMTP sessions into a file, one line of JSON each, for
// playing them again under another policy: see [postfix.Recording].
//
// A recording holds the addresses of clients, senders and recipients and the
// names of users who logged in. It holds no passwords and nothing of a message
// but its size. Only the owner of the file can read it.
package record

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// A File is a file of recordings that grows. It belongs to one process. It is
// safe for concurrent use; a nil *File records nothing.
type File struct {
	mu   sync.Mutex
	file *os.File
	end  int64 // of the last whole line
	n    int   // recordings begun
}

// Open opens a file for appending, or makes it. Half a line at its end, which a
// crash has left, is removed.
func Open(name string) (*File, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	f := &File{file: file}
	if err := f.trim(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), file.Close())
	}
	return f, nil
}

// trim removes half a line from the end of the file, unless it can't be one of
// ours.
func (f *File) trim() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	tail := make([]byte, min(info.Size(), postfix.MaxRecording+1))
	if _, err := f.file.ReadAt(tail, info.Size()-int64(len(tail))); err != nil {
		return err
	}
	half := tail[bytes.LastIndexByte(tail, '\n')+1:]
	f.end = info.Size() - int64(len(half))
	switch {
	case len(half) == 0:
		return nil
	case half[0] != '{' || len(half) > postfix.MaxRecording:
		return errors.New("the end of the file is no recording")
	}
	return f.file.Truncate(f.end)
}

// write appends one line, all of it or nothing.
func (f *File) write(line []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.file.Write(line)
	if err != nil {
		return errors.Join(err, f.file.Truncate(f.end))
	}
	f.end += int64(n)
	return nil
}

// Close closes the file. Sessions that end later are lost.
func (f *File) Close() error {
	if f == nil {
		return nil
	}
	return f.file.Close()
}

// id returns a name for the next recording that no other one has.
func (f *File) id() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	return fmt.Sprintf("%s-%d", time.Now().UTC().Format("20060102T150405.000"), f.n)
}
