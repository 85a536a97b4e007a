package main

import (
	"crypto/tls"

	"github.com/mailsec-go/mailsec/restrict"
)

// tlsFacts is what the lists may know about the encryption of a session.
func tlsFacts(state tls.ConnectionState) restrict.TLS {
	return restrict.TLS{
		Protocol: tls.VersionName(state.Version),
		Cipher:   tls.CipherSuiteName(state.CipherSuite),
	}
}

// mustEncrypt reports whether nothing but STARTTLS is allowed now.
func (s *session) mustEncrypt() bool {
	return !s.encrypted && s.port.policy.Param("smtpd_tls_security_level") == "encrypt"
}

// mayLogin reports whether people can log in on this port at all.
func (s *session) mayLogin() bool { return s.port.policy.Param("smtpd_sasl_auth_enable") == "yes" }

// needsTLSForLogin reports whether a login has to wait for STARTTLS.
func (s *session) needsTLSForLogin() bool {
	return s.mayLogin() && !s.encrypted && (s.mustEncrypt() || s.port.policy.Param("smtpd_tls_auth_only") == "yes")
}

// needTLS completes the decision about a command that has to wait for STARTTLS.
func needTLS(d *decision) *decision {
	d.Rule = "smtpd_tls_security_level"
	d.Why = "this port demands TLS before anything else"
	return d
}
