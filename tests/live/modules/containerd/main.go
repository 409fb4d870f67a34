// Copyright the copier-kserve authors
// SPDX-License-Identifier: Apache-2.0

// Resolves an image as containerd's CRI plugin does, with a folder such as /etc/containerd/certs.d, and prints the hosts that
// it would ask and the digest, or the error.
//
//	containerd-resolve FOLDER IMAGE USER
//
// The password is the first line of standard input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/containerd/v2/core/remotes/docker/config"
	"github.com/distribution/reference"
)

type host struct {
	Scheme string `json:"scheme"`
	Host   string `json:"host"`
	// Certificates says whether the host has trusted CAs of its own.
	Certificates bool `json:"certificates"`
	Pull         bool `json:"pull"`
	Resolve      bool `json:"resolve"`
	Push         bool `json:"push"`
}

type answer struct {
	Hosts  []host `json:"hosts"`
	Digest string `json:"digest,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
}

func run(folder, image, user string) error {
	password := bufio.NewScanner(os.Stdin)
	password.Scan()
	ctx := context.Background()
	hosts := config.ConfigureHosts(ctx, config.HostOptions{
		HostDir:      config.HostDirFromRoot(folder),
		UpdateClient: dialLoopback,
		Credentials:  func(string) (string, string, error) { return user, password.Text(), nil },
	})
	named, err := reference.ParseDockerRef(image)
	if err != nil {
		return err
	}
	found, err := hosts(reference.Domain(named))
	if err != nil {
		return err
	}
	said := answer{}
	for _, one := range found {
		said.Hosts = append(said.Hosts, described(one))
	}
	_, descriptor, err := docker.NewResolver(docker.ResolverOptions{Hosts: hosts}).Resolve(ctx, named.String())
	if err != nil {
		said.Error = err.Error()
	} else {
		said.Digest = descriptor.Digest.String()
	}
	return json.NewEncoder(os.Stdout).Encode(said)
}

// dialLoopback reaches the registry of the tests by any name: containerd trusts localhost without a file.
func dialLoopback(client *http.Client) error {
	transport, ok := client.Transport.(*http.Transport)
	if !ok {
		return fmt.Errorf("the client has a %T", client.Transport)
	}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}
	return nil
}

func described(one docker.RegistryHost) host {
	transport, ok := one.Client.Transport.(*http.Transport)
	return host{
		Scheme: one.Scheme, Host: one.Host,
		Certificates: ok && transport.TLSClientConfig != nil && transport.TLSClientConfig.RootCAs != nil,
		Pull:         one.Capabilities.Has(docker.HostCapabilityPull),
		Resolve:      one.Capabilities.Has(docker.HostCapabilityResolve),
		Push:         one.Capabilities.Has(docker.HostCapabilityPush),
	}
}
