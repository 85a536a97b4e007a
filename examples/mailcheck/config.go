package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/mailsec-go/mailsec/restrict/postfix"
)

// checkConfig looks for mistakes in a main.cf, with the master.cf beside it and
// the tables that it names. It never asks the network. Mistakes that refuse mail
// or relay it are an error, so that a script notices.
func checkConfig(c *call) error {
	file, err := c.parse()
	if err != nil {
		return err
	}
	defer c.resolver.Close()
	config, err := readConfig(file)
	if err != nil {
		return err
	}
	config.Resolver = c.resolver
	config.Policy = func(postfix.PolicyService) postfix.PolicyClient { return nil }
	findings := postfix.Lint(config)
	bad := 0
	for _, f := range findings {
		fmt.Fprintln(c.out, f)
		if f.Level > postfix.Note {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%s: %d of %d findings need attention", file, bad, len(findings))
	}
	_, err = fmt.Fprintln(c.out, "no mistakes found")
	return err
}

// readConfig reads a main.cf and the master.cf beside it, if there is one. Tables
// are read when the configuration is used, from the same directory.
func readConfig(file string) (postfix.Config, error) {
	main, err := os.ReadFile(file)
	if err != nil {
		return postfix.Config{}, err
	}
	dir := filepath.Dir(file)
	master, err := os.ReadFile(filepath.Join(dir, "master.cf"))
	if err != nil && !os.IsNotExist(err) {
		return postfix.Config{}, err
	}
	return postfix.Config{
		Main:   main,
		Master: master,
		File:   file,
		ReadFile: func(name string) ([]byte, error) {
			if !filepath.IsAbs(name) {
				name = filepath.Join(dir, name)
			}
			return os.ReadFile(name)
		},
	}, nil
}
