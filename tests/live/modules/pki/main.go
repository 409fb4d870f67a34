// Command pki writes the certificates of the test bed.
//
//	pki ca DIR NAME             a certificate authority: DIR/ca.crt, DIR/ca.key
//	pki leaf DIR NAME HOST...   a certificate for names and addresses, signed by DIR/ca: DIR/NAME.crt, DIR/NAME.key
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

func main() {
	if len(os.Args) < 4 {
		fail(fmt.Errorf("usage: pki ca|leaf DIR NAME [HOST...]"))
	}
	if os.Args[1] == "ca" {
		fail(authority(os.Args[2], os.Args[3]))
	} else {
		fail(leaf(os.Args[2], os.Args[3], os.Args[4:]))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "pki:", err)
		os.Exit(1)
	}
}

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		BasicConstraintsValid: true,
	}
}

func authority(dir, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	certificate := template(name)
	certificate.IsCA = true
	certificate.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	return write(dir, "ca", certificate, certificate, key, key)
}

func leaf(dir, name string, hosts []string) error {
	issuer, issuerKey, err := load(dir)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	certificate := template(name)
	certificate.KeyUsage = x509.KeyUsageDigitalSignature
	certificate.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			certificate.IPAddresses = append(certificate.IPAddresses, ip)
		} else {
			certificate.DNSNames = append(certificate.DNSNames, host)
		}
	}
	return write(dir, name, certificate, issuer, key, issuerKey)
}

func load(dir string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certificate, err := block(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return nil, nil, err
	}
	key, err := block(filepath.Join(dir, "ca.key"))
	if err != nil {
		return nil, nil, err
	}
	issuer, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, nil, err
	}
	issuerKey, err := x509.ParseECPrivateKey(key)
	return issuer, issuerKey, err
}

func block(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	found, _ := pem.Decode(text)
	if found == nil {
		return nil, fmt.Errorf("%s holds no PEM", path)
	}
	return found.Bytes, nil
}

func write(dir, name string, certificate, issuer *x509.Certificate, key, issuerKey *ecdsa.PrivateKey) error {
	signed, err := x509.CreateCertificate(rand.Reader, certificate, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := put(filepath.Join(dir, name+".crt"), "CERTIFICATE", signed); err != nil {
		return err
	}
	return put(filepath.Join(dir, name+".key"), "EC PRIVATE KEY", private)
}

func put(path, kind string, content []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600)
}
