"""Charts in the private registry need the access that the environment has for its images.

The system does not trust the registry. It uses a private CA and a password in one case, and plain http in the other.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest

from tests.mirror.registry import FIRST, USER, Registry
from tests.mirror.world import STACK, World
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm


@dataclass
class Site:
    """An environment that takes its charts from the private registry, and a user's empty home folder."""

    world: World
    environment: Path
    home: Path
    helm: Helm

    @property
    def env(self) -> dict[str, str]:
        kept = self.world.env(HOME=str(self.home), REGISTRY_AUTH_FILE=str(self.home / "auth.json"))
        return kept | {"PATH": f"{self.home / 'bin'}:{kept['PATH']}"}

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.world.make_target(self.environment, *words, **self.env)

    def log_in(self) -> None:
        """Types `make login` into a terminal."""
        terminal = pexpect.spawn("make", ["login"], cwd=str(self.environment), env=self.env, timeout=30)
        for prompt, answer in (("User name for [^ ]+: ", USER), (f"Password of {USER}: ", FIRST)):
            terminal.expect(prompt)
            terminal.sendline(answer)
        said = terminal.read().decode()
        terminal.close()
        assert terminal.exitstatus == 0, said
        assert FIRST not in said

    def pack(self, charts: Upstream) -> None:
        """Packages the charts as `make upstream-charts` fetches them: upstream's repository has the v in the name."""
        folder = self.environment / "build" / "charts"
        folder.mkdir(parents=True)
        for (name, version), chart in charts.folders.items():
            command = [self.helm.path, "package", str(chart), "--destination", str(self.home)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            Path(done.stdout.partition(": ")[2].strip()).rename(folder / f"{name}-{version}.tgz")


@pytest.fixture(params=["private CA and password", "plain http"])
def site(request: pytest.FixtureRequest, world: World, tmp_path: Path, each_helm: Helm) -> Iterator[Site]:
    plain = request.param == "plain http"
    registry = Registry(tmp_path / "registry", world.port, None if plain else world.keys)
    registry.serve()
    trust = {"registry_plain_http": True, "registry_ca_source": None, "registry_ca_bundle": None} if plain else {}
    environment = world.generate(tmp_path / "environment", chart_source="oci", **trust)
    (tmp_path / "home" / "bin").mkdir(parents=True)
    (tmp_path / "home" / "bin" / "helm").symlink_to(each_helm.path)
    yield Site(world, environment, tmp_path / "home", each_helm)
    registry.stop()


def test_without_the_access_the_charts_are_refused(site: Site, upstream_charts: Callable[[str], Upstream]) -> None:
    """tests/commands pushes and pulls the charts with the access; this proves that it needs it."""
    site.log_in()
    site.pack(upstream_charts(STACK))
    done = site.make("push-charts", "CHART_ACCESS=")
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    host = site.world.host
    assert lines in (
        [f"error: the certificate of {host} is not trusted: set CERTS to a folder with its CA as ca.crt"],
        [f"error: {host} serves plain http: set the answer registry_plain_http to true"],
    )
