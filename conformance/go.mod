module github.com/mailsec-go/mailsec/conformance

go 1.26.0

require (
	github.com/mailsec-go/mailsec v0.0.0
	github.com/miekg/dns v1.1.73
)

require (
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/mailsec-go/mailsec => ../
