"""What changes under Argo CD: objects that somebody writes, syncs, and differences that it ignores."""

from __future__ import annotations

from typing import Any

from tests.live.bed.api import Object, until
from tests.live.bed.argocd import APPLICATION, NAMESPACE, Difference
from tests.live.bed.delivery import Delivery


def versions(delivery: Delivery) -> dict[str, str]:
    """The resourceVersion of every object that an Application owns, and of the Applications' specs."""
    found: dict[str, str] = {}
    for app in delivery.applications().values():
        for item in app["status"].get("resources", []):  # extra/ without a manifest has none
            kind = f"{item['group']}/{item['version']}/{item['kind']}" if item.get("group") else f"v1/{item['kind']}"
            live = delivery.bed.api.get(kind, item["name"], item.get("namespace", ""))
            found[f"{kind} {item.get('namespace', '')}/{item['name']}"] = live["metadata"]["resourceVersion"]
    return found


def histories(delivery: Delivery) -> dict[str, Any]:
    """When the last sync of each Application began."""
    return {name: operation(app).get("startedAt") for name, app in delivery.argocd.applications().items()}


def changed(delivery: Delivery, before: dict[str, str]) -> dict[str, str]:
    """The objects of another resourceVersion."""
    return {name: version for name, version in versions(delivery).items() if before.get(name) != version}


def operation(app: Object) -> Object:
    """The last sync of an Application."""
    found: Object = app["status"].get("operationState", {})
    return found


def running(delivery: Delivery) -> list[str]:
    return [name for name, app in delivery.applications().items() if operation(app).get("phase") == "Running"]


def differences(delivery: Delivery) -> dict[str, tuple[list[Object], list[Difference]]]:
    """Each Application's ignoreDifferences, and what differs without them. Nothing is synced meanwhile: neither the
    objects nor, by the root, the Applications."""
    api, apps = delivery.bed.api, delivery.applications()
    policy = api.get(APPLICATION, delivery.root, NAMESPACE)["spec"]["syncPolicy"]
    idle = {"syncPolicy": {"automated": None}}
    api.patch(APPLICATION, delivery.root, NAMESPACE, {"spec": idle})
    for name in apps:
        api.patch(APPLICATION, name, NAMESPACE, {"spec": idle | {"ignoreDifferences": None}})
    until("everything is compared", lambda: all(compares_all(app) for app in delivery.applications().values()), 90)
    found = {name: list(delivery.argocd.differences(name)) for name in apps}
    api.patch(APPLICATION, delivery.root, NAMESPACE, {"spec": {"syncPolicy": policy}})
    return {name: (app["spec"].get("ignoreDifferences", []), found[name]) for name, app in apps.items()}


def mismatched(delivery: Delivery) -> tuple[list[tuple[str, Object]], list[tuple[str, Difference]]]:
    """Entries of ignoreDifferences without a difference, and differences without an entry, by their Applications."""
    found = differences(delivery)
    print("\n".join(f"{name}: {one}" for name, (_, listed) in found.items() for one in listed))
    unused = [
        (name, entry)
        for name, (entries, listed) in found.items()
        for entry in entries
        if not any(one.ignored_by(entry) for one in listed)
    ]
    others = [
        (name, one)
        for name, (entries, listed) in found.items()
        for one in listed
        if not any(one.ignored_by(entry) for entry in entries)
    ]
    return unused, others


def compares_all(app: Object) -> bool:
    compared = app["status"]["sync"]["comparedTo"]
    return "ignoreDifferences" not in compared and "ignoreDifferences" not in app["spec"]
