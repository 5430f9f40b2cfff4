package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// certificates are the roots that Mozilla trusts, as the Go project packs them: pinned
// by go.sum, where a package of the machine would be another on each.
//
// A root that is trusted only for certificates issued before some day is left out: a
// file of certificates cannot say that, and would trust it for all.
func certificates() ([]byte, error) {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		cert, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			return nil, fmt.Errorf("a root of the bundle: %w", err)
		}
		fmt.Fprintf(&out, "# %s\n# SHA-256 %x\n", cert.Subject, sha256.Sum256(root.Certificate))
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}
