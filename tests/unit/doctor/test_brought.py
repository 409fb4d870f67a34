"""What people have instead of our bundle: doctor says what it read, and never fails with a traceback."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from kserve_wiring.cli.main import main
from kserve_wiring.doctor.collect import write_bundle
from kserve_wiring.doctor.collected import Collected
from kserve_wiring.manifests.load import load_values
from tests.unit.doctor.objects import chain, obj

LIST = {"apiVersion": "v1", "kind": "List", "items": chain()}
YAML, JSON = yaml.safe_dump(LIST).encode(), json.dumps(LIST).encode()
PULL = 'Failed to pull image "r.example/a:1": rpc error: code = Unknown desc = 401 Unauthorized'
DESCRIBE = f"""Name:         iris-predictor-00001-deployment-x
Namespace:    models
Events:
  Type     Reason  Age                From     Message
  ----     ------  ----               ----     -------
  Warning  Failed  2m (x4 over 5m)    kubelet  {PULL}
  Warning  Failed  2m (x4 over 5m)    kubelet  Error: ErrImagePull
"""
EVENTS = f"""NAMESPACE  LAST SEEN  TYPE     REASON            OBJECT     MESSAGE
models     3m         Warning  Failed            pod/iris   {PULL}
models     3m         Warning  FailedScheduling  pod/wine   0/3 nodes are available: 3 Insufficient memory.
models     3m         Normal   Pulling           pod/iris   Pulling image "r.example/a:1"
"""


def tar(mode: str, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(f"root/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


WHOLE = {
    "all.yaml": YAML,
    "all.txt": YAML,
    "all.json.gz": gzip.compress(JSON),
    "all.yaml.xz": lzma.compress(YAML),
    "all.yaml.bz2": bz2.compress(YAML),
    "two streams.gz": gzip.compress(YAML[:1000]) + gzip.compress(YAML[1000:]),
    "two streams.xz": lzma.compress(YAML[:1000]) + lzma.compress(YAML[1000:]),
    "two streams.bz2": bz2.compress(YAML[:1000]) + bz2.compress(YAML[1000:]),
    "sosreport.tar.xz": tar("w:xz", kubectl_get=YAML),
    "report.tar.bz2": tar("w:bz2", kubectl_get=JSON),
    "report.zip": zipped(all=YAML),
    "tar in a tar.tar": tar("w:", inner=tar("w:gz", all=YAML)),
    "tar in a zip.zip": zipped(inner=tar("w:gz", all=YAML)),
    "zip in a tar.tgz": tar("w:gz", inner=zipped(all=JSON)),
    "UTF-16.yaml": YAML.decode().replace("\n", "\r\n").encode("utf-16"),
    "UTF-16 without a mark.yaml": YAML.decode().encode("utf-16-le"),
    "UTF-32.json": JSON.decode().encode("utf-32"),
    "backslashes.zip": zipped(**{"root\\objects\\all.yaml": YAML}),
    "with binary.tgz": tar("w:gz", core=os.urandom(5000), all=YAML, empty=b""),
}


def seen(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    """The exit code and everything that was printed, on one line."""
    code = main(["doctor", str(path), *more])
    printed = capsys.readouterr()
    return code, " ".join((printed.out + printed.err).split())


@pytest.mark.parametrize("name", WHOLE)
def test_it_is_read_whole(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / name).write_bytes(WHOLE[name])
    code, text = seen(tmp_path / name, capsys)
    assert (code, "digest-no-such-host" in text, "cannot read" in text) == (1, True, False), text


BAD: dict[str, tuple[bytes, str]] = {
    "all.tar.zst": (b"\x28\xb5\x2f\xfd" + b"x" * 100, "unpack it first: doctor does not read zstd"),
    "all.7z": (b"7z\xbc\xaf\x27\x1c" + b"x" * 100, "unpack it first: doctor does not read 7z"),
    "random.bin": (bytes(range(256)) * 20, "no object of Kubernetes"),
    "only.tgz": (tar("w:gz"), "no object of Kubernetes"),
    "cut.zip": (zipped(a=b"x")[:20], "the zip archive is cut off, so the list of its files is lost"),
    "cut.tar": (tar("w:", first=b"1" * 900, second=b"2" * 900)[:2048], "the archive is cut off"),
    "notes.txt": (b"we have a problem", "no object of Kubernetes"),
    "cut.xz": (lzma.compress(os.urandom(3000))[:1000], "cut off"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_said(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, message = BAD[name]
    (tmp_path / name).write_bytes(data)
    code, text = seen(tmp_path / name, capsys)
    assert (code, message in text) == (2, True), text


def test_one_bad_file_among_good_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As in a sosreport: links that lead nowhere, a folder with the name of a file, and what is no archive."""
    (tmp_path / "all.yaml").write_bytes(YAML)
    (tmp_path / "nowhere").symlink_to("absent")
    (tmp_path / "logs.json").mkdir()
    (tmp_path / "broken.tgz").write_bytes(b"\x1f\x8b\x08\x00broken")
    os.mkfifo(tmp_path / "pipe")
    code, text = seen(tmp_path, capsys)
    assert (code, "digest-no-such-host" in text, "cannot read" in text) == (1, True, True), text


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, lambda data: data], ids=["gz", "xz", "tar"])
def test_of_a_cut_archive_the_begin_is_read(
    pack: Callable[[bytes], bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = [obj("ConfigMap", f"noise-{number}", data={"a": os.urandom(500).hex()}) for number in range(500)]
    whole = json.dumps({"apiVersion": "v1", "kind": "List", "items": [*chain(), *noise]}).encode()
    data = pack(tar("w:", **{"objects.json": whole}))
    (tmp_path / "cut").write_bytes(data[: len(data) * 2 // 3])
    code, text = seen(tmp_path / "cut", capsys)
    assert (code, "digest-no-such-host" in text, "cannot read" in text) == (1, True, True), text


def test_our_own_bundle_is_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_bundle(Collected(load_values(chain())), tmp_path / "b.tgz")
    data = (tmp_path / "b.tgz").read_bytes()
    for length in range(0, len(data), 40):
        (tmp_path / "cut.tgz").write_bytes(data[:length])
        code, text = seen(tmp_path / "cut.tgz", capsys)
        assert (code in (1, 2), "Traceback" in text) == (True, False)


@pytest.mark.parametrize(
    ("text", "symptoms"),
    [(DESCRIBE, ["pull-unauthorized"]), (EVENTS, ["pull-unauthorized", "unschedulable"])],
    ids=["describe", "events"],
)
def test_a_text_without_an_object(
    text: str, symptoms: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pasted.txt").write_text(text, encoding="utf-8")
    for path in (tmp_path, tmp_path / "pasted.txt"):
        code, printed = seen(path, capsys)
        assert (code, [symptom for symptom in symptoms if f"({symptom})" not in printed]) == (1, [])
        assert "texts: 1 known symptoms in 1 texts" in printed


def test_a_log_without_an_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "models" / "iris-x"
    folder.mkdir(parents=True)
    (folder / "storage-initializer.log").write_text("botocore.exceptions.NoCredentialsError: Unable", encoding="utf-8")
    code, text = seen(tmp_path, capsys)
    assert (code, "File log of models/iris-x/storage-initializer" in text, "storage-no-credentials" in text) == (
        1,
        True,
        True,
    )


def test_texts_beside_objects_say_nothing_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    healthy = {"apiVersion": "v1", "kind": "List", "items": chain(ready="True")}
    (tmp_path / "all.json").write_text(json.dumps(healthy), encoding="utf-8")
    (tmp_path / "describe.txt").write_text(DESCRIBE, encoding="utf-8")
    assert seen(tmp_path, capsys)[0] == 0


def test_manifests_of_helm_have_no_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "iris"}}
    knative = {"apiVersion": "operator.knative.dev/v1beta1", "kind": "KnativeServing", "metadata": {"name": "k"}}
    for name, body in (("models.yaml", model), ("knative.yaml", knative)):
        (tmp_path / name).write_text("---\n# Source: x\n" + yaml.safe_dump(body), encoding="utf-8")
    code, text = seen(tmp_path, capsys)
    assert (code, "manifests: 2 without a state" in text) == (0, True), text
