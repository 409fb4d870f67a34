"""The files surfaces/*.yaml: every entry with its account, and the data that the checker carries."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tools.console import ROOT
from tools.generate.surfaces.upstream import Surfaces

FOLDER = ROOT / "surfaces"
DATA = ROOT / "src" / "kserve_wiring" / "data" / "surfaces.json"
# What accounts for a new entry of a surface: the rule reads the surface as a whole. Others need an account by hand.
RULES = {
    "annotations": "rule KW524",
    "config-features": "rule KW517",
    "config-domain": "free: a domain",
    "config-": "rule KW526",
    "model-servers": "rule KW319",
}
# The functions of knative.dev/pkg/configmap, and those of Knative for a key of its own, that refuse a text.
TYPES = {
    "AsBool": "bool",
    "AsDuration": "duration",
    "AsFloat64": "float64",
    "AsInt": "int64",
    "AsInt32": "int32",
    "AsInt64": "int64",
    "AsUint32": "uint32",
}
Accounts = dict[str, dict[str, dict[str, str]]]


def written() -> Accounts:
    """The files as they are: surface to entry to ``parser`` and ``account``."""
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.yaml"))}


def accounted(found: Surfaces, before: Accounts) -> Accounts:
    """Upstream's entries with the accounts that are written, or with the rule that reads the whole surface."""
    accounts: Accounts = {}
    for surface, entries in found.items():
        known = before.get(surface, {})
        accounts[surface] = {entry: _entry(surface, parser, known.get(entry, {})) for entry, parser in entries.items()}
    return accounts


def _entry(surface: str, parser: str, before: dict[str, str]) -> dict[str, str]:
    by_rule = next((rule for begin, rule in RULES.items() if surface.startswith(begin)), "")
    if by_rule == "rule KW526" and TYPES.get(parser):
        by_rule += " and KW527"
    elif parser == "AsQuantity":
        by_rule += " and KW306"
    account = before.get("account") or by_rule
    return {"parser": parser, "account": account} if parser else {"account": account}


def texts(accounts: Accounts) -> dict[Path, str]:
    """The text of each file."""
    return {FOLDER / f"{surface}.yaml": _text(surface, entries) for surface, entries in accounts.items()}


def _text(surface: str, entries: dict[str, dict[str, str]]) -> str:
    head = (
        f"# {surface}: what the pinned releases read. python -m tools.generate.surfaces writes the entries;\n"
        "# an account is the rule that reads the entry, what parses it, or why it is free.\n"
    )
    return head + yaml.safe_dump(entries, default_flow_style=None, sort_keys=True, width=1000)


def data() -> str:
    """What the checker carries: annotations and labels, keys of Knative's ConfigMaps by type, arguments by server."""
    accounts = written()
    config = {
        surface: {entry: TYPES.get(fields.get("parser", ""), "text") for entry, fields in entries.items()}
        for surface, entries in accounts.items()
        if surface.startswith("config-")
    }
    servers: dict[str, list[str]] = {}
    for entry in accounts["model-servers"]:
        server, _, argument = entry.partition(" ")
        servers.setdefault(server, []).append(argument)
    carried = {"annotations": sorted(accounts["annotations"]), "config": config, "servers": servers}
    return json.dumps(carried, indent=1) + "\n"
