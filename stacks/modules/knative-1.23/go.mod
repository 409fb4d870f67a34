// Where the tests take upstream's charts and the Kubernetes OpenAPI from, when upstream's chart repositories are out of
// reach. Nothing is built from it: tools/upstream.py downloads the modules and compares them with go.sum.
// After a change: `make pin`.
module copier-kserve/stacks/knative-1.23

go 1.24

require (
	github.com/cert-manager/cert-manager v1.21.2
	// Its chart of the Gateway API's CRDs, which has none of its own.
	github.com/envoyproxy/gateway v1.8.1
	github.com/kserve/kserve v0.20.0
	// A development commit of 1.31, the nearest to 1.30.3 on the module proxy.
	istio.io/istio v0.0.0-20260827124520-eed52ebb66ad
	k8s.io/kubernetes v1.34.4
	// Release v1.23.0.
	knative.dev/operator v0.50.0
	// The same release: only its source is read, for images that are hard-coded. The next two are what its go.mod requires.
	knative.dev/serving v0.50.0
	knative.dev/networking v0.0.0-20260727162500-c7a7b772cac9
	knative.dev/pkg v0.0.0-20260727151759-521cb33b33dd
)
