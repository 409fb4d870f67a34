"""The main job on one example: generate an environment, render it, validate it, and show the result.

Then break one setting on purpose, to show the error that a user would get.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from kserve_wiring.checker.inspect import inspect
from kserve_wiring.checker.options import Options
from kserve_wiring.checker.report import Report
from kserve_wiring.formats import text as wording
from kserve_wiring.manifests.environment import Release, plan
from kserve_wiring.manifests.helm import HelmCall
from kserve_wiring.manifests.load import Loaded, load_path, load_text
from kserve_wiring.manifests.read import read
from tools.console import BUILD, ROOT, Stop, note, run, shown, step
from tools.environment import generate as environment
from tools.environment import others, render, schema, wiring_table
from tools.environment.render import Rendered, RenderError
from tools.upstream import charts as upstream
from tools.upstream import helm, modules
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm
from tools.upstream.modules import Unavailable

EXAMPLE = ROOT / "examples" / "offline-harbor.yaml"
TARGET = BUILD / "demo"
BROKEN = BUILD / "demo-broken"
STEPS = 6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("example", type=Path, nargs="?", default=EXAMPLE, help="an answers file (%(default)s)")
    options = parser.parse_args()
    answers = environment.load_answers(options.example)
    stack = environment.stack_of(answers)

    _step(1, f"Generating an environment from {shown(options.example)}")
    environment.generate(answers, TARGET)
    _step(2, f"Fetching the upstream charts of stack {stack}")
    charts = upstream.charts(stack)
    newest = helm.find()
    work, without = plan(TARGET, charts.folder)
    rendered = _render(work, newest)
    _name_missing(without, charts)
    _validate(rendered, stack, not without, others.kinds(charts, newest))
    if without:
        _step(5, "Skipped: without the releases above the settings cannot be compared")
    else:
        _agree(rendered)
    _show(rendered, charts, newest)
    if without:
        _step(6, "Skipped: only the releases above would show the broken setting")
    else:
        _break(charts, newest)
    return 0


def _step(number: int, text: str) -> None:
    step(f"{number}/{STEPS} {text}")


def _render(work: Sequence[HelmCall], newest: Helm) -> list[Rendered]:
    """Lint and render every release whose chart is available."""
    _step(3, f"Linting and rendering {len({job.release for job in work})} releases with {newest}")
    for job in work:
        complaint = "" if job.part else render.lint(job, newest)
        if complaint:
            raise Stop(f"helm lint of {job.release}: {complaint}")
    try:
        rendered = render.render(work, newest)
    except RenderError as error:
        raise Stop(f"helm template of {error}") from error
    for result in rendered:
        what = f"{result.release} (patches)" if result.partial else result.release
        note(f"{what:<34}{len(result.objects()):>4} objects")
    return rendered


def _name_missing(without: Sequence[Release], charts: Upstream) -> None:
    for release in without:
        reason = charts.missing.get((release.chart, release.version), "it is in no stack")
        note(f"{release.name:<34}not rendered: no chart {release.chart} {release.version} ({reason})")


def _validate(rendered: Sequence[Rendered], stack: str, complete: bool, installed: Sequence[render.Object]) -> None:
    """Validate everything strictly against the CRDs of the set and Kubernetes' own schemas."""
    objects = [item for result in rendered if not result.partial for item in result.objects()]
    crds = sum(item["kind"] == "CustomResourceDefinition" for item in objects)
    _step(4, f"Validating {len(objects)} objects against {crds} CRDs and Kubernetes {render.kube_version()}")
    try:
        openapi = modules.folder(stack, "k8s.io/kubernetes") / "api" / "openapi-spec" / "v3"
    except Unavailable as reason:
        note(f"not validated: the schemas of Kubernetes are not available ({reason})")
        return
    problems = schema.validate(objects, openapi, complete, installed)
    if problems:
        lines = "\n  ".join(map(str, problems[:20]))
        raise Stop(f"{len(problems)} problems:\n  {lines}")
    note("no unknown field, no wrong type, no unknown kind" if complete else "valid, as far as there are schemas")


def _agree(rendered: Sequence[Rendered]) -> None:
    _step(5, "Checking that all settings agree")
    report = _check(TARGET, rendered)
    print(wording.as_text(report), end="", flush=True)
    if report.findings or report.problems:
        raise Stop("the generated environment disagrees with itself: please report it with the answers file")


def _check(folder: Path, rendered: Sequence[Rendered]) -> Report:
    """Run `kserve-wiring check` on the rendered objects and on the Argo CD Applications of the environment."""
    loaded = Loaded()
    for result in rendered:
        file = f"rendered/{result.release}{'-patches' if result.partial else ''}.yaml"
        text = load_text(result.text, file, release=result.release, partial=result.partial, namespace=result.namespace)
        loaded.add(text)
    if (folder / "argocd").is_dir():
        loaded.add(load_path(str(folder / "argocd")))
    return inspect(read(loaded.objects), Options(level="warning"))


def _show(rendered: Sequence[Rendered], charts: Upstream, newest: Helm) -> None:
    width = min(max(shutil.get_terminal_size((140, 24)).columns, 100), 160)
    objects = [item for result in rendered for item in result.objects()]
    print(f"\nThe environment is in {shown(TARGET)}. Its wiring, read from the rendered objects:\n")
    print(wiring_table.table(wiring_table.rows(objects), width))
    print("\nWhat to do next:\n")
    for command, why in _next(charts, newest):
        print(f"  {command:<52}{why}".rstrip())
    print(flush=True)


def _next(charts: Upstream, newest: Helm) -> list[tuple[str, str]]:
    """Next commands, which work as printed."""
    place = shown(TARGET)
    commands = [
        (f"less {place}/README.md", "the field manual of this environment"),
        (f"less {place}/docs/wiring.md", "its wiring as a diagram"),
        (f"make -C {place} help", "what can be done with it"),
        ('.venv/bin/copier copy "$PWD" ../my-environment', "your own environment: it asks for your answers"),
    ]
    folders = {folder.parent for folder in charts.folders.values()}
    if len(folders) == 1:
        where = f"--helm {shown(Path(newest.path))} --charts {shown(folders.pop())}"
        commands.append((f".venv/bin/kserve-wiring check {place} {where}", ""))
    return commands


def _break(charts: Upstream, newest: Helm) -> None:
    """Rename a gateway's Pods in one values file, as a user might, and show the report of the checker."""
    shutil.rmtree(BROKEN, ignore_errors=True)
    shutil.copytree(TARGET, BROKEN)
    files = (BROKEN / "values" / f"{role}-gateway.yaml" for role in ("local", "ingress"))
    values = next(path for path in files if path.is_file())
    text = values.read_text(encoding="utf-8")
    name = str(environment.load_answers(values)["name"])
    _step(6, f"Breaking one setting on purpose: {name} becomes {name}-2 in {shown(values)}")
    values.write_text(text.replace(f'"{name}"', f'"{name}-2"'), encoding="utf-8")
    work, _ = plan(BROKEN, charts.folder)
    note("Everything still renders, and on a cluster everything would be Ready. The check reports:\n")
    report = _check(BROKEN, render.render(work, newest))
    print(wording.as_text(report), flush=True)
    if not report.findings:
        raise Stop("the broken setting was not noticed: please report it")
    note(f"That was the copy in {shown(BROKEN)}; {shown(TARGET)} is unchanged.")


if __name__ == "__main__":
    run(main)
