# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Write what was collected into one archive, without credentials."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

from kserve_wiring.doctor.collected import Collected
from kserve_wiring.doctor.envoy import reduced
from kserve_wiring.doctor.pasted import without_secrets
from kserve_wiring.doctor.redact import redacted

FOLDER = "kserve-wiring-bundle"


def write_bundle(collected: Collected, path: Path) -> None:
    """Write the archive as a whole, or nothing. Raises OSError."""
    files = {"objects.json": _objects(collected), "unseen.txt": "\n".join(collected.unseen)}
    if collected.absent:
        files["absent.txt"] = "\n".join(collected.absent)
    if collected.webhooks:
        files["webhooks.json"] = json.dumps(collected.webhooks, ensure_ascii=False)
    for (namespace, pod, container), text in collected.logs.items():
        files[f"logs/{namespace}/{pod}/{container}.log"] = without_secrets(text)
    for (namespace, pod), configs in collected.envoys.items():
        dump = json.dumps({"configs": reduced(configs)}, ensure_ascii=False)
        files[f"proxies/{namespace}/{pod}/config_dump"] = without_secrets(dump)
    part = path.with_name(f"{path.name}.part")
    try:
        with (
            part.open("wb") as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w") as archive,
        ):
            for name, text in files.items():
                _add(archive, f"{FOLDER}/{name}", text)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _objects(collected: Collected) -> str:
    items = [redacted(obj.body) for obj in collected.objects]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, ensure_ascii=False)


def _add(archive: tarfile.TarFile, name: str, text: str) -> None:
    data = text.encode("utf-8", errors="backslashreplace")
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))
