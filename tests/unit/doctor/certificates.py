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


def issued(folder: Path, host: str, subject: str, *, issuer: str) -> bytes:
    """The CA of a certificate in folder/crt with folder/key. As Knative's, they have no key identifiers."""
    (folder / "san").write_text(
        f"subjectAltName=DNS:{host}\nauthorityKeyIdentifier=none\nsubjectKeyIdentifier=none\n", encoding="utf-8"
    )
    for command in (
        f"openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN={issuer} -days 1 -out ca.crt",
        f"openssl req -newkey rsa:2048 -nodes -keyout key -subj /CN={subject} -out csr",
        "openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 1 -extfile san -out crt",
    ):
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return (folder / "ca.crt").read_bytes()
