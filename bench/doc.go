// Package bench compares mailsec's hot paths with other Go libraries and with
// the physical floor of the same work, side by side in one run. It holds
// benchmarks only; their names are Benchmark<Area>/<scenario>/<implementation>.
package bench
