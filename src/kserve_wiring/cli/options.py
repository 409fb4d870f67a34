# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The arguments of every command that reads manifests, and the Options made of them and the configuration file.

A flag overrides the facts file, which overrides the configuration file ``.kserve-wiring.yaml``. Every start of the
program imports this module, so it must stay light.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kserve_wiring.cli.exit import UsageError
from kserve_wiring.data import LEVELS

if TYPE_CHECKING:
    from kserve_wiring.checker.options import Options

FILE = ".kserve-wiring.yaml"
FACTS = {
    "registry": "HOST[:PORT] of the private registry",
    "pull-secret": "name of the pull Secret",
    "registry-ca": "ConfigMap/NAME or Secret/NAME with the registry's CA",
    "cluster-domain": "DNS domain of the cluster",
    "knative-version": "version of Knative Serving",
    "kserve-version": "version of KServe",
    "istio-version": "version of Istio",
    "argocd-version": "version of Argo CD",
}
SWITCHES = {
    "offline": "the cluster cannot reach the internet",
    "registry-plain-http": "the registry serves plain HTTP",
}
_KEYS = ("select", "ignore", "level", "facts")


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every command that reads manifests."""
    paths = "file, directory, environment folder, or - for standard input"
    parser.add_argument("paths", nargs="+", metavar="PATH", help=paths)
    text = "do not read files and folders below PATH of which the name, or the path from PATH, matches (repeatable)"
    parser.add_argument("--exclude", action="append", default=[], metavar="PATTERN", help=text)
    add_options(parser)
    parser.add_argument("--charts", metavar="DIR", help="upstream charts, for an environment folder ($KSERVE_CHARTS)")
    parser.add_argument("--helm", metavar="PATH", default="helm", help="the helm program")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the Options."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration file (default: {FILE}, if it exists)")
    parser.add_argument("--facts", metavar="FILE", help="YAML file with facts that manifests do not show")
    for name, text in FACTS.items():
        parser.add_argument(f"--{name}", metavar="TEXT", help=text)
    for name, text in SWITCHES.items():
        parser.add_argument(f"--{name}", action="store_const", const=True, help=text)
    codes = "codes or prefixes, separated by commas (repeatable)"
    for name, text in (("select", f"check only these rules: {codes}"), ("ignore", f"skip these rules: {codes}")):
        # One word, so that a path may follow; "+" would take the path for a code.
        parser.add_argument(f"--{name}", action="append", default=[], metavar="CODES", help=text)
    parser.add_argument("--level", choices=LEVELS, help="lowest level to report (default: warning)")
    _add_old_spellings(parser)


def sources_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """How those paths are read: the keywords of ``read`` and ``inspect_clusters``."""
    return {"charts": arguments.charts, "helm": arguments.helm, "exclude": arguments.exclude}


def _add_old_spellings(parser: argparse.ArgumentParser) -> None:
    """Flags as version 0.1 spelled them; remove in 0.3."""
    hidden: dict[str, Any] = {"help": argparse.SUPPRESS, "default": argparse.SUPPRESS}
    parser.add_argument("--context", dest="facts", **hidden)
    parser.add_argument("--registry-insecure", dest="registry_plain_http", action="store_const", const=True, **hidden)


def refuse_several(paths: list[str], exclude: Sequence[str] = ()) -> None:
    """Raises UsageError when the paths are several clusters, for a command about one."""
    from kserve_wiring.manifests.clusters import clusters

    found = clusters(paths, exclude)
    if len(found) > 1 or found[0].environment not in ("", *paths):
        named = [one.environment for one in found if one.environment]
        raise UsageError(f"{len(named)} environments in {' '.join(paths)}: name one, such as {named[0]}")


def options_of(arguments: argparse.Namespace) -> Options:
    """The Options from flags and files. Raises UsageError."""
    options = _configured(arguments.config)
    options.select = _separate(arguments.select) or options.select
    options.ignore = [*options.ignore, *_separate(arguments.ignore)]
    options.level = arguments.level or options.level
    if arguments.facts:
        _add_facts(options, _mapping(arguments.facts, "facts"), arguments.facts)
    for name in (*FACTS, *SWITCHES):
        key = name.replace("-", "_")
        if getattr(arguments, key) is not None:
            options.facts = {**options.facts, key: getattr(arguments, key)}
            options.origins = {**options.origins, key: f"--{name}"}
    _refuse_unknown_codes([*options.select, *options.ignore])
    return options


def _separate(codes: list[str]) -> list[str]:
    """The codes of ``--select KW1,KW2 --select KW3``. Raises UsageError."""
    separated = [code.strip() for text in codes for code in text.split(",")]
    if "" in separated:
        raise UsageError(f"an empty rule code in {' '.join(codes)!r}; `kserve-wiring rules` lists the codes")
    return separated


def _configured(path: str | None) -> Options:
    """The Options of the configuration file; the defaults if there is none. Raises UsageError."""
    from kserve_wiring.checker.options import Options
    from kserve_wiring.manifests.objects import KubeObject, ObjectRef, Source

    options = Options(level="warning")
    if path is None and not Path(FILE).is_file():
        return options
    name = path or FILE
    data = _mapping(name, "settings")
    if "context" in data and "facts" not in data:
        data["facts"] = data.pop("context")  # as version 0.1 spelled it; remove in 0.3
    for key in data:
        if key not in _KEYS:
            raise UsageError(f"{name}: unknown key {key!r}; valid keys: {', '.join(_KEYS)}")
    options.level = data.get("level", "warning")
    if options.level not in LEVELS:
        raise UsageError(f"{name}: level must be one of {', '.join(LEVELS)}, not {options.level!r}")
    options.select, options.ignore = _codes(name, data, "select"), _codes(name, data, "ignore")
    options.configuration = KubeObject(ObjectRef("", "configuration", "", name), data, Source(name, 1, _text(name)))
    facts = data.get("facts") or {}
    if not isinstance(facts, Mapping):
        raise UsageError(f"{name}: facts must be a mapping")
    _add_facts(options, facts, name, "facts.")
    return options


def _add_facts(options: Options, facts: Mapping[Any, Any], file: str, prefix: str = "") -> None:
    """Add the facts of a file. Raises UsageError."""
    from kserve_wiring.cluster.facts import FactsError, make_facts

    try:
        make_facts((), facts)
    except FactsError as error:
        raise UsageError(f"{file}: {error}") from None
    options.facts = {**options.facts, **facts}
    options.origins = {**options.origins, **{key: f"{prefix}{key} of {file}" for key in facts}}


def _codes(name: str, data: Mapping[Any, Any], key: str) -> list[str]:
    """A list of codes, or a mapping of codes to reasons."""
    value = data.get(key) or []
    if not isinstance(value, (list, Mapping)) or not all(isinstance(code, str) for code in value):
        raise UsageError(f"{name}: {key} must be a list of codes, or of CODE: reason")
    return list(value)


def _mapping(path: str, of_what: str) -> dict[Any, Any]:
    from kserve_wiring.manifests.repeated_keys import load_unique
    from kserve_wiring.manifests.yamltext import YamlError

    try:
        value = load_unique(_text(path))
    except YamlError as error:
        raise UsageError(f"{path}:{error.line}: {error}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError(f"{path}: not a mapping of {of_what}")
    return value


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: {error}") from None


def _refuse_unknown_codes(codes: list[str]) -> None:
    from kserve_wiring.rules.catalogue import catalogue

    for code in codes:
        if not any(known.startswith(code) for known in catalogue()):
            raise UsageError(f"no rule {code}; `kserve-wiring rules` lists them")
