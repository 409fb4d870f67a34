// Copyright the copier-kserve authors
// SPDX-License-Identifier: Apache-2.0

// Answers with upstream's own webhooks, and with how KServe reads its settings of routes: one JSON object {"ask", "args"}
// per line in, one per line out. test_webhooks.py and tests/environments/test_routes.py compare.
package main

import (
	"context"
	"encoding/json"

	"copier-kserve/tests/upstream/lines"
	"github.com/kserve/kserve/pkg/apis/serving/v1alpha1"
	"github.com/kserve/kserve/pkg/apis/serving/v1alpha2"
	"github.com/kserve/kserve/pkg/apis/serving/v1beta1"
	corev1 "k8s.io/api/core/v1"
	"knative.dev/pkg/apis"
	"knative.dev/serving/pkg/apis/config"
	serving "knative.dev/serving/pkg/apis/serving/v1"
)

// refused is an answer: the error of the webhook, "" if it admits the object.
type refused struct {
	Error string `json:"error"`
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

var webhooks = map[string]func(raw []byte) (string, error){
	"InferenceService": func(raw []byte) (string, error) {
		obj := &v1beta1.InferenceService{}
		if err := json.Unmarshal(raw, obj); err != nil {
			return "", err
		}
		_, err := (&v1beta1.InferenceServiceValidator{}).ValidateCreate(context.Background(), obj)
		return text(err), nil
	},
	"LLMInferenceService": func(raw []byte) (string, error) {
		obj := &v1alpha2.LLMInferenceService{}
		if err := json.Unmarshal(raw, obj); err != nil {
			return "", err
		}
		_, err := (&v1alpha2.LLMInferenceServiceValidator{}).ValidateCreate(context.Background(), obj)
		return text(err), nil
	},
	"InferenceGraph": func(raw []byte) (string, error) {
		obj := &v1alpha1.InferenceGraph{}
		if err := json.Unmarshal(raw, obj); err != nil {
			return "", err
		}
		_, err := (&v1alpha1.InferenceGraphValidator{}).ValidateCreate(context.Background(), obj)
		return text(err), nil
	},
	"Service": knative,
}

// knative defaults and validates a Knative Service as its webhooks do, with the configuration that has no keys.
func knative(raw []byte) (string, error) {
	obj := &serving.Service{}
	if err := json.Unmarshal(raw, obj); err != nil {
		return "", err
	}
	ctx := config.ToContext(context.Background(), config.FromContextOrDefaults(context.Background()))
	obj.SetDefaults(apis.WithinCreate(ctx))
	if err := obj.Validate(apis.WithinCreate(ctx)).Filter(apis.ErrorLevel); err != nil {
		return err.Error(), nil
	}
	return "", nil
}

// routes reads the key ingress of inferenceservice-config as KServe's controller does.
func routes(raw []byte) any {
	obj := &corev1.ConfigMap{}
	if err := json.Unmarshal(raw, obj); err != nil {
		return map[string]string{"fault": err.Error()}
	}
	found, err := v1beta1.NewIngressConfig(obj)
	if err != nil {
		return refused{err.Error()}
	}
	return found
}

func main() {
	lines.Answer(func(ask string, args []string) any {
		if ask == "routes" {
			return routes([]byte(args[0]))
		}
		found, err := webhooks[ask]([]byte(args[0]))
		if err != nil {
			return map[string]string{"fault": err.Error()}
		}
		return refused{found}
	})
}
