//go:build race

package postmap

const raceEnabled = true
