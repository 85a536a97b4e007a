package tlspolicy

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Anchors are what a tafile attribute trusts in place of the system's roots. An
// anchor may be any element of the server's chain, not only a root.
type Anchors struct {
	Files        []string // names as written
	Certificates []*x509.Certificate
	Keys         []crypto.PublicKey
}

// addPEM adds the certificates and public keys in text. A file that holds
// neither, or one that does not parse, is an error.
func (a *Anchors) addPEM(text []byte) error {
	before := len(a.Certificates) + len(a.Keys)
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return fmt.Errorf("certificate: %v", err)
			}
			a.Certificates = append(a.Certificates, c)
		case "PUBLIC KEY":
			k, err := x509.ParsePKIXPublicKey(block.Bytes)
			if err != nil {
				return fmt.Errorf("public key: %v", err)
			}
			a.Keys = append(a.Keys, k)
		default:
			return fmt.Errorf("PEM block %q is neither a certificate nor a public key", block.Type)
		}
	}
	if len(a.Certificates)+len(a.Keys) == before {
		return errors.New("holds no certificate and no public key")
	}
	return nil
}
