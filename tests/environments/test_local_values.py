"""values/<release>.local.yaml: what it changes, and what is refused in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from kserve_wiring.cli import main as cli
from kserve_wiring.data import carried
from kserve_wiring.manifests.environment import plan
from kserve_wiring.manifests.known_values import ReleaseValues
from kserve_wiring.manifests.objects import KeyPath, show_path
from kserve_wiring.manifests.release_values import read_values
from kserve_wiring.manifests.wired_values import FREE, refused
from tests.chart import raw
from tests.environments.conftest import stack
from tests.template.conftest import EXAMPLES
from tools import stacks
from tools.console import ROOT
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

HARBOR = ROOT / "examples" / "offline-harbor.yaml"


@pytest.fixture(scope="module")
def files(
    environment: Callable[[Path], Path], upstream_charts: Callable[[str], Upstream]
) -> list[dict[str, ReleaseValues]]:
    """The values files of each example, by their name."""
    every = []
    for example in EXAMPLES:
        calls, _ = plan(environment(example), upstream_charts(stack(example)).folder)
        every.append({values.obj.name: values for values in read_values(calls)})
    return every


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif path:
        yield path, value


def nested(path: KeyPath, value: Any) -> Any:
    return nested(path[:-1], {path[-1]: value}) if path else value


def is_free(release: str, path: KeyPath) -> bool:
    return any((release, *path)[: len(free)] == free for free in FREE)


def with_body(values: ReleaseValues, body: Any) -> ReleaseValues:
    source = replace(values.obj.source, text=yaml.safe_dump(body))
    return replace(values, obj=replace(values.obj, body=body, source=source))


def test_every_generated_value_is_refused(files: list[dict[str, ReleaseValues]]) -> None:
    """In each release of each example, one value at a time, at its line."""
    tried = set()
    for named in files:
        for name in [name for name in named if f"{name}.local" in named]:
            for path, value in leaves(named[name].obj.body):
                local = with_body(named[f"{name}.local"], nested(path, value))
                problems = list(refused([named[name], local]))
                if is_free(name, path):
                    assert problems == []
                else:
                    (problem,) = problems
                    assert problem.file.endswith(f"values/{name}.local.yaml")
                    assert problem.message.startswith(f"{show_path(path)} ")
                    assert local.obj.source.text.splitlines()[problem.line - 1].lstrip().startswith(str(path[-1]))
                tried.add((name, *path))
    assert {free for free in FREE if not any(place[: len(free)] == free for place in tried)} == set()
    assert len(tried) > 150


def test_every_value_that_an_answer_can_set_is_refused(files: list[dict[str, ReleaseValues]]) -> None:
    """Also if these answers do not set it, with the answers that do."""
    answers = yaml.safe_load(carried("values-answers.yaml").read_text("utf-8"))
    own = files[0]
    for release in set(answers) & set(own):
        for pattern, names in answers[release].items():
            path = tuple(pattern.replace("*", "sklearnserver").split("."))
            if is_free(release, path):
                continue
            local = with_body(own[f"{release}.local"], nested(path, "x"))
            (problem,) = refused([with_body(own[release], {}), local])
            prefix, _, rest = problem.message.partition(" is set by the answer")
            said = rest.partition(";")[0].removeprefix("s").strip().split(", ")
            assert (prefix, set(names) <= set(said)) == (".".join(path), True), problem.message


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"global": None}, "global"),
        ({"global": {"imagePullSecrets": []}}, "global.imagePullSecrets"),
        ({"pilot": {"image": {"tag": "1"}}}, "pilot.image.tag"),
    ],
)
def test_a_value_above_or_below_a_wired_one_is_refused(
    files: list[dict[str, ReleaseValues]], body: Any, key: str
) -> None:
    (named,) = [named for named, example in zip(files, EXAMPLES, strict=True) if example == HARBOR]
    (problem,) = refused([named["istiod"], with_body(named["istiod.local"], body)])
    assert problem.message.split(" ")[0] == key


@pytest.fixture
def check(
    environment: Callable[[Path], Path],
    tmp_path: Path,
    upstream_charts: Callable[[str], Upstream],
    newest_helm: Helm,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[[str, str], tuple[int, str]]:
    """Exit code and output of the check with a local file."""
    folder = Path(shutil.copytree(environment(HARBOR), tmp_path / "harbor"))
    monkeypatch.chdir(folder)
    charts = next(iter(upstream_charts(stacks.DEFAULT).folders.values())).parent

    def run(release: str, text: str) -> tuple[int, str]:
        (folder / "values" / f"{release}.local.yaml").write_text(text, encoding="utf-8")
        code = cli.main(["check", ".", "--charts", str(charts), "--helm", newest_helm.path])
        return code, capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "# mine\npilot:\n  image: x/y:1\n",
            "cannot read values/istiod.local.yaml:3: pilot.image is set by the answers digest_policy, "
            "image_digests, "
            "registry_host, registry_layout, registry_map, registry_project, stack; remove it and change the answer "
            "with copier update",
        ),
        ("pilot: [\n", "cannot read values/istiod.local.yaml:2: not YAML: "),
        ("- pilot\n", "cannot read values/istiod.local.yaml: not a mapping of values"),
    ],
)
def test_a_local_file_is_refused_in_one_line(
    check: Callable[[str, str], tuple[int, str]], text: str, line: str
) -> None:
    code, said = check("istiod", text)
    assert code == 2
    (problem,) = [one for one in said.splitlines() if one.startswith("cannot read ")]
    assert problem.startswith(line)
    assert "10 of 11 releases, 168 objects: 0 errors, 0 warnings" in said


def test_an_unknown_value_is_named(check: Callable[[str, str], tuple[int, str]]) -> None:
    code, said = check("istiod", "pilott:\n  replicaCount: 2\n")
    assert code == 1
    assert "KW513" in said
    assert "values/istiod.local.yaml sets pilott, but chart istiod " in " ".join(said.split())


def test_a_file_of_no_release_is_named(check: Callable[[str, str], tuple[int, str]]) -> None:
    note = "note: values/istio.local.yaml has values, but no release of this environment reads it"
    assert note not in " ".join(check("istio", "# pilot:\n")[1].split())
    code, said = check("istio", "pilot:\n  replicaCount: 2\n")
    assert (code, note in " ".join(said.split())) == (0, True), said


def test_the_checker_reads_what_a_local_file_sets(check: Callable[[str, str], tuple[int, str]]) -> None:
    """The chart refuses a setting that disagrees with the wiring, also from a local file."""
    code, said = check("istiod", "pilot:\n  replicaCount: 2\n")
    assert (code, "0 errors, 0 warnings" in said) == (0, True)
    text = "kserve: {config: {storageInitializer: {caBundleVolumeMountPath: /certs}}}\n"
    code, said = check("kserve-environment", text)
    assert code == 2
    assert "[KW107] values: storage.caBundleMountPath is /etc/ssl/custom-certs, but kserve.config.storageInit" in said


# Set by no answer, so that only the chart refuses them.
CHART_ONLY = {
    "knative.spec.config",
    "kserve.config.credentials.s3.s3UseVirtualBucket",
    "kserve.config.deploy.defaultDeploymentMode",
    "kserve.config.storageInitializer.caBundleVolumeMountPath",
}


@pytest.mark.parametrize(("example", "own"), [("standard-ingress", True), ("standard-ingress-of-others", False)])
def test_the_scheme_of_urls_is_that_of_whoever_serves_them(
    files: list[dict[str, ReleaseValues]], example: str, own: bool
) -> None:
    (named,) = [named for named, path in zip(files, EXAMPLES, strict=True) if path.stem == example]
    text = {"kserve": {"config": {"ingress": {"urlScheme": "https"}}}}
    local = with_body(named["kserve-environment.local"], text)
    assert bool(list(refused([named["kserve-environment"], local]))) is own


@pytest.mark.parametrize(("base", "field"), [(base, field) for base, fields in raw.WIRED.items() for field in fields])
def test_a_wired_field_of_raw_configuration_is_refused(
    files: list[dict[str, ReleaseValues]], base: str, field: str
) -> None:
    """At its line, with the answers that set the value of the chart that sets it."""
    (named,) = [named for named, example in zip(files, EXAMPLES, strict=True) if example == HARBOR]
    rest = {"features": ("kubernetes.podspec-init-containers",), "registry.override": ("activator",)}.get(field, ())
    owner = raw.WIRED[base][field].split(".")[: -1 if rest else None] + list(rest)
    local = with_body(named["kserve-environment.local"], raw.nested((*base.split("."), *field.split("."), *rest), "x"))
    found = list(refused([named["kserve-environment"], local]))
    if f"{base}.{field}" in CHART_ONLY:
        assert found == []
        return
    (problem,) = found
    said = list(refused([named["kserve-environment"], with_body(local, nested(tuple(owner), "x"))]))
    reasons = {one.message.partition(" ")[2] for one in said}
    assert problem.message.partition(" ")[2] in reasons
    assert problem.message.startswith(base)
    last = local.obj.source.text.splitlines()[problem.line - 1]
    assert (rest or field.split("."))[-1] in last
