//go:build !amd64

package bodyhash

func nextEdit(p []byte, from int) int { return nextEditGeneric(p, from) }

func odd(p []byte) bool { return oddGeneric(p) }
