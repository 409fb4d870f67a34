// No stack: the releases whose schemas the checker carries (tools/generate/schemas) besides those of the stacks, so that
// a field which only a newer release has is no finding. After a change: `make pin`.
module copier-kserve/stacks/schemas-new

go 1.24

require (
	github.com/argoproj/argo-cd/v3 v3.5.7
	github.com/external-secrets/external-secrets v1.3.2
	istio.io/api v1.31.1
	k8s.io/api v0.37.2
	k8s.io/apiextensions-apiserver v0.37.2
	k8s.io/kubernetes v1.37.2
	sigs.k8s.io/gateway-api v1.6.3
	sigs.k8s.io/gateway-api-inference-extension v1.5.0
	sigs.k8s.io/lws v0.8.0
)
