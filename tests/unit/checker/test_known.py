"""The report has every known fact with its value and source, and every unknown fact."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import jsonschema
import pytest

from kserve_wiring import Options, inspect, read
from kserve_wiring.cli import main as cli
from kserve_wiring.cluster.facts import KEYS, make_facts
from kserve_wiring.manifests.load import load_text
from kserve_wiring.rules.catalogue import catalogue, needed_by
from tools.console import ROOT
from tools.rules import expectation, manifests

SCHEMA = json.loads((ROOT / "schemas" / "findings.schema.json").read_text("utf-8"))


# What others own. Without these facts it is absent, and no rule checks less.
ADDED = {"existing_gateways", "existing_knative", "registry_caches"}


def test_the_rules_that_need_a_fact_are_those_whose_fixtures_do() -> None:
    """Take each fact from each bad fixture: where a finding is lost, the rule needs that fact."""
    found: dict[str, set[str]] = defaultdict(set)
    for fixture in manifests():
        for key in fixture.facts:
            rest = {name: value for name, value in fixture.facts.items() if name != key}
            findings = inspect(read(str(fixture.path)), Options(facts=rest)).findings
            if sorted(map(expectation, findings)) != sorted(fixture.expected):
                found[key].add(fixture.code)
    found = {key: codes for key, codes in found.items() if key not in ADDED}
    needed = {key: set(needed_by(key)) for key in {*KEYS} - ADDED}
    assert {key for entry in catalogue().values() for key in entry.needs} == set(KEYS) - ADDED
    assert {key: codes - needed[key] for key, codes in found.items() if codes - needed[key]} == {}
    stale = {key: codes - found.get(key, set()) for key, codes in needed.items() if codes - found.get(key, set())}
    assert stale == {"istio_version": {"KW503", "KW602"}}, "those that no fixture shows"


KSERVE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: kserve-controller-manager, namespace: kserve}
spec:
  template:
    spec:
      containers:
      - name: manager
        image: %s
"""
SERVING = """\
apiVersion: operator.knative.dev/v1beta1
kind: KnativeServing
metadata: {name: knative-serving, namespace: knative-serving}
spec:
  version: "%s"
status:
  version: "%s"
"""
ISTIOD = KSERVE.replace("kserve-controller-manager", "istiod-canary").replace("namespace: kserve", "namespace: istio")
ARGOCD = KSERVE.replace("Deployment", "StatefulSet").replace("kserve-controller-manager", "argocd-repo-server")
OPERATOR = KSERVE.replace("kserve-controller-manager", "knative-operator")
LABELLED = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: %s
  namespace: knative-serving
  labels: {app.kubernetes.io/name: knative-serving, app.kubernetes.io/version: %s}
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: a, namespace: argocd}
spec:
  source: {repoURL: %s, chart: %s, targetRevision: %s}
"""
COREDNS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data:
  Corefile: |
    .:53 {
        kubernetes corp.example in-addr.arpa ip6.arpa {
          pods insecure
        }
    }
"""
KUBEADM = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: kubeadm-config, namespace: kube-system}
data:
  ClusterConfiguration: |
    networking:
      dnsDomain: corp.example
"""


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (KSERVE % "docker.io/kserve/kserve-controller:v0.17.0", {"kserve_version": "v0.17.0"}),
        (KSERVE % f"harbor:8443/x/kserve-controller:v0.17.0@sha256:{'a' * 64}", {"kserve_version": "v0.17.0"}),
        (KSERVE % "kserve/kserve-controller:v0.18.0-rc1", {}),
        (KSERVE % "kserve/kserve-controller:latest", {}),
        (KSERVE % "kserve/other:v0.17.0", {}),
        (SERVING % ("1.21", "1.21.1"), {"knative_version": "1.21.1"}),
        (SERVING % ("latest", "1.21.1"), {"knative_version": "1.21.1"}),
        (ISTIOD % "docker.io/istio/pilot:1.27.1-distroless", {"istio_version": "1.27.1"}),
        (ARGOCD % "quay.io/argoproj/argocd:v3.1.0", {"argocd_version": "v3.1.0"}),
        (
            OPERATOR % "gcr.io/knative-releases/knative.dev/operator/cmd/operator:v1.21.1",
            {"knative_operator_version": "v1.21.1"},
        ),
        (LABELLED % ("activator", "1.23.0"), {"knative_version": "1.23.0"}),
        (LABELLED % ("net-istio-controller", "1.23.0"), {}),
        (LABELLED % ("activator", "devel"), {}),
        (APPLICATION % ("ghcr.io/kserve/charts", "kserve-resources", "v0.17.0"), {"kserve_version": "v0.17.0"}),
        (APPLICATION % ("ghcr.io/vendor/charts", "kserve", "0.1.0"), {}),
        (APPLICATION % ("https://istio-release.storage.googleapis.com/charts", "istiod", "1.27.*"), {}),
        (
            APPLICATION % ("https://istio-release.storage.googleapis.com/charts", "istiod", "1.27.1"),
            {"istio_version": "1.27.1"},
        ),
        (COREDNS, {"cluster_domain": "corp.example"}),
        (KUBEADM, {"cluster_domain": "corp.example"}),
        (COREDNS.replace("corp.example", "corp.example other.example"), {}),
    ],
)
def test_what_manifests_show(text: str, known: dict[str, str]) -> None:
    facts = make_facts(load_text(text, "f.yaml").objects)
    assert {key: getattr(facts, key) for key in KEYS if key in facts.origin} == known


def test_sources_that_disagree_decide_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "f.yaml").write_text(
        (SERVING % ("1.22", "1.21.1")) + "---\n" + KSERVE % "kserve/kserve-controller:v0.17.0"
    )
    cli.main(["check", str(tmp_path)])
    out = capsys.readouterr().out
    name, file = "KnativeServing knative-serving/knative-serving", tmp_path / "f.yaml"
    assert (
        "note: knative_version is unknown, because the manifests disagree: "
        f"1.21.1 of {name} ({file}:7), 1.22 of {name} ({file}:5); set it explicitly if it matters"
    ) in " ".join(out.split())
    assert f"known: kserve_version v0.17.0 ({file}:17)" in " ".join(out.split())
    cli.main(["check", str(tmp_path), "--knative-version", "1.22.0"])
    assert "manifests disagree" not in capsys.readouterr().out


def test_every_source_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".kserve-wiring.yaml").write_text("facts: {offline: true, pull_secret: harbor}\n")
    Path("facts.yaml").write_text("registry: nexus\npull_secret: nexus\nexisting: [Secret/a/b, Secret/a/c]\n")
    Path("m.yaml").write_text(SERVING % ("1.21", "1.21.1"))
    arguments = ["check", "m.yaml", "--facts", "facts.yaml", "--registry", "harbor:5000", "--level", "error"]
    cli.main([*arguments, "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA)
    assert {key: (fact["value"], fact["source"]) for key, fact in document["facts"]["known"].items()} == {
        "registry": ("harbor:5000", "--registry"),
        "offline": (True, "facts.offline of .kserve-wiring.yaml"),
        "pull_secret": ("nexus", "pull_secret of facts.yaml"),
        "knative_version": ("1.21.1", "status.version of KnativeServing knative-serving/knative-serving"),
        "existing": (["Secret/a/b", "Secret/a/c"], "existing of facts.yaml"),
    }
    place = document["facts"]["known"]["knative_version"]["place"]
    assert (place["path"], place["file"], place["line"]) == ("status.version", "m.yaml", 7)
    assert document["facts"]["unknown"]["argocd_version"] == ["KW510", "KW512"]
    cli.main(arguments)
    assert (
        "known: registry harbor:5000 (--registry); offline true (facts.offline of .kserve-wiring.yaml); pull_secret "
        "nexus (pull_secret of facts.yaml); knative_version 1.21.1 (m.yaml:7); existing of 2 "
        "(existing of facts.yaml)"
    ) in " ".join(capsys.readouterr().out.split())


def test_what_is_checked_less_is_said_where_it_matters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "f.yaml").write_text(KSERVE % "kserve/kserve-controller:v0.17.0")
    cli.main(["check", str(tmp_path)])
    said = "Checked less, because --registry, --offline, --pull-secret are unknown: KW102, KW201, KW203, KW205, KW208"
    assert said in " ".join(capsys.readouterr().out.split())
    cli.main(["check", str(tmp_path), "--registry", "docker.io", "--offline", "--ignore", "KW203", "--level", "error"])
    assert capsys.readouterr().out.endswith("\nChecked less, because --pull-secret is unknown: KW208, KW610\n")


@pytest.mark.parametrize(
    ("mode", "version", "said"),
    [("Serverless", "v0.16.0", []), ("Knative", "v0.16.0", []), ("Knative", "v0.15.0", ["KW503"])],
)
def test_a_version_that_is_only_shown_does_not_bind_what_upstream_releases_with_it(
    mode: str, version: str, said: list[str]
) -> None:
    """KServe v0.13.1 has the agent v0.13.0 and art-explainer:latest, v0.16.0 the mode Serverless."""
    text = KSERVE % f"kserve/kserve-controller:{version}" + (
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: inferenceservice-config, namespace: kserve}\ndata:\n"
        f"""  deploy: '{{"defaultDeploymentMode": "{mode}"}}'\n"""
        """  agent: '{"image": "kserve/agent:v0.13.0"}'\n"""
        """  explainers: '{"art": {"image": "kserve/art-explainer:latest"}}'\n"""
    )
    objects = load_text(text, "f.yaml").objects
    assert [finding.code for finding in inspect(read(objects), Options(select=["KW503", "KW504"])).findings] == said
    known = {"kserve_version": version}
    assert len(inspect(read(objects), Options(select=["KW503", "KW504"], facts=known)).findings) > len(said)
