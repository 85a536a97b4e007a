package main

import (
	"bufio"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The cost of a password in the users file.
const (
	hashIterations = 600_000
	hashLength     = sha256.Size
)

// users holds the people who may submit mail, by login name.
type users map[string]passwordHash

type passwordHash struct {
	iterations int
	salt, key  []byte
}

// parseUsers reads lines of the form "name iterations salt key", salt and key in
// base64. Lines that are empty or begin with '#' do not count.
func parseUsers(file string, r io.Reader) (users, error) {
	u := users{}
	sc := bufio.NewScanner(r)
	for n := 1; sc.Scan(); n++ {
		f := strings.Fields(sc.Text())
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if len(f) != 4 {
			return nil, fmt.Errorf("%s:%d: want name, iterations, salt and key", file, n)
		}
		var h passwordHash
		var err error
		if h.iterations, err = strconv.Atoi(f[1]); err != nil || h.iterations < 1 {
			return nil, fmt.Errorf("%s:%d: iterations: %q is not a positive number", file, n, f[1])
		}
		if h.salt, err = base64.StdEncoding.DecodeString(f[2]); err != nil {
			return nil, fmt.Errorf("%s:%d: salt: %v", file, n, err)
		}
		if h.key, err = base64.StdEncoding.DecodeString(f[3]); err != nil || len(h.key) != hashLength {
			return nil, fmt.Errorf("%s:%d: key: not %d octets of base64", file, n, hashLength)
		}
		u[f[0]] = h
	}
	return u, sc.Err()
}

// hashPassword returns what the users file holds for a new password.
func hashPassword(password string, iterations int) (passwordHash, error) {
	h := passwordHash{iterations: iterations, salt: make([]byte, 16)}
	rand.Read(h.salt)
	var err error
	h.key, err = h.derive(password)
	return h, err
}

// String returns the hash as the users file holds it.
func (h passwordHash) String() string {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%d %s %s", h.iterations, b64(h.salt), b64(h.key))
}

func (h passwordHash) derive(password string) ([]byte, error) {
	return pbkdf2.Key(sha256.New, password, h.salt, h.iterations, hashLength)
}

// check reports whether name may log in with password. It takes as long for a
// name that does not exist, which so can't be found out.
func (u users) check(name, password string) bool {
	h, known := u[name]
	if !known {
		h = u.decoy()
	}
	key, err := h.derive(password)
	same := subtle.ConstantTimeCompare(key, h.key) == 1
	return err == nil && known && same
}

// decoy returns a hash that is as expensive as those of the users.
func (u users) decoy() passwordHash {
	h := passwordHash{iterations: 1, salt: make([]byte, 16), key: make([]byte, hashLength)}
	for _, other := range u {
		h.iterations = max(h.iterations, other.iterations)
	}
	return h
}
