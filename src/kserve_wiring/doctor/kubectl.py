# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""See a live cluster through kubectl, which knows every way to log in. It only reads."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from kserve_wiring.doctor.collected import Collected, Container
from kserve_wiring.doctor.kinds import KINDS, Kind
from kserve_wiring.doctor.pods import logged_containers
from kserve_wiring.manifests.load import load_values

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_LINES = 80
_AT_ONCE = 4
ABSENT = ("the server doesn't have a resource type", "could not find the requested resource")
_NO_LOG = (
    "previous terminated container",
    "is waiting to start",
    "ould not find",
    "not found",
    "ContainerCreating",
    "PodInitializing",
)


class Unreachable(Exception):
    """There is no kubectl, or it does not reach a cluster. One line."""


class NotInstalled(Unreachable):
    """There is no kubectl."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """How to call kubectl. program: its words. namespace: "" for all. timeout: seconds for one call."""

    program: tuple[str, ...] = ("kubectl",)
    context: str = ""
    namespace: str = ""
    timeout: float = 20

    def collect(self) -> Collected:
        """All kinds and the logs that matter. Raises Unreachable."""
        self.reach()
        collected = Collected()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for found in pool.map(self._list_all, _batches()):
                for kind, (values, why) in found.items():
                    collected.objects += load_values(values)
                    if any(text in why for text in ABSENT):
                        collected.absent.append(kind.name)
                    elif why:
                        collected.unseen.append(f"{kind.name}: {why}")
            containers = logged_containers(collected.objects)
            for container, (text, why) in zip(containers, pool.map(self._log, containers), strict=True):
                if text:
                    collected.logs[container] = text
                if why:
                    collected.unseen.append(why)
        return collected

    def reach(self) -> str:
        """The version of the API server, such as v1.34.0. Raises Unreachable."""
        if shutil.which(self.program[0]) is None:
            raise NotInstalled(f"{self.program[0]} is not installed; name it with --kubectl")
        answer = self.run(["version", "--output", "json"])
        if answer.returncode:
            raise Unreachable(f"cannot reach the cluster: {last_line(answer.stderr)}")
        try:
            version = json.loads(answer.stdout).get("serverVersion") or {}
        except (ValueError, AttributeError):
            text = f"{self.program[0]} version does not print its version as JSON; name kubectl with --kubectl"
            raise NotInstalled(text) from None
        return str(version.get("gitVersion", ""))

    def _list_all(self, kinds: Sequence[Kind]) -> dict[Kind, tuple[list[dict[str, Any]], str]]:
        """The objects of some kinds, in one call if none of them fails: starting kubectl is most of the work."""
        if len(kinds) > 1:
            names = ",".join(kind.name for kind in kinds)
            answer = self.run(["get", names, "--all-namespaces", "--output", "json"])
            if answer.returncode == 0:
                return {kinds[0]: ([_listed(answer.stdout)], "")}
        return {kind: self._list(kind) for kind in kinds}

    def _list(self, kind: Kind) -> tuple[list[dict[str, Any]], str]:
        """The objects of a kind; else why they cannot be seen."""
        scope = [] if kind.cluster else ["--all-namespaces"]
        # kubectl needs seconds to print the schemas of all CRDs.
        how = (
            ["--raw", _CRDS] if kind.plural == "customresourcedefinitions" else [kind.name, *scope, "--output", "json"]
        )
        answer = self.run(["get", *how])
        if answer.returncode and self.namespace and not kind.cluster:
            answer = self.run(["get", kind.name, "--namespace", self.namespace, "--output", "json"])
        if answer.returncode:
            return [], last_line(answer.stderr)
        return [_listed(answer.stdout)], ""

    def _log(self, container: Container) -> tuple[str, str]:
        """The last lines of the run that ended, or of the present one; else why they cannot be seen."""
        namespace, pod, name = container
        line = ""
        for previous in (["--previous"], []):
            answer = self.run(["logs", pod, "-n", namespace, "-c", name, f"--tail={_LINES}", *previous])
            if answer.returncode == 0 and answer.stdout.strip():
                return answer.stdout, ""
            line = last_line(answer.stderr) if answer.returncode else ""
        unseen = bool(line) and not any(text in line for text in _NO_LOG)
        return "", f"log of {namespace}/{pod} {name}: {line}" if unseen else ""

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The words of a call."""
        return [*self.program, *(["--context", self.context] if self.context else []), *arguments]

    def run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """One call, which never fails for want of an answer. Raises Unreachable if there is no such program."""
        command = self.command([f"--request-timeout={self.timeout:g}s", *arguments])
        try:
            return subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=self.timeout * 2, check=False
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 1, "", f"no answer in {self.timeout * 2:g} s")
        except OSError as error:
            raise Unreachable(f"cannot start {self.program[0]}: {error.strerror}") from None


def _batches() -> list[list[Kind]]:
    """The kinds of each API group: they are there, and may be read, together. Pods are the most, so they are alone."""
    batches: dict[str, list[Kind]] = {}
    for kind in KINDS:
        batches.setdefault(kind.name if kind.plural in ("pods", "events") else kind.group, []).append(kind)
    return list(batches.values())


def _listed(text: str) -> dict[str, Any]:
    """A list without the schemas of CRDs, which are most of what a cluster has, and wire nothing."""
    listed: dict[str, Any] = json.loads(text)
    for item in listed["items"]:
        if listed["kind"] == "CustomResourceDefinitionList":
            for version in item["spec"]["versions"]:
                version.pop("schema", None)
    return listed


def last_line(text: str) -> str:
    """The line of kubectl's output that has the reason."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].removeprefix("Error from server ") if lines else "no message"
