package restrict

import (
	"strconv"
)

// A Kind is what a list, or a whole stage, decided.
type Kind uint8

// The kinds of verdict.
const (
	Dunno      Kind = iota // no opinion
	Accepted               // accepted
	Discarded              // accepted, to be thrown away
	Rejected               // refused for good
	TempFailed             // refused for now
)

var kindNames = [...]string{"dunno", "accepted", "discarded", "rejected", "tempfailed"}

// String returns the kind in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "invalid"
}

// Refused reports whether k is Rejected or TempFailed.
func (k Kind) Refused() bool { return k == Rejected || k == TempFailed }

// A Cause says what led to a verdict.
type Cause uint8

// The causes of a verdict.
const (
	EndOfList         Cause = iota // no rule decided; the end of the lists did
	ByRule                         // a rule said so
	NoList                         // no list is set for the stage
	CondUnknown                    // a condition could not be completed
	ConfigError                    // the rule reached cannot be evaluated
	PendingIfPermit                // an earlier doubt, as the request would have been accepted
	PendingIfReject                // an earlier doubt, as the request would have been refused
	ContextEnded                   // the context ended before the lists did
	TooDeep                        // lists are nested too deeply
	InvalidReplyFixed              // the rule's reply was no 4xx or 5xx reply
)

var causeNames = [...]string{
	"end of list", "rule", "no list", "condition unknown", "configuration error",
	"deferred as it would be accepted", "deferred as it would be refused",
	"context ended", "nested too deeply", "invalid reply",
}

// String describes the cause.
func (c Cause) String() string {
	if int(c) < len(causeNames) {
		return causeNames[c]
	}
	return "invalid"
}

// An Enhanced is an enhanced status code (RFC 3463, section 2). The zero value
// is none.
type Enhanced [3]uint16

// String returns the code as "5.7.1", or "" for none.
func (e Enhanced) String() string {
	if e[0] == 0 {
		return ""
	}
	return string(e.Append(nil))
}

// Append appends the code as "5.7.1".
func (e Enhanced) Append(dst []byte) []byte {
	dst = strconv.AppendUint(dst, uint64(e[0]), 10)
	dst = append(dst, '.')
	dst = strconv.AppendUint(dst, uint64(e[1]), 10)
	dst = append(dst, '.')
	return strconv.AppendUint(dst, uint64(e[2]), 10)
}

// ParseEnhanced reads a complete enhanced status code at the start of s. It
// returns the number of octets read, 0 when there is none: the code must be
// followed by a blank or the end of s, its class is 2, 4 or 5 and its other
// parts have one to three digits.
func ParseEnhanced(s string) (e Enhanced, n int) {
	if len(s) < 5 || s[0] != '2' && s[0] != '4' && s[0] != '5' || s[1] != '.' {
		return Enhanced{}, 0
	}
	e[0] = uint16(s[0] - '0')
	i := 2
	for part := 1; part <= 2; part++ {
		start := i
		for i < len(s) && i-start < 3 && s[i] >= '0' && s[i] <= '9' {
			e[part] = e[part]*10 + uint16(s[i]-'0')
			i++
		}
		if i == start {
			return Enhanced{}, 0
		}
		if part == 1 {
			if i == len(s) || s[i] != '.' {
				return Enhanced{}, 0
			}
			i++
		}
	}
	if i < len(s) && s[i] != ' ' && s[i] != '\t' {
		return Enhanced{}, 0
	}
	return e, i
}

// A Verdict is the answer of a policy for one stage.
//
// Text and LogText are only valid until the next call that uses the same
// [Eval].
type Verdict struct {
	Kind    Kind
	Cause   Cause
	Close   bool     // the connection is to be closed after the reply
	Silent  bool     // ... without any reply
	Code    uint16   // reply code, 0 unless Kind is Rejected or TempFailed
	Enh     Enhanced // enhanced status code of the reply
	Text    []byte   // text of the reply
	LogText []byte   // text for the log, nil when it is Text

	List *List // the list that decided, nil if none
	Rule int   // the rule of List, -1 for its end
}

// AppendReply appends "550 5.7.1 text".
func (v *Verdict) AppendReply(dst []byte) []byte {
	dst = strconv.AppendUint(dst, uint64(v.Code), 10)
	dst = append(dst, ' ')
	if v.Enh[0] != 0 {
		dst = append(v.Enh.Append(dst), ' ')
	}
	return append(dst, v.Text...)
}

// Where names the rule that decided, as "list:rule", for logs.
func (v *Verdict) Where() string {
	if v.List == nil {
		return v.Cause.String()
	}
	if v.Rule < 0 || v.Rule >= len(v.List.Rules) {
		return v.List.Name + ": " + v.Cause.String()
	}
	return v.List.Name + ": " + v.List.Rules[v.Rule].Pos.String()
}

// A Scope says how long an effect lasts.
type Scope uint8

// The scopes of an effect. The effect of a refused recipient counts when its
// scope is the message.
const (
	ForMessage    Scope = iota // dropped when the mail transaction ends
	ForRecipient               // belongs to the recipient under test
	ForConnection              // lasts as long as the connection
)

// An EffectKind is what an effect does.
type EffectKind uint8

// The kinds of effect.
const (
	Log          EffectKind = iota // write Text to the log
	DryRunReject                   // log a refusal that was not carried out
	Header                         // add the header field Arg
	RemoveHeader                   // remove the header field named Arg
	Hold                           // put the message on hold
	Discard                        // throw the message away
	Redirect                       // send the message to Arg only
	BCC                            // send a copy to Arg
	Filter                         // pass the message to the filter Arg
	Delay                          // wait Arg seconds
	Hangup                         // close the connection without a reply
	Warning                        // log a mistake of the configuration
)

var effectNames = [...]string{
	"info", "reject_warning", "prepend", "remove", "hold", "discard",
	"redirect", "bcc", "filter", "delay", "hangup", "warning",
}

// String returns the word for the kind that mail servers log.
func (k EffectKind) String() string {
	if int(k) < len(effectNames) {
		return effectNames[k]
	}
	return "invalid"
}

// An Effect is something that a list wants done besides its verdict.
type Effect struct {
	Kind  EffectKind
	Scope Scope
	Word  string // the word for the log when it is not Kind.String()
	Arg   string // the argument, as described at the kind
	Text  string // what to write to the log, "" for nothing
}

// LogWord returns the word under which the effect is logged.
func (e *Effect) LogWord() string {
	if e.Word != "" {
		return e.Word
	}
	return e.Kind.String()
}
