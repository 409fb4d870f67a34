# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Read single objects of a cluster by their names, and lists of the parts that others provide."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from kserve_wiring.doctor.kubectl import ABSENT, Kubectl, last_line
from kserve_wiring.manifests.load import load_values
from kserve_wiring.manifests.objects import KubeObject, ObjectRef

_AT_ONCE = 4


@dataclass(slots=True)
class Reader:
    """A cluster. unseen: what could not be read, with the reason, which is not that it does not exist."""

    kubectl: Kubectl
    unseen: list[str] = field(default_factory=list)

    def named(self, refs: Iterable[ObjectRef]) -> dict[tuple[str, str, str, str], KubeObject]:
        """Those of these objects that exist, by their identity."""
        groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for ref in refs:
            group, _, version = ref.apiVersion.rpartition("/")
            kind = f"{ref.kind}.{version}.{group}" if group else ref.kind
            groups[kind, ref.namespace, ref.kind].append(ref.name)
        calls = [
            (
                f"{kind} {', '.join(names)}" + (f" in {namespace}" if namespace else ""),
                self._get(full, namespace, names),
            )
            for (full, namespace, kind), names in groups.items()
        ]
        return {obj.ref.identity: obj for obj in self._all(calls)}

    def listed(self, kind: str, namespace: str = "", *selectors: str) -> list[KubeObject]:
        """All objects of a kind in a namespace, or of a kind without namespaces."""
        scope = ["--namespace", namespace] if namespace else []
        what = f"{kind} in {namespace}" if namespace else kind
        return self._all([(what, ["get", kind, *scope, *selectors, "--output", "json"])])

    def serves(self, api_version: str, kind: str) -> bool | None:
        """Whether the cluster serves a kind in this version; None if it does not answer."""
        answer = self.kubectl.run(["get", "--raw", f"/apis/{api_version}"])
        if answer.returncode == 0:
            return any(item.get("kind") == kind for item in json.loads(answer.stdout).get("resources") or [])
        if _is_absent(answer.stderr):
            return False
        self._not_seen(f"API {api_version}", answer.stderr)
        return None

    @staticmethod
    def _get(kind: str, namespace: str, names: list[str]) -> list[str]:
        scope = ["--namespace", namespace] if namespace else []
        return [
            "get",
            kind,
            *dict.fromkeys(names),
            *scope,
            "--ignore-not-found",
            "--show-managed-fields",
            "--output",
            "json",
        ]

    def _all(self, calls: list[tuple[str, list[str]]]) -> list[KubeObject]:
        found: list[KubeObject] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = pool.map(self.kubectl.run, (arguments for _, arguments in calls))
            for (what, _), answer in zip(calls, answers, strict=True):
                if answer.returncode == 0:
                    found += load_values([json.loads(answer.stdout)]) if answer.stdout.strip() else []
                elif not _is_absent(answer.stderr):
                    self._not_seen(what, answer.stderr)
        return found

    def _not_seen(self, what: str, stderr: str) -> None:
        line = last_line(stderr)
        if not any(line in other for other in self.unseen):
            self.unseen.append(f"{what}: {line}")


def _is_absent(stderr: str) -> bool:
    return any(text in stderr for text in (*ABSENT, "(NotFound)"))
