package resolvertest

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/mailsec-go/mailsec/resolver"
)

// A Server answers from zone text. It is safe for concurrent use.
type Server struct {
	clock *Clock

	mu        sync.Mutex
	zone      zone
	faults    map[question]Fault
	authentic map[string]bool
	delay     time.Duration
	seen      map[question]int // for Lost
	lose      int              // every so many UDP answers one is lost,
	truncate  int              // and one truncated; 0: none
	answered  int
	queries   []string
}

// A question names a wire-form owner and a type; 0 stands for any type, and
// the empty owner for any name.
type question struct {
	name string
	typ  uint16
}

// New returns a server for the records in zoneText. Each string holds lines of
// a master file (RFC 1035, section 5), names taken as absolute; a TTL that is
// left out is 300. A name that has records, or something below it, exists; the
// others are NXDOMAIN, unless a wildcard covers them. Without an SOA record
// above a name its absence has no TTL. A record that is given twice is there
// twice.
func New(zoneText ...string) (*Server, error) {
	s := &Server{
		clock:     NewClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)),
		faults:    make(map[question]Fault),
		authentic: make(map[string]bool),
		seen:      make(map[question]int),
	}
	if err := s.SetZone(zoneText...); err != nil {
		return nil, err
	}
	return s, nil
}

// Must is [New] for zone text that is known to be right. It panics if not.
func Must(zoneText ...string) *Server {
	s, err := New(zoneText...)
	if err != nil {
		panic(err)
	}
	return s
}

// SetZone replaces all records. After an error the old ones stay.
func (s *Server) SetZone(zoneText ...string) error {
	z := zone{nodes: make(map[string]map[uint16][]dns.RR)}
	for _, text := range zoneText {
		if err := z.parse(text); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.zone = z
	s.mu.Unlock()
	return nil
}

// SetFault makes questions for name and a type such as "TXT" go wrong. The
// type "*" or "ANY" stands for every type, the name "*" for every name. None
// takes a fault back. It panics if name or type make no sense.
func (s *Server) SetFault(name, typ string, f Fault) {
	var q question
	if name != "*" {
		q.name = mustWire(name)
	}
	if typ != "*" && typ != "ANY" {
		t, ok := resolver.ParseType(typ)
		if !ok {
			panic(fmt.Sprintf("resolvertest: unknown type %q", typ))
		}
		q.typ = t
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f == None {
		delete(s.faults, q)
		return
	}
	s.faults[q] = f
}

// SetAuthentic says whether answers about name carry the AD bit; the name "*"
// stands for all. An answer that follows aliases needs it for each name. It
// panics if name can't be a name.
func (s *Server) SetAuthentic(name string, on bool) {
	w := ""
	if name != "*" {
		w = mustWire(name)
	}
	s.mu.Lock()
	s.authentic[w] = on
	s.mu.Unlock()
}

// SetDelay says how late the answers with the fault Slow are. In process only
// the virtual clock moves; a listener really waits.
func (s *Server) SetDelay(d time.Duration) {
	s.mu.Lock()
	s.delay = d
	s.mu.Unlock()
}

// SetLoss makes the server lose one in lose and truncate one in truncate of its
// answers over UDP; 0 stands for none of them.
func (s *Server) SetLoss(lose, truncate int) {
	s.mu.Lock()
	s.lose, s.truncate = lose, truncate
	s.mu.Unlock()
}

func mustWire(name string) string {
	w, err := wireName(name)
	if err != nil {
		panic(fmt.Sprintf("resolvertest: bad name %q: %v", name, err))
	}
	return w
}

// Clock returns the virtual clock of the server, which [Server.Config] passes
// on.
func (s *Server) Clock() *Clock { return s.clock }

// maxQueries bounds the list of questions, for servers that run long.
const maxQueries = 1 << 16

// Queries returns the questions asked so far, in order, as "name. TYPE" with
// the name in lower case and its octets raw. Of more than 65 536 the oldest are
// forgotten.
func (s *Server) Queries() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.queries)
}

// ResetQueries empties the list of questions.
func (s *Server) ResetQueries() {
	s.mu.Lock()
	s.queries = nil
	s.mu.Unlock()
}

// Config returns options for a resolver that asks s in process: no sockets, no
// cache, one try, so that a timeout is there at once. Change what the test
// needs and pass it to [resolver.New].
func (s *Server) Config() resolver.Config {
	return resolver.Config{
		Servers:      []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53")},
		Tries:        1,
		CacheEntries: -1,
		FailTTL:      -1,
		Now:          s.clock.Now,
		Exchange:     s.Exchange,
	}
}

// Resolver returns a resolver with [Server.Config].
func (s *Server) Resolver() *resolver.Resolver {
	r, err := resolver.New(s.Config())
	if err != nil {
		panic(err) // Config is right
	}
	return r
}

// Exchange answers one query. It has the shape of [resolver.Config.Exchange].
// Answers of any size come at once; only the fault Truncate cuts them.
func (s *Server) Exchange(ctx context.Context, _ netip.AddrPort, query []byte, tcp bool) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := s.respond(query, tcp, false)
	if out.delay > 0 {
		s.clock.Advance(out.delay)
	}
	if len(out.msgs) == 0 {
		return nil, os.ErrDeadlineExceeded
	}
	return out.msgs[len(out.msgs)-1], nil
}

// chance returns the fault that SetLoss gives the next answer over UDP.
func (s *Server) chance() Fault {
	s.answered++
	switch {
	case s.lose > 0 && s.answered%s.lose == 0:
		return Timeout
	case s.truncate > 0 && s.answered%s.truncate == s.truncate/2:
		return Truncate
	}
	return None
}

// log notes a question.
func (s *Server) log(q dns.Question, wire string) {
	var b strings.Builder
	for w := wire; w[0] != 0; w, _ = parentWire(w) {
		b.WriteString(w[1 : 1+w[0]])
		b.WriteByte('.')
	}
	if b.Len() == 0 {
		b.WriteByte('.')
	}
	if len(s.queries) >= maxQueries {
		s.queries = append(s.queries[:0], s.queries[maxQueries/2:]...)
	}
	s.queries = append(s.queries, b.String()+" "+resolver.TypeString(q.Qtype))
}
