"""Fuzz the checker with coverage-guided input: `make fuzz`.

An input is a YAML stream. It is read, checked with and without facts, and written in every format and as a graph.
Any exception ends the run and stores the input in build/fuzz; rerun it with `python -m tools.bench.fuzz FILE`.
"""

from __future__ import annotations

import io
import random
import sys
from typing import Any

import atheris
import yaml

from tools.console import ROOT
from tools.rules import manifests

PLACE = ROOT / "build" / "fuzz"
# Limits for one small input, in seconds and MiB.
LONGEST, LARGEST = 20, 2048

with atheris.instrument_imports(include=["kserve_wiring"]):
    from kserve_wiring.checker.inspect import inspect
    from kserve_wiring.checker.options import Options
    from kserve_wiring.formats.github import as_github
    from kserve_wiring.formats.json import as_json
    from kserve_wiring.formats.junit import as_junit
    from kserve_wiring.formats.sarif import as_sarif
    from kserve_wiring.formats.text import as_text
    from kserve_wiring.graph.html import as_html
    from kserve_wiring.graph.mermaid import as_mermaid
    from kserve_wiring.graph.wiring import wiring_of
    from kserve_wiring.manifests.read import read
    from kserve_wiring.rules import all_rules

    all_rules()

FACTS = {
    "registry": "harbor.corp.local",
    "offline": True,
    "registry_ca": "ConfigMap/ca",
    "pull_secret": "harbor",
    "digest_policy": "pinned",
    "cluster_domain": "cluster.local",
    "knative_version": "1.18.0",
    "knative_operator_version": "1.21.0",
    "kserve_version": "v0.11.0",
    "istio_version": "1.27.1",
    "argocd_version": "3.0.0",
    "existing": ["Secret/a/b"],
}
WRITERS = (as_text, as_json, as_sarif, as_junit, as_github)
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e999,
    "",
    " ",
    "/",
    ":",
    "a/b",
    "*",
    "@",
    "{",
    "[1",
    "{{ x }}",
    [],
    {},
    [None],
)


def one_input(data: bytes) -> None:
    """Check one input. Any exception is a bug."""
    for facts in (None, FACTS):
        sys.stdin = io.TextIOWrapper(io.BytesIO(data))
        found = inspect(read("-"), Options(facts=facts or {}))
        for write in WRITERS:
            write(found)
        wiring = wiring_of(found)
        as_mermaid(wiring)
        as_html(wiring)


def mutate(data: bytes, largest: int, seed: int) -> bytes:
    """Replace a value of the YAML in half of the calls, and change bytes in the others."""
    chance = random.Random(seed)  # noqa: S311 (nothing secret)
    if chance.random() < 0.5:
        return bytes(atheris.Mutate(data, largest))
    try:
        documents = list(yaml.safe_load_all(data))
        for _ in range(chance.randint(1, 3)):
            _replace(documents, chance)
        return yaml.safe_dump_all(documents).encode()[:largest]
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError):
        return bytes(atheris.Mutate(data, largest))


def _replace(value: Any, chance: random.Random) -> None:
    """Put something odd, or a copy of a neighbour, somewhere below a container."""
    while isinstance(value, (dict, list)) and value:
        key = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if not isinstance(value[key], (dict, list)) or not value[key] or chance.random() < 0.15:
            others = list(value.values()) if isinstance(value, dict) else value
            value[key] = chance.choice([*ODD, *others])
            return
        value = value[key]


def main() -> None:
    """Run the fuzzer; arguments are those of libFuzzer: https://llvm.org/docs/LibFuzzer.html#options."""
    corpus = PLACE / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for fixture in manifests():
        (corpus / f"{fixture.code}-{fixture.path.name}").write_bytes(fixture.path.read_bytes())
    options = [f"-timeout={LONGEST}", f"-rss_limit_mb={LARGEST}", f"-artifact_prefix={PLACE}/", "-max_len=20000"]
    given = sys.argv[1:]
    files = [word for word in given if not word.startswith("-")]
    atheris.Setup([sys.argv[0], *options, *given, *([] if files else [str(corpus)])], one_input, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
