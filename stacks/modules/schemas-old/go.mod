// No stack: the oldest releases whose schemas the checker carries (tools/generate/schemas), so that a field which only an
// older release had is no finding. After a change: `make pin`.
module copier-kserve/stacks/schemas-old

go 1.24

require (
	github.com/argoproj/argo-cd/v2 v2.8.0
	github.com/cert-manager/cert-manager v1.12.0
	github.com/external-secrets/external-secrets v0.9.20
	istio.io/api v1.19.0
	k8s.io/api v0.28.0
	k8s.io/apiextensions-apiserver v0.28.0
	k8s.io/kubernetes v1.28.0
	// Release v1.12.
	knative.dev/operator v0.39.0
	sigs.k8s.io/gateway-api v1.1.0
	sigs.k8s.io/gateway-api-inference-extension v0.3.0
	sigs.k8s.io/lws v0.5.0
)
