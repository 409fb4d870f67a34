"""Free answers, generated: what the questions accept works, and what they refuse is refused with a message.

`make test` takes a few of them, always the same; `make test-space` takes many.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import copier
import pytest
from copier.errors import UserMessageError
from hypothesis import Phase, given, settings

from tests.space.free import FREE, sets, spoilt
from tests.space.space import Answers
from tests.space.test_space import WHOLE, faults
from tests.template.test_messages import starts_with_the_correction
from tools.generate import answers_schema
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

EXISTING = ("labels", "service", "ports", "servers")
# The same examples in every run. An example takes seconds, so a failing one is shown as it is and not made smaller.
SPACE = settings(phases=[Phase.explicit, Phase.generate])


def test_what_the_questions_accept_works(
    template: Path, upstream_charts: Callable[[str], Upstream], newest_helm: Helm, openapi: Path
) -> None:
    @settings(SPACE, max_examples=30 if WHOLE else 2)
    @given(sets())
    def works(answers: Answers) -> None:
        with TemporaryDirectory() as parent:
            folder = Path(parent) / "environment"
            copier.run_copy(str(template), folder, answers, defaults=True, quiet=True)
            assert faults(folder, upstream_charts(answers["stack"]), newest_helm, openapi) == []

    works()


def test_what_the_questions_refuse_is_answered_with_a_correction(template: Path) -> None:
    @settings(SPACE, max_examples=300 if WHOLE else 20)
    @given(spoilt())
    def is_refused(case: tuple[str, Answers]) -> None:
        question, answers = case
        with TemporaryDirectory() as parent:
            with pytest.raises(UserMessageError) as caught:
                copier.run_copy(str(template), Path(parent) / "environment", answers, defaults=True, quiet=True)
            assert list(Path(parent).iterdir()) == []
        said = re.fullmatch(r"'dict object' has no attribute ['\"](\w+): (.*)['\"]", str(caught.value))
        assert said, str(caught.value)
        assert said[1] == question
        assert starts_with_the_correction(said[2]), said[2]

    is_refused()


def test_every_free_answer_is_generated() -> None:
    """A new question with a free text belongs to FREE, or to `sets`."""
    free = {name for name, question in answers_schema.asked().items() if question["type"] in {"str", "yaml"}}
    free -= {name for name, question in answers_schema.asked().items() if "choices" in question}
    elsewhere = {"tenants", "storage_initializer_resources", "storage_containers", "skip_registries", "image_digests"}
    # tests/answers has each way to be wrong of these, and tests/space pairs them with every choice.
    elsewhere |= {f"{role}_gateway_{part}" for role in ("local", "ingress") for part in EXISTING} | {"registry_map"}
    # tests/answers, too, and tests/environments/test_extra_releases.py makes the charts.
    elsewhere |= {"extra_releases"}
    elsewhere |= {"extra_images", "common_labels", "common_annotations", "no_proxy"}
    assert free == set(FREE) | elsewhere
