package postmap_test

import (
	"fmt"

	"github.com/mailsec-go/mailsec/internal/postmap"
)

func Example() {
	t, err := postmap.Parse("pcre", "/etc/postfix/helo", []byte(`
/^(?!mail\.)([^.]+)\.example\.com$/  REJECT $1 does not send mail
/[/                                  REJECT
`))
	if err != nil {
		fmt.Println(err)
	}
	for _, w := range postmap.Warnings(t) {
		fmt.Println(w)
	}
	fmt.Println(t.Lookup([]byte("www.example.com")))
	fmt.Println(t.Lookup([]byte("mail.example.com")))
	// Output:
	// postmap: pcre:/etc/postfix/helo:3: bad pattern: "/[/                                  REJECT": missing terminating ] for character class at offset 1; this rule is ignored
	// REJECT www does not send mail true
	//  false
}
