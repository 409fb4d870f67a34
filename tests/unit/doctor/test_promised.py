"""On a cluster, what an environment says that its users create is there or missing."""

from __future__ import annotations

import pytest

from kserve_wiring.doctor.promised import without_promises
from kserve_wiring.manifests.load import load_values
from tests.unit.doctor.objects import Object
from tests.unit.doctor.test_diagnose import judged

ALL = ["Namespace//models", "Secret/models/pull", "PersistentVolumeClaim/models/cache"]


def made(kind: str, namespace: str, name: str, **more: object) -> Object:
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, **more}


def facts() -> Object:
    found = made("ConfigMap", "kserve", "kserve-environment", data={"existing": "\n".join(ALL)})
    found["metadata"]["labels"] = {"kserve-wiring.io/context": "true"}
    return found


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ([], ALL),
        ([made("Secret", "kserve", "pull")], ALL),
        (
            [made("Secret", "kserve", "pull"), made("Secret", "ml", "other")],
            ["Namespace//models", "PersistentVolumeClaim/models/cache"],
        ),
        ([made("Namespace", "", "kserve")], ["Secret/models/pull", "PersistentVolumeClaim/models/cache"]),
    ],
    ids=["nothing", "one namespace only", "all namespaces", "a kind without namespaces"],
)
def test_a_kind_that_was_seen_is_no_promise(seen: list[Object], kept: list[str]) -> None:
    objects = list(without_promises(load_values([facts(), *seen])))
    assert str(objects[0].mapping("data")["existing"]).splitlines() == kept
    assert [obj.body for obj in objects[1:]] == seen


def test_a_missing_pull_secret_is_found_although_the_environment_names_it() -> None:
    account = made("ServiceAccount", "models", "inference", imagePullSecrets=[{"name": "pull"}])
    kind = "kubernetes.io/dockerconfigjson"
    auths = "eyJhdXRocyI6eyJyLmV4YW1wbGUiOnsiYXV0aCI6IllUcGkifX19"
    others = [made("Secret", place, "pull", type=kind, data={".dockerconfigjson": auths}) for place in ("a", "b")]
    found = judged([facts(), account, *others]).findings
    assert [(finding.code, finding.object.name) for finding in found] == [("KW204", "inference")]
