package rbl

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/authres"
)

// A Decision is what a Set makes of all answers.
type Decision uint8

// Decisions. The zero value lets pass.
const (
	Pass  Decision = iota // nothing against the subject, or not enough
	Block                 // the score reached Config.Block
	Allow                 // the score reached Config.Allow: vouched for
	Defer                 // a list with UnknownDefer could not be asked
)

// String returns "pass", "block", "allow" or "defer".
func (d Decision) String() string {
	if d <= Defer {
		return [...]string{"pass", "block", "allow", "defer"}[d]
	}
	return "decision(?)"
}

// MarshalText returns the text of String.
func (d Decision) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// A Verdict is the outcome of a query, with everything that led to it. Nothing
// in it holds the key of a list.
type Verdict struct {
	Decision Decision
	Score    int

	// Incomplete says that lists could not be asked or did not answer whose
	// answers could have changed the decision.
	Incomplete bool

	// TTL is how long the verdict may be kept.
	TTL time.Duration

	// Results holds one element for each list and subject, in the order of the
	// lists. A list counts for the score once.
	Results []Result

	// Skipped holds the subjects that no list was asked about.
	Skipped []Skipped

	// Asked is the number of distinct names asked, Answered how many of the
	// answers were waited for.
	Asked, Answered int

	decisive int // index in Results plus 1
	reply    *template
}

// A Result is what one list said about one subject.
type Result struct {
	List    *List   `json:"-"` // must not be changed
	Name    string  // the list as it may be shown
	Subject Subject // or the fixed key of the list
	Outcome Outcome
	Weight  int          // of the list; 0 unless Listed
	Answers []netip.Addr // all codes of the list about the subject
	Matched []netip.Addr // the codes among them that count
	Labels  []string     // names of those codes
	Text    string       // the list's reason, made safe; only of lists that caused the decision
	TTL     time.Duration

	// Authentic says that the answer is validated by DNSSEC.
	Authentic bool

	// Err says why the outcome is Refused, Failed or NotAsked, and what is
	// wrong with single answers beside good ones. It unwraps to [*Error]
	// values.
	Err error
}

// Errors returns what went wrong, for the log.
func (v Verdict) Errors() []error {
	var out []error
	for i := range v.Results {
		if err := v.Results[i].Err; err != nil {
			out = append(out, err)
		}
	}
	return out
}

// Listed returns the results of the lists that match.
func (v Verdict) Listed() []Result {
	var out []Result
	for _, r := range v.Results {
		if r.Outcome == Listed {
			out = append(out, r)
		}
	}
	return out
}

// By returns the result that decided: the first that matches with FirstMatch,
// else the listing with the most weight in the direction of the decision. It is
// nil when the verdict is Pass.
func (v Verdict) By() *Result {
	if v.decisive == 0 {
		return nil
	}
	return &v.Results[v.decisive-1]
}

// Zone returns the zone that gave the answer, with its key redacted when
// printed.
func (r *Result) Zone() Zone {
	if !r.List.TextZone.IsZero() {
		return r.List.TextZone
	}
	return r.List.Zone
}

// String explains the verdict in one line.
func (v Verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, score %d", v.Decision, v.Score)
	if v.Incomplete {
		b.WriteString(", incomplete")
	}
	for i := range v.Results {
		r := &v.Results[i]
		switch {
		case r.Outcome == Listed:
			fmt.Fprintf(&b, "; %s %+d for %q: %s", r.Name, r.Weight, r.Subject, join(r.Matched))
			if len(r.Labels) > 0 {
				fmt.Fprintf(&b, " (%s)", strings.Join(r.Labels, ", "))
			}
		case r.Err != nil:
			fmt.Fprintf(&b, "; %s %s: %s", r.Name, r.Outcome, oneLine(r.Err))
		}
	}
	return b.String()
}

func join(addrs []netip.Addr) string {
	s := make([]string, len(addrs))
	for i, a := range addrs {
		s[i] = a.String()
	}
	return strings.Join(s, ",")
}

// AuthResult returns the verdict of the allow lists as method "dnswl" of
// RFC 8904, section 2. It reports the listing with the most weight, else the
// allow list that says most; "none" when there is none. Block lists do not
// appear. A verdict may be settled before an allow list has answered, which is
// "none" with a comment: set [Config.Complete] where the field matters.
func (v Verdict) AuthResult() authres.Method {
	m := authres.Method{Name: "dnswl", Result: "none"}
	best := -1
	for i := range v.Results {
		r := &v.Results[i]
		if !r.List.allow() {
			continue
		}
		if best < 0 || rank(r) > rank(&v.Results[best]) {
			best = i
		}
	}
	if best < 0 {
		return m
	}
	r := &v.Results[best]
	if r.Outcome == NotAsked && r.Err == nil {
		m.Comment = "not asked"
		return m
	}
	m.Props = append(m.Props, authres.Prop{Type: "dns", Name: "zone", Value: r.Zone().String()})
	switch r.Outcome {
	case Listed:
		m.Result = "pass"
		m.Props = append(m.Props, authres.Prop{Type: "policy", Name: "ip", Value: join(r.Matched)})
		if r.Text != "" {
			m.Props = append(m.Props, authres.Prop{Type: "policy", Name: "txt", Value: r.Text})
		}
	case Refused:
		m.Result = "permerror"
	case Failed:
		m.Result = "temperror"
	case NotAsked:
		m.Result = "permerror" // not healthy
	}
	if r.Authentic {
		m.Props = append(m.Props, authres.Prop{Type: "dns", Name: "sec", Value: "yes"})
	}
	return m
}

// rank orders the results of allow lists by how much they say.
func rank(r *Result) int {
	switch r.Outcome {
	case Listed:
		return 1000 - r.Weight
	case NotListed, NotMatched:
		return 3
	case Failed:
		return 2
	case Refused:
		return 1
	}
	return 0
}

// causes returns the indexes of the results that brought the decision about,
// the weightiest first.
func (v Verdict) causes(firstMatch bool) []int {
	if v.decisive == 0 {
		return nil
	}
	if firstMatch {
		return []int{v.decisive - 1}
	}
	sign := 1
	if v.Decision == Allow {
		sign = -1
	}
	var out []int
	for i := range v.Results {
		if r := &v.Results[i]; r.Outcome == Listed && sign*r.Weight > 0 {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return sign * (v.Results[b].Weight - v.Results[a].Weight) })
	return out
}
