"""Run a container of a live Pod as a process: its own env, args, volumes, ServiceAccount token and network.

The process sees a root folder with only its program, the Pod's volumes, /etc/hosts and /etc/resolv.conf, so it has
only what its manifest provides. This is the kubelet's part of the work, done as the kubelet documents it.
"""

from __future__ import annotations

import base64
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.live.bed import network
from tests.live.bed.api import Api, ApiError, Object
from tests.live.bed.control_plane import PORT
from tests.live.bed.images import Program

SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/bin", "/sbin")


class NotReady(Exception):
    """An object that the container needs does not exist yet: the kubelet would report FailedMount and retry."""


def build(api: Api, pod: Object, container: Object, program: Program, root: Path, domain: str) -> dict[str, str]:
    """Write the container's root folder and return its environment.

    Raises NotReady when a Secret or ConfigMap that it needs is missing.
    """
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("tmp", "proc", "dev", "etc/ssl/certs", "var/run", "run"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    _names(pod, root, domain)
    for mount in container.get("volumeMounts", []):
        volume = next(v for v in pod["spec"].get("volumes", []) if v["name"] == mount["name"])
        _mount(api, pod, volume, mount, root)
    return dict(program.env) | environment(api, pod, container)


def launcher(container: Object, program: Program, root: Path, namespace: str) -> list[str]:
    """The command that runs the container in the Pod's network namespace, chrooted into its root folder."""
    command = container.get("command") or [program.path]
    inside = command[0] if command[0].startswith("/") else program.path
    folders = [folder for folder in SYSTEM_FOLDERS if Path(folder).is_dir()] if program.dynamic else []
    lines = [_bind(Path(folder), root / folder.lstrip("/")) for folder in [*folders, "/proc", "/dev"]]
    lines += [_bind(folder, root / path.lstrip("/")) for path, folder in program.data]
    lines += [_bind(program.file, root / inside.lstrip("/"))]
    words = [inside, *command[1:], *container.get("args", [])]
    env = {item["name"]: item["value"] for item in container.get("env", []) if "value" in item}
    arguments = " ".join(shlex.quote(expand(word, env)) for word in words)
    script = "\n".join(
        ["set -e", "PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin", *lines, f"exec chroot {root} {arguments}"]
    )
    enter = ["nsenter", f"--net=/run/netns/{namespace}", "unshare", "--mount", "--propagation", "private"]
    return [*enter, "/bin/sh", "-c", script]


def environment(api: Api, pod: Object, container: Object) -> dict[str, str]:
    """The container's variables, with envFrom, valueFrom and $(NAME) resolved."""
    found = {"KUBERNETES_SERVICE_HOST": network.HOST, "KUBERNETES_SERVICE_PORT": str(PORT), "HOME": "/"}
    found |= {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOSTNAME": pod["metadata"]["name"]}
    for source in container.get("envFrom", []):
        found |= _env_from(api, pod, source)
    for item in container.get("env", []):
        value = (
            item.get("value", "") if "valueFrom" not in item else _value_from(api, pod, container, item["valueFrom"])
        )
        if value is not None:
            found[item["name"]] = expand(value, found)
    return found


def expand(text: str, env: dict[str, str]) -> str:
    """Expand $(NAME) as Kubernetes does: an unknown name stays, $$(NAME) is an escaped $(NAME)."""
    return re.sub(r"\$(\$?)\(([\w.-]+)\)", lambda m: f"$({m[2]})" if m[1] else env.get(m[2], m[0]), text)


def _bind(source: Path, target: Path) -> str:
    kind = "mkdir -p" if source.is_dir() else f"mkdir -p {target.parent}; touch"
    return f"{kind} {target}; mount --rbind {source} {target}"


def _names(pod: Object, root: Path, domain: str) -> None:
    namespace = pod["metadata"]["namespace"]
    search = f"{namespace}.svc.{domain} svc.{domain} {domain}"
    resolv = f"nameserver {network.HOST}\nsearch {search}\noptions ndots:5\n"
    (root / "etc/resolv.conf").write_text(resolv, encoding="utf-8")
    hosts = f"127.0.0.1 localhost\n{pod['status']['podIP']} {pod['metadata']['name']}\n"
    (root / "etc/hosts").write_text(hosts, encoding="utf-8")
    (root / "etc/passwd").write_text("root:x:0:0:root:/:/bin/false\n", encoding="utf-8")


def _mount(api: Api, pod: Object, volume: Object, mount: Object, root: Path) -> None:
    files = dict(_files(api, pod, volume))
    target = root / mount["mountPath"].lstrip("/")
    if sub := mount.get("subPath"):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(files[sub])
        return
    target.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)


def _files(api: Api, pod: Object, volume: Object) -> Iterator[tuple[str, bytes]]:
    """The files of a volume; none for kinds such as emptyDir."""
    namespace = pod["metadata"]["namespace"]
    if "configMap" in volume:
        yield from _config_map(api, volume["configMap"], namespace)
    if "secret" in volume:
        source = volume["secret"]
        yield from _secret(api, source | {"name": source["secretName"]}, namespace)
    for source in volume.get("projected", {}).get("sources", []):
        if "configMap" in source:
            yield from _config_map(api, source["configMap"], namespace)
        if "secret" in source:
            yield from _secret(api, source["secret"], namespace)
        if "serviceAccountToken" in source:
            yield source["serviceAccountToken"]["path"], _token(api, pod, source["serviceAccountToken"]).encode()
        yield from _downward(pod, source.get("downwardAPI", {}))
    yield from _downward(pod, volume.get("downwardAPI", {}))


def _config_map(api: Api, source: Object, namespace: str) -> Iterator[tuple[str, bytes]]:
    found = _source(api, "v1/ConfigMap", source, namespace)
    yield from _items({key: value.encode() for key, value in found.get("data", {}).items()}, source)


def _secret(api: Api, source: Object, namespace: str) -> Iterator[tuple[str, bytes]]:
    found = _source(api, "v1/Secret", source, namespace)
    yield from _items({key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}, source)


def _source(api: Api, kind: str, source: Object, namespace: str) -> Object:
    found = api.find(kind, source["name"], namespace)
    if found is None and not source.get("optional"):
        raise NotReady(f"{kind} {namespace}/{source['name']} does not exist")
    return found or {}


def _items(data: dict[str, bytes], source: Object) -> Iterator[tuple[str, bytes]]:
    chosen = source.get("items") or [{"key": key, "path": key} for key in data]
    for item in chosen:
        if item["key"] in data:
            yield item["path"], data[item["key"]]
        elif not source.get("optional"):
            raise NotReady(f"{source['name']} has no key {item['key']}")


def _downward(pod: Object, source: Object) -> Iterator[tuple[str, bytes]]:
    for item in source.get("items", []):
        value = field(pod, item["fieldRef"]["fieldPath"]) if "fieldRef" in item else "0"
        yield item["path"], value.encode()


def _token(api: Api, pod: Object, source: Object) -> str:
    meta = pod["metadata"]
    account = pod["spec"].get("serviceAccountName", "default")
    spec: Object = {
        "audiences": [source["audience"]] if "audience" in source else [],
        "expirationSeconds": max(source.get("expirationSeconds", 3600), 7200),
        "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": meta["name"], "uid": meta["uid"]},
    }
    path = f"/api/v1/namespaces/{meta['namespace']}/serviceaccounts/{account}/token"
    try:
        answer = api.call(
            "POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        )
    except ApiError as error:
        raise NotReady(str(error)) from error
    return str(answer["status"]["token"])


def _env_from(api: Api, pod: Object, source: Object) -> dict[str, str]:
    namespace, prefix = pod["metadata"]["namespace"], source.get("prefix", "")
    found = (
        _config_map(api, source["configMapRef"], namespace)
        if "configMapRef" in source
        else _secret(api, source["secretRef"], namespace)
    )
    return {prefix + key: value.decode() for key, value in found}


def _value_from(api: Api, pod: Object, container: Object, source: Object) -> str | None:
    """Value of a variable; None if an optional source does not exist."""
    if "fieldRef" in source:
        return field(pod, source["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in source:
        return _resource(container, source["resourceFieldRef"])
    reference = source.get("configMapKeyRef") or source["secretKeyRef"]
    reader = _config_map if "configMapKeyRef" in source else _secret
    wanted = reference | {"items": [{"key": reference["key"], "path": reference["key"]}]}
    return next((content.decode() for _, content in reader(api, wanted, pod["metadata"]["namespace"])), None)


def _resource(container: Object, source: Object) -> str:
    kind, _, name = source["resource"].partition(".")
    value = str(container.get("resources", {}).get(kind, {}).get(name, "1"))
    number = float(re.sub(r"\D", "", value) or 1) / (1000 if value.endswith("m") else 1)
    units = {"Mi": 2**20, "Gi": 2**30}
    return str(max(1, int(number * units.get(value[-2:], 1))))


def field(pod: Object, path: str) -> str:
    """A field of the downward API, such as metadata.name or metadata.labels['app']."""
    keyed = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if keyed:
        return str(pod["metadata"].get(keyed[1], {}).get(keyed[2], ""))
    if path == "status.hostIP":
        return network.HOST
    value: Any = pod
    for part in path.split("."):
        value = value.get(part, {}) if isinstance(value, dict) else {}
    if path in ("metadata.labels", "metadata.annotations"):
        return "\n".join(f'{key}="{item}"' for key, item in (value or {}).items())
    return str(value or "")
