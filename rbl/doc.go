// Package rbl asks DNS block and allow lists about addresses, domains, links
// and hashes, and turns their answers into one explained verdict.
package rbl
