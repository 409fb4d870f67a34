# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW0xx: what the checker itself is told in the manifests."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.checker.report import Draft
from kserve_wiring.checker.waivers import Waiver
from kserve_wiring.cluster.cluster import Model
from kserve_wiring.cluster.facts import Context
from kserve_wiring.manifests.objects import Setting, show_path
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import show, single


@rule("KW001")
def useless_waivers(model: Model, context: Context) -> Iterator[Draft]:
    """A waiver that waives nothing: without a reason nobody can judge it later."""
    for waiver in model.waivers:
        if waiver.fault:
            yield _about("KW001", waiver, reason=waiver.fault)


@rule("KW002")
def unused_waivers(model: Model, context: Context) -> Iterator[Draft]:
    """A waiver of what nobody finds any more: the next mistake of this kind would go unseen."""
    for waiver, code in model.unused:
        yield _about("KW002", waiver, waived=code)


def _about(code: str, waiver: Waiver, **args: str) -> Draft:
    key = f"the comment on line {waiver.line}" if waiver.line else show_path(waiver.path)
    draft = single(code, Setting(waiver.said, waiver.obj, waiver.path), **args)
    return Draft(code, waiver.obj, waiver.path, {**draft.args, "key": key, "value": show(waiver.said)})
