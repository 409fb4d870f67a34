"""What a case of the chart's validation is made of."""

from __future__ import annotations

from typing import Any

Values = dict[str, Any]
# By the code and what is special about it: values over the defaults, and the exact lines that the chart says.
Cases = dict[str, tuple[Values, list[str]]]

DIGEST = "sha256:" + "0" * 64


def skip_entry(value: str) -> Values:
    return {"digests": {"skipRegistries": [value]}}


def smoke(image: str) -> Values:
    return {"images": {"smoke": image}}


def container(name: str, *formats: dict[str, str]) -> Values:
    return {"name": name, "supportedUriFormats": list(formats)}
