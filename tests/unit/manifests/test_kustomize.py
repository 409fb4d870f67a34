"""Folders for kustomize are read without building them: no patch is taken for a manifest."""

from __future__ import annotations

from pathlib import Path

from kserve_wiring import inspect, read
from kserve_wiring.manifests.load import load_path

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n  namespace: here\n"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_patches_are_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        kustomization="resources: [a.yaml]\npatches:\n- path: patches/b.yaml\n- patch: |-\n    - op: remove\n"
        "patchesStrategicMerge: [c.yaml]\n",
        a=CONFIG_MAP.format("a"),
        patches__b=CONFIG_MAP.format("b"),
        c=CONFIG_MAP.format("c"),
    )
    loaded = load_path(str(tmp_path))
    assert [obj.name for obj in loaded.objects] == ["a"]
    assert "kustomize build" in loaded.notes[0]


def test_a_namespace_of_kustomize_leaves_none(tmp_path: Path) -> None:
    """An object without a namespace may be in any; the one that its file names is replaced."""
    write(tmp_path, kustomization="namespace: there\n", a=CONFIG_MAP.format("a"), below__b=CONFIG_MAP.format("b"))
    assert [str(obj.ref) for obj in load_path(str(tmp_path)).objects] == ["ConfigMap a", "ConfigMap here/b"]


def test_a_broken_kustomization_is_a_problem_only(tmp_path: Path) -> None:
    write(tmp_path, kustomization="{", a=CONFIG_MAP.format("a"))
    loaded = load_path(str(tmp_path))
    assert [obj.name for obj in loaded.objects] == ["a"]
    assert len(loaded.problems) == 1


def test_a_file_that_is_not_listed_may_be_a_patch(tmp_path: Path) -> None:
    write(
        tmp_path,
        kustomization="resources: [a.yaml]\n",
        a=CONFIG_MAP.format("a"),
        image_patch=CONFIG_MAP.format("b"),
        base__c=CONFIG_MAP.format("c"),
    )
    loaded = load_path(str(tmp_path))
    assert {obj.name: obj.source.unlisted for obj in loaded.objects} == {"a": False, "b": True, "c": False}


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    """An address of git or HTTP is no file, and a folder is one."""
    write(
        tmp_path,
        kustomization="resources:\n- a.yaml\n- below\n- gone.yaml\n"
        "- https://example.com/a.yaml\n- github.com/o/r//x?ref=v1\n"
        "components: [../missing]\npatches:\n- path: patch.yaml\n- patch: |-\n    - op: remove\n",
        a=CONFIG_MAP.format("a"),
        below__b=CONFIG_MAP.format("b"),
    )
    (tmp_path / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata:\n  name: x\n"
        + (tmp_path / "kustomization.yaml").read_text(encoding="utf-8"),
        encoding="utf-8",
    )
    objects = load_path(str(tmp_path)).objects
    absent = {obj.kind: obj.source.absent for obj in objects if obj.source.absent}
    assert absent == {"Kustomization": (("patches", 0, "path"), ("resources", 2), ("components", 0))}
    found = [finding for finding in inspect(read(str(tmp_path))).findings if finding.code == "KW523"]
    assert [finding.path for finding in found] == ["components[0]", "patches[0].path", "resources[2]"]
