# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Regular expressions as regexp of Go takes them."""

from __future__ import annotations

import re
import warnings

_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
_ODD_CLASS = re.compile(r"\[:|\[[^\]]*\\[^dDwWsS\W]")
# What Go's regexp refuses and Python takes (https://github.com/google/re2/wiki/Syntax).
_PYTHON_ONLY = re.compile(r"\(\?(?:[=!>(#]|<[=!]|P[=>])|\\[1-9ZuUN]")
# What both take and mean something else by, or only one of them, by how often it is repeated.
_DIFFERENT = re.compile(r"[*+?}][*+{]|[*+?}]\?[*+?{]|\{,|\{\d+,?\d*\}|\(\?[a-zA-Z-]|\$.")
# Of what Python refuses, what Go refuses, too.
_BROKEN = (
    "missing ), unterminated subpattern",
    "unbalanced parenthesis",
    "unterminated character set",
    "bad escape (end",
)


def parse_regex(text: str) -> re.Pattern[str] | None:
    """A regular expression as Go's regexp takes it; None when Python cannot tell.

    Raises ValueError for what Go surely refuses.
    """
    if "\\Q" in text:
        return None
    plain = _CLASS.sub("x", text.replace("\\\\", "x"))  # an escaped backslash escapes nothing
    found = _PYTHON_ONLY.search(plain)
    if found is not None and "[" not in plain:
        raise ValueError(f"Go has no {found.group()}")
    if _DIFFERENT.search(re.sub(r"\\.", "x", plain)) or _ODD_CLASS.search(text):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what Python may take otherwise one day
            return re.compile(text, re.ASCII)
    except re.error as error:
        if error.msg.startswith(_BROKEN):
            raise ValueError(error.msg) from None
    except (OverflowError, RecursionError):
        pass
    return None
