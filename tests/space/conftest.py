"""Environments of the space of answers."""

from tests.template.conftest import template

__all__ = ["template"]
