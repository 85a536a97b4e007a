package restrict

// A Stage is the point of an SMTP session at which lists run.
type Stage uint8

// The stages, in the order in which a session reaches them.
const (
	Connect   Stage = iota // the client has connected
	Helo                   // HELO, EHLO or LHLO
	StartTLS               // STARTTLS
	Auth                   // AUTH
	MailAuth               // the AUTH parameter of MAIL
	Mail                   // MAIL FROM
	Rcpt                   // RCPT TO, once per recipient
	Data                   // the DATA command, or the first BDAT
	Message                // the end of the message
	Vrfy                   // VRFY
	Expn                   // EXPN
	Etrn                   // ETRN
	Quit                   // QUIT
	numStages = int(Quit) + 1
)

var stageNames = [numStages]string{
	"CONNECT", "HELO", "STARTTLS", "AUTH", "MAILAUTH", "MAIL", "RCPT",
	"DATA", "END-OF-MESSAGE", "VRFY", "EXPN", "ETRN", "QUIT",
}

// String returns the name of the stage as SMTP servers log it.
func (s Stage) String() string {
	if int(s) < numStages {
		return stageNames[s]
	}
	return "UNKNOWN"
}

// Set returns the set that holds only s.
func (s Stage) Set() Stages { return 1 << s }

// Stages is a set of stages.
type Stages uint32

// AnyStage holds every stage.
const AnyStage Stages = 1<<numStages - 1

// Has reports whether s is in the set.
func (ss Stages) Has(s Stage) bool { return ss&(1<<s) != 0 }

// From returns the set of s and all later stages of a mail transaction and
// the commands outside of one.
func (s Stage) From() Stages { return AnyStage &^ (1<<s - 1) }

// A Tri is the outcome of a condition.
type Tri int8

// The outcomes of a condition. Unknown says that the condition could not be
// completed, for example because the DNS did not answer. Unknown is never
// negated.
const (
	False   Tri = -1
	Unknown Tri = 0
	True    Tri = 1
)

// String returns "true", "false" or "unknown".
func (t Tri) String() string {
	switch t {
	case True:
		return "true"
	case False:
		return "false"
	}
	return "unknown"
}

// Truth returns True for true and False for false.
func Truth(b bool) Tri {
	if b {
		return True
	}
	return False
}
