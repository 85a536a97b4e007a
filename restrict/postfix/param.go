package postfix

// Param returns the expanded value of a parameter as it applies to the service:
// what the configuration sets, else the default. It is "" for a parameter that
// the package does not know and the configuration does not set. It is meant for
// the server around the lists, which needs myhostname or
// smtpd_tls_security_level too.
func (p *Policy) Param(name string) string {
	v, err := p.conf.Get(name)
	if err != nil {
		return ""
	}
	return v
}
