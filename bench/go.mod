module github.com/mailsec-go/mailsec/bench

go 1.26.0

require github.com/mailsec-go/mailsec v0.0.0

replace github.com/mailsec-go/mailsec => ../
