// Copyright the copier-kserve authors
// SPDX-License-Identifier: Apache-2.0

// Answers with upstream's own webhooks: one JSON object {"ask", "args"} per line in, one per line out.
// test_webhooks.py asks the checker the same and compares.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"

	"github.com/kserve/kserve/pkg/apis/serving/v1alpha1"
	"github.com/kserve/kserve/pkg/apis/serving/v1alpha2"
	"github.com/kserve/kserve/pkg/apis/serving/v1beta1"
	"knative.dev/pkg/apis"
	serving "knative.dev/serving/pkg/apis/serving/v1"
	"knative.dev/serving/pkg/apis/config"
)

type question struct {
	Ask  string   `json:"ask"`
	Args []string `json:"args"`
}

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

func main() {
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			os.Exit(1)
		}
		found, err := webhooks[q.Ask]([]byte(q.Args[0]))
		if err != nil {
			_ = out.Encode(map[string]string{"fault": err.Error()})
			continue
		}
		if err := out.Encode(refused{found}); err != nil {
			os.Exit(1)
		}
	}
}
