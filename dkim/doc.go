// Package dkim signs and verifies mail (DKIM, RFC 6376).
package dkim
