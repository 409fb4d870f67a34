"""What is latest, and the configuration with versions."""

from __future__ import annotations

import pytest

from tools.console import Stop
from tools.site import __main__ as site
from tools.site import versions


@pytest.mark.parametrize(
    ("listed", "newest"),
    [(["1.1.0", "1.0.0"], "1.1.0"), (["2.0.0-rc.1", "1.1.0"], "1.1.0"), (["1.0.0-rc.2", "1.0.0-rc.1"], "1.0.0-rc.2")],
)
def test_latest_is_no_pre_release_if_there_is_another(listed: list[str], newest: str) -> None:
    assert versions._newest(listed) == newest


def test_the_configuration_differs_by_the_selector() -> None:
    text = (site.HERE / "mkdocs.yml").read_text(encoding="utf-8")
    added = set(versions.configuration(text).splitlines()) - set(text.splitlines())
    assert added == {"plugins: [search, offline, mike: {alias_type: redirect}]", "  version: {provider: mike}"}


def test_a_version_that_is_none_is_refused_before_anything_is_built() -> None:
    with pytest.raises(Stop, match=r"write VERSION=1\.2\.3"):
        site.main(["v1.1.0"])
