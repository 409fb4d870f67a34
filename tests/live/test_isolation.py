"""Offline is a fact: the bed's network has no way out. Another bed on this machine leaves it alone."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys

import pytest

from tests.live.bed.bed import Bed

pytestmark = pytest.mark.live


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "10.0.0.1", "192.168.1.1"])
def test_no_outside_address_answers(bed: Bed, address: str) -> None:
    with pytest.raises(OSError, match="unreachable") as caught, socket.create_connection((address, 443), timeout=3):
        pass
    assert caught.value.errno == errno.ENETUNREACH


def test_no_outside_name_resolves(bed: Bed) -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("index.docker.io", 443)
    assert bed.dns.addresses("index.docker.io") is None


def test_only_loopback_and_pods_have_links() -> None:
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    assert {line.partition("@")[0].split()[0].rstrip("0123456789") for line in links.splitlines()} <= {"lo", "pod"}


def test_another_bed_keeps_the_data_of_this_one(bed: Bed) -> None:
    """Each bed begins with the removal of old data, in the folder that all beds of this checkout share."""
    begin = "from tests.live.bed import bed; bed.forget_old_runs(keep=0)"
    subprocess.run([sys.executable, "-c", begin], check=True)
    assert (bed.state / "etcd").is_dir()
