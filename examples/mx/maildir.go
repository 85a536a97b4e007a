package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// A maildir is a directory in which every message is a file. A message is
// written to tmp/ and moved to new/ only when it is complete and on the disk, so
// whoever reads new/ never sees half a message, whatever happens in between.
type maildir string

// openMaildir returns the maildir at path and makes it where it is missing. It
// fails where a message could not be stored.
func openMaildir(path string) (maildir, error) {
	m := maildir(path)
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(path, sub), 0o700); err != nil {
			return "", err
		}
	}
	for _, sub := range []string{"tmp", "new"} {
		f, err := os.CreateTemp(filepath.Join(path, sub), ".test-") // readers skip names with a dot
		if err != nil {
			return "", err
		}
		if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
			return "", err
		}
	}
	return m, m.sync(".")
}

// deliver stores a message of which the parts are read one after the other. When
// it returns nil the message survives a power cut; when it returns an error
// there is no trace of it in new/.
func (m maildir) deliver(name string, parts ...io.Reader) (err error) {
	tmp := filepath.Join(string(m), "tmp", name)
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp)
		}
	}()
	_, err = io.Copy(f, io.MultiReader(parts...))
	// The octets first, then the name: the other order could leave a name
	// without its octets after a crash.
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	file := filepath.Join(string(m), "new", name)
	if err = os.Rename(tmp, file); err != nil {
		return err
	}
	if err = m.sync("new"); err != nil {
		os.Remove(file) // the client will send it again
	}
	return err
}

// sync makes the names in a subdirectory survive a power cut.
func (m maildir) sync(sub string) error {
	d, err := os.Open(filepath.Join(string(m), sub))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// newName returns a file name that no other delivery has: time, randomness and
// host, as maildir readers expect it. It is also the queue ID shown to clients.
func newName(hostname string, now time.Time) (id, name string) {
	id = rand.Text()[:12]
	return id, fmt.Sprintf("%d.%s.%s", now.Unix(), id, hostname)
}
