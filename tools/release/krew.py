"""The plugin of kubectl for Krew: an archive that needs nothing but Python, and the manifest with its digest.

https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

import yaml

from tools.console import Stop
from tools.release import archive, wheel

PROGRAM = "kubectl-kserve_wiring"
MANIFEST = "kserve-wiring.yaml"
# Windows is not among them: it starts no program by its first line.
PLATFORMS = ("darwin", "linux")
_DESCRIPTION = """\
Reads manifests, Helm output, folders or a cluster, and names the settings of
KServe, Knative Serving, Istio and a private registry that disagree: both
values, what breaks as a result, and the fix. `doctor` finds the first cause of
what does not work on a cluster.
"""
_CAVEATS = "Needs Python 3.11 or newer as python3 on PATH.\n"


def write(package: Path, source: Path, when: int, url: str) -> None:
    """Write the archive and its manifest beside the wheel. url: the folder from which people will download."""
    version = package.name.split("-")[1]
    target = package.with_name(f"{PROGRAM}-{version}.tar.gz")
    archive.pack(target, _files(package, source), when, programs=[PROGRAM])
    text = yaml.safe_dump(_manifest(target, f"v{version}", url), sort_keys=False)
    package.with_name(MANIFEST).write_text(text, encoding="utf-8")


def _files(package: Path, source: Path) -> dict[str, bytes]:
    files = {
        PROGRAM: (source / "plugins" / "krew" / PROGRAM).read_bytes(),
        "LICENSE": (source / "LICENSE").read_bytes(),
    }
    for name, content in wheel.contents(package).items():
        if ".dist-info/" not in name:
            files[f"lib/{name}"] = content
    for name, version in wheel.requirements(package, source).items():
        files |= {f"lib/{path}": content for path, content in _pure(name, version).items()}
    return files


def _pure(name: str, version: str) -> dict[str, bytes]:
    """The modules and the licence of a package: without compiled ones, they run on every machine."""
    found = metadata.distribution(name)
    if found.version != version:
        raise Stop(f"{name} {found.version} is installed, but requirements.lock has {version}: run make setup")
    return {
        path.as_posix(): Path(str(path.locate())).read_bytes()
        for path in found.files or ()
        # ../../bin are scripts; _yaml is an old name of yaml._yaml, which is compiled.
        if path.parts[0] not in ("..", "_yaml") and (path.suffix == ".py" or "LICEN" in path.name)
    }


def _manifest(target: Path, version: str, url: str) -> dict[str, object]:
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    platform = {"uri": f"{url}/{target.name}", "sha256": digest, "bin": PROGRAM}
    selectors = [{"matchLabels": {"os": name}} for name in PLATFORMS]
    return {
        "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
        "kind": "Plugin",
        "metadata": {"name": "kserve-wiring"},
        "spec": {
            "version": version,
            "homepage": url.partition("/releases/")[0],
            "shortDescription": "Find settings of KServe, Knative and Istio that disagree",
            "description": _DESCRIPTION,
            "caveats": _CAVEATS,
            "platforms": [{"selector": selector, **platform} for selector in selectors],
        },
    }
