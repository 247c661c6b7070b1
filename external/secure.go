package external

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// TLS returns how connections are secured. All three are PEM: ca holds the certificates of those who are trusted, empty: those that the machine trusts; cert
// and key are what the client shows of itself, both empty: nothing. Errors tell nothing of what is in them.
func TLS(ca, cert, key []byte) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(ca) > 0 {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("broker.external.tls.ca: there is no certificate in the file; it has to be PEM, which begins with -----BEGIN CERTIFICATE-----")
		}
	}
	if len(cert) > 0 || len(key) > 0 {
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("broker.external.tls.cert and key: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
