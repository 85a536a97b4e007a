package postconf

import (
	"errors"
	"slices"
	"strings"

	"github.com/mailsec-go/mailsec/internal/postline"
)

// A Service is one entry of master.cf.
type Service struct {
	Name string // "smtp", "submission", "127.0.0.1:10025", ...
	Type string // "inet", "unix", "fifo", "unix-dgram" or "pass"

	// The columns as written, "-" for the default.
	Private, Unprivileged, Chroot, Wakeup, MaxProc string

	Command   string   // "smtpd"
	Args      []string // arguments but the overrides, with braces taken off
	Overrides []Param  // -o name=value, in order
	Pos       Pos
}

// Services holds the entries of a master.cf in order.
type Services []Service

// Find returns the last entry with this name and type, nil when there is none.
func (s Services) Find(name, typ string) *Service {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].Name == name && s[i].Type == typ {
			return &s[i]
		}
	}
	return nil
}

// Override returns the last override of a parameter.
func (s *Service) Override(name string) (p Param, ok bool) {
	for _, o := range slices.Backward(s.Overrides) {
		if o.Name == name {
			return o, true
		}
	}
	return Param{}, false
}

// ParseMaster reads the text of a master.cf. When some entries cannot be read
// the error joins an [*Error] for each, and the result holds the others.
func ParseMaster(file string, text []byte) (Services, error) {
	var out Services
	var errs []error
	sc := postline.NewScanner(string(text))
	for line, ok := sc.Next(); ok; line, ok = sc.Next() {
		s, err := parseService(line, Pos{file, line.Num})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, s)
	}
	return out, errors.Join(errs...)
}

var serviceTypes = []string{"inet", "unix", "fifo", "unix-dgram", "pass"}

func parseService(line postline.Line, pos Pos) (Service, error) {
	fail := func(text, advice string) (Service, error) {
		return Service{}, &Error{Pos: pos, Text: text, Err: ErrSyntax, Advice: advice}
	}
	if line.Orphan {
		return fail(line.Text, "an entry must not start with white space")
	}
	f := postline.Fields(line.Text, postline.Space)
	if len(f) < 8 {
		return fail(line.Text, "write service type private unpriv chroot wakeup maxproc command")
	}
	s := Service{Name: f[0], Type: f[1], Private: f[2], Unprivileged: f[3], Chroot: f[4],
		Wakeup: f[5], MaxProc: f[6], Command: f[7], Pos: pos}
	if !slices.Contains(serviceTypes, s.Type) {
		return fail(s.Type, "the type is one of "+strings.Join(serviceTypes, ", "))
	}
	args := f[8:]
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if !strings.HasPrefix(arg, "-o") {
			if inner, err := postline.Unbrace(arg); err == nil {
				arg = inner
			}
			s.Args = append(s.Args, arg)
			continue
		}
		text := arg[2:]
		if text == "" {
			if i++; i == len(args) {
				return fail("-o", "name=value must follow -o")
			}
			text = args[i]
		}
		if strings.HasPrefix(text, "{") {
			inner, err := postline.Unbrace(text)
			if err != nil {
				return fail(text, err.Error()+"; write -o { name = value }")
			}
			text = inner
		}
		name, value, err := postline.NameValue(text)
		if err != nil {
			return fail(text, err.Error()+"; write -o name=value without spaces, or -o { name = value }")
		}
		s.Overrides = append(s.Overrides, Param{name, value, pos})
	}
	return s, nil
}
