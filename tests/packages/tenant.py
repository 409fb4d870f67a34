"""The Pod of a model in a generated environment, as KServe's own webhook makes it, and its download."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.chart.conftest import Chart, Object
from tests.packages.stores import ACCESS, SECRET, TOKEN
from tests.upstream.functions import Upstream
from tools.environment.generate import generate
from tools.upstream import modules

READ = ("ConfigMap", "Secret", "ServiceAccount", "ClusterStorageContainer")
COMMAND = re.compile(r"kubectl create secret generic (\S+) --namespace (\S+) (--from-literal .*)")
"""How README.md of an environment tells to create the credentials."""
TYPED = {"ID": ACCESS, "KEY": SECRET, "TOKEN": TOKEN}
"""What a person types for the words of README.md."""


class Refused(Exception):
    """The webhook refuses the Pod."""


@dataclass(frozen=True)
class Cluster:
    """The objects of an environment that the webhook reads, with those that README.md tells to create."""

    objects: list[Object]
    upstream: Upstream

    @classmethod
    def of(cls, answers: dict[str, Any], folder: Path, chart: Chart, upstream: Upstream) -> Cluster:
        generate(answers, folder)
        values = yaml.safe_load((folder / "values" / "kserve-environment.yaml").read_text("utf-8"))
        parts = [chart.render(values | {"part": part}).objects for part in ("prerequisites", "wiring", "patches")]
        objects = [obj for part in parts for obj in part if obj["kind"] in READ]
        readme = (folder / "README.md").read_text("utf-8")
        secrets = [_secret(*found) for found in COMMAND.findall(readme)]
        return cls(objects + secrets, upstream)

    def pod(self, namespace: str, account: str, uri: str) -> Object:
        """The Pod of a model at this address. Raises Refused."""
        created = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "iris",
                "namespace": namespace,
                "labels": {"serving.kserve.io/inferenceservice": "iris"},
                "annotations": {"internal.serving.kserve.io/storage-initializer-sourceuri": uri},
            },
            "spec": {"serviceAccountName": account, "containers": [{"name": "kserve-container", "image": "model:1"}]},
        }
        answer = self.upstream.ask("pod", json.dumps(self.objects), json.dumps(created))
        if "error" in answer:
            raise Refused(answer["error"])
        pod: Object = answer["pod"]
        return pod

    def find(self, kind: str, namespace: str, name: str) -> Object:
        """One object of the environment."""
        place = {"namespace": namespace, "name": name}
        return next(obj for obj in self.objects if obj["kind"] == kind and place.items() <= obj["metadata"].items())

    def variables(self, pod: Object, bundle: Path) -> dict[str, str]:
        """The variables of the storage initializer. bundle: the folder where its CAs are mounted."""
        container = initializer(pod)
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        found = {}
        for item in container.get("env", []):
            if "valueFrom" in item:
                ref = item["valueFrom"]["secretKeyRef"]
                data = self.find("Secret", pod["metadata"]["namespace"], ref["name"])["data"]
                found[item["name"]] = base64.b64decode(data[ref["key"]]).decode()
            elif item.get("value") == mounts.get("cabundle-cert"):
                found[item["name"]] = self._mount(pod, bundle)
            else:
                found[item["name"]] = item.get("value", "")
        return found

    def _mount(self, pod: Object, folder: Path) -> str:
        """KServe's controller copies the ConfigMap of its namespace as global-ca-bundle next to each model."""
        (volume,) = [volume for volume in pod["spec"]["volumes"] if volume["name"] == "cabundle-cert"]
        assert volume["configMap"]["name"] == "global-ca-bundle"
        config = self.find("ConfigMap", "kserve", "inferenceservice-config")["data"]["storageInitializer"]
        bundle = self.find("ConfigMap", "kserve", json.loads(config)["caBundleConfigMapName"])
        for name, text in bundle["data"].items():
            (folder / name).write_text(text, encoding="utf-8")
        return str(folder)


def initializer(pod: Object) -> Object:
    """The init container that downloads the model."""
    (found,) = [item for item in pod["spec"]["initContainers"] if item["name"] == "storage-initializer"]
    return dict(found)


def download(python: Path, pod: Object, variables: dict[str, str], target: Path, *isolate: str) -> tuple[str, bytes]:
    """The log of the storage initializer, and the model; b"" if there is none. isolate: a command in front of it."""
    folder = modules.folder("symptoms", "github.com/kserve/kserve") / "python"
    env = {"PATH": "/usr/bin:/bin", "HOME": str(target), "PYTHONPATH": str(folder / "storage")} | variables
    env |= {"AWS_EC2_METADATA_DISABLED": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    script = folder / "storage-initializer" / "scripts" / "initializer-entrypoint"
    uri, place = initializer(pod)["args"]
    assert place == "/mnt/models"
    command = [*isolate, python, script, uri, target / "model"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    found = [path for path in (target / "model").rglob("*.bin") if path.is_file()]
    assert (done.returncode == 0) == bool(found), done.stderr
    return done.stdout + done.stderr, found[0].read_bytes() if found else b""


def _secret(name: str, namespace: str, literals: str) -> Object:
    pairs = [pair.partition("=")[::2] for pair in literals.replace("--from-literal", "").split()]
    data = {key: base64.b64encode(TYPED[word].encode()).decode() for key, word in pairs}
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data}
