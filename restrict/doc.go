// Package restrict decides what a mail server answers.
package restrict
