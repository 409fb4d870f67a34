# /// script
# requires-python = ">=3.11"
# dependencies = ["boto3==1.38.33", "huggingface-hub==0.32.4", "pyyaml==6.0.2"]
# ///
"""Copies the models of images/models.yaml from Hugging Face, or from another S3 store, to that of this environment.

    mirror-models.py [--dry-run | --download]    called by `make mirror-models`; --download leaves the store out

Environment: S3_ENDPOINT (URL of the store), CERTS (folder with a ca.crt for it), and what boto3 and huggingface_hub
read: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, HF_TOKEN, HF_ENDPOINT, HTTPS_PROXY. For another S3
store: SOURCE_S3_ENDPOINT (its URL; empty for AWS) and SOURCE_AWS_PROFILE (a profile of ~/.aws with its credentials).

Each file has its SHA-256 in images/models.lock.yaml and, in the store, as metadata. A model whose files are all in the
store with these digests is not downloaded again. A download that broke off is continued, and files that are in the
store are not uploaded again. After a model that fails, the others go on; the script then exits with 2.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parents[1]
LIST, LOCK, CACHE = HERE / "images" / "models.yaml", HERE / "images" / "models.lock.yaml", HERE / "build" / "models"
HEAD = "# Written by `make mirror-models`: the SHA-256 of each file of the mirrored models.\n"
HUB = re.compile(r"hf://([\w.-]+/[\w.-]+):([0-9a-f]{40})")
S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]+)/((?:(?!\.\.?/)[^/\s]+/)*(?!\.\.?$)[^/\s]+)")
Digests = dict[str, str]


class Stop(Exception):
    """Why a model, or none, can be copied."""


@dataclass(frozen=True)
class Model:
    """Where a model comes from and goes to."""

    source: str
    target: str

    @property
    def folder(self) -> Path:
        """Where it is downloaded to. It stays there, for the next run."""
        hub = HUB.fullmatch(self.source)
        return CACHE / hub[1].replace("/", "--") / hub[2] if hub else CACHE / self.source.replace("://", "/")

    def place(self, name: str) -> dict[str, str]:
        """The object of a file in the store."""
        target = S3.fullmatch(self.target)
        assert target is not None
        return {"Bucket": target[1], "Key": f"{target[2]}/{name}"}


def read(path: Path) -> Iterator[Model]:
    """The models of a list. Raises Stop at an entry that is no model."""
    listed = parsed(path) or []
    seen: set[str] = set()
    for entry in listed if isinstance(listed, list) else [listed]:
        if not isinstance(entry, dict) or set(entry) != {"from", "to"}:
            raise Stop(f"write from and to: {path.name} has {entry}")
        source, target = str(entry["from"]), str(entry["to"])
        if not HUB.fullmatch(source) and not S3.fullmatch(source):
            raise Stop(f"write hf://OWNER/MODEL:COMMIT, with all 40 digits, or s3://BUCKET/PATH: not {source}")
        if not S3.fullmatch(target):
            raise Stop(f"write s3://BUCKET/PATH, without a / at the end: not {target}")
        if target in seen:
            raise Stop(f"choose another to: {target} is there twice")
        for other in seen:
            if f"{target}/".startswith(f"{other}/") or f"{other}/".startswith(f"{target}/"):
                raise Stop(f"choose another to: of {target} and {other}, a Pod of one would download both")
        seen.add(target)
        yield Model(source, target)


def parsed(path: Path) -> Any:
    """The content of a YAML file. Raises Stop if it is none."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Stop(f"mend {path.name}, which is not YAML: line {line}: {error.problem}") from None


class Store:
    """The S3 store."""

    def __init__(self) -> None:
        import boto3
        from botocore.config import Config

        bundle = Path(os.environ.get("CERTS") or "/nowhere") / "ca.crt"
        self._client = boto3.client(
            "s3",
            endpoint_url=os.environ["S3_ENDPOINT"],
            verify=str(bundle) if bundle.exists() else None,
            # Many stores know neither buckets as hosts nor the checksums that newer clients add.
            config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
        )

    def has(self, model: Model, name: str, digest: str) -> bool:
        """Whether a file is there with this digest."""
        from botocore.exceptions import ClientError

        try:
            found = self._client.head_object(**model.place(name))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return bool(found["Metadata"].get("sha256") == digest)

    def put(self, model: Model, name: str, digest: str) -> None:
        """Upload a file, in parts if it is large. It is in the store only when all of it is."""
        extra = {"Metadata": {"sha256": digest}}
        self._client.upload_file(str(model.folder / name), ExtraArgs=extra, **model.place(name))


def download(model: Model) -> None:
    """Download what is not there yet. Raises Stop if the files are then not those of the source."""
    hub = HUB.fullmatch(model.source)
    offered = from_hub(hub[1], hub[2], model.folder) if hub else from_s3(model.source, model.folder)
    there = digests(model.folder)
    damaged = {name for name, digest in offered.items() if digest and there.get(name) != digest}
    wrong = sorted(offered.keys() ^ there.keys() | damaged)
    if not offered:
        raise Stop("there is no file")
    if wrong:
        raise Stop(f"{wrong[0]} is not as the source has it; remove {model.folder} and run this again")


def from_hub(repository: str, commit: str, folder: Path) -> Digests:
    """Download a model of Hugging Face, and continue a file that broke off. Returns its files, with known digests."""
    from huggingface_hub import HfApi, snapshot_download

    # When the hub does not answer, snapshot_download returns what is there, and this raises.
    offered = HfApi().model_info(repository, revision=commit, files_metadata=True).siblings or []
    snapshot_download(repository, revision=commit, local_dir=folder)
    return {file.rfilename: file.lfs.sha256 if file.lfs else "" for file in offered}


def from_s3(source: str, folder: Path) -> Digests:
    """Download what another store has below a path. Returns its files. Raises Stop at a name that is no path."""
    import boto3

    bucket, _, path = source.removeprefix("s3://").partition("/")
    session = boto3.Session(profile_name=os.environ.get("SOURCE_AWS_PROFILE") or None)
    client = session.client("s3", endpoint_url=os.environ.get("SOURCE_S3_ENDPOINT") or None)
    found = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{path}/"):
        for item in page.get("Contents", ()):
            name = item["Key"].removeprefix(f"{path}/")
            file = folder / name
            if ".." in file.parts:
                raise Stop(f"{item['Key']} is no path of a file")
            if name and not name.endswith("/"):
                found[name] = ""
                file.parent.mkdir(parents=True, exist_ok=True)
                if not file.exists() or file.stat().st_size != item["Size"]:
                    client.download_file(bucket, item["Key"], str(file))  # which renames it when all of it is there
    return found


def digests(folder: Path) -> Digests:
    """The SHA-256 of each file of a model, without those of the client."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(".cache/"):
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def fetch(model: Model, locked: Digests) -> Digests:
    """The files of a model, downloaded unless they are those of the lock. Raises Stop if they are others."""
    if not locked or digests(model.folder) != locked:
        print(f"{model.source} is downloaded")
        download(model)
    files = digests(model.folder)
    if locked and files != locked:
        raise Stop(f"{LOCK.name} has other digests; remove {model.folder} and run this again")
    return files


def mirror(model: Model, store: Store, locked: Digests) -> Digests:
    """Copy what the store lacks of a model."""
    if locked and all(store.has(model, name, digest) for name, digest in locked.items()):
        print(f"{model.target} is there")
        return locked
    files = fetch(model, locked)
    for name, digest in files.items():
        if not store.has(model, name, digest):
            print(f"{model.target}/{name} is uploaded")
            store.put(model, name, digest)
    return files


def read_lock() -> dict[str, Any]:
    """What earlier runs have copied. Raises Stop if the file has something else."""
    lock = (parsed(LOCK) or {}) if LOCK.exists() else {}
    known = lock.values() if isinstance(lock, dict) else [lock]
    if not all(isinstance(one, dict) and {*one} == {"from", "files"} for one in known):
        raise Stop(f"take {LOCK.name} from git again: it is not as this script writes it")
    return lock


def write_lock(lock: dict[str, Any]) -> None:
    """Write the lock as a whole, or nothing."""
    part = LOCK.with_suffix(".part")
    part.write_text(HEAD + yaml.safe_dump(lock), encoding="utf-8")
    part.replace(LOCK)


def locked(model: Model, lock: dict[str, Any]) -> Digests:
    """The digests of a model, if it has been copied. Raises Stop if another one has been copied to its place."""
    entry = lock.get(model.target, {"from": model.source, "files": {}})
    if entry["from"] != model.source:
        raise Stop(
            f"choose another to: {entry['from']} is there, and a Pod that starts meanwhile would read files of both"
        )
    files: Digests = entry["files"]
    return files


def run(models: list[Model], store: Store | None) -> int:
    """Mirror all models, without a store only download them, and keep the lock after each. Returns how many failed."""
    lock, failed = read_lock(), []
    for model in models:
        try:
            known = locked(model, lock)
            files = mirror(model, store, known) if store else fetch(model, known)
        except Exception as error:  # of both clients, which have no class in common
            failed.append(f"error: {model.source} to {model.target}: {' '.join(str(error).split())}")
            continue
        lock[model.target] = {"from": model.source, "files": files}
        write_lock(lock)
    print("\n".join(failed), file=sys.stderr, end="\n" if failed else "")
    return len(failed)


def main() -> int:
    try:
        return asked()
    except Stop as error:
        print(f"error: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        print(f"error: install {error.name} for {sys.executable}, or set RUN_SCRIPT to 'pipx run'", file=sys.stderr)
    return 2


def asked() -> int:
    """What the words of the command ask for; the exit code. Raises Stop."""
    models = list(read(LIST))
    if not models:
        print(f"images/{LIST.name} names no model: there is nothing to mirror.")
    if "--dry-run" in sys.argv[1:]:
        print("".join(f"{model.source} {model.target}\n" for model in models), end="")
        return 0
    return 2 if models and run(models, None if "--download" in sys.argv[1:] else Store()) else 0


if __name__ == "__main__":
    sys.exit(main())
