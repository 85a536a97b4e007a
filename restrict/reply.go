package restrict

import "unicode/utf8"

// maybe remembers the reply for the case that the request is accepted. In a
// dry run it is logged at once.
func (ev *Eval) maybe(l *List, i int) Kind {
	if ev.dry > 0 {
		return ev.refuse(l, i, false)
	}
	ev.remember(&ev.ifPermit)
	return Dunno
}

// remember stores the reply unless one is stored already.
func (ev *Eval) remember(p *pending) {
	if p.counts() {
		return
	}
	if !p.active {
		p.home = ev.at
	}
	p.active, p.asleep = true, false
	p.out.Code, p.out.Enh = ev.out.Code, ev.out.Enh
	p.out.Text = append(p.out.Text[:0], ev.out.Text...)
}

func (p *pending) counts() bool { return p.active && !p.asleep }

// refuse turns the reply under construction into a verdict. Unless hard, a dry
// run only logs it.
func (ev *Eval) refuse(l *List, i int, hard bool) Kind {
	dry := ev.dry > 0 && !hard
	ev.mend()
	if !dry && ev.out.Code >= 500 && ev.ifReject.active {
		return ev.sayPending(&ev.ifReject, PendingIfReject)
	}
	ev.finish()
	if dry {
		ev.AddEffect(Effect{Kind: DryRunReject, Scope: ForRecipient, Text: string(ev.out.append(nil))})
		return Dunno
	}
	return ev.settle(l, i, ev.cause)
}

// mend replaces a reply that would not be a refusal.
func (ev *Eval) mend() {
	if ev.out.Code < 400 || ev.out.Code > 599 || ev.out.Enh[0] == 0 {
		ev.AddEffect(Effect{Kind: Warning, Text: "SMTP reply code configuration error: " + string(ev.out.append(nil))})
		ev.out = Out{450, Enhanced{4, 7, 1}, append(ev.out.Text[:0], "Service unavailable"...)}
		ev.cause = InvalidReplyFixed
	}
}

// sayPending makes a pending deferral the verdict. It stays pending until a
// list of its stage, or an earlier one, runs again.
func (ev *Eval) sayPending(p *pending, c Cause) Kind {
	ev.out.Code, ev.out.Enh = p.out.Code, p.out.Enh
	ev.out.Text = append(ev.out.Text[:0], p.out.Text...)
	ev.mend()
	ev.finish()
	return ev.settle(nil, -1, c)
}

// settle makes the reply under construction the verdict.
func (ev *Eval) settle(l *List, i int, c Cause) Kind {
	v := &ev.verdict
	v.Kind = Rejected
	if ev.out.Code < 500 {
		v.Kind = TempFailed
	}
	v.Code, v.Enh, v.Text = ev.out.Code, ev.out.Enh, ev.out.Text
	v.List, v.Rule, v.Cause = l, i, c
	return v.Kind
}

func (ev *Eval) decided(l *List, i int, c Cause) {
	ev.verdict.List, ev.verdict.Rule, ev.verdict.Cause = l, i, c
}

// finish makes the reply fit for the wire.
func (ev *Eval) finish() {
	o := &ev.out
	if ev.p.soft && o.Code >= 500 {
		o.Code -= 100
	}
	o.Enh[0] = o.Code / 100
	var head [24]byte
	room := MaxReply - len(o.Enh.Append(head[:4])) - 1
	if len(o.Text) > room {
		o.Text = o.Text[:room]
	}
	Printable(o.Text)
}

func (o *Out) append(dst []byte) []byte {
	v := Verdict{Code: o.Code, Enh: o.Enh, Text: o.Text}
	return v.AppendReply(dst)
}

// Printable replaces every octet of b that must not appear in a reply by a
// blank: control characters and what is not valid UTF-8.
func Printable(b []byte) {
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f {
				b[i] = ' '
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			b[i] = ' '
			n = 1
		}
		i += n
	}
}
