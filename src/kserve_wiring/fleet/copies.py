# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Many copies of one template in one process, which clones the template once and compiles each of its texts once.

These two, YAML that is read in Python, and a git command and the name of the answers file for each file, are most of
the time of a copy. Copier has no option to share or to leave them out, so this uses its internals.
"""

from __future__ import annotations

import atexit
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml
from copier._main import Worker
from copier._template import Template
from jinja2.sandbox import SandboxedEnvironment
from plumbum import local

from kserve_wiring.fleet.compiled import Compiled, keep, kept

_NOT_RENDERED = ("docs", "rules", "src", "tests", "tools")
# About ten megabytes.
_MOST_TEXTS = 2000


@contextmanager
def each_text_compiled_once(known: Compiled, earlier: Compiled | None = None) -> Iterator[None]:
    """Within this context, Copier compiles a text of a template only if it is not among the known ones, and adds it.

    earlier: those of earlier processes.
    """
    real = SandboxedEnvironment.compile
    before = earlier or {}

    def compile_once(self: SandboxedEnvironment, source: str, *args: Any, **options: Any) -> Any:
        syntax = (self.block_start_string, self.variable_start_string, self.trim_blocks, self.lstrip_blocks)
        # The name of a template, and not its file, which is in a clone.
        key = (source, args[:1], *options.items(), *syntax, self.keep_trailing_newline)
        if key not in known:
            known[key] = before.get(key) or real(self, source, *args, **options)
        self.preprocess(source)  # here an extension forgets the text before
        return known[key]

    SandboxedEnvironment.compile = compile_once  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        SandboxedEnvironment.compile = real  # type: ignore[method-assign]


@cache
def copies_of(source: str, version: str | None = None) -> Copies:
    """The copies of a template in this process and those that are forked from it."""
    return Copies(source, version)


@contextmanager
def _yaml_read_in_c() -> Iterator[None]:
    """Within this context, Copier reads copier.yml and answers with libyaml, where PyYAML has it."""
    real = yaml.SafeLoader
    yaml.SafeLoader = getattr(yaml, "CSafeLoader", real)  # type: ignore[misc]
    try:
        yield
    finally:
        yaml.SafeLoader = real  # type: ignore[misc]


def _clone_without_tests(template: Template) -> None:
    """Clone a version of a template without what no template renders: nine of ten files of this repository.

    git takes the configuration of a new clone from its environment (git-init(1), git-config(1)).
    """
    number = int(os.environ.get("GIT_CONFIG_COUNT", "0"))
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        patterns = Path(folder) / "info" / "sparse-checkout"
        patterns.parent.mkdir()
        patterns.write_text("".join(["/*\n", *(f"!/{name}/\n" for name in _NOT_RENDERED)]), encoding="utf-8")
        sparse = {f"GIT_CONFIG_KEY_{number}": "core.sparseCheckout", f"GIT_CONFIG_VALUE_{number}": "true"}
        # Copier runs git by plumbum, which has an environment of its own.
        with local.env(GIT_TEMPLATE_DIR=folder, GIT_CONFIG_COUNT=str(number + 1), **sparse):
            _ = template.local_abspath


class _NewFolder(Worker):
    """A copy to a folder that git does not know yet."""

    @cached_property
    def _answers_file(self) -> Path:
        return super().answers_relpath

    @property
    def answers_relpath(self) -> Path:
        """The same as Copier's, which renders it again for each file."""
        self.jinja_env.preprocess("")  # as in compile_once
        return self._answers_file

    def _sync_git_index_executable_bit(self, dst_relpath: Path, src_mode: int) -> None:
        """Do nothing: an untracked file has no entry in git's index, for which Copier would ask git."""


class Copies:
    """Copies of one version of a template: a tag or a commit, by default the newest tag at the first copy."""

    def __init__(self, source: str, version: str | None = None) -> None:
        self._template = Template(url=source, ref=version)
        self._earlier, self._compiled = kept(), Compiled()
        atexit.register(self._template._cleanup)  # of the clone

    def copy(self, target: Path, answers: Mapping[str, Any]) -> Callable[[Path], bool]:
        """Do the same as `copier.run_copy(source, target, answers, defaults=True, quiet=True)`, and raise the same.

        Returns whether a path belongs to the user once it is there: `_skip_if_exists` of the template.
        """
        source, version = self._template.url, self._template.ref
        if version not in (None, "HEAD") and self._template.vcs:  # to a HEAD, Copier adds what is not committed
            _clone_without_tests(self._template)
        with (
            each_text_compiled_once(self._compiled, self._earlier),
            _yaml_read_in_c(),
            _NewFolder(
                src_path=source, dst_path=target, data=dict(answers), vcs_ref=version, defaults=True, quiet=True
            ) as worker,
        ):
            worker.template = self._template
            worker.run_copy()
            belongs_to_user = worker.match_skip
            self._keep_new()
            return belongs_to_user

    def _keep_new(self) -> None:
        """Keep what was compiled for the next process, up to a limit with that of other versions and templates."""
        if self._compiled.keys() <= self._earlier.keys():
            return
        both = self._earlier | self._compiled
        self._earlier = both if len(both) <= _MOST_TEXTS else self._compiled.copy()
        keep(self._earlier)


def refusal(error: BaseException) -> str:
    """What the template says of an answer: where Copier prints nothing, the name of an attribute (decision 9)."""
    said = " ".join(str(error).split())
    return re.sub(r"^'dict object' has no attribute (['\"])(.*)\1$", r"\2", said)
