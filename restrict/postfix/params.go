package postfix

// defaults holds the default of every parameter that this package reads. The
// values are Postfix's own unless the package comment says otherwise.
var defaults = map[string]string{
	"2bounce_notice_recipient":                  "postmaster",
	"access_map_defer_code":                     "450",
	"access_map_reject_code":                    "554",
	"address_verify_sender":                     "double-bounce@$myorigin",
	"allow_percent_hack":                        "yes",
	"allow_untrusted_routing":                   "no",
	"append_at_myorigin":                        "yes",
	"append_dot_mydomain":                       "${{$compatibility_level} <level {1} ? {yes} : {no}}",
	"canonical_maps":                            "",
	"compatibility_level":                       "0",
	"default_rbl_reply":                         "$rbl_code Service unavailable; $rbl_class [$rbl_what] blocked using $rbl_domain${rbl_reason?; $rbl_reason}",
	"defer_code":                                "450",
	"disable_vrfy_command":                      "no",
	"fast_flush_domains":                        "$relay_domains",
	"inet_interfaces":                           "all",
	"invalid_hostname_reject_code":              "501",
	"local_recipient_maps":                      "",
	"maps_rbl_domains":                          "",
	"maps_rbl_reject_code":                      "554",
	"message_size_limit":                        "10240000",
	"multi_recipient_bounce_reject_code":        "550",
	"mydestination":                             "$myhostname, localhost.$mydomain, localhost",
	"mydomain":                                  "",
	"myhostname":                                "localhost",
	"mynetworks":                                "127.0.0.1/32 [::1]/128",
	"myorigin":                                  "$myhostname",
	"non_fqdn_reject_code":                      "504",
	"parent_domain_matches_subdomains":          "debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,qmqpd_authorized_clients,relay_domains,smtpd_access_maps",
	"permit_mx_backup_networks":                 "",
	"plaintext_reject_code":                     "450",
	"proxy_interfaces":                          "",
	"rbl_reply_maps":                            "",
	"recipient_canonical_maps":                  "",
	"recipient_delimiter":                       "",
	"reject_code":                               "554",
	"reject_tempfail_action":                    "defer_if_permit",
	"relay_clientcerts":                         "",
	"relay_domains":                             "${{$compatibility_level} <level {2} ? {$mydestination} : {}}",
	"relay_domains_reject_code":                 "554",
	"relay_recipient_maps":                      "",
	"resolve_dequoted_address":                  "yes",
	"resolve_null_domain":                       "no",
	"resolve_numeric_domain":                    "no",
	"sender_canonical_maps":                     "",
	"show_user_unknown_table_name":              "yes",
	"smtpd_client_restrictions":                 "",
	"smtpd_data_restrictions":                   "",
	"smtpd_delay_reject":                        "yes",
	"smtpd_discard_ehlo_keywords":               "",
	"smtpd_end_of_data_restrictions":            "",
	"smtpd_etrn_restrictions":                   "",
	"smtpd_expansion_filter":                    `\t\40!"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_` + "`" + `abcdefghijklmnopqrstuvwxyz{|}~`,
	"smtpd_forbid_unauth_pipelining":            "",
	"smtpd_helo_required":                       "no",
	"smtpd_helo_restrictions":                   "",
	"smtpd_null_access_lookup_key":              "<>",
	"smtpd_peername_lookup":                     "yes",
	"smtpd_policy_service_default_action":       "451 4.3.5 Server configuration problem",
	"smtpd_policy_service_policy_context":       "",
	"smtpd_policy_service_request_limit":        "0",
	"smtpd_policy_service_retry_delay":          "1s",
	"smtpd_policy_service_timeout":              "100s",
	"smtpd_policy_service_try_limit":            "2",
	"smtpd_recipient_limit":                     "1000",
	"smtpd_recipient_restrictions":              "",
	"smtpd_reject_footer":                       "",
	"smtpd_reject_unlisted_recipient":           "yes",
	"smtpd_reject_unlisted_sender":              "no",
	"smtpd_relay_before_recipient_restrictions": "${{$compatibility_level} <level {3.6} ? {no} : {yes}}",
	"smtpd_relay_restrictions":                  "${{$compatibility_level} <level {1} ? {} : {permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination}}",
	"smtpd_restriction_classes":                 "",
	"smtpd_sasl_auth_enable":                    "no",
	"smtpd_sender_login_maps":                   "",
	"smtpd_sender_restrictions":                 "",
	"smtpd_tls_auth_only":                       "no",
	"smtpd_tls_security_level":                  "",
	"smtpd_enforce_tls":                         "no",
	"smtputf8_enable":                           "yes",
	"soft_bounce":                               "no",
	"strict_rfc821_envelopes":                   "no",
	"swap_bangpath":                             "yes",
	"unknown_address_reject_code":               "450",
	"unknown_address_tempfail_action":           "$reject_tempfail_action",
	"unknown_client_reject_code":                "450",
	"unknown_helo_hostname_tempfail_action":     "$reject_tempfail_action",
	"unknown_hostname_reject_code":              "450",
	"unknown_local_recipient_reject_code":       "550",
	"unknown_relay_recipient_reject_code":       "550",
	"unknown_virtual_alias_reject_code":         "550",
	"unknown_virtual_mailbox_reject_code":       "550",
	"unverified_recipient_defer_code":           "450",
	"unverified_recipient_reject_code":          "450",
	"unverified_recipient_reject_reason":        "",
	"unverified_recipient_tempfail_action":      "$reject_tempfail_action",
	"unverified_sender_defer_code":              "450",
	"unverified_sender_reject_code":             "450",
	"unverified_sender_reject_reason":           "",
	"unverified_sender_tempfail_action":         "$reject_tempfail_action",
	"virtual_alias_domains":                     "$virtual_alias_maps",
	"virtual_alias_maps":                        "$virtual_maps",
	"virtual_mailbox_domains":                   "$virtual_mailbox_maps",
	"virtual_mailbox_maps":                      "",
	"virtual_maps":                              "",
}

// paramDefault returns the default of a parameter for a version.
func paramDefault(v Version, name string) (string, bool) {
	if name == "smtpd_forbid_unauth_pipelining" {
		if v == V37 {
			return "no", true
		}
		return "yes", true
	}
	d, ok := defaults[name]
	return d, ok
}

// codes are the reply codes that parameters set.
type codes struct {
	reject, deferred, accessReject, accessDefer          uint16
	invalidHost, nonFQDN, unknownHost, unknownClient     uint16
	unknownAddress, relay, plaintext, multiBounce, rbl   uint16
	unknownLocal, unknownAlias, unknownMailbox           uint16
	unknownRelay                                         uint16
	unverifiedRcpt, unverifiedSender, deferRcpt, deferSd uint16
}

func (c *compiler) codes() codes {
	n := func(name string) uint16 { return uint16(c.number(name, 0, 999)) }
	return codes{
		reject: n("reject_code"), deferred: n("defer_code"),
		accessReject: n("access_map_reject_code"), accessDefer: n("access_map_defer_code"),
		invalidHost: n("invalid_hostname_reject_code"), nonFQDN: n("non_fqdn_reject_code"),
		unknownHost: n("unknown_hostname_reject_code"), unknownClient: n("unknown_client_reject_code"),
		unknownAddress: n("unknown_address_reject_code"), relay: n("relay_domains_reject_code"),
		plaintext: n("plaintext_reject_code"), multiBounce: n("multi_recipient_bounce_reject_code"),
		rbl: n("maps_rbl_reject_code"), unknownLocal: n("unknown_local_recipient_reject_code"),
		unknownAlias: n("unknown_virtual_alias_reject_code"), unknownMailbox: n("unknown_virtual_mailbox_reject_code"),
		unknownRelay:   n("unknown_relay_recipient_reject_code"),
		unverifiedRcpt: n("unverified_recipient_reject_code"), unverifiedSender: n("unverified_sender_reject_code"),
		deferRcpt: n("unverified_recipient_defer_code"), deferSd: n("unverified_sender_defer_code"),
	}
}
