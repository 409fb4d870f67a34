"""`copier copy` on a terminal, as a person uses it: what is typed at which prompt, in which order."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import pexpect

COPIER = str(Path(sys.executable).parent / "copier")
ENTER, DOWN, CLEAR, CTRL_C, END_OF_LINES = "\r", "\x1b[B", "\x15", "\x03", "\x1b\r"
# How each prompt begins; every prompt of a dialogue is awaited, so that another one would end it.
PROMPTS = {
    "environment_name": "Name of this environment",
    "stack": "Which tested set of versions?",
    "details": "Which details do you want",
    "registry_host": "Private registry as",
    "registry_project": "Path in the registry",
    "offline": "Is the cluster cut off",
    "registry_plain_http": "Does the registry use plain HTTP",
    "registry_ca_source": "Which CA signed",
    "registry_ca_bundle": "Paste the CA certificates",
    "pull_secret": "Name of the docker-registry Secret",
    "digest_policy": "How are image tags resolved",
    "ingress_domain": "Domain for traffic from outside",
    "tenants": "Namespaces for InferenceServices",
    "gitops": "Does Argo CD install",
    "argocd_repo_url": "URL from which Argo CD",
    "argocd_path": "Path of this folder",
    "confirmation": "Enter generates it.",
}
Steps = Iterable[tuple[str, str]]


class Dialogue:
    """A running `copier copy`; as a context manager, it ends with its block."""

    def __init__(self, template: Path, target: Path, *options: str, quiet: bool = True) -> None:
        # Without answers to its question for the cursor's position, prompt_toolkit waits and warns.
        variables = {**os.environ, "PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm"}
        command = ["copy", *(["--quiet"] if quiet else []), *options, str(template), str(target)]
        self.process = pexpect.spawn(COPIER, command, env=variables, encoding="utf-8", dimensions=(40, 80), timeout=180)

    def __enter__(self) -> Dialogue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.close(force=True)

    def wait(self, text: str) -> str:
        """Waits for a text, and returns what was shown until then."""
        self.process.expect_exact(text)
        return plain(self.process.before + text)

    def type(self, keys: str) -> None:
        self.process.send(keys)

    def answer(self, steps: Steps) -> str:
        """Types an answer at each prompt, and returns what was shown since the one before the last."""
        shown = ""
        for question, keys in steps:
            shown = self.wait(PROMPTS[question])
            self.type(keys)
        return shown

    def end(self) -> tuple[int | None, str]:
        """The exit code, and what was shown at the end."""
        self.process.expect(pexpect.EOF)
        shown = plain(self.process.before)
        self.process.close()
        return self.process.exitstatus, shown


def plain(shown: str) -> str:
    """Without colours and movements of the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r", "", shown)
