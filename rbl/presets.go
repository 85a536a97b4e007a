package rbl

import (
	"slices"
	"strings"

	"github.com/mailsec-go/mailsec/internal/dnsname"
)

// A preset is a List with the template of its zone.
type preset struct {
	name string
	zone string // "{key}" stands for the key
	list List
}

// Preset returns the list known under a name, such as "spamhaus-zen". key is
// the customer's key of a list that needs one, and must be "" for the others.
// The List is a copy, to be changed as needed: weights are 1 and -1, and what a
// listing is worth is the caller's policy.
//
// Most lists refuse public resolvers and set limits for commercial use; their
// answers are then errors and count nothing. Read the page in List.Source
// before using a list. The names are those of [Presets].
func Preset(name, key string) (List, error) {
	for _, p := range presets() {
		if p.name != name {
			continue
		}
		l := p.list
		l.Name = name
		var err error
		switch keyed := strings.Contains(p.zone, "{key}"); {
		case keyed && key == "":
			return List{}, &Error{Kind: ErrConfig, List: name, Advice: "the list needs a key"}
		case keyed:
			l.Zone, err = KeyedZone(p.zone, key)
		case key != "":
			return List{}, &Error{Kind: ErrConfig, List: name, Advice: "the list takes no key"}
		default:
			l.Zone, err = ParseZone(p.zone)
		}
		return l, err
	}
	return List{}, &Error{Kind: ErrConfig, List: name, Advice: "unknown preset"}
}

// Presets returns the names that [Preset] takes, in alphabetical order.
func Presets() []string {
	var names []string
	for _, p := range presets() {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return names
}

func code(label, pattern string) Code { return Code{label, MustPattern(pattern)} }

func bit(label string, mask uint32) Code { return Code{label, Bits(mask)} }

// presets holds facts about lists. A new entry names the page that they come
// from; a list that has ceased moves to the table of [Retired].
func presets() []preset {
	zen := List{
		Accept: MustPattern("127.0.0.[2..11]"),
		Codes: []Code{
			code("SBL", "127.0.0.2"), code("CSS", "127.0.0.3"), code("XBL", "127.0.0.[4..7]"),
			code("DROP", "127.0.0.9"), code("PBL", "127.0.0.[10;11]"),
		},
		Source: "https://www.spamhaus.org/faqs/dnsbl-usage/",
	}
	// Domains that are only abused by others (127.0.1.102 and above) are
	// labelled and do not count: rejecting them rejects their owners' mail.
	dbl := List{
		Kind: KindDomain | KindURI, NoIP: true,
		Accept:  MustPattern("127.0.1.[2..99]"),
		Refused: MustPattern("127.0.1.255"),
		Codes: []Code{
			code("spam", "127.0.1.2"), code("phish", "127.0.1.4"), code("malware", "127.0.1.5"), code("botnet", "127.0.1.6"),
		},
		Test:   Test{NoListed: true},
		Source: "https://www.spamhaus.org/faqs/domain-blocklist/",
	}
	two := func(source string) List {
		return List{Accept: MustPattern("127.0.0.2"), NoIPv6: true, Source: source}
	}
	mailspike := List{NoIPv6: true, Test: Test{NoListed: true}, Source: "https://mailspike.org/usage.html"}
	mailspikeGood := mailspike
	mailspike.Accept = MustPattern("127.0.0.[10..12]")
	mailspikeGood.Accept, mailspikeGood.Allow = MustPattern("127.0.0.[17..20]"), true
	return []preset{
		{"spamhaus-zen", "zen.spamhaus.org", zen},
		{"spamhaus-zen-dqs", "{key}.zen.dq.spamhaus.net", zen},
		{"spamhaus-dbl", "dbl.spamhaus.org", dbl},
		{"spamhaus-dbl-dqs", "{key}.dbl.dq.spamhaus.net", dbl},
		{"spamhaus-zrd-dqs", "{key}.zrd.dq.spamhaus.net", List{
			Kind: KindDomain | KindURI, NoIP: true, Accept: MustPattern("127.0.2.[2..24]"),
			Refused: MustPattern("127.0.2.255"), Test: Test{NoListed: true},
			Source: "https://docs.spamhaus.com/datasets/docs/source/10-data-type-documentation/datasets/030-datasets.html",
		}},
		{"dnswl", "list.dnswl.org", List{
			// 127.0.0.255 and, after long over-use, 127.0.10.3 for everything.
			Allow: true, Accept: MustPattern("127.0.[2..255].[1..3]"),
			Refused: AnyOf(MustPattern("127.0.0.255"), MustPattern("127.0.10.3")),
			Codes: []Code{
				code("low", "127.0.[2..255].1"), code("medium", "127.0.[2..255].2"), code("high", "127.0.[2..255].3"),
			},
			Test: Test{NoListed: true}, Source: "https://www.dnswl.org/?page_id=15",
		}},
		{"surbl", "multi.surbl.org", List{
			Kind: KindURI, Refused: MustPattern("127.0.0.1"),
			Codes: []Code{
				bit("dm", 4), bit("phish", 8), bit("malware", 16), bit("clicktracker", 32), bit("abuse", 64), bit("cracked", 128),
			},
			Test: Test{NoListed: true}, Source: "https://surbl.org/lists",
		}},
		{"uribl", "multi.uribl.com", List{
			Kind: KindURI, Accept: Bits(2), Refused: MustPattern("127.0.0.1"),
			Codes: []Code{bit("black", 2), bit("grey", 4), bit("red", 8)},
			Test:  Test{NoListed: true}, Source: "https://uribl.com/about.shtml",
		}},
		{"spamcop", "bl.spamcop.net", two("https://www.spamcop.net/fom-serve/cache/291.html")},
		{"psbl", "psbl.surriel.com", two("https://psbl.org/howto")},
		{"barracuda", "b.barracudacentral.org", two("https://www.barracudacentral.org/rbl/how-to-use")},
		{"spameatingmonkey", "bl.spameatingmonkey.net", two("https://spameatingmonkey.com/services")},
		{"blocklist-de", "bl.blocklist.de", List{Test: Test{NoListed: true}, Source: "https://www.blocklist.de/en/rbldns.html"}},
		{"mailspike", "rep.mailspike.net", mailspike},
		{"mailspike-good", "rep.mailspike.net", mailspikeGood},
		{"msbl-ebl", "ebl.msbl.org", List{
			Kind: KindEmail, Hash: HashSpec{Algorithm: SHA1, CutTag: true, Aliases: GmailAliases()},
			Accept: MustPattern("127.0.0.[2;3]"), Codes: []Code{code("listed", "127.0.0.[2;3]"), code("grey", "127.0.1.[2;3]")},
			Test: Test{NoListed: true}, Source: "https://msbl.org/ebl-implementation.html",
		}},
	}
}

// retired holds zones that do not work any more, with everything below them.
// Some of these domains have new owners and list the whole world.
var retired = []struct{ zone, why string }{
	{"ahbl.org", "ceased in 2015 and lists everything"},
	{"blackholes.easynet.nl", "ceased in 2003"},
	{"cbl.abuseat.org", "is part of zen.spamhaus.org"},
	{"dsbl.org", "ceased in 2008"},
	{"dwl.spamhaus.org", "ceased"},
	{"five-ten-sg.com", "ceased"},
	{"njabl.org", "ceased in 2013"},
	{"orbs.org", "ceased in 2001"},
	{"ordb.org", "ceased in 2006 and has listed everything since"},
	{"rfc-ignorant.org", "ceased in 2012"},
	{"sbl-xbl.spamhaus.org", "is replaced by zen.spamhaus.org"},
	{"sorbs.net", "ceased in 2024"},
	{"spamcannibal.org", "ceased in 2018 and lists everything"},
}

// Retired reports whether a zone belongs to a list that has ceased, and what
// became of it. [New] warns about such lists.
func Retired(zone string) (why string, ok bool) {
	for _, r := range retired {
		if dnsname.HasSuffix(zone, r.zone) {
			return r.zone + " " + r.why, true
		}
	}
	return "", false
}
