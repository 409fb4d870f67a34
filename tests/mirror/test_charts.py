"""Charts in the private registry: the login commands of the environment's README give access to them, too.

The system does not trust the registry. It uses a private CA and a password in one case, and plain http in the other.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest

from tests.mirror.registry import FIRST, USER, Registry
from tests.mirror.world import STACK, World
from tools import stacks
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

LOGIN = re.compile(r"^\$ ((?:skopeo|helm registry) login .+)$", re.MULTILINE)


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

    def log_in(self) -> list[str]:
        """Types the login commands of the README into a terminal and returns them."""
        commands = LOGIN.findall((self.environment / "README.md").read_text(encoding="utf-8"))
        for command in commands:
            terminal = pexpect.spawn("bash", ["-c", command], cwd=str(self.environment), env=self.env, timeout=30)
            for prompt, answer in (("Username:", USER), ("Password:", FIRST)):
                terminal.expect(prompt)
                terminal.sendline(answer)
            said = terminal.read().decode()
            terminal.close()
            assert terminal.exitstatus == 0, said
        return commands

    def pack(self, charts: Upstream) -> None:
        """Packages the charts that `make upstream-charts` fetches, with the version that upstream sets at release."""
        folder = self.environment / "build" / "charts"
        for (_, version), chart in charts.folders.items():
            command = [self.helm.path, "package", str(chart), "--version", version, "--destination", str(folder)]
            subprocess.run(command, check=True, capture_output=True)


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


def test_the_charts_go_through_the_registry(site: Site, upstream_charts: Callable[[str], Upstream]) -> None:
    assert len(site.log_in()) == 2
    site.pack(upstream_charts(STACK))
    pushed = site.make("push-charts")
    assert pushed.returncode == 0, pushed.stderr
    shutil.rmtree(site.environment / "build")

    for target in ("charts", "template"):
        done = site.make(target)
        assert done.returncode == 0, done.stderr
    assert len(list((site.environment / "build" / "charts").glob("*.tgz"))) == len(stacks.charts(STACK))
    rendered = {path.stem for path in (site.environment / "build").glob("*.yaml")}
    assert {"cert-manager", "istiod", "knative-operator", "kserve-resources"} < rendered


def test_without_the_access_the_charts_are_refused(site: Site, upstream_charts: Callable[[str], Upstream]) -> None:
    """Proves that the test above passes because of the access."""
    site.log_in()
    site.pack(upstream_charts(STACK))
    done = site.make("push-charts", "CHART_ACCESS=")
    assert done.returncode == 2
    refusals = r"x509: certificate signed by unknown authority|gave HTTP response to HTTPS client|downgrades scheme"
    assert re.search(refusals, done.stderr), done.stderr
