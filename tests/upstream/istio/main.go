// Copyright the copier-kserve authors
// SPDX-License-Identifier: Apache-2.0

// Answers with the functions of istiod's webhook: one JSON object {"ask", "args"} per line in, one per line out.
// test_istio.py asks the checker the same and compares.
package main

import (
	"encoding/json"

	"copier-kserve/tests/upstream/lines"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
)

// refused is an answer: the error of the webhook, "" if it admits the object.
type refused struct {
	Error string `json:"error"`
}

// validate does what serveValidate does (pkg/webhooks/validation/server/server.go).
func validate(raw []byte) string {
	obj := &crd.IstioKind{}
	if err := json.Unmarshal(raw, obj); err != nil {
		return err.Error()
	}
	gvk := obj.GroupVersionKind()
	schema, known := collections.Pilot.FindByGroupKind(resource.FromKubernetesGVK(&gvk))
	if !known {
		return "unrecognized type " + gvk.String()
	}
	config, err := crd.ConvertObject(schema, obj, "cluster.local")
	if err != nil {
		return err.Error()
	}
	if _, err := schema.ValidateConfig(*config); err != nil {
		return err.Error()
	}
	return ""
}

func main() {
	lines.Answer(func(_ string, args []string) any { return refused{validate([]byte(args[0]))} })
}
