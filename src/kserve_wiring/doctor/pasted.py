# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Text as people paste it, made comparable: without colours, JSON escapes, quotation marks of mail and line breaks."""

from __future__ import annotations

import html
import re

LONGEST = 100_000
"""More characters than this are not searched; the message is in the last of them."""

_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\^\[\[[0-9;]*m|\x1b.?")
_UNICODE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_ESCAPED = re.compile(r"\\+([\"'/])")
_BREAK = re.compile(r"\\+[nrt](?![a-z]{2})|\\\n")
_FOLDED = re.compile(r"\\\r?\n[ \t]*\\(?= )")
"""A double-quoted scalar as kubectl folds it: a backslash ends a line, and another one is before the next blank."""
_LOGGED = re.compile(
    r"^(?:\S{1,40}T\S{1,40} (?:stdout|stderr) [FP] |\[pod/[^\]\s]{1,300}\] |[a-z0-9][\w./-]{2,80}[ \t]+\|[ \t])",
    re.MULTILINE,
)
"""What a container runtime, `kubectl logs --prefix` and docker compose write before each line."""
_FRAMED = re.compile(r"[ \t]*[|│┃][ \t]*$", re.MULTILINE)
_QUOTED = re.compile(r"^[ \t]*(?:[>|│┃][ \t]?)+", re.MULTILINE)
_CURLY = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\u00a0": " ", "\u200b": ""})
_LINK = re.compile(r"\[([^\[\]\s]{1,500})\]\((?:https?://)[^)\s]{1,500}\)")

_IMAGE = re.compile(
    r"""(?:image|reference|for|manifest)s?:?\s+["'`]?(?:docker://)?((?:[a-z0-9][\w.-]*(?::\d+)?/)?[a-z0-9][\w./-]*(?::[\w.-]+|@sha256:[0-9a-f]{8,}))"""
)
_HOSTS = (
    re.compile(r"lookup ([a-z0-9][\w.-]*\.[\w-]+)\.?[ :]"),
    re.compile(r"https?://(?:[^/@\s\"']*@)?([a-z0-9][\w.-]*(?::\d+)?)", re.IGNORECASE),
    re.compile(r"host='([\w.-]+)'"),
    re.compile(r"dial tcp ([\d.]+:\d+)"),
)
_SECRETS = (
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=bearer )[\w.~+/=-]{8,}"),
    re.compile(r"(?i)(?<=basic )[\w+/=]{12,}"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL),
    re.compile(r"(?i)(?<=--password )\S+|(?<=--token )\S+"),
)
_NAMED_SECRET = re.compile(
    r"(?i)\b((?:aws_)?secret_?(?:access_?)?key|client_?secret|password|passwd|token|signature|x-amz-(?:signature|credential|security-token))"
    r"(\"?\s*[=:]\s*\"?)[^\s\"'&,}]{4,}"
)


def comparable(text: str) -> str:
    """The text on one line, as the component printed it."""
    text = _TERMINAL.sub("", text[-LONGEST:]).translate(_CURLY)
    text = _LOGGED.sub("", _FRAMED.sub("", _FOLDED.sub("", text)))
    text = _UNICODE.sub(lambda match: chr(int(match[1], 16)), html.unescape(text))
    text = html.unescape(_ESCAPED.sub(r"\1", text))
    text = _LINK.sub(r"\1", _BREAK.sub(" ", _QUOTED.sub("", text)))
    return " ".join(text.replace("''", "'").split())


def details(message: str) -> dict[str, str]:
    """What the message names: `image` and `host`."""
    image = _IMAGE.search(message)
    hosts = (pattern.search(message) for pattern in _HOSTS)
    return {
        "image": image[1] if image else "the image",
        "host": next((match[1] for match in hosts if match), "the registry"),
    }


def without_secrets(text: str) -> str:
    """The text with passwords, tokens and signatures replaced."""
    for pattern in _SECRETS:
        text = pattern.sub("REDACTED", text)
    return _NAMED_SECRET.sub(r"\1\2REDACTED", text)
