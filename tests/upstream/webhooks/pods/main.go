// Copyright the copier-kserve authors
// SPDX-License-Identifier: Apache-2.0

// Answers with what KServe's own webhook makes of a Pod: one JSON object {"ask": "pod", "args": [objects, pod]} per line in,
// {"pod"} or {"error"} per line out. The objects are those that the webhook reads from the cluster.
package main

import (
	"context"
	"encoding/json"
	"fmt"

	"copier-kserve/tests/upstream/lines"
	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-logr/logr"
	"github.com/kserve/kserve/pkg/apis/serving/v1alpha1"
	"github.com/kserve/kserve/pkg/apis/serving/v1beta1"
	"github.com/kserve/kserve/pkg/webhook/admission/pod"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	clients "k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

var scheme = runtime.NewScheme()

func init() {
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme, v1beta1.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
}

// read decodes the objects, and separates those of core, which the webhook reads through another client.
func read(text string) (core, all []runtime.Object, err error) {
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, nil, err
	}
	for _, one := range raw {
		obj, kind, err := serializer.NewCodecFactory(scheme).UniversalDeserializer().Decode(one, nil, nil)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, obj)
		if kind.Group == "" {
			core = append(core, obj.DeepCopyObject())
		}
	}
	return core, all, nil
}

// mutate asks the webhook as the API server does.
func mutate(objects, created string) (json.RawMessage, error) {
	core, all, err := read(objects)
	if err != nil {
		return nil, err
	}
	var meta metav1.PartialObjectMetadata
	if err := json.Unmarshal([]byte(created), &meta); err != nil {
		return nil, err
	}
	webhook := &pod.Mutator{
		Client:    fake.NewClientBuilder().WithScheme(scheme).WithRuntimeObjects(all...).Build(),
		Clientset: clients.NewClientset(core...),
		Decoder:   admission.NewDecoder(scheme),
	}
	request := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Namespace: meta.Namespace,
		Object:    runtime.RawExtension{Raw: []byte(created)},
	}}
	answer := webhook.Handle(context.Background(), request)
	if !answer.Allowed {
		return nil, fmt.Errorf("%s", answer.Result.Message)
	}
	operations, err := json.Marshal(answer.Patches)
	if err != nil {
		return nil, err
	}
	patch, err := jsonpatch.DecodePatch(operations)
	if err != nil {
		return nil, err
	}
	return patch.Apply([]byte(created))
}

func answer(_ string, args []string) any {
	if len(args) != 2 {
		return map[string]any{"fault": "want the objects and the Pod"}
	}
	found, err := mutate(args[0], args[1])
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return map[string]any{"pod": found}
}

func main() {
	log.SetLogger(logr.Discard())
	lines.Answer(answer)
}
