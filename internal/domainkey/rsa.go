package domainkey

import (
	"crypto/rsa"
	"crypto/x509"
)

// parseRSA parses a SubjectPublicKeyInfo or an RSAPublicKey.
func parseRSA(der []byte) (*rsa.PublicKey, error) {
	if key, err := x509.ParsePKIXPublicKey(der); err == nil {
		if rsaKey, ok := key.(*rsa.PublicKey); ok {
			return rsaKey, nil
		}
		return nil, ErrKeyData
	}
	key, err := x509.ParsePKCS1PublicKey(der)
	if err != nil {
		return nil, ErrKeyData
	}
	return key, nil
}
