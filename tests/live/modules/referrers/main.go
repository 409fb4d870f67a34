// Copyright the copier-kserve authors
// SPDX-License-Identifier: Apache-2.0

// A registry with the referrers API of OCI 1.1, which the distribution project's lacks. It keeps everything in memory.
//
//	referrers ADDRESS [CERTIFICATE KEY]
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
)

// The header by which a client learns that it need not write the list as a tag; the package does not set it.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-manifests-with-subject
func subject(next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			var manifest struct {
				Subject struct{ Digest string }
			}
			if json.Unmarshal(body, &manifest) == nil && manifest.Subject.Digest != "" {
				w.Header().Set("OCI-Subject", manifest.Subject.Digest)
			}
		}
		next.ServeHTTP(w, r)
	}
}

func main() {
	handler := subject(registry.New(registry.WithReferrersSupport(true)))
	if len(os.Args) == 4 {
		log.Fatal(http.ListenAndServeTLS(os.Args[1], os.Args[2], os.Args[3], handler))
	}
	log.Fatal(http.ListenAndServe(os.Args[1], handler))
}
