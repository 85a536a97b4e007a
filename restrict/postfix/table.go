package postfix

import (
	"context"
	"errors"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postmap"
	"github.com/mailsec-go/mailsec/restrict"
)

// A Table is a lookup table that lives outside of the configuration: SQL,
// LDAP, Redis or a function. Implementations must be safe for concurrent use
// and must return promptly when the context ends.
//
// An error says that the lookup could not be completed. It makes the request
// fail for now; it never counts as "not found".
type Table interface {
	Lookup(ctx context.Context, key string) (value string, found bool, err error)
}

// table is one opened lookup table.
type table struct {
	spec    string
	local   postmap.Table
	indexed postmap.Indexed // local, when its entries are numbered
	remote  Table
	err     error // the table cannot be used; every lookup fails

	// actions holds the compiled access(5) action of each entry, nil where the
	// value depends on the key. It is nil until the table is used by a check.
	actions []*restrict.List
}

// pattern reports whether the table is to be asked with full keys only.
func (t *table) pattern() bool { return t.local != nil && t.local.Pattern() }

// find looks key up. It does not allocate for tables without patterns and
// results that depend on the key.
func (t *table) find(ctx context.Context, key []byte) (value string, ok bool, err error) {
	switch {
	case t.err != nil:
		return "", false, t.err
	case t.local != nil:
		return postmap.Find(t.local, key)
	}
	return t.remote.Lookup(ctx, string(key))
}

// remoteTable lets a Table stand inside a unionmap or pipemap.
type remoteTable struct{ t Table }

func (r remoteTable) Pattern() bool { return false }

func (r remoteTable) Lookup(key []byte) (string, bool) {
	v, ok, err := r.Find(key)
	return v, ok && err == nil
}

func (r remoteTable) Find(key []byte) (string, bool, error) {
	return r.t.Lookup(context.Background(), string(key))
}

var _ postmap.Failer = remoteTable{}

// tables opens each table once.
type tables struct {
	cfg    *Config
	loader postmap.Loader
	user   map[string]Table
	open   map[string]*table
}

func newTables(c *Config) *tables {
	ts := &tables{cfg: c, user: c.Tables, open: map[string]*table{}}
	ts.loader.ReadFile = c.ReadFile
	ts.loader.Open = func(typ, name string) (postmap.Table, error) {
		if t := ts.user[typ+":"+name]; t != nil {
			return remoteTable{t}, nil
		}
		return nil, nil
	}
	return ts
}

// get opens the table that spec names. A table that cannot be opened fails
// every lookup, as in Postfix.
func (ts *tables) get(spec string) *table {
	if t := ts.open[spec]; t != nil {
		return t
	}
	t := &table{spec: spec}
	ts.open[spec] = t
	bare := strings.TrimPrefix(spec, "proxy:")
	for _, s := range []string{spec, bare} {
		if u := ts.user[s]; u != nil {
			t.remote = u
			return t
		}
	}
	loader := ts.loader
	if typ, _, ok := postmap.Split(bare); ok && ts.cfg.ReadTable != nil {
		loader.ReadFile = func(name string) ([]byte, error) { return ts.cfg.ReadTable(typ, name) }
	}
	t.local, t.err = loader.Load(spec)
	t.indexed, _ = t.local.(postmap.Indexed)
	if t.local == nil && t.err == nil {
		t.err = errors.New("no such table")
	}
	return t
}

// maps is a list of tables that are searched in order.
type maps []*table

// maps opens the tables of a list. Elements that are no tables fail.
func (ts *tables) maps(specs []string) maps {
	var m maps
	for _, s := range specs {
		m = append(m, ts.get(s))
	}
	return m
}

// find searches the tables. With full unset, tables of patterns are left out.
func (m maps) find(ctx context.Context, key []byte, full bool) (string, bool, error) {
	for _, t := range m {
		if !full && t.pattern() {
			continue
		}
		v, ok, err := t.find(ctx, key)
		if err != nil {
			return "", false, err
		}
		if ok {
			return v, true, nil
		}
	}
	return "", false, nil
}
