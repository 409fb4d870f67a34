// No stack: the sources in which a test finds the texts of src/kserve_wiring/data/symptoms. After a change: `make pin`.
module copier-kserve/stacks/symptoms

go 1.24

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/containerd/containerd/v2 v2.4.2
	github.com/external-secrets/external-secrets v0.20.4
	github.com/google/go-containerregistry v0.20.3
	github.com/kserve/kserve v0.20.0
	helm.sh/helm/v4 v4.3.1
	istio.io/istio v0.0.0-20260403063052-b9159ca3e5d5
	k8s.io/apiextensions-apiserver v0.34.4
	k8s.io/apimachinery v0.34.4
	k8s.io/apiserver v0.34.4
	k8s.io/kubernetes v1.34.4
	k8s.io/pod-security-admission v0.34.4
	knative.dev/networking v0.0.0-20260727162500-c7a7b772cac9
	knative.dev/operator v0.50.0
	knative.dev/pkg v0.0.0-20260727151759-521cb33b33dd
	knative.dev/serving v0.50.0
	sigs.k8s.io/gateway-api v1.6.3
	sigs.k8s.io/gateway-api-inference-extension v1.5.0
	sigs.k8s.io/structured-merge-diff/v6 v6.3.0
	github.com/argoproj/argo-cd/v2 v2.8.0
)
