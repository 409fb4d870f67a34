"""The script of `kserve-wiring images --format oras`, with real oras, as docs/images.md describes it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from kserve_wiring.inventory.formats import as_oras
from kserve_wiring.inventory.listing import IMAGE_LIST, Image, read_image_list
from tests.live.bed import binaries
from tests.mirror.registry import FIRST, USER, Registry
from tests.mirror.signer import REFERRERS, Signer
from tests.mirror.world import World, split
from tools.console import ROOT


@pytest.mark.parametrize("plain", [False, True], ids=["CA and password", "plain http"])
def test_the_script_copies_the_images(world: World, tmp_path: Path, plain: bool) -> None:
    registry = Registry(tmp_path / "registry", world.port, None if plain else world.keys)
    registry.serve()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "oras").symlink_to(binaries.binary("oras", "oras"))
    env = {"HOME": str(tmp_path), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    entries = [Image(item["source"], item["target"]) for item in read_image_list(world.environment / IMAGE_LIST)]
    tagged = [image for image in entries if "@" not in image.source][:2]
    images = [*tagged, *[image for image in entries if "@" in image.source][:2]]
    # oras reads no registries.conf, so upstream has another address; it speaks http to localhost.
    tls = "" if plain else "--to-plain-http=false "
    script = as_oras(images).replace(" $ORAS_TO ", f" $ORAS_TO {tls}--from-plain-http {world.upstream.host}/")
    (world.environment / "copy.sh").write_text(script, encoding="utf-8")
    text = (ROOT / "docs" / "images.md").read_text(encoding="utf-8")
    command = re.findall(r"`(ORAS_TO=\S*plain\S* .+?)`" if plain else r"`(ORAS_TO='.+?' .+?)`", text)[0]
    world.log_in()
    signer = Signer.make(tmp_path / "cosign", world, world.upstream)
    signer.sign(images[0].source, REFERRERS)
    try:
        login = ["oras", "login", world.host, "--username", USER, "--password-stdin"]
        login += ["--plain-http"] if plain else ["--plain-http=false", "--ca-file", "images/certs/ca.crt"]
        for words, given in ((login, FIRST), (["sh", "-c", command], "")):
            done = subprocess.run(
                words, cwd=world.environment, env=env, input=given, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
        for image in images:
            repository, tag = split(image.target)
            assert registry.digest(repository.partition("/")[2], tag) == world.images[image.source].digest
        assert signer.verify("verify", images[0].target, images[0].source, form=REFERRERS) == (0, "")
    finally:
        registry.stop()
        (world.environment / "copy.sh").unlink()
