package mailsec

import "bytes"

// hiddenFrom returns the value of the first line of header that would be a From
// field if a bare CR or a bare LF ended a line, as it does to many programs that
// store or show mail. Such a line stands inside of another field.
func hiddenFrom(header []byte) (value []byte, ok bool) {
	for i, c := range header {
		switch {
		case c == '\n' && (i == 0 || header[i-1] != '\r'):
		case c == '\r' && (i+1 == len(header) || header[i+1] != '\n'):
		default:
			continue
		}
		line := header[i+1:]
		if n := bytes.IndexAny(line, "\r\n"); n >= 0 {
			line = line[:n]
		}
		name, value, ok := bytes.Cut(line, []byte{':'})
		if ok && bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte("From")) {
			return value, true
		}
	}
	return nil, false
}
