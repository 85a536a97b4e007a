package resolvertest

import "fmt"

// A Fault is something that goes wrong with a question.
type Fault uint8

// The faults. Where a fault stands on a name that an alias leads to, it is the
// answer to the alias too.
const (
	None       Fault = iota
	ServFail         // response code SERVFAIL
	Refused          // response code REFUSED
	Timeout          // no answer
	Truncate         // nothing but the TC bit over UDP; the whole answer over TCP
	WrongID          // the answer has another ID
	WrongName        // the answer repeats another question
	WrongOwner       // the records have another owner
	Echo             // the query comes back as it is
	Garbage          // octets that are no DNS message, then the answer
	FormErr          // response code FORMERR to a query with EDNS, without OPT
	NotImp           // response code NOTIMP, likewise
	Slow             // the answer comes after [Server.SetDelay]
	Strip127         // A records in 127.0.0.0/8 are left out, as some forwarders do
	Referral         // the name servers of the root instead of an answer
	Lost             // the first query of each question gets no answer
)

var faultNames = [...]string{
	"none", "servfail", "refused", "timeout", "truncate", "wrongid", "wrongname",
	"wrongowner", "echo", "garbage", "formerr", "notimp", "slow", "strip127",
	"referral", "lost",
}

// String returns the name that [ParseFault] takes.
func (f Fault) String() string {
	if int(f) < len(faultNames) {
		return faultNames[f]
	}
	return fmt.Sprintf("fault %d", uint8(f))
}

// ParseFault returns the fault of a name such as "servfail".
func ParseFault(s string) (Fault, error) {
	for i, n := range faultNames {
		if n == s {
			return Fault(i), nil
		}
	}
	return None, fmt.Errorf("resolvertest: unknown fault %q", s)
}
