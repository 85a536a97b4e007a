package postfix

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mailsec-go/mailsec/internal/postconf"
	"github.com/mailsec-go/mailsec/restrict"
)

// A Version is a flavour of Postfix to follow where they differ.
type Version uint8

// The flavours.
const (
	V312 Version = iota // Postfix 3.12, the default
	V37                 // Postfix 3.7
)

// A PolicyClient sends a policy request to a server.
type PolicyClient interface {
	// Query sends the attributes and returns the action of the answer.
	Query(ctx context.Context, attrs []restrict.Attr) (action string, err error)
}

// PolicyService names a policy server and the settings of one
// check_policy_service.
type PolicyService struct {
	Network, Address string // "tcp" and "127.0.0.1:10023", or "unix" and a path
	Timeout          time.Duration
	TryLimit         int
	RetryDelay       time.Duration
	RequestLimit     int
	MaxIdle, MaxTTL  time.Duration
}

// A Config is what [Compile] makes a policy of.
type Config struct {
	// Main is the text of main.cf, Master that of master.cf. File names them
	// in errors; "" is "main.cf".
	Main   []byte
	Master []byte
	File   string
	// Service is the service of master.cf whose "-o name=value" options apply,
	// such as "submission"; "" for none.
	Service string
	// Params override parameters of Main, as "-o name=value" does.
	Params map[string]string
	// Version is the flavour to follow.
	Version Version
	// ReadFile reads the source text of lookup tables and files in lists; nil
	// is os.ReadFile. Table names come as they stand in the configuration.
	ReadFile func(name string) ([]byte, error)
	// ReadTable, if set, reads the source text of a lookup table instead of
	// ReadFile, with the type of the table.
	ReadTable func(typ, name string) ([]byte, error)
	// Tables are the caller's own tables, by "type:name" as the configuration
	// names them, with or without "proxy:".
	Tables map[string]Table
	// Resolver is the DNS. Restrictions that need it fail to compile without.
	// Check_*_ns_access needs a LookupNS method as well.
	Resolver Resolver
	// Policy makes the client of a policy service; nil for none.
	Policy func(PolicyService) PolicyClient
	// Verifier probes addresses for reject_unverified_*; nil for none.
	Verifier restrict.Verifier
	// Interfaces are the addresses of this host, for inet_interfaces = all.
	Interfaces []netip.Addr
	// Extensions allows check_result and the conditions of package restrict.
	Extensions bool
	// Greylist and Limiter serve the conditions of Extensions.
	Greylist restrict.Greylist
	Limiter  restrict.Limiter
	// Sleep waits for the restriction "sleep"; nil is a timer.
	Sleep func(ctx context.Context, d time.Duration)
	// Now is the clock for $localtime; nil is time.Now.
	Now func() time.Time
}

// A Policy is a compiled configuration. It is immutable and safe for
// concurrent use; [Policy.NewSession] makes the driver of one connection.
type Policy struct {
	version Version
	rules   *restrict.Policy
	conf    *postconf.Config

	hostname       string
	delay          bool
	earlySender    bool // see checksSenderEarly
	heloRequired   bool
	strict         bool
	soft           bool
	saslEnabled    bool
	enforceTLS     bool
	vrfyOff        bool
	peername       bool
	untrusted      bool // allow_untrusted_routing
	tableNames     bool // show_user_unknown_table_name
	forbidPipeline bool
	parentKeys     bool // check_*_access tries parent domains without a dot
	utf8           bool
	sizeLimit      int64
	level          string // compatibility_level
	rcptLimit      int
	nullKey        string
	delims         string
	footer         string
	filter         [256]bool // smtpd_expansion_filter
	codes          codes
	origins        origins
	addrs          []netip.Addr

	mydestination, aliasDomains, mailboxDomains *matchList
	relayDomains, mynetworks, mxNetworks        *matchList
	etrnDomains                                 *matchList

	localMaps, aliasMaps, mailboxMaps, relayMaps maps
	localOn, mailboxOn, relayOn                  bool
	canonical, rcptCanonical, senderCanonical    maps
	loginMaps, certMaps, rblReplies              maps

	rblReply   template
	dns        dnsClient
	verifier   restrict.Verifier
	sleep      func(context.Context, time.Duration)
	now        func() time.Time
	classes    map[string]string
	actions    map[string]*restrict.List
	lookAhead  *compiler // compiles actions that tables make at run time
	defaultAct string    // smtpd_policy_service_default_action
	context    string    // smtpd_policy_service_policy_context
}

// compiler turns a Config into a Policy.
type compiler struct {
	cfg      *Config
	conf     *postconf.Config
	p        *Policy
	tables   *tables
	errs     []error
	lists    map[string]*restrict.List // compiled classes, by name and implicit check
	builders map[string]builder
}

// Compile makes a policy of a configuration. The error joins one [*Error] for
// everything that Postfix would not start with, that cannot be read or that
// the Config lacks; the policy is nil then. What Postfix only finds out when
// evaluation reaches it, such as a misspelled restriction, compiles to a rule
// that refuses for now; Lint reports it.
func Compile(cfg Config) (*Policy, error) {
	c := &compiler{cfg: &cfg, p: &Policy{version: cfg.Version}, lists: map[string]*restrict.List{}, builders: restrictions()}
	if cfg.ReadFile == nil {
		cfg.ReadFile = os.ReadFile
	}
	c.tables = newTables(&cfg)
	c.read()
	c.settings()
	c.domains()
	c.compileLists()
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	return c.p, nil
}

// read parses the texts.
func (c *compiler) read() {
	file := c.cfg.File
	if file == "" {
		file = "main.cf"
	}
	conf, err := postconf.ParseMain(file, c.cfg.Main)
	c.fromConf(err, ErrFatal)
	if c.cfg.Service != "" {
		services, err := postconf.ParseMaster("master.cf", c.cfg.Master)
		c.fromConf(err, ErrFatal)
		svc := services.Find(c.cfg.Service, "inet")
		if svc == nil {
			c.fail("", c.cfg.Service, ErrValue, "master.cf has no such inet service")
		} else {
			conf = conf.With(svc.Overrides)
		}
	}
	var over []postconf.Param
	for _, name := range slices.Sorted(mapKeys(c.cfg.Params)) {
		over = append(over, postconf.Param{Name: name, Value: c.cfg.Params[name]})
	}
	conf = conf.With(over)
	c.conf = conf.WithDefaults(func(name string) (string, bool) { return c.defaultOf(conf, name) })
	c.p.conf = c.conf
}

// defaultOf gives mydomain the default that is computed from myhostname.
func (c *compiler) defaultOf(conf *postconf.Config, name string) (string, bool) {
	if name == "mydomain" {
		host := "localhost"
		if p, ok := conf.Lookup("myhostname"); ok {
			host = p.Value
		}
		if _, rest, ok := strings.Cut(host, "."); ok && strings.Contains(rest, ".") {
			return rest, true
		}
		return host, true
	}
	return paramDefault(c.cfg.Version, name)
}

// fromConf takes over the errors of the configuration parser.
func (c *compiler) fromConf(err error, kind error) {
	if err == nil {
		return
	}
	var list []error
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		list = j.Unwrap()
	} else {
		list = []error{err}
	}
	for _, err := range list {
		e := &Error{Err: kind, Advice: err.Error()}
		var pe *postconf.Error
		if errors.As(err, &pe) {
			e.File, e.Line, e.Text, e.Advice = pe.Pos.File, pe.Pos.Line, pe.Text, pe.Advice
		}
		c.errs = append(c.errs, e)
	}
}

func (c *compiler) fail(param, text string, kind error, advice string) {
	e := &Error{Param: param, Text: text, Err: kind, Advice: advice}
	if c.conf != nil { // not read yet when main.cf or master.cf itself is at fault
		if p, ok := c.conf.Lookup(param); ok {
			e.File, e.Line = p.Pos.File, p.Pos.Line
		}
	}
	c.errs = append(c.errs, e)
}

// get returns the expanded value of a parameter.
func (c *compiler) get(name string) string {
	v, err := c.conf.Get(name)
	c.fromConf(err, ErrFatal)
	return v
}

// raw returns the value of a parameter that is not expanded when it is read.
func (c *compiler) raw(name string) string {
	if p, ok := c.conf.Lookup(name); ok {
		return p.Value
	}
	v, _ := c.conf.Default(name)
	return v
}

func (c *compiler) flag(name string) bool {
	switch v := strings.TrimSpace(c.get(name)); {
	case equalFold(v, "yes"):
		return true
	case !equalFold(v, "no"):
		c.fail(name, v, ErrFatal, "write yes or no")
	}
	return false
}

func (c *compiler) number(name string, lo, hi int64) int64 {
	v := strings.TrimSpace(c.get(name))
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < lo || n > hi {
		c.fail(name, v, ErrFatal, fmt.Sprintf("write a number from %d to %d", lo, hi))
	}
	return n
}

// settings reads the plain parameters.
func (c *compiler) settings() {
	p := c.p
	p.hostname = strings.TrimSpace(c.get("myhostname"))
	p.delay = c.flag("smtpd_delay_reject")
	p.heloRequired = c.flag("smtpd_helo_required")
	p.strict = c.flag("strict_rfc821_envelopes")
	p.soft = c.flag("soft_bounce")
	p.saslEnabled = c.flag("smtpd_sasl_auth_enable")
	p.enforceTLS = c.flag("smtpd_enforce_tls") || equalFold(strings.TrimSpace(c.get("smtpd_tls_security_level")), "encrypt")
	p.vrfyOff = c.flag("disable_vrfy_command")
	p.peername = c.flag("smtpd_peername_lookup")
	p.untrusted = c.flag("allow_untrusted_routing")
	p.tableNames = c.flag("show_user_unknown_table_name")
	p.forbidPipeline = c.flag("smtpd_forbid_unauth_pipelining")
	p.utf8 = c.flag("smtputf8_enable")
	p.sizeLimit = c.number("message_size_limit", 0, 1<<62)
	p.rcptLimit = int(c.number("smtpd_recipient_limit", 1, 1<<31-1))
	p.nullKey = c.get("smtpd_null_access_lookup_key")
	p.delims = c.get("recipient_delimiter")
	p.footer = c.raw("smtpd_reject_footer")
	p.parentKeys = c.parentStyle("smtpd_access_maps")
	p.defaultAct = c.get("smtpd_policy_service_default_action")
	p.context = c.get("smtpd_policy_service_policy_context")
	p.codes = c.codes()
	p.level = strings.TrimSpace(c.get("compatibility_level"))
	for _, b := range unescapeC(c.raw("smtpd_expansion_filter")) {
		p.filter[b] = true
	}
	p.origins = origins{
		myorigin: strings.TrimSpace(c.get("myorigin")), mydomain: strings.TrimSpace(c.get("mydomain")), myhostname: p.hostname,
		appendOrigin: c.flag("append_at_myorigin"), appendDot: c.flag("append_dot_mydomain"),
		percentHack: c.flag("allow_percent_hack"), bangPath: c.flag("swap_bangpath"),
		nullDomain: c.flag("resolve_null_domain"), dequote: c.flag("resolve_dequoted_address"),
		numDomain: c.flag("resolve_numeric_domain"),
	}
	p.dns = dnsClient{r: c.cfg.Resolver, firstString: c.cfg.Version == V37}
	p.verifier = c.cfg.Verifier
	p.sleep, p.now = c.cfg.Sleep, c.cfg.Now
	if p.sleep == nil {
		p.sleep = sleepFor
	}
	if p.now == nil {
		p.now = time.Now
	}
	c.interfaces()
}

// interfaces collects the addresses of this host.
func (c *compiler) interfaces() {
	p := c.p
	p.addrs = append(p.addrs, c.cfg.Interfaces...)
	for _, name := range []string{"inet_interfaces", "proxy_interfaces"} {
		for _, f := range postconf.Fields(c.get(name)) {
			f = strings.TrimSuffix(strings.TrimPrefix(f, "["), "]")
			if a, ok := parseIP(f); ok {
				p.addrs = append(p.addrs, a)
			} else if equalFold(f, "loopback-only") || equalFold(f, "localhost") {
				p.addrs = append(p.addrs, netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback())
			}
		}
	}
}

// parentStyle reports whether parent_domain_matches_subdomains names a feature.
func (c *compiler) parentStyle(feature string) bool {
	return slices.ContainsFunc(postconf.Fields(c.get("parent_domain_matches_subdomains")), func(f string) bool {
		return equalFold(f, feature)
	})
}

// domains reads the match lists and tables.
func (c *compiler) domains() {
	p := c.p
	p.mydestination = c.matchList("mydestination", false)
	p.aliasDomains = c.matchList("virtual_alias_domains", false)
	p.mailboxDomains = c.matchList("virtual_mailbox_domains", false)
	p.relayDomains = c.matchList("relay_domains", c.parentStyle("relay_domains"))
	p.mynetworks = c.matchList("mynetworks", c.parentStyle("mynetworks"))
	p.mxNetworks = c.matchList("permit_mx_backup_networks", c.parentStyle("permit_mx_backup_networks"))
	p.etrnDomains = c.matchList("fast_flush_domains", c.parentStyle("fast_flush_domains"))

	p.localMaps, p.localOn = c.maps("local_recipient_maps"), c.get("local_recipient_maps") != ""
	p.mailboxMaps, p.mailboxOn = c.maps("virtual_mailbox_maps"), c.get("virtual_mailbox_maps") != ""
	p.relayMaps, p.relayOn = c.maps("relay_recipient_maps"), c.get("relay_recipient_maps") != ""
	p.aliasMaps = c.maps("virtual_alias_maps")
	p.canonical = c.maps("canonical_maps")
	p.rcptCanonical = c.maps("recipient_canonical_maps")
	p.senderCanonical = c.maps("sender_canonical_maps")
	p.loginMaps = c.maps("smtpd_sender_login_maps")
	p.certMaps = c.maps("relay_clientcerts")
	for _, f := range postconf.Fields(c.get("rbl_reply_maps")) {
		if !strings.Contains(f, ":") {
			c.fail("rbl_reply_maps", f, ErrFatal, "write type:name")
		}
	}
	p.rblReplies = c.maps("rbl_reply_maps")
	p.rblReply = parseTemplate(c.raw("default_rbl_reply"))
}

// maps opens the tables of a parameter.
func (c *compiler) maps(param string) maps {
	return c.tables.maps(postconf.Fields(c.get(param)))
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func sleepFor(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// unescapeC undoes the backslash escapes of a C string.
func unescapeC(s string) []byte {
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		i++
		switch c := s[i]; {
		case c == 't':
			out = append(out, '\t')
		case c == 'n':
			out = append(out, '\n')
		case c == 'r':
			out = append(out, '\r')
		case '0' <= c && c <= '7':
			n := 0
			for j := 0; j < 3 && i < len(s) && '0' <= s[i] && s[i] <= '7'; j++ {
				n = n*8 + int(s[i]-'0')
				i++
			}
			i--
			out = append(out, byte(n))
		default:
			out = append(out, c)
		}
	}
	return out
}
