"""Small clusters for the tests of doctor: the status fields as the real controllers write them."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
DIGEST = (
    'Unable to fetch image "r.example/a:1": failed to resolve image to digest: Get "https://r.example/v2/": '
    "dial tcp: lookup r.example on 10.96.0.10:53: no such host"
)


def obj(
    kind: str, name: str, owner: str = "", status: Object | None = None, version: str = "v1", **more: Any
) -> Object:
    """An object in namespace `models` with its name as its uid."""
    meta: Object = {"name": name, "namespace": "models", "uid": f"{kind}/{name}"}
    if owner:
        meta["ownerReferences"] = [{"uid": owner, "kind": owner.partition("/")[0], "name": owner.partition("/")[2]}]
    return {"apiVersion": version, "kind": kind, "metadata": meta, **({"status": status} if status else {}), **more}


def conditions(*rows: tuple[str, str, str, str]) -> Object:
    keys = ("type", "status", "reason", "message")
    return {"conditions": [dict(zip(keys, row, strict=True)) for row in rows]}


def chain(name: str = "iris", message: str = DIGEST, ready: str = "False") -> list[Object]:
    """An InferenceService whose Revision says a message, which everything above it repeats."""
    revision = f"{name}-predictor-00001"
    failed = f'Revision "{revision}" failed with message: {message}.'
    missing = f'Configuration "{name}-predictor" does not have any ready Revision.'
    return [
        obj("InferenceService", name, version="serving.kserve.io/v1beta1",
            status=conditions(("Ready", ready, "RevisionMissing", missing))),
        obj("Service", f"{name}-predictor", f"InferenceService/{name}", version="serving.knative.dev/v1",
            status=conditions(("Ready", ready, "RevisionMissing", missing))),
        obj("Configuration", f"{name}-predictor", f"Service/{name}-predictor", version="serving.knative.dev/v1",
            status=conditions(("Ready", ready, "RevisionFailed", failed))),
        obj("Revision", revision, f"Configuration/{name}-predictor", version="serving.knative.dev/v1",
            status=conditions(("Ready", ready, "ContainerMissing", message))),
    ]  # fmt: skip


def pod(name: str, statuses: list[Object], owner: str = "", **more: Any) -> Object:
    """A Pod that is not ready."""
    status = {"phase": "Pending", "containerStatuses": statuses, **conditions(("Ready", "False", "", ""))}
    return obj("Pod", name, owner, status, spec={"containers": [{"name": "kserve-container"}]}, **more)


def event(kind: str, name: str, reason: str, message: str) -> Object:
    about = {"kind": kind, "name": name, "namespace": "models"}
    return obj("Event", f"{name}.1", type="Warning", reason=reason, message=message, involvedObject=about)
