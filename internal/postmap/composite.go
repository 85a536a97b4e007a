package postmap

import "strings"

// composite is what unionmap and pipemap share. It counts as a table with
// fixed keys when one of its tables does, as in Postfix.
type composite struct {
	tables []Table
	fixed  bool
}

func (c *composite) Pattern() bool { return !c.fixed }

func (c *composite) warnings() []*Error {
	var all []*Error
	for _, t := range c.tables {
		all = append(all, Warnings(t)...)
	}
	return all
}

// unionTable joins the results of all tables that have one.
type unionTable struct{ composite }

func (u *unionTable) Lookup(key []byte) (string, bool) {
	value, ok, err := u.Find(key)
	return value, ok && err == nil
}

func (u *unionTable) Find(key []byte) (string, bool, error) {
	var out string
	var b strings.Builder
	found := 0
	for _, t := range u.tables {
		value, ok, err := Find(t, key)
		if err != nil {
			return "", false, err
		}
		if !ok {
			continue
		}
		switch found++; found {
		case 1:
			out = value
			continue
		case 2:
			b.WriteString(out)
		}
		b.WriteByte(',')
		b.WriteString(value)
	}
	if found > 1 {
		out = b.String()
	}
	return out, found > 0, nil
}

// pipeTable feeds each result to the next table.
type pipeTable struct{ composite }

func (p *pipeTable) Lookup(key []byte) (string, bool) {
	value, ok, err := p.Find(key)
	return value, ok && err == nil
}

func (p *pipeTable) Find(key []byte) (string, bool, error) {
	var value string
	for _, t := range p.tables {
		var ok bool
		var err error
		if value, ok, err = Find(t, key); err != nil || !ok {
			return "", false, err
		}
		key = []byte(value)
	}
	return value, true, nil
}

// randTable answers every key with one of its values.
type randTable struct {
	values []string
	intN   func(int) int
}

func (r *randTable) Lookup([]byte) (string, bool) { return r.values[r.intN(len(r.values))], true }
func (r *randTable) Pattern() bool                { return false }

// failTable cannot answer.
type failTable struct{}

func (failTable) Lookup([]byte) (string, bool)      { return "", false }
func (failTable) Pattern() bool                     { return false }
func (failTable) Find([]byte) (string, bool, error) { return "", false, ErrFail }
