"""`make mirror-models` of a generated environment, from a mirror of Hugging Face into a real server of S3."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.packages.conftest import initializer_versions
from tests.packages.stores import ACCESS, COMMIT, CONTENT, HUB, SECRET, TOKEN
from tests.template.conftest import ROOT
from tools.environment.generate import generate

SOURCE, TARGET = f"hf://org/iris:{COMMIT}", "s3://models/org/iris"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
LOCK = {TARGET: {"from": SOURCE, "files": {"model.bin": DIGEST}}}
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(places: dict[str, str], keys: Path, tmp_path: Path) -> Path:
    """An environment with the store of the test and one model in its list."""
    answers = yaml.safe_load((ROOT / "examples" / "models-inside.yaml").read_text("utf-8"))
    del answers["registry_ca_name"]
    answers |= {"registry_ca_source": "bundle", "registry_ca_bundle": (keys / "cabundle.crt").read_text("utf-8")}
    generate(answers | {"s3_endpoint": places["s3"]}, tmp_path / "environment")
    models = yaml.safe_dump([{"from": SOURCE, "to": TARGET}])
    (tmp_path / "environment" / "images" / "models.yaml").write_text(models, encoding="utf-8")
    return tmp_path / "environment"


@pytest.fixture
def run(environment: Path, python: Path, places: dict[str, str], keys: Path, tmp_path: Path) -> Run:
    """make mirror-models, with the credentials of a person."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "REQUESTS_CA_BUNDLE": str(keys / "cabundle.crt")}
    variables |= {"HF_ENDPOINT": f"https://{places['hub']}{HUB}", "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1"}
    variables |= {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_EC2_METADATA_DISABLED": "true"}

    def run(*words: str, **others: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--no-print-directory", "mirror-models", f"RUN_SCRIPT={python}", *words]
        env = variables | others
        return subprocess.run(command, cwd=environment, env=env, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def stored(served: Path) -> Path:
    """The file of the model in the store, which is not there yet."""
    shutil.rmtree(served / "models" / "org", ignore_errors=True)
    return served / "models" / "org" / "iris" / "model.bin"


def lock(environment: Path) -> object:
    return yaml.safe_load((environment / "images" / "models.lock.yaml").read_text("utf-8"))


def test_a_model_is_copied_once(run: Run, environment: Path, stored: Path) -> None:
    done = run()
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{SOURCE} is downloaded\n{TARGET}/model.bin is uploaded\n"
    assert stored.read_bytes() == CONTENT
    assert lock(environment) == LOCK
    shutil.rmtree(environment / "build")
    again = run(HF_ENDPOINT="https://localhost:1")
    assert (again.returncode, again.stdout) == (0, f"{TARGET} is there\n"), again.stderr


def test_what_broke_off_goes_on_without_another_download(run: Run, environment: Path, stored: Path) -> None:
    assert run(AWS_ACCESS_KEY_ID="another").returncode == 2
    assert not stored.exists()
    assert not (environment / "images" / "models.lock.yaml").exists()
    assert run().returncode == 0
    stored.unlink()
    done = run(HF_ENDPOINT="https://localhost:1")
    assert (done.returncode, done.stdout) == (0, f"{TARGET}/model.bin is uploaded\n"), done.stderr


def test_it_crosses_an_air_gap_in_the_folder(run: Run, environment: Path, stored: Path) -> None:
    done = run("DOWNLOAD=1", AWS_ACCESS_KEY_ID="")
    assert (done.returncode, done.stdout) == (0, f"{SOURCE} is downloaded\n"), done.stderr
    assert lock(environment) == LOCK
    done = run(HF_ENDPOINT="https://localhost:1")
    assert (done.returncode, done.stdout) == (0, f"{TARGET}/model.bin is uploaded\n"), done.stderr
    assert stored.read_bytes() == CONTENT


def test_part_of_a_model_is_not_taken_for_all_of_it(run: Run, environment: Path, stored: Path) -> None:
    """snapshot_download returns what is there when the hub does not answer."""
    part = environment / "build" / "models" / "org--iris" / COMMIT / "config.json"
    part.parent.mkdir(parents=True)
    part.write_text("{}", encoding="utf-8")
    assert run(HF_ENDPOINT="https://localhost:1").returncode == 2
    assert not stored.parent.exists()


def test_a_file_that_the_hub_does_not_have_is_not_copied(run: Run, environment: Path, stored: Path) -> None:
    assert run("DOWNLOAD=1").returncode == 0
    (environment / "images" / "models.lock.yaml").unlink()
    (environment / "build" / "models" / "org--iris" / COMMIT / "notes.txt").write_text("mine", encoding="utf-8")
    done = run()
    assert done.returncode == 2
    assert "notes.txt is not as the source has it; remove " in done.stderr
    assert not stored.parent.exists()


def test_another_content_than_the_locked_one_is_refused(
    run: Run, environment: Path, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run().returncode == 0
    stored.unlink()
    shutil.rmtree(environment / "build")
    monkeypatch.setattr("tests.packages.stores.CONTENT", b"another")
    done = run()
    assert done.returncode == 2
    assert f"error: {SOURCE} to {TARGET}: models.lock.yaml has other digests; remove" in done.stderr
    assert lock(environment) == LOCK
    assert not stored.exists()


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("HF_TOKEN", "", "401"),
        ("HF_ENDPOINT", "https://localhost:1", "port=1"),
        ("REQUESTS_CA_BUNDLE", "", "CERTIFICATE_VERIFY_FAILED"),
        ("AWS_ACCESS_KEY_ID", "", "Unable to locate credentials"),
        ("AWS_SECRET_ACCESS_KEY", "wrong", "403"),
    ],
)
def test_a_failure_says_why(run: Run, stored: Path, variable: str, value: str, message: str) -> None:
    done = run(**{variable: value})
    assert done.returncode == 2
    assert f"error: {SOURCE} to {TARGET}: " in done.stderr
    assert message in done.stderr
    assert not stored.exists()


def test_a_place_is_not_given_to_another_model(run: Run, environment: Path, stored: Path) -> None:
    """Its files would be those of both models until all are copied, and some afterwards."""
    assert run().returncode == 0
    models = environment / "images" / "models.yaml"
    models.write_text(models.read_text("utf-8").replace(COMMIT, COMMIT[::-1]), encoding="utf-8")
    done = run()
    assert done.returncode == 2
    assert f"to {TARGET}: choose another to: {SOURCE} is there, and a Pod" in done.stderr
    assert lock(environment) == LOCK


@pytest.fixture
def other_store(served: Path, environment: Path) -> Path:
    """A bucket of another store with a model of two files, which the list names."""
    models = yaml.safe_dump([{"from": "s3://upstream/wine/1", "to": "s3://models/org/wine"}])
    (environment / "images" / "models.yaml").write_text(models, encoding="utf-8")
    shutil.rmtree(served / "upstream", ignore_errors=True)
    (served / "upstream" / "wine" / "1" / "more").mkdir(parents=True)
    (served / "upstream" / "wine" / "1" / "model.bin").write_bytes(CONTENT)
    (served / "upstream" / "wine" / "1" / "more" / "config.json").write_text("{}", encoding="utf-8")
    return served / "upstream" / "wine" / "1"


@pytest.fixture
def reach(places: dict[str, str], keys: Path) -> dict[str, str]:
    """How the other store is reached."""
    return {"SOURCE_S3_ENDPOINT": f"https://{places['s3']}", "AWS_CA_BUNDLE": str(keys / "cabundle.crt")}


def test_a_model_of_another_store_is_copied(
    run: Run, environment: Path, stored: Path, other_store: Path, reach: dict[str, str]
) -> None:
    done = run(**reach)
    assert done.returncode == 0, done.stderr
    copied = stored.parents[1] / "wine"
    assert (copied / "model.bin").read_bytes() == CONTENT
    assert (copied / "more" / "config.json").read_text("utf-8") == "{}"
    files = {"model.bin": DIGEST, "more/config.json": hashlib.sha256(b"{}").hexdigest()}
    assert lock(environment) == {"s3://models/org/wine": {"from": "s3://upstream/wine/1", "files": files}}
    assert run().stdout == "s3://models/org/wine is there\n"


def test_an_empty_place_of_another_store_is_no_model(
    run: Run, environment: Path, stored: Path, other_store: Path, reach: dict[str, str]
) -> None:
    shutil.rmtree(other_store)
    done = run(**reach)
    assert done.returncode == 2
    assert "error: s3://upstream/wine/1 to s3://models/org/wine: there is no file\n" in done.stderr
    assert not (environment / "images" / "models.lock.yaml").exists()


def test_the_other_models_are_copied(run: Run, environment: Path, stored: Path) -> None:
    gone = {"from": f"hf://org/gone:{COMMIT}", "to": "s3://models/gone"}
    models = yaml.safe_dump([gone, {"from": SOURCE, "to": TARGET}])
    (environment / "images" / "models.yaml").write_text(models, encoding="utf-8")
    assert run().returncode == 2
    assert stored.read_bytes() == CONTENT
    assert lock(environment) == LOCK


def test_the_clients_are_those_of_kserve() -> None:
    text = (ROOT / "template" / "scripts" / "mirror-models.py").read_text("utf-8")
    versions = initializer_versions()
    for name in ("boto3", "huggingface-hub"):
        assert f'"{name}=={versions[name]}"' in text
