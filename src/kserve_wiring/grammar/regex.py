# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Regular expressions as Go's regexp parses them."""

from __future__ import annotations

import re
import warnings

_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
_ODD_CLASS = re.compile(r"\[:|\[[^\]]*\\[^dDwWsS\W]")
# Accepted by Python, refused by Go (https://github.com/google/re2/wiki/Syntax).
_PYTHON_ONLY = re.compile(r"\(\?(?:[=!>(#]|<[=!]|P[=>])|\\[1-9ZuUN]")
# Repetition and flags that only one of the two accepts, or that have another meaning in each.
_DIFFERENT = re.compile(r"[*+?}][*+{]|[*+?}]\?[*+?{]|\{,|\{\d+,?\d*\}|\(\?[a-zA-Z-]|\$.")
# Errors of Python that are errors in Go too.
_BROKEN = (
    "missing ), unterminated subpattern",
    "unbalanced parenthesis",
    "unterminated character set",
    "bad escape (end",
)


def parse_regex(text: str) -> re.Pattern[str] | None:
    """Compile a regular expression of Go; None if Python cannot tell what Go does.

    Raises ValueError when Go certainly refuses it.
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
            warnings.simplefilter("ignore")  # about syntax that a later Python may parse differently
            return re.compile(text, re.ASCII)
    except re.error as error:
        if error.msg.startswith(_BROKEN):
            raise ValueError(error.msg) from None
    except (OverflowError, RecursionError):
        pass
    return None
