package postconf_test

import (
	"fmt"

	"github.com/mailsec-go/mailsec/internal/postconf"
)

func Example() {
	main, err := postconf.ParseMain("main.cf", []byte(`
myhostname = mx.example.com
smtpd_client_restrictions = permit_mynetworks,
    reject
`))
	if err != nil {
		fmt.Println(err)
	}
	services, err := postconf.ParseMaster("master.cf", []byte(`
submission inet n - y - - smtpd
  -o { smtpd_client_restrictions = permit_sasl_authenticated, reject }
  -o smtpd_banner=$myhostname
`))
	if err != nil {
		fmt.Println(err)
	}
	conf := main.With(services.Find("submission", "inet").Overrides)
	list, _ := conf.Get("smtpd_client_restrictions")
	banner, _ := conf.Get("smtpd_banner")
	fmt.Printf("%q %s\n", postconf.Fields(list), banner)
	// Output: ["permit_sasl_authenticated" "reject"] mx.example.com
}
