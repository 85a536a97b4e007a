package authres

// A Header is the value of one Authentication-Results field
// (RFC 8601, section 2.2). No methods means "none".
type Header struct {
	ID      string // authserv-id, unquoted
	Version int    // 0: not given, which means 1
	Methods []Method
}

// A Method is one resinfo: what one check found (RFC 8601, section 2.2).
type Method struct {
	Name    string // "spf", "dkim", "dmarc", ...
	Version int    // 0: not given, which means 1
	Result  string // "pass", "fail", ...
	Reason  string // text for people, "" for none
	Comment string // text for people, "" for none; written in parentheses
	Props   []Prop
}

// A Prop is one property: what was checked, as type.name=value.
type Prop struct {
	Type  string // "smtp", "header", "body", "policy"
	Name  string // "mailfrom", "d", "from", ...
	Value string // unquoted
}
