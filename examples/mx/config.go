package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// defaultConfig is the configuration directory that is used without -config.
//
//go:embed config
var defaultConfig embed.FS

// openConfig returns the configuration directory at path, the embedded one for
// "".
func openConfig(path string) (fs.FS, error) {
	if path == "" {
		return fs.Sub(defaultConfig, "config")
	}
	if _, err := os.Stat(filepath.Join(path, "main.cf")); err != nil {
		return nil, fmt.Errorf("-config %s: %w; -print-config makes a directory to start from", path, err)
	}
	return os.DirFS(path), nil
}

// printConfig writes the embedded configuration into a directory. It does not
// touch a file that is there.
func printConfig(path string) error {
	config, err := openConfig("")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	names, err := fs.Glob(config, "*")
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, copyNew(filepath.Join(path, name), config, name))
	}
	return errors.Join(errs...)
}

func copyNew(to string, from fs.FS, name string) error {
	text, err := fs.ReadFile(from, name)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
