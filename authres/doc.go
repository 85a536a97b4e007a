// Package authres writes, parses and cleans Authentication-Results fields
// (RFC 8601).
package authres
