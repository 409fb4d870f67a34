# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW0xx: what the checker itself is told in the manifests."""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.context import Context
from kserve_wiring.findings import Draft
from kserve_wiring.model import Model
from kserve_wiring.objects import Setting, show_path
from kserve_wiring.rules import rule
from kserve_wiring.rules.drafting import show, single
from kserve_wiring.waivers import waivers


@rule("KW001")
def useless_waivers(model: Model, context: Context) -> Iterator[Draft]:
    """A waiver that waives nothing: without a reason nobody can judge it later."""
    for waiver in waivers(model.objects):
        if waiver.fault:
            key = f"the comment on line {waiver.line}" if waiver.line else show_path(waiver.path)
            draft = single("KW001", Setting(waiver.said, waiver.obj, waiver.path), reason=waiver.fault)
            args = {**draft.args, "key": key, "value": show(waiver.said)}
            yield Draft("KW001", waiver.obj, waiver.path, args)
