"""One table of texts for the grammars: of the questions (Jinja), of the chart (Helm) and of the checker (Python).

Each case of <grammar>.yaml says whether a text is valid; `except` names the implementations that judge otherwise, each
with its reason.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from jinja2.sandbox import SandboxedEnvironment

from kserve_wiring.grammar.image import parse_image, pull_problem
from kserve_wiring.grammar.values import parse_duration, parse_quantity
from tools.upstream.helm import Helm

ROOT = Path(__file__).resolve().parents[2]
GRAMMARS = ("images", "durations", "quantities", "registries", "namespaces")
# The checker accepts any namespace.
CHECKED = GRAMMARS[:-1]

Case = dict[str, Any]
# Whether a text of a grammar is valid.
Judge = Callable[[str, str], bool]

# Renders to the texts that the chart's own validation refuses.
VERDICTS = """\
{{- $refused := dict "images" list "durations" list "quantities" list "registries" list "namespaces" list }}
{{- range .Values.images }}
{{- $reason := include "kserve-environment.findings.text-reason" . }}
{{- if or $reason (include "kserve-environment.findings.image-reason" .) }}
{{- $_ := set $refused "images" (append $refused.images .) }}
{{- end }}
{{- end }}
{{- range .Values.durations }}
{{- $values := dict "digests" (dict "timeout" .) }}
{{- if include "kserve-environment.findings.duration" (dict "Values" $values "Files" $.Files) }}
{{- $_ := set $refused "durations" (append $refused.durations .) }}
{{- end }}
{{- end }}
{{- range .Values.quantities }}
{{- if not (include "kserve-environment.findings.amount" .) }}
{{- $_ := set $refused "quantities" (append $refused.quantities .) }}
{{- end }}
{{- end }}
{{- $limits := (.Files.Get "files/values.yaml" | fromYaml).keys.registry.keys.host }}
{{- range .Values.registries }}
{{- if include "kserve-environment.faults.text" (dict "limits" $limits "path" "registry.host" "value" .) }}
{{- $_ := set $refused "registries" (append $refused.registries .) }}
{{- end }}
{{- end }}
{{- $limits := (.Files.Get "files/values.yaml" | fromYaml).keys.namespaces.keys.kserve }}
{{- range .Values.namespaces }}
{{- $values := dict "namespaces" (dict "kserve" .) "components" dict "gateways" dict }}
{{- $_ := set $values "knative" (dict "install" "none") }}
{{- if or (include "kserve-environment.faults.text" (dict "limits" $limits "path" "namespaces.kserve" "value" .))
      (include "kserve-environment.findings.namespaces" (dict "Values" $values "Files" $.Files)) }}
{{- $_ := set $refused "namespaces" (append $refused.namespaces .) }}
{{- end }}
{{- end }}
{{ toJson $refused }}
"""


def cases(grammar: str) -> list[Case]:
    found: list[Case] = yaml.safe_load((Path(__file__).parent / f"{grammar}.yaml").read_text(encoding="utf-8"))
    return found


def texts(grammar: str) -> list[str]:
    return [case["text"] for case in cases(grammar)]


def misjudged(grammar: str, implementation: str, judge: Judge) -> list[str]:
    """The texts on which an implementation does not give the verdict of the table."""
    return [
        case["text"]
        for case in cases(grammar)
        if judge(grammar, case["text"]) is not (case["valid"] ^ (implementation in case.get("except", {})))
    ]


@pytest.fixture(scope="module")
def questions() -> Judge:
    """The macros of includes/validators.jinja, as Copier renders them."""
    options = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))["_envops"]
    environment = SandboxedEnvironment(
        loader=jinja2.FileSystemLoader(ROOT),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        **options | {"undefined": jinja2.StrictUndefined},
    )
    macros: Any = environment.get_template("includes/validators.jinja").module
    complaint: dict[str, Callable[[str], str]] = {
        "images": macros.image,
        "durations": macros.duration,
        "quantities": lambda text: str(macros.quantity("cpu_limit", text)),
        "registries": macros.registry,
        "namespaces": macros.own_namespace,
    }
    return lambda grammar, text: not complaint[grammar](text).strip()


@pytest.fixture(scope="module")
def chart(newest_helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """The chart's validation, asked about all texts at once."""
    folder = tmp_path_factory.mktemp("grammar") / "chart"
    shutil.copytree(ROOT / "charts" / "kserve-environment", folder)
    for path in folder.glob("templates/**/*"):
        if path.is_file() and path.suffix != ".tpl":
            path.unlink()
    (folder / "values.schema.json").unlink()
    (folder / "templates" / "verdicts.yaml").write_text(VERDICTS, encoding="utf-8")
    command = [newest_helm.path, "template", "grammar", str(folder), "--values", "-"]
    values = json.dumps({grammar: texts(grammar) for grammar in GRAMMARS})
    done = subprocess.run(command, input=values, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    refused = {key: set(found) for key, found in yaml.safe_load(done.stdout).items()}
    return lambda grammar, text: text not in refused[grammar]


def python(grammar: str, text: str) -> bool:
    """What the checker takes for valid."""
    try:
        if grammar == "images":
            return not pull_problem(text)
        if grammar == "registries":
            return parse_image(f"{text}/path/name:tag").registry == text
        value = parse_duration(text) if grammar == "durations" else parse_quantity(text)
        return value > 0 or grammar == "quantities"
    except ValueError:
        return False


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_the_questions_judge_as_the_table_says(questions: Judge, grammar: str) -> None:
    assert not misjudged(grammar, "questions", questions)


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_the_chart_judges_as_the_table_says(chart: Judge, grammar: str) -> None:
    assert not misjudged(grammar, "chart", chart)


@pytest.mark.parametrize("grammar", CHECKED)
def test_the_checker_judges_as_the_table_says(grammar: str) -> None:
    assert not misjudged(grammar, "checker", python)


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_the_table_is_sound(grammar: str) -> None:
    assert len(set(texts(grammar))) == len(texts(grammar))
    for case in cases(grammar):
        assert set(case) <= {"text", "valid", "why", "except"}, case
        assert set(case.get("except", {})) < {"questions", "chart", "checker"}, case
