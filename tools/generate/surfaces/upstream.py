"""Read the surfaces from the pinned modules: Go's source with its own parser, the Python downloader with ``ast``."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools import stacks
from tools.upstream import golang, modules

READER = Path(__file__).parent / "reader"
KSERVE, SERVING, OPERATOR = "github.com/kserve/kserve", "knative.dev/serving", "knative.dev/operator"
NETWORKING, PKG, ISTIO_API = "knative.dev/networking", "knative.dev/pkg", "istio.io/api"
CERT_MANAGER = "github.com/cert-manager/cert-manager"
# Folders of each module, and whether its labels and annotations count: knative.dev/pkg has keys of logs.
FOLDERS = {
    KSERVE: ("pkg", "cmd"),
    SERVING: ("pkg", "cmd"),
    NETWORKING: ("pkg",),
    PKG: ("configmap", "leaderelection", "logging", "observability", "profiling", "webhook"),
    ISTIO_API: ("annotation", "label"),
    CERT_MANAGER: ("pkg/apis",),
}
# The file that parses each ConfigMap of Knative, by the end of its path.
CONFIG_FILES = {
    "apis/config/defaults.go": "config-defaults",
    "apis/config/features.go": "config-features",
    "autoscaler/config/config.go": "config-autoscaler",
    "config/config.go": "config-network",  # of knative.dev/networking
    "leaderelection/config.go": "config-leader-election",
    "logging/config.go": "config-logging",
    "deployment/config.go": "config-deployment",
    "gc/config.go": "config-gc",
    "observability/config.go": "config-observability",
    "observability/runtime/config.go": "config-observability",
    "reconciler/certificate/config/cert_manager.go": "config-certmanager",
}
# The struct of each key of inferenceservice-config. Those below another one are in the struct that names them.
KSERVE_STRUCTS = {
    "v1beta1.ExplainersConfig": "explainers",
    "v1beta1.ExplainerConfig": "explainers.art",
    "v1beta1.InferenceServicesConfig": "inferenceService",
    "v1beta1.IngressConfig": "ingress",
    "v1beta1.DeployConfig": "deploy",
    "v1beta1.LocalModelConfig": "localModel",
    "v1beta1.SecurityConfig": "security",
    "v1beta1.ServiceConfig": "service",
    "v1beta1.MultiNodeConfig": "multiNode",
    "v1beta1.OtelCollectorConfig": "opentelemetryCollector",
    "v1beta1.AutoscalerConfig": "autoscaler",
    "types.StorageInitializerConfig": "storageInitializer",
    "pod.AgentConfig": "agent",
    "pod.LoggerConfig": "logger",
    "pod.BatcherConfig": "batcher",
    "pod.MetricsAggregator": "metricsAggregator",
    "inferencegraph.RouterConfig": "router",
    "credentials.CredentialConfig": "credentials",
    "gcs.GCSConfig": "credentials.gcs",
    "s3.S3Config": "credentials.s3",
}
_DOWNLOADERS = ("python/storage/kserve_storage/kserve_storage.py", "python/kserve/kserve/storage/storage.py")
# The parser that every model server of KServe has as a parent, and where each server adds its own arguments.
_BASE = "kserve/kserve/model_server.py"
# API versions look like keys of annotations, and so do the finalizers, webhooks and API paths of KServe.
_NO_KEY = re.compile(r"/v\d\w*$|^knative\.dev/|^duck\.|^webhook\.|^sources\.|^bindings\.|-?finalizer$|^certificates\.")

Surfaces = dict[str, dict[str, str]]


def installations() -> list[str]:
    """The folders of stacks/modules whose releases are read."""
    return [*stacks.names(), *sorted(path.name for path in stacks.modules("").glob("kserve-*"))]


def read() -> Surfaces:
    """The entries of each surface, with the function that parses each, "" if it is plain text."""
    found: Surfaces = defaultdict(dict)
    for name in dict.fromkeys(installations()):
        _add(found, _of_go(_folders(name)))
        _add(found, {"downloader": dict.fromkeys(_of_python(name), "")})
        _add(found, {"model-servers": dict.fromkeys(_of_servers(name), "")})
        if OPERATOR in golang.pinned(stacks.modules(name) / "go.mod"):
            _add(found, _of_manifests(modules.folder(name, OPERATOR)))
    for name in ("schemas-old", "schemas-new"):
        _add(found, _of_go(_folders(name)))
    return {surface: dict(sorted(entries.items())) for surface, entries in sorted(found.items()) if entries}


def _add(found: Surfaces, more: Surfaces) -> None:
    for surface, entries in more.items():
        for entry, parser in entries.items():
            found[surface][entry] = parser or found[surface].get(entry, "")


def _folders(name: str) -> list[Path]:
    pinned = golang.pinned(stacks.modules(name) / "go.mod")
    found = [modules.folder(name, module) / sub for module, subs in FOLDERS.items() if module in pinned for sub in subs]
    return [path for path in found if path.exists()]


def _of_go(folders: list[Path]) -> Surfaces:
    command = [golang.find_go(), "run", ".", *map(str, folders)]
    done = subprocess.run(command, cwd=READER, env=golang.environment(), capture_output=True, text=True, check=True)
    found: Surfaces = defaultdict(dict)
    for folder, parts in json.loads(done.stdout).items():
        keys = {key: "" for key in parts["keys"] if not _NO_KEY.search(key)}
        found["annotations"] |= keys
        _add(found, _programs(folder, parts))
        _add(found, _configuration(folder, parts))
    return found


def _programs(folder: str, parts: dict[str, Any]) -> Surfaces:
    """Environment variables and flags. What knative.dev/pkg reads belongs to Knative's programs."""
    program = "kserve" if "kserve" in folder else "knative"
    flags = {f"--{flag}": "" for flag in parts["flags"]}
    return {f"{program}-programs": {**dict.fromkeys(parts["env"], ""), **flags}}


def _configuration(folder: str, parts: dict[str, Any]) -> Surfaces:
    found: Surfaces = defaultdict(dict)
    for path, keys in parts["config"].items():
        name = CONFIG_FILES.get(path) or CONFIG_FILES.get(f"{folder.rpartition('/')[2]}/{path}")
        if name:
            found[name] |= keys
    for struct, fields in parts["structs"].items():
        if struct in KSERVE_STRUCTS:
            found["inferenceservice-config"] |= {f"{KSERVE_STRUCTS[struct]}.{field}": "" for field in fields}
    for path, texts in parts["texts"].items():
        if path.startswith("credentials/"):
            found["storage-secrets"] |= {text: "" for text in texts.values() if re.fullmatch(r"[\w.-]{4,}", text)}
    return found


def _of_manifests(operator: Path) -> Surfaces:
    """The keys that the ConfigMaps of Knative have or show in their ``_example``."""
    found: Surfaces = defaultdict(dict)
    for path in sorted((operator / "cmd" / "operator" / "kodata").glob("**/*.yaml")):
        if "knative-serving" not in path.parts and "istio" not in path.parts:
            continue
        for body in _config_maps(path.read_text("utf-8")):
            for key, value in (body.get("data") or {}).items():
                shown = _shown_in(value) if key == "_example" else [key]
                found[body["metadata"]["name"]] |= dict.fromkeys(shown, "")
    return found


def _config_maps(text: str) -> Iterator[dict[str, Any]]:
    for document in re.split(r"(?m)^---", text):
        if re.search(r"(?m)^kind: ConfigMap", document):
            body = yaml.safe_load(document)
            if body["metadata"]["name"].startswith("config-"):
                yield body


def _shown_in(example: str) -> list[str]:
    """The keys of an _example, which is a YAML mapping."""
    try:
        body = yaml.safe_load(example)
    except yaml.YAMLError:
        return []
    return [str(key) for key in body] if isinstance(body, dict) else []


def _of_python(name: str) -> Iterator[str]:
    """The environment variables that the storage initializer reads."""
    for path in _DOWNLOADERS:
        file = modules.folder(name, KSERVE) / path
        if file.exists():
            tree = ast.parse(file.read_text("utf-8"))
            yield from (found for node in ast.walk(tree) for found in _variable(node))


def _variable(node: ast.AST) -> Iterator[str]:
    """NAME in os.getenv("NAME"), os.environ.get("NAME") and os.environ["NAME"]."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.getenv", "os.environ.get"):
        argument = node.args[0]
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
        argument = node.slice
    else:
        return
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value


def _of_servers(name: str) -> Iterator[str]:
    """``SERVER --argument`` for each argument of a model server; the server is the folder of its package."""
    folder = modules.folder(name, KSERVE) / "python"
    shared = set(_arguments(folder / _BASE))
    for path in sorted(folder.glob("*/*/__main__.py")):
        if shared and "kserve.model_server.parser" in path.read_text("utf-8"):
            yield from (f"{path.parent.name} {argument}" for argument in shared | set(_arguments(path)))


def _arguments(path: Path) -> Iterator[str]:
    """The long options of the calls of ``add_argument`` in a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument":
            texts = [item.value for item in node.args if isinstance(item, ast.Constant)]
            yield from (str(text) for text in texts if str(text).startswith("--"))
