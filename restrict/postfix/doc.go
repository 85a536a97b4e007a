// Package postfix decides what Postfix would answer.
package postfix
