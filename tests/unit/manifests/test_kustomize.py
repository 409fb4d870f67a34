"""Folders for kustomize are read without building them: no patch is taken for a manifest."""

from __future__ import annotations

from pathlib import Path

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
