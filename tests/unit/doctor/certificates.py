"""Certificates of servers in tests."""

from __future__ import annotations

import subprocess
from pathlib import Path


def certificate(folder: Path, host: str, days: int = 1) -> bytes:
    """A self-signed certificate in folder/crt with folder/key; one of -1 days has expired."""
    request = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-subj", "/CN=x", "-out", "csr"]
    (folder / "san").write_text(f"subjectAltName=DNS:{host}", encoding="utf-8")
    sign = f"openssl x509 -req -in csr -signkey key -days {days} -extfile san -out crt"
    for command in (request, sign.split()):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "crt").read_bytes()
