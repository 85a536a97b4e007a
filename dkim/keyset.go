package dkim

import (
	"context"
	"crypto"
	"strings"
)

// A KeySet holds the keys of one domain through a rotation: Active signs, Next
// is already published and takes over once DNS has it everywhere, and Retired
// stay published until no mail with their signatures is under way any more. It
// is a value: to rotate, make a new one and swap it in.
type KeySet struct {
	Domain  string
	Active  SelectorKey
	Next    SelectorKey   // zero: no rotation is planned
	Retired []SelectorKey // only Selector and Record matter
}

// A SelectorKey is a key and where it is published.
type SelectorKey struct {
	Selector string
	Key      crypto.Signer // nil in a retired key that was destroyed
	Record   *Record       // what to publish; nil: Key with no further tags
}

func (k *SelectorKey) record() *Record {
	if k.Record != nil {
		return k.Record
	}
	if k.Key == nil {
		return &Record{Revoked: true}
	}
	return &Record{Key: k.Key.Public()}
}

// Signature returns like with the domain, selector and key that sign now.
func (s KeySet) Signature(like Signature) Signature {
	like.Domain, like.Selector, like.Key = s.Domain, s.Active.Selector, s.Active.Key
	return like
}

// ReadyToRotate returns nil if DNS holds the public key of Next, otherwise an
// error as [CheckPublished] returns it. Resolvers may still remember that it
// was missing: wait for the negative TTL of the zone before [KeySet.Rotate].
func (s KeySet) ReadyToRotate(ctx context.Context, r Resolver) error {
	if s.Next.Key == nil {
		return &Error{Domain: s.Domain, Text: "no next key", Err: ErrConfig}
	}
	return CheckPublished(ctx, r, s.Domain, s.Next.Selector, s.Next.Key.Public())
}

// Rotate returns the set in which Next signs, Active is retired without its
// private key, and next, which may be zero, is the one to come. Keep publishing
// the retired record for as long as mail may be queued, a week or so; after
// that publish it revoked, or not at all. The error wraps [ErrConfig].
func (s KeySet) Rotate(next SelectorKey) (KeySet, error) {
	if s.Next.Key == nil {
		return s, &Error{Domain: s.Domain, Text: "no next key", Err: ErrConfig}
	}
	for _, k := range append([]SelectorKey{s.Active, s.Next}, s.Retired...) {
		if next.Key != nil && strings.EqualFold(k.Selector, next.Selector) {
			return s, &Error{Domain: s.Domain, Text: "selector " + quote(next.Selector) + " was used before", Err: ErrConfig}
		}
	}
	retired := SelectorKey{Selector: s.Active.Selector, Record: s.Active.record()}
	out := KeySet{Domain: s.Domain, Active: s.Next, Next: next}
	out.Retired = append(append(out.Retired, retired), s.Retired...)
	return out, nil
}

// ZoneLines returns the records to publish: Active, Next, then the retired
// ones. The error wraps [ErrConfig].
func (s KeySet) ZoneLines(ttl int) ([]string, error) {
	keys := []SelectorKey{s.Active}
	if s.Next.Selector != "" {
		keys = append(keys, s.Next)
	}
	var lines []string
	for _, k := range append(keys, s.Retired...) {
		name, err := RecordName(k.Selector, s.Domain)
		if err != nil {
			return nil, err
		}
		r := k.record()
		if r.String() == "" {
			return nil, &Error{Domain: s.Domain, Text: "selector " + quote(k.Selector) + " has no key for DKIM", Err: ErrConfig}
		}
		lines = append(lines, r.ZoneLine(name, ttl))
	}
	return lines, nil
}
