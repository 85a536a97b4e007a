package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/mailsec-go/mailsec/restrict"
	"github.com/mailsec-go/mailsec/restrict/policyd"
	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// whatIf plays recorded sessions under two configurations and prints each answer
// that changes, with the rules that led to both. Without -config it compares
// with the answers that the clients got.
//
// DNS is asked as it is today, for both configurations alike: names of clients
// are recorded, listings and domains of senders are not.
func whatIf(c *call) error {
	now := c.flags.String("config", "", "`directory` of the configuration to compare with; empty for the recorded answers")
	against := c.flags.String("against", "", "`directory` of the configuration to try")
	service := c.flags.String("service", "smtp", "`name` of the service in master.cf, if there is one")
	port := c.flags.Uint("port", 0, "play only sessions that came in on this `port`; 0 for all")
	ask := c.flags.Bool("ask", false, "ask policy services; otherwise they have no opinion")
	file, err := c.parse()
	if err != nil {
		return err
	}
	defer c.resolver.Close()
	if *against == "" {
		return errors.New("whatif: -against is missing")
	}
	candidate, err := c.compile(*against, *service, *ask)
	if err != nil {
		return err
	}
	var current *postfix.Policy
	if *now != "" {
		if current, err = c.compile(*now, *service, *ask); err != nil {
			return err
		}
	}
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()

	sessions, changes := 0, 0
	played := onPort(postfix.ReadRecordings(in), uint16(*port), &sessions)
	err = postfix.WhatIf(c.ctx, current, candidate, played, func(change postfix.Change) {
		changes++
		printChange(c.out, change)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	_, err = fmt.Fprintf(c.out, "%d sessions, %d answers change\n", sessions, changes)
	return err
}

// compile makes a policy of a configuration directory.
func (c *call) compile(dir, service string, ask bool) (*postfix.Policy, error) {
	config, err := readConfig(filepath.Join(dir, "main.cf"))
	if err != nil {
		return nil, err
	}
	if config.Master != nil {
		config.Service = service
	}
	config.Resolver = c.resolver
	config.Policy = func(s postfix.PolicyService) postfix.PolicyClient {
		if !ask {
			return noOpinion{}
		}
		return &policyd.Client{Network: s.Network, Address: s.Address, Timeout: s.Timeout, Tries: s.TryLimit,
			RetryDelay: s.RetryDelay, RequestLimit: s.RequestLimit, MaxIdle: s.MaxIdle, MaxTTL: s.MaxTTL}
	}
	return postfix.Compile(config)
}

// noOpinion stands for a policy service that is not asked: asking may change
// what it answers, as with greylisting.
type noOpinion struct{}

func (noOpinion) Query(context.Context, []restrict.Attr) (string, error) { return "DUNNO", nil }

// onPort lets the recordings of one port pass and counts them.
func onPort(all iter.Seq2[*postfix.Recording, error], port uint16, n *int) iter.Seq2[*postfix.Recording, error] {
	return func(yield func(*postfix.Recording, error) bool) {
		for r, err := range all {
			switch {
			case err != nil:
			case port != 0 && r.Client.Local.Port() != port:
				continue
			default:
				*n++
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// printChange prints an answer that changes and how both came about.
func printChange(out io.Writer, c postfix.Change) {
	fmt.Fprintf(out, "session %s, %s\n", c.ID, c.Command)
	printSide(out, "was", c.Was, c.WasTrace)
	printSide(out, "is", c.Is, c.IsTrace)
	fmt.Fprintln(out)
}

func printSide(out io.Writer, when string, r postfix.Reply, trace string) {
	fmt.Fprintf(out, "  %-4s %s\n", when, r)
	for line := range strings.Lines(trace) {
		fmt.Fprintf(out, "         %s\n", strings.TrimRight(line, "\n"))
	}
}
