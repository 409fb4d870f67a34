// Copyright the copier-kserve authors
// SPDX-License-Identifier: Apache-2.0

// Answers with upstream's own code of LLMInferenceServices: one JSON object {"ask", "args"} per line in, one per line out.
// test_llm.py asks it about the environments that the template generates.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"copier-kserve/tests/upstream/lines"
	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	igwapiv1alpha2 "github.com/kserve/kserve/pkg/apis/gie/v1alpha2pool"
	"github.com/kserve/kserve/pkg/apis/serving/v1alpha2"
	"github.com/kserve/kserve/pkg/controller/v1alpha2/llmisvc"
	wvav1alpha1 "github.com/llm-d/llm-d-workload-variant-autoscaler/api/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	fakeclientset "k8s.io/client-go/kubernetes/fake"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	igwapi "sigs.k8s.io/gateway-api-inference-extension/api/v1"
	gwapiv1 "sigs.k8s.io/gateway-api/apis/v1"
	lwsapi "sigs.k8s.io/lws/api/leaderworkerset/v1"
)

// made is an answer: what the controller wrote, with the LLMInferenceService itself, and how the run ended.
type made struct {
	Error   string            `json:"error"`
	Objects []json.RawMessage `json:"objects"`
	Created []string          `json:"created"`
	Events  []string          `json:"events"`
}

func scheme() *runtime.Scheme {
	found := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, v1alpha2.AddToScheme, gwapiv1.Install, igwapi.Install, igwapiv1alpha2.AddToScheme,
		lwsapi.AddToScheme, kedav1alpha1.AddToScheme, wvav1alpha1.AddToScheme,
	} {
		if err := add(found); err != nil {
			panic(err)
		}
	}
	return found
}

var known = scheme()

// typed reads a JSON list of objects.
func typed(raw string) ([]client.Object, error) {
	var found []client.Object
	var bodies []map[string]any
	if err := json.Unmarshal([]byte(raw), &bodies); err != nil {
		return nil, err
	}
	for _, body := range bodies {
		item := &unstructured.Unstructured{Object: body}
		obj, err := known.New(item.GroupVersionKind())
		if err != nil {
			return nil, err
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(body, obj); err != nil {
			return nil, fmt.Errorf("%s: %w", item.GetName(), err)
		}
		found = append(found, obj.(client.Object))
	}
	return found, nil
}

// discovery answers which APIs there are: the controller asks an API server for those of the Gateway API. raw: a JSON mapping of
// group/version to kinds.
func discovery(raw string) (*httptest.Server, error) {
	kinds := map[string][]string{}
	if err := json.Unmarshal([]byte(raw), &kinds); err != nil {
		return nil, err
	}
	return httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		found, served := kinds[strings.TrimPrefix(in.URL.Path, "/apis/")]
		if !served {
			http.NotFound(out, in)
			return
		}
		list := metav1.APIResourceList{GroupVersion: strings.TrimPrefix(in.URL.Path, "/apis/")}
		for _, kind := range found {
			list.APIResources = append(list.APIResources, metav1.APIResource{Kind: kind})
		}
		out.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(out).Encode(list)
	})), nil
}

// reconciled runs the controller on the only LLMInferenceService of a JSON list, in a cluster with the other objects and APIs.
func reconciled(raw, apis string) (any, error) {
	objects, err := typed(raw)
	if err != nil {
		return nil, err
	}
	server, err := discovery(apis)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	answer, name := made{}, types.NamespacedName{}
	for _, obj := range objects {
		if _, is := obj.(*v1alpha2.LLMInferenceService); is {
			name = client.ObjectKeyFromObject(obj)
		}
	}
	events, cluster := record.NewFakeRecorder(1000), clusterWith(objects, &answer)
	controller := &llmisvc.LLMISVCReconciler{Client: cluster, EventRecorder: events, Config: &rest.Config{Host: server.URL},
		Clientset: fakeclientset.NewSimpleClientset(core(objects)...), Validator: valid}
	if _, err := controller.Reconcile(context.Background(), reconcile.Request{NamespacedName: name}); err != nil {
		answer.Error = err.Error()
	}
	close(events.Events)
	for event := range events.Events {
		answer.Events = append(answer.Events, event)
	}
	answer.Objects, err = listed(cluster)
	return answer, err
}

// clusterWith has some objects, and notes what is created.
func clusterWith(objects []client.Object, answer *made) client.Client {
	create := func(ctx context.Context, under client.WithWatch, obj client.Object, options ...client.CreateOption) error {
		kind, err := under.GroupVersionKindFor(obj)
		answer.Created = append(answer.Created, fmt.Sprintf("%s %s/%s", kind.Kind, obj.GetNamespace(), obj.GetName()))
		return errors.Join(err, under.Create(ctx, obj, options...))
	}
	return fake.NewClientBuilder().WithScheme(known).WithObjects(objects...).
		WithStatusSubresource(&v1alpha2.LLMInferenceService{}).
		WithInterceptorFuncs(interceptor.Funcs{Create: create}).Build()
}

// core has the objects of the core group, which the controller reads past its cache.
func core(objects []client.Object) []runtime.Object {
	var found []runtime.Object
	for _, obj := range objects {
		if obj.GetObjectKind().GroupVersionKind().Group == "" {
			found = append(found, obj)
		}
	}
	return found
}

func valid(ctx context.Context, obj *v1alpha2.LLMInferenceService) error {
	_, err := (&v1alpha2.LLMInferenceServiceValidator{}).ValidateCreate(ctx, obj)
	return err
}

// listed has every object of the cluster that the controller may write.
func listed(cluster client.Client) ([]json.RawMessage, error) {
	var found []json.RawMessage
	for kind := range known.AllKnownTypes() {
		if _, is := written[kind.Kind+"."+kind.Version+"."+kind.Group]; !is {
			continue
		}
		list := &unstructured.UnstructuredList{}
		kind.Kind += "List"
		list.SetGroupVersionKind(kind)
		if err := cluster.List(context.Background(), list); err != nil {
			return nil, err
		}
		for _, item := range list.Items {
			text, err := item.MarshalJSON()
			if err != nil {
				return nil, err
			}
			found = append(found, text)
		}
	}
	return found, nil
}

var written = map[string]bool{
	"Deployment.v1.apps": true, "Service.v1.": true, "ServiceAccount.v1.": true, "Secret.v1.": true,
	"HTTPRoute.v1.gateway.networking.k8s.io":         true,
	"InferencePool.v1.inference.networking.k8s.io":   true,
	"LLMInferenceService.v1alpha2.serving.kserve.io": true,
	"LeaderWorkerSet.v1.leaderworkerset.x-k8s.io":    true,
}

// admitted is an answer: the error of the webhook of presets, "" if it admits one.
func admitted(raw, _ string) (any, error) {
	preset := &v1alpha2.LLMInferenceServiceConfig{}
	if err := json.Unmarshal([]byte(raw), preset); err != nil {
		return nil, err
	}
	validator := &v1alpha2.LLMInferenceServiceConfigValidator{}
	if _, err := validator.ValidateCreate(context.Background(), preset); err != nil {
		return map[string]string{"error": err.Error()}, nil
	}
	// As cmd/llmisvc/main.go does, with the configuration that has no keys.
	_, err := llmisvc.ReplaceVariables(llmisvc.LLMInferenceServiceSample(), preset, &llmisvc.Config{})
	if err != nil {
		return map[string]string{"error": err.Error()}, nil
	}
	return map[string]string{"error": ""}, nil
}

func main() {
	questions := map[string]func(string, string) (any, error){"reconciled": reconciled, "admitted": admitted}
	lines.Answer(func(ask string, args []string) any {
		found, err := questions[ask](args[0], args[1])
		if err != nil {
			return map[string]string{"fault": err.Error()}
		}
		return found
	})
}
