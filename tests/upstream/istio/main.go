// Copyright the copier-kserve authors
// SPDX-License-Identifier: Apache-2.0

// Answers with the functions of istiod's webhook, and with what istiod makes of an Ingress: one JSON object {"ask", "args"}
// per line in, one per line out. test_istio.py and tests/environments/test_routes.py compare.
package main

import (
	"encoding/json"

	"copier-kserve/tests/upstream/lines"
	networking "istio.io/api/networking/v1alpha3"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/config/kube/ingress"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
	"istio.io/istio/pkg/kube/krt"
	"istio.io/istio/pkg/log"
	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
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

// asked is a cluster with one Ingress. Namespace is that of K8S_INGRESS_NS.
type asked struct {
	Mesh      string                `json:"mesh"`
	Namespace string                `json:"namespace"`
	Ingress   *netv1.Ingress        `json:"ingress"`
	Classes   []*netv1.IngressClass `json:"classes"`
	Services  []*corev1.Service     `json:"services"`
}

// served is what istiod makes of it: the labels of the Pods that get the routes, none if it leaves the Ingress to others, the
// ports of the Gateway, and the status of the Ingress.
type served struct {
	Selector map[string]string                  `json:"selector"`
	Ports    []uint32                           `json:"ports"`
	Status   []netv1.IngressLoadBalancerIngress `json:"status"`
}

// serve runs the collections of istiod's controller of Ingresses on that cluster.
func serve(raw []byte) any {
	in := asked{}
	if err := json.Unmarshal(raw, &in); err != nil {
		return map[string]string{"fault": err.Error()}
	}
	config, err := mesh.ApplyMeshConfigDefaults(in.Mesh)
	if err != nil {
		return refused{err.Error()}
	}
	ingress.IngressNamespace = in.Namespace
	stop := make(chan struct{})
	defer close(stop)
	opts := krt.NewOptionsBuilder(stop, "", nil)
	watcher := meshwatcher.NewTestWatcher(config)
	status, supported := ingress.SupportedIngresses(
		krt.NewStaticCollection(nil, in.Classes),
		krt.NewStaticCollection(nil, []*netv1.Ingress{in.Ingress}),
		watcher,
		krt.NewStaticCollection(nil, in.Services),
		krt.NewStaticCollection[*corev1.Node](nil, nil),
		krt.NewStaticCollection[*corev1.Pod](nil, nil),
		opts,
	)
	gateways := ingress.Gateways(supported, watcher, "cluster.local", opts)
	gateways.WaitUntilSynced(stop)
	status.WaitUntilSynced(stop)
	found := served{}
	for _, gateway := range gateways.List() {
		spec := gateway.Spec.(*networking.Gateway)
		found.Selector = spec.Selector
		for _, server := range spec.Servers {
			found.Ports = append(found.Ports, server.Port.Number)
		}
	}
	for _, one := range status.List() {
		found.Status = one.Status.LoadBalancer.Ingress
	}
	return found
}

func main() {
	// The answers are on the standard output.
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	options.SetDefaultOutputLevel(log.OverrideScopeName, log.ErrorLevel)
	if err := log.Configure(options); err != nil {
		panic(err)
	}
	lines.Answer(func(ask string, args []string) any {
		if ask == "ingress" {
			return serve([]byte(args[0]))
		}
		return refused{validate([]byte(args[0]))}
	})
}
