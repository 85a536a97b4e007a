//go:build !race

package postmap

const raceEnabled = false
