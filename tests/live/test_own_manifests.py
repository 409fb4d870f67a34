"""Manifests in extra/ and common labels arrive and leave. test_examples.py removes a model in extra/."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from tests.live.bed.api import Object
from tests.live.bed.bed import Bed
from tests.live.bed.environments import SHARED, Environment
from tests.live.bed.inference import tenant

pytestmark = pytest.mark.live
LABELS = {"team": "ml-platform", "corp.example/cost-center": "4711"}
NOTES = {"corp.example/contact": "ML platform <ml@corp.example>"}
LABELLED = ("kserve-prerequisites", "local-gateway", "kserve-environment")


def config_map(namespace: str, name: str, text: str) -> Object:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"text": text}}


def write(environment: Environment, name: str, body: Object) -> None:
    file = environment.folder / "extra" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(body), encoding="utf-8")


def test_manifests_arrive_and_leave(bed: Bed, environment: Environment) -> None:
    namespace = tenant(environment.answers)
    crd = yaml.safe_load(CRD)
    write(environment, "deep/a.yaml", config_map(namespace, "mine-a", "{{ .Values.a }}"))
    write(environment, "b.yaml", config_map(namespace, "mine-b", "1"))
    write(environment, "crds/team.yaml", crd)
    write(environment, "team.yaml", {"apiVersion": "example.com/v1", "kind": "Team", "metadata": {"name": "ml"}})
    environment.make("install-extra")
    assert bed.api.get("v1/ConfigMap", "mine-a", namespace)["data"] == {"text": "{{ .Values.a }}"}
    assert bed.api.find("example.com/v1/Team", "ml")

    write(environment, "b.yaml", config_map(namespace, "mine-b", "2"))
    (environment.folder / "extra" / "deep" / "a.yaml").unlink()
    shown = environment.make("diff")
    assert '+  text: "2"' in shown.replace("'", '"')
    environment.make("install-extra")
    assert bed.api.find("v1/ConfigMap", "mine-a", namespace) is None
    assert bed.api.get("v1/ConfigMap", "mine-b", namespace)["data"] == {"text": "2"}

    for name in ("b.yaml", "team.yaml", "crds/team.yaml"):
        (environment.folder / "extra" / name).unlink()
    environment.make("install-extra")
    assert bed.api.find("v1/ConfigMap", "mine-b", namespace) is None
    assert bed.api.find("example.com/v1/Team", "ml") is None
    assert environment.helm("status", "extra", "--namespace", "kserve", check=False).returncode == 1
    bed.api.delete("apiextensions.k8s.io/v1/CustomResourceDefinition", crd["metadata"]["name"])


def metadata(bed: Bed, environment: Environment) -> Iterator[Object]:
    """Of an object of each release that has common labels."""
    gateway, namespace = (environment.answers[f"local_gateway_{part}"] for part in ("name", "namespace"))
    yield bed.api.get("v1/Namespace", namespace)["metadata"]
    yield bed.api.get("apps/v1/Deployment", gateway, namespace)["metadata"]
    yield bed.api.get("networking.istio.io/v1/Gateway", gateway, namespace)["metadata"]
    yield bed.api.get("operator.knative.dev/v1beta1/KnativeServing", "knative-serving", "knative-serving")["metadata"]


def test_common_labels_arrive_and_leave(bed: Bed, environment: Environment) -> None:
    answers = {"common_labels": LABELS, "common_annotations": NOTES}
    # Copier takes an answer that is not given from the last time.
    for given, expected in ((answers, True), ({key: {} for key in answers}, False)):
        changed = Environment.generate(bed, SHARED, environment.folder.name, **given)
        for release in LABELLED:
            changed.make(f"install-{release}")
        for found in metadata(bed, environment):
            assert (LABELS.items() <= found["labels"].items()) == expected, found
            assert (NOTES.items() <= found.get("annotations", {}).items()) == expected, found


CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: teams.example.com}
spec:
  group: example.com
  names: {kind: Team, plural: teams, singular: team}
  scope: Cluster
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""
