//go:build !race

package spf

const raceEnabled = false
