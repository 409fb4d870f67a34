# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The marks of templates: of Helm and other Go templates, and of Jinja.

Not the Go templates that upstream reads itself, such as KServe's domainTemplate and those of External Secrets.
"""

from __future__ import annotations

import re

GO = (
    r"\{\{-?\s*(?:\$?\.(?:Values|Release|Chart|Capabilities|Files|Template)\b|/\*"
    r"|(?:if|else|end|range|with|define|include|template|tpl)\b)"
    r"|\{\{[^}]*(?:\.Values\b|\.Release\b|\binclude \"|\bnindent\b|\btoYaml\b)"
)
"""Helm's objects and functions."""
JINJA = r"\{%-?\s"
"""A statement of Jinja."""
_FILE = re.compile(rf"{GO}|{JINJA}|^\s*\{{\{{.*\}}\}}\s*$", re.MULTILINE)


def is_template_file(text: str) -> bool:
    """True for a file that a template engine makes a manifest of: a statement, or a line that is one expression."""
    return ("{{" in text or "{%" in text) and _FILE.search(text) is not None
