package dkim

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestCRLFReader(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""}, {"a", "a"}, {"\n", "\r\n"}, {"a\nb\n\n", "a\r\nb\r\n\r\n"}, {"a\r\nb", "a\r\nb"}, {"a\rb\r", "a\rb\r"},
		{"\r\r\n\n", "\r\r\n\r\n"}, {strings.Repeat("\n", 9000), strings.Repeat("\r\n", 9000)},
		{strings.Repeat("\r\n", 9000), strings.Repeat("\r\n", 9000)},
	} {
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "one": iotest.OneByteReader, "half": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
		} {
			got, err := io.ReadAll(iotest.OneByteReader(NewCRLFReader(wrap(strings.NewReader(tt.in)))))
			if err != nil || string(got) != tt.want {
				t.Errorf("%s: %.40q becomes %.40q, %v", name, tt.in, got, err)
			}
		}
	}
	boom := errors.New("boom")
	r := NewCRLFReader(io.MultiReader(strings.NewReader("a\n"), iotest.ErrReader(boom)))
	if got, err := io.ReadAll(r); string(got) != "a\r\n" || !errors.Is(err, boom) {
		t.Errorf("failing reader: %q, %v", got, err)
	}
	if n, err := r.Read(nil); n != 0 || err != nil {
		t.Errorf("Read(nil) = %d, %v", n, err)
	}
	file := strings.ReplaceAll(simpleMessage, "\r\n", "\n")
	text, err := io.ReadAll(NewCRLFReader(strings.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	if got := outcome(mustVerify(t, &Verifier{}, mustSign(t, nil, string(text), testSignature("ed")))); got != "pass/ok" {
		t.Error(got)
	}
}
