package cli

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"time"
)

// tdsCertificate is the certificate of the TDS front: the one of the files, or one that is made for this run, which only clients
// take that ask for encryption of the login alone, or trust every certificate.
func tdsCertificate(log *slog.Logger, certFile, keyFile string) (*tls.Config, error) {
	if certFile == "" && keyFile == "" {
		c, err := ownCertificate()
		if err != nil {
			return nil, fmt.Errorf("making a certificate: %w", err)
		}
		log.Warn("no certificate is given (--tds-cert, --tds-key): clients with Encrypt=true, the default of Microsoft.Data.SqlClient, refuse the one that was made now unless TrustServerCertificate=true")
		return &tls.Config{Certificates: []tls.Certificate{*c}}, nil
	}
	c, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, &failure{code: exitUnreachable, err: fmt.Errorf("--tds-cert, --tds-key: %w", err)}
	}
	return &tls.Config{Certificates: []tls.Certificate{c}}, nil
}

// ownCertificate makes one: RSA, since old Windows takes nothing else.
func ownCertificate() (*tls.Certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	const days = 24 * time.Hour
	made := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: host}, NotBefore: time.Now().Add(-days), NotAfter: time.Now().Add(3650 * days),
		DNSNames: []string{host, "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, made, made, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
