package rbl

func Retired(zone string) (string, bool) { return "", false }
