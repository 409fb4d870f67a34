"""A CycloneDX bill of materials for each package: what the wheel depends on, which images the chart names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tools import stacks
from tools.release import wheel

_REFERENCE = re.compile(r"(?P<name>[^@]+?)(?::(?P<tag>[^:/@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?")


def write(package: Path, source: Path, when: int) -> Path:
    """Write PACKAGE.cdx.json, also for people who do not install it. when: its time, in seconds since 1970."""
    python = package.suffix == ".whl"
    parts = _python_packages(package, source) if python else _images()
    target = package.with_name(f"{package.name}.cdx.json")
    bom = Bom(components=sorted(parts, key=lambda part: str(part.purl)))
    bom.metadata.component = _whole(package, "pypi" if python else "helm")
    bom.metadata.timestamp = datetime.fromtimestamp(when, UTC)
    # The library draws a random one, and two builds of a commit would differ.
    bom.serial_number = uuid5(NAMESPACE_URL, f"{package.name}#{_sha256(package)}")
    bom.register_dependency(bom.metadata.component, bom.components)
    target.write_text(JsonV1Dot6(bom).output_as_string(indent=2) + "\n", encoding="utf-8")
    return target


def _whole(package: Path, kind: str) -> Component:
    """The package itself: its file name is NAME-VERSION and an ending."""
    name, version = re.match(r"(.+?)-(\d.*?)(?:-py3.*)?\.(?:whl|tgz)$", package.name).groups()  # type: ignore[union-attr]
    name = name.replace("_", "-")
    return Component(
        name=name,
        version=version,
        type=ComponentType.APPLICATION,
        purl=PackageURL(kind, None, name, version),
        bom_ref=f"{kind}:{name}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=_sha256(package))],
        licenses=[LicenseExpression("Apache-2.0")],
    )


def _python_packages(package: Path, source: Path) -> Iterable[Component]:
    for name, version in wheel.requirements(package, source).items():
        purl = PackageURL("pypi", None, name, version)
        yield Component(name=name, version=version, purl=purl, bom_ref=str(purl))


def _images() -> Iterable[Component]:
    """The images of every stack, by upstream's names: an environment pulls them from its own registry."""
    references = {reference for stack in stacks.names() for reference in stacks.images(stack).values()}
    for reference in sorted(references):
        yield _image(reference)


def _image(reference: str) -> Component:
    found = _REFERENCE.fullmatch(reference)
    assert found, reference
    name, digest = found["name"], found["digest"] or ""
    version = digest or found["tag"]
    # https://github.com/package-url/purl-spec: an OCI artifact is identified by its digest, else a tag of docker.
    if digest:
        purl = PackageURL("oci", None, name.rpartition("/")[2], digest, {"repository_url": name})
    else:
        host, _, path = name.partition("/")
        group, _, short = path.rpartition("/")
        purl = PackageURL("docker", group, short, version, {"repository_url": host})
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=digest.removeprefix("sha256:"))] if digest else []
    return Component(
        name=name, version=version, type=ComponentType.CONTAINER, purl=purl, bom_ref=reference, hashes=hashes
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
