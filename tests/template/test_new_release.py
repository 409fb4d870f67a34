"""A new release is data: an entry of stacks/common/releases.yaml and a values file; no template names it."""

from __future__ import annotations

import re
from pathlib import Path

import copier
import yaml

from tests.template.conftest import ROOT, copy_template

ENTRY = """
- name: gpu-operator
  namespace: certManager
  needs: [cert-manager]
  when: "{{ not knative_managed or has_registry }}"
  chart: {name: gpu-operator, version: certManager, repository: https://charts.corp.example}
  look_at: kubectl get nodes -n {{ namespace_of.kserve }}
  before: prepare-gpu NODE=a,prepare-gpu NODE=b
  gate: gpu-ready
  drift:
    why: The driver writes its version.
    fields:
      - {kind: ConfigMap, name: driver, jsonPointers: [/data]}
"""
ANSWERS = {
    "registry_host": "harbor.corp.local",
    "ingress_domain": "ml.corp.local",
    "gitops": "argocd",
    "argocd_repo_url": "https://git.corp.local/a.git",
}


def generated(tmp_path: Path, answers: dict[str, object]) -> Path:
    template = copy_template(tmp_path / "template")
    with (template / "stacks" / "common" / "releases.yaml").open("a", encoding="utf-8") as file:
        file.write(ENTRY)
    (template / "includes" / "values" / "gpu-operator.yaml.jinja").write_text("gpu: true\n", encoding="utf-8")
    copier.run_copy(str(template), tmp_path / "environment", answers, defaults=True, quiet=True)
    return tmp_path / "environment"


def test_every_file_that_lists_releases_has_the_new_one(tmp_path: Path) -> None:
    environment = generated(tmp_path, dict(ANSWERS))

    assert (environment / "values" / "gpu-operator.yaml").read_text(encoding="utf-8") == "gpu: true\n"
    assert yaml.safe_load((environment / "releases.yaml").read_text(encoding="utf-8"))[-1]["name"] == "gpu-operator"
    release = yaml.safe_load((environment / "helmfile.yaml").read_text(encoding="utf-8"))["releases"][-2]
    assert release["hooks"] == [
        {"events": ["presync"], "command": "make", "args": ["prepare-gpu", "NODE=a"]},
        {"events": ["presync"], "command": "make", "args": ["prepare-gpu", "NODE=b"]},
        {"events": ["postsync"], "command": "make", "args": ["gpu-ready"]},
    ]
    application = environment / "argocd" / "applications" / "gpu-operator.yaml"
    assert yaml.safe_load(application.read_text(encoding="utf-8"))["spec"]["ignoreDifferences"] == [
        {"kind": "ConfigMap", "name": "driver", "jsonPointers": ["/data"]}
    ]
    readme = (environment / "README.md").read_text(encoding="utf-8")
    assert "| `gpu-operator` | `kubectl get nodes -n kserve` | all Running |" in readme
    makefile = (environment / "Makefile").read_text(encoding="utf-8")
    assert (
        "\t@$(MAKE) --no-print-directory install-gpu-operator SHOWN=1\n\t@$(MAKE) --no-print-directory gpu-ready\n"
        in makefile
    )
    assert "\ninstall-gpu-operator: $(shown)\n\t@$(MAKE) --no-print-directory prepare-gpu NODE=a\n" in makefile


def test_a_release_that_the_answers_do_not_need_has_only_its_local_file(tmp_path: Path) -> None:
    environment = generated(tmp_path, {})
    named = [path for path in environment.rglob("*") if path.is_file() and "gpu-operator" in path.read_text("utf-8")]
    assert named == [environment / "values" / "gpu-operator.local.yaml"]
    assert not (environment / "values" / "gpu-operator.yaml").exists()


def test_no_template_compares_the_name_of_a_release() -> None:
    """releases.yaml alone defines how releases differ."""
    names = [release["name"] for release in yaml.safe_load((ROOT / "stacks/common/releases.yaml").read_text("utf-8"))]
    quoted = re.compile(rf"release\.name *(?:==|!=| in )|['\"](?:{'|'.join(names)})['\"] *(?::|==)")
    files = [ROOT / "copier.yml", *(ROOT / "template").rglob("*.jinja"), *(ROOT / "includes").rglob("*.jinja")]
    assert {str(path): found for path in files if (found := quoted.findall(path.read_text("utf-8")))} == {}
