// Where the tests take upstream's charts and the Kubernetes OpenAPI from, when upstream's chart repositories are out of
// reach. Nothing is built from it: tools/upstream.py downloads the modules and compares them with go.sum.
// After a change: `make pin`.
module copier-kserve/stacks/kserve-0.20

go 1.24

require (
	github.com/cert-manager/cert-manager v1.17.0
	// Its chart of the Gateway API's CRDs, which has none of its own.
	github.com/envoyproxy/gateway v1.8.1
	github.com/kserve/kserve v0.20.0
	// Tag 1.27.9: Istio's tags are no module versions, and no commit of 1.27.1 is on the module proxy.
	istio.io/istio v0.0.0-20260403063052-b9159ca3e5d5
	k8s.io/kubernetes v1.34.4
	// Release v1.21.1.
	knative.dev/operator v0.48.1
	// The same release: only its source is read, for images that are hard-coded. The next two are what its go.mod requires.
	knative.dev/serving v0.48.1
	knative.dev/networking v0.0.0-20260120131110-a7cdca238a0d
	knative.dev/pkg v0.0.0-20260120122510-4a022ed9999a
)
