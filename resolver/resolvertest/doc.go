// Package resolvertest answers DNS questions from zone text, for tests and
// demonstrations.
package resolvertest
