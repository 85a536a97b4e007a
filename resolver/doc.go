// Package resolver is a DNS client for mail security.
package resolver
