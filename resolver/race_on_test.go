//go:build race

package resolver_test

// raceEnabled makes the load test smaller, because the detector makes it slow.
const raceEnabled = true
