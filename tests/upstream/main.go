// Copyright the copier-kserve authors
// SPDX-License-Identifier: Apache-2.0

// Answers questions with upstream's own functions: one JSON object per line in, one per line out.
// test_upstream_functions.py asks the checker the same and compares.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"copier-kserve/tests/upstream/lines"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/authn/kubernetes"
	"github.com/google/go-containerregistry/pkg/name"
	"golang.org/x/net/http/httpproxy"
	"istio.io/istio/pkg/config/host"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

type answer map[string]any

var questions = map[string]func(args []string) (answer, error){
	"image":    image,
	"scheme":   scheme,
	"auth":     auth,
	"duration": duration,
	"quantity": quantity,
	"compare":  compare,
	"host":     subsetOf,
	"dns":      dns,
	"regex":    matches,
	"number":   number,
	"proxy":    proxy,
}

// proxy chooses as http.ProxyFromEnvironment does for these HTTPS_PROXY, NO_PROXY and URL; empty: none.
func proxy(args []string) (answer, error) {
	target, err := url.Parse(args[2])
	if err != nil {
		return nil, err
	}
	config := httpproxy.Config{HTTPProxy: args[0], HTTPSProxy: args[0], NoProxy: args[1]}
	chosen, err := config.ProxyFunc()(target)
	if err != nil {
		return nil, err
	}
	if chosen == nil {
		return answer{"proxy": ""}, nil
	}
	return answer{"proxy": chosen.String()}, nil
}

// image parses as Knative does, pkg/reconciler/revision/resolve.go: a digest first, then a tag.
func image(args []string) (answer, error) {
	if d, err := name.NewDigest(args[0], name.WeakValidation); err == nil {
		return answer{"registry": d.RegistryStr(), "repository": d.Repository.RepositoryStr(), "digest": d.DigestStr()}, nil
	}
	t, err := name.NewTag(args[0], name.WeakValidation)
	if err != nil {
		return nil, err
	}
	return answer{"registry": t.RegistryStr(), "repository": t.Repository.RepositoryStr(), "tag": t.TagStr()}, nil
}

func scheme(args []string) (answer, error) {
	r, err := name.NewRegistry(args[0], name.WeakValidation)
	if err != nil {
		return nil, err
	}
	return answer{"scheme": r.Scheme()}, nil
}

// auth says whether credentials below the key of a pull Secret are used for an image.
func auth(args []string) (answer, error) {
	ref, err := name.ParseReference(args[1], name.WeakValidation)
	if err != nil {
		return nil, err
	}
	entry := map[string]any{"auth": base64.StdEncoding.EncodeToString([]byte("user:password"))}
	config, err := json.Marshal(map[string]any{"auths": map[string]any{args[0]: entry}})
	if err != nil {
		return nil, err
	}
	secret := corev1.Secret{Type: corev1.SecretTypeDockerConfigJson}
	secret.Data = map[string][]byte{corev1.DockerConfigJsonKey: config}
	chain, err := kubernetes.NewFromPullSecrets(nil, []corev1.Secret{secret})
	if err != nil {
		return nil, err
	}
	found, err := chain.Resolve(ref.Context())
	if err != nil {
		return nil, err
	}
	return answer{"matches": found != authn.Anonymous}, nil
}

func duration(args []string) (answer, error) {
	d, err := time.ParseDuration(args[0])
	if err != nil {
		return nil, err
	}
	return answer{"nanoseconds": fmt.Sprint(d.Nanoseconds())}, nil
}

// quantity answers with the canonical form, which the checker reads back to compare the value.
func quantity(args []string) (answer, error) {
	q, err := resource.ParseQuantity(args[0])
	if err != nil {
		return nil, err
	}
	return answer{"canonical": q.String()}, nil
}

func compare(args []string) (answer, error) {
	one, err := resource.ParseQuantity(args[0])
	if err != nil {
		return nil, err
	}
	other, err := resource.ParseQuantity(args[1])
	if err != nil {
		return nil, err
	}
	return answer{"order": one.Cmp(other)}, nil
}

// subsetOf says whether a Gateway's host admits a VirtualService's: pilot/pkg/model/gateway.go.
func subsetOf(args []string) (answer, error) {
	return answer{"covers": host.Name(args[1]).SubsetOf(host.Name(args[0]))}, nil
}

func dns(args []string) (answer, error) {
	return answer{
		"label":     len(validation.IsDNS1123Label(args[0])) == 0,
		"subdomain": len(validation.IsDNS1123Subdomain(args[0])) == 0,
	}, nil
}

func matches(args []string) (answer, error) {
	found, err := regexp.MatchString(args[0], args[1])
	if err != nil {
		return nil, err
	}
	return answer{"matches": found}, nil
}

// number parses as knative.dev/pkg/configmap/parser does.
func number(args []string) (answer, error) {
	switch args[0] {
	case "int32", "int64":
		bits := map[string]int{"int32": 32, "int64": 64}[args[0]]
		found, err := strconv.ParseInt(args[1], 10, bits)
		return answer{"value": fmt.Sprint(found)}, err
	case "uint32":
		found, err := strconv.ParseUint(args[1], 10, 32)
		return answer{"value": fmt.Sprint(found)}, err
	case "float64":
		found, err := strconv.ParseFloat(args[1], 64)
		return answer{"value": strconv.FormatFloat(found, 'g', -1, 64)}, err
	default:
		found, err := strconv.ParseBool(args[1])
		return answer{"value": fmt.Sprint(found)}, err
	}
}

func reply(asked string, args []string) any {
	ask, known := questions[asked]
	if !known {
		return answer{"fault": "unknown question " + asked}
	}
	found, err := ask(args)
	if err != nil {
		return answer{"error": err.Error()}
	}
	return found
}

func main() {
	lines.Answer(reply)
}
