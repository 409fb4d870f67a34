"""Generated environments, as the tests of the template make them."""

from __future__ import annotations

from tests.template.conftest import environment, template

__all__ = ["environment", "template"]
