"""Each error is one line that tells the user what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.live.bed.control_plane import certificate_authority
from tests.mirror.registry import Registry
from tests.mirror.state import error_of
from tests.mirror.world import World


def test_a_wrong_password_is_one_error(world: World, empty: Registry, few: Path) -> None:
    world.log_in("wrong")
    target = world.lines(few)[0][1]
    for verb in ("mirror", "verify-mirror", "lock"):
        assert error_of(world.make_target(few, verb)) == (
            f"error: {world.host} rejects the credentials for {target}: run make login, or set REGISTRY_AUTH_FILE"
        )
    assert not (few / "images.lock.yaml").exists()


def test_a_wrong_ca_is_one_error(world: World, empty: Registry, few: Path, tmp_path: Path) -> None:
    certificate_authority(tmp_path / "other", "other-ca")
    (tmp_path / "certs").mkdir()
    shutil.copy(tmp_path / "other" / "ca.crt", tmp_path / "certs")
    done = world.make_target(few, "mirror", f"CERTS={tmp_path / 'certs'}")
    assert error_of(done) == (
        f"error: the certificate of {world.host} is not trusted: set CERTS to a folder with its CA as ca.crt"
    )


def test_a_registry_that_is_down_is_one_error(world: World, few: Path) -> None:
    for verb in ("mirror", "verify-mirror", "lock"):
        message = error_of(world.make_target(few, verb))
        assert message == f"error: {world.host} cannot be reached: connection refused"


def test_a_host_without_an_address_is_one_error(world: World, few: Path) -> None:
    file = few / "images" / "images.txt"
    file.write_text(file.read_text(encoding="utf-8").replace(world.host, "registry.invalid:443"), encoding="utf-8")
    assert error_of(world.make_target(few, "verify-mirror")).startswith(
        "error: registry.invalid:443 cannot be reached: no"
    )


def test_an_image_that_upstream_does_not_have_is_named(world: World, empty: Registry, few: Path) -> None:
    file = few / "images" / "images.txt"
    gone = f"docker.io/acme/gone:v1 {world.host}/kserve/acme/gone:v1\n"
    file.write_text(gone + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert error_of(world.make_target(few, "mirror")) == "error: docker.io/acme/gone:v1 does not exist"
    assert error_of(world.make_target(few, "bundle")) == "error: docker.io/acme/gone:v1 does not exist"
