"""What a person meets on a terminal: about 15 questions, a summary, and nothing on the line that joins what is typed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from tests.template.conftest import ROOT
from tests.template.dialogue import CLEAR, COPIER, CTRL_C, DOWN, END_OF_LINES, ENTER, Dialogue
from tests.template.test_environment import files
from tests.template.test_prompts import load, recorded, typed
from tools.generate import answers_schema

HARBOR = load(ROOT / "examples" / "offline-harbor.yaml")
CA = HARBOR["registry_ca_bundle"].strip()
START = [("environment_name", "prod" + ENTER), ("stack", ENTER), ("details", ENTER)]
END = [("ingress_domain", "ml.corp.local" + ENTER), ("tenants", "team-a, team-b" + ENTER)]
REGISTRY = [
    ("registry_host", "harbor.corp.local:8443" + ENTER),
    ("registry_project", "kserve" + ENTER),
    ("offline", ENTER),
    ("registry_plain_http", ENTER),
    ("registry_ca_source", DOWN + ENTER),
    ("registry_ca_bundle", CA + END_OF_LINES),
    ("pull_secret", "harbor-pull" + ENTER),
]
ARGO_CD = [
    ("gitops", DOWN + ENTER),
    ("argocd_repo_url", "https://git.corp.local/a.git" + ENTER),
    ("argocd_path", "clusters/prod" + ENTER),
]
CONFIRM = [("confirmation", ENTER)]
ONLINE = [*START, ("registry_host", ENTER), *END, ("gitops", ENTER), *CONFIRM]
OFFLINE = [*START, *REGISTRY, *END, ("gitops", ENTER), *CONFIRM]
WITH_ARGO_CD = [*START, *REGISTRY, *END, *ARGO_CD, *CONFIRM]
NAMED = {"environment_name": "prod", "ingress_domain": "ml.corp.local", "tenants": "team-a, team-b"}
IN_HARBOR = NAMED | {
    "registry_host": "harbor.corp.local:8443",
    "registry_project": "kserve",
    "registry_ca_bundle": CA,
    "pull_secret": "harbor-pull",
}
IN_ARGO_CD = IN_HARBOR | {
    "gitops": "argocd",
    "argocd_repo_url": "https://git.corp.local/a.git",
    "argocd_path": "clusters/prod",
}


@pytest.mark.parametrize(
    ("steps", "most", "answers"),
    [(ONLINE, 8, NAMED), (OFFLINE, 14, IN_HARBOR), (WITH_ARGO_CD, 16, IN_ARGO_CD)],
    ids=["online", "offline", "Argo CD"],
)
def test_the_common_paths_ask_about_15_questions(
    template: Path, tmp_path: Path, steps: list[tuple[str, str]], most: int, answers: dict[str, Any]
) -> None:
    with Dialogue(template, tmp_path / "typed") as dialogue:
        dialogue.answer(steps)
        assert dialogue.end()[0] == 0
    assert len(steps) == most
    copier.run_copy(str(template), tmp_path / "given", answers, defaults=True, quiet=True)
    assert recorded(tmp_path / "typed") == recorded(tmp_path / "given")
    assert files(tmp_path / "typed") == files(tmp_path / "given")


def test_the_summary_shows_what_will_be_generated_and_ctrl_c_ends_without_a_file(
    template: Path, tmp_path: Path
) -> None:
    with Dialogue(template, tmp_path / "out") as dialogue:
        shown = dialogue.answer([*WITH_ARGO_CD[:-1], ("confirmation", "no" + ENTER)])
        summary = shown[shown.index("This will be generated") :]
        dialogue.wait("press Ctrl-C to end: ")
        assert not (tmp_path / "out").exists()
        dialogue.type(CTRL_C)
        code, end = dialogue.end()
    assert (code, end.strip().splitlines()[-1]) == (1, "Execution stopped by user")
    assert not (tmp_path / "out").exists()
    lines = dict(line.strip().split("  ", 1) for line in summary.splitlines()[1:-1] if "  " in line.strip())
    assert {title: text.strip() for title, text in lines.items()} == {
        "environment": "prod",
        "stack": "kserve-0.20: KServe 0.20.0, Knative 1.21.1, Istio 1.27.1",
        "registry": "harbor.corp.local:8443/kserve",
        "internet": "none: the cluster is offline",
        "CA": "as pasted, in ConfigMap registry-ca",
        "pull Secret": "harbor-pull, which you create",
        "digests": "skip",
        "gateways": "istio-ingress/kserve-local-gateway inside the cluster",
        "domain": "ml.corp.local, plain HTTP",
        "tenants": "team-a, team-b",
        "charts": "oci://harbor.corp.local:8443/kserve/charts",
        "GitOps": "Argo CD, clusters/prod of https://git.corp.local/a.git at main",
    }
    assert max(map(len, summary.splitlines())) <= 80


def test_a_declined_summary_gives_the_answers_as_a_file_for_another_run(template: Path, tmp_path: Path) -> None:
    with Dialogue(template, tmp_path / "a folder" / "out", quiet=False) as dialogue:
        dialogue.answer([*WITH_ARGO_CD[:-1], ("confirmation", "maybe" + ENTER)])
        dialogue.wait("use yes or no: ")
        dialogue.type(CLEAR + "no" + ENTER)
        code, end = dialogue.end()
    assert code == 0, end
    assert not (tmp_path / "a folder").exists()
    found = re.search(r"\n\n  copier (copy .*?)\n\n(.*)", end, re.DOTALL)
    assert found, end
    (tmp_path / "answers.yaml").write_text(found[2].replace("team-a, team-b", "team-a, team-c"), encoding="utf-8")
    subprocess.run(f"{COPIER} {found[1]} --quiet", shell=True, check=True, cwd=tmp_path)  # noqa: S602 - what the message tells to type
    answers = IN_ARGO_CD | {"tenants": "team-a, team-c"}
    copier.run_copy(str(template), tmp_path / "given", answers, defaults=True, quiet=True)
    assert recorded(tmp_path / "a folder" / "out") == recorded(tmp_path / "given")
    assert files(tmp_path / "a folder" / "out") == files(tmp_path / "given")


def test_pinned_is_not_offered_before_there_are_digests(template: Path, tmp_path: Path) -> None:
    """The images topic asks for the policy, and the choice carries its reason instead of a pointer."""
    with Dialogue(template, tmp_path / "out", "--data", "details=[images]") as dialogue:
        dialogue.answer([START[0], START[1], ONLINE[3]])
        shown = dialogue.wait("pinned by digest (run make pin afterwards")
        assert "» Knative's controller asks the registry" in shown
        dialogue.type(DOWN + DOWN + ENTER)  # over the choice, round to the first
        dialogue.wait("How long may the registry")
        dialogue.type(CTRL_C)
        assert dialogue.end()[0] == 1


def test_a_path_typed_as_a_certificate_is_answered_with_what_to_type(template: Path, tmp_path: Path) -> None:
    certificate = tmp_path / "corp ca.pem"
    certificate.write_text(f"# Corp Root CA\n{CA}\n", encoding="utf-8")
    with Dialogue(template, tmp_path / "out") as dialogue:
        dialogue.answer([*START, *REGISTRY[:5], ("registry_ca_bundle", f"{certificate}" + END_OF_LINES)])
        dialogue.wait("paste the text of the file")
        dialogue.type(CTRL_C)
        dialogue.end()
    command = f"""{COPIER} copy --quiet --defaults --data registry_host=harbor.corp.local --data ingress_domain=ml.corp.local \
        --data registry_ca_bundle="$(cat '{certificate}')" {template} {tmp_path / "out"}"""
    subprocess.run(command, shell=True, check=True)  # noqa: S602 - what the message tells to type
    assert recorded(tmp_path / "out")["registry_ca_source"] == "bundle"
    assert (tmp_path / "out" / "images" / "certs" / "ca.crt").read_text("utf-8") == f"{CA}\n"


def test_an_empty_line_where_an_answer_is_needed_is_refused(template: Path, tmp_path: Path) -> None:
    with Dialogue(template, tmp_path / "out") as dialogue:
        dialogue.answer([("environment_name", ENTER)])
        dialogue.wait("type a name such as prod-1")
        dialogue.type("prod" + ENTER)
        dialogue.answer([*ONLINE[1:4], ("ingress_domain", ENTER)])
        dialogue.wait("type a name such as a-b.c:")
        dialogue.type("ml.corp.local" + ENTER)
        dialogue.answer([("tenants", ENTER)])
        dialogue.wait("type a name: such as team-a")
        dialogue.type("[]" + ENTER)
        dialogue.answer(ONLINE[6:])
        assert dialogue.end()[0] == 0
    assert recorded(tmp_path / "out")["environment_name"] == "prod"
    assert recorded(tmp_path / "out")["tenants"] == []


def test_in_the_folder_of_an_environment_nothing_is_asked(template: Path, tmp_path: Path) -> None:
    copier.run_copy(str(template), tmp_path / "out", {}, defaults=True, quiet=True)
    with Dialogue(template, tmp_path / "out") as dialogue:
        code, shown = dialogue.end()
    assert code == 1
    assert "run copier update: " in shown
    assert "Name of this environment" not in shown


def test_a_run_without_a_terminal_and_with_all_answers_waits_for_nobody(template: Path, tmp_path: Path) -> None:
    copier.run_copy(str(template), tmp_path / "first", IN_ARGO_CD, defaults=True, quiet=True)
    data = tmp_path / "answers.yaml"
    data.write_text(yaml.safe_dump(recorded(tmp_path / "first")), encoding="utf-8")
    command = [COPIER, "copy", "--quiet", "--data-file", str(data), str(template), str(tmp_path / "second")]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, capture_output=True)
    assert recorded(tmp_path / "second") == recorded(tmp_path / "first")


# What a person may type behind the text that is on the line of a prompt: another valid answer.
BEHIND = {
    "ingress_class": "nginx",
    "cluster_domain": "k8s.corp",
    "cert_manager_namespace": "pki",
    "istio_version": "1.30.0",
    "knative_version": "1.22.0",
    "istio_namespace": "mesh",
    "kserve_namespace": "ml",
    "knative_operator_namespace": "operators",
    "registry_ca_name": "harbor-ca",
    "digest_timeout": "30s",
    "local_gateway_name": "ml-local",
    "local_gateway_namespace": "ml-gateway",
    "ingress_gateway_name": "north-south",
    "ingress_gateway_namespace": "edge",
    "argocd_revision": "release",
    "argocd_project": "ml",
    "argocd_namespace": "gitops",
    "argocd_destination": "edge",
    "http_proxy": "http://plain.corp.example:3128",
}


@pytest.mark.parametrize("question", BEHIND)
def test_what_is_typed_behind_a_default_does_not_join_it(
    environment: Callable[[Path], Path], template: Path, tmp_path: Path, question: str
) -> None:
    example = "standard-ingress" if question == "ingress_class" else "everything"
    answers = recorded(environment(ROOT / "examples" / f"{example}.yaml")) | {"offline": False}
    if question != "ingress_class":
        answers |= {
            "istio": "existing",
            "istio_version": "1.27.1",
            "registry_ca_source": "configmap",
            "digest_policy": "resolve",
            "chart_source": "upstream",
            "gitops": "argocd",
        }
    if question == "knative_version":
        answers["knative_install"] = "existing"
        del answers["knative_operator_namespace"]
    answers["details"] = list(answers_schema.asked()["details"]["choices"].values())
    answers.pop(question, None)
    if question != "ingress_class":
        for name in ("registry_ca_bundle", "skip_registries", "chart_repository"):
            answers.pop(name, None)
        answers["resolver_tls_min_version"] = ""
        answers |= {"digest_timeout": "10s"} if question != "digest_timeout" else {}
    keys = BEHIND[question] + ENTER + CLEAR + BEHIND[question] + ENTER
    assert typed(template, tmp_path / "out", answers, keys)[question] == BEHIND[question]


def test_every_prompt_with_a_text_on_its_line_is_tried_above() -> None:
    """A list, a choice and yes or no have no text on their line; a YAML value with more behind it is no YAML."""
    with_text = {
        name
        for name, question in answers_schema.asked().items()
        if question["type"] == "str"
        and "choices" not in question
        and question["default"]
        and "UNSET" not in str(question["default"])
    }
    assert with_text == set(BEHIND)
