"""W1 to W4: how Knative's real resolver treats tags, and what it needs for a private registry and another CA."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.environments.edit import Edit
from tests.live.bed.api import Object, condition, until
from tests.live.bed.bed import Bed
from tests.live.bed.environments import PASSWORD, Environment
from tests.live.bed.inference import KSVC, REVISION, fresh, inference, pod_of, sklearn
from tests.live.bed.network import HOST
from tests.live.bed.pulls import credentials
from tests.live.bed.registry import ROTATED, Registry
from tests.live.wires import SERVING, broken

pytestmark = pytest.mark.live
NAMESPACE = "vision"
HARBOR = "harbor.corp.local:8443"
DIGEST = "sha256:" + "0123456789abcdef" * 4
# The template refuses to resolve on an offline cluster. The bed is offline, except for its own registry.
RESOLVE = {"digest_policy": "resolve", "offline": False}
OWN_CA = {"registry_ca_source": "configmap", "registry_ca_name": "own-ca", "registry_ca_bundle": None}
CA_NAMESPACES = ("knative-serving", "kserve")
MISSING = "failed to resolve image to digest"


@pytest.fixture(scope="module")
def registry(bed: Bed) -> Iterator[Registry]:
    """A real registry with the name that the example uses."""
    name, _, port = HARBOR.partition(":")
    started = Registry.start(bed.state, name, int(port))
    bed.dns.outside["harbor.corp.local"] = HOST
    yield started
    del bed.dns.outside["harbor.corp.local"]
    started.process.stop()


@pytest.fixture(scope="module")
def resolving(environment: Environment, registry: Registry) -> Iterator[Environment]:
    """The example with `digest_policy: resolve`, still with the CA of another registry."""
    changed = Environment.generate(environment.bed, "offline-harbor", "resolving", **RESOLVE)
    changed.make("install-kserve-environment")
    yield changed
    environment.make("install-kserve-prerequisites", "install-kserve-environment")


@pytest.fixture(scope="module")
def trusting(resolving: Environment, registry: Registry) -> Environment:
    """The same after the README's steps to rotate the CA: another bundle, then make install."""
    bundle = registry.ca.read_text(encoding="utf-8")
    bed = resolving.bed
    before = controller(bed)["metadata"]["uid"]
    changed = Environment.generate(bed, "offline-harbor", "trusting", registry_ca_bundle=bundle, **RESOLVE)
    changed.make("install-kserve-prerequisites", "install-kserve-environment")
    restarted(bed, before)
    return changed


@pytest.mark.rule("KW101", "KW102", "KW105")
@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("registry.other.local:8443/team/model:v1", "registry.other.local"),
        # The port is part of the entry.
        ("harbor.corp.local/team/model:v1", "harbor.corp.local"),
        # docker.io is index.docker.io for Knative.
        ("docker.io/kserve/sklearnserver:v0.20.0", "index.docker.io"),
        ("kserve/sklearnserver:v0.20.0", "index.docker.io"),
    ],
)
def test_a_tag_elsewhere_is_not_resolved(bed: Bed, environment: Environment, image: str, expected: str) -> None:
    message = refused(bed, image)
    assert message.startswith(f'Unable to fetch image "{image}": {MISSING}: ')
    assert expected in message.partition(MISSING)[2]


@pytest.mark.parametrize(
    "image",
    # The last one is in Knative's default list, which the environment keeps.
    [f"{HARBOR}/team/model:v1", f"registry.other.local:8443/team/model@{DIGEST}", "kind.local/team/model:v1"],
)
def test_skipped_registries_and_digests_are_kept(bed: Bed, environment: Environment, image: str) -> None:
    assert deployed(bed, image) == image


@pytest.mark.rule("KW101", "KW102", "KW104", "KW503")
def test_what_the_skip_list_matches(bed: Bed, environment: Environment) -> None:
    """`docker.io` never matches; the default entries are gone; the old spelling counts only without the new one."""
    old, hub = "registry.old.local/team/model:v1", "docker.io/team/model:v1"
    both = {"registriesSkippingTagResolving": "registry.old.local"}
    with broken(environment, SERVING, deployment(registries_skipping_tag_resolving="docker.io", **both)):
        for image in (hub, old, "kind.local/team/model:v1"):
            assert MISSING in refused(bed, image)
    with broken(environment, SERVING, deployment(registries_skipping_tag_resolving="index.docker.io", **both)):
        assert deployed(bed, hub) == hub
    with broken(environment, SERVING, deployment(registries_skipping_tag_resolving=None, **both)):
        assert deployed(bed, old) == old


@pytest.mark.rule("KW305")
def test_without_the_ca(bed: Bed, resolving: Environment, registry: Registry) -> None:
    registry.push("team/model", "v1")
    assert "x509: certificate signed by unknown authority" in refused(bed, f"{HARBOR}/team/model:v1")


@pytest.mark.rule("KW205", "KW305")
def test_with_ca_and_pull_secret(bed: Bed, trusting: Environment, registry: Registry) -> None:
    digest = registry.push("team/model", "v2")
    assert deployed(bed, f"{HARBOR}/team/model:v2") == f"{HARBOR}/team/model@{digest}"


def test_the_new_ca_is_beside_the_models(bed: Bed, trusting: Environment, registry: Registry) -> None:
    """W4: KServe copies it again for the next model."""
    registry.push("kserve/kserve/sklearnserver", "v0.20.0")
    with inference(bed, NAMESPACE, sklearn("s3://models/iris"), "ca") as name:
        pod_of(bed, NAMESPACE, name)
        copied = bed.api.get("v1/ConfigMap", "global-ca-bundle", NAMESPACE)["data"]["cabundle.crt"]
    assert copied.strip() == trusting.answers["registry_ca_bundle"].strip()


@pytest.mark.rule("KW203", "KW205")
def test_without_the_pull_secret(bed: Bed, trusting: Environment, registry: Registry) -> None:
    """The resolver asks as the Revision's ServiceAccount; `default` has no pull Secret here."""
    registry.push("team/model", "v3")
    assert "401 Unauthorized" in refused(bed, f"{HARBOR}/team/model:v3", account="default")


@pytest.fixture
def hosts(bed: Bed) -> Iterator[None]:
    """The registry's name for skopeo, which runs outside the Pods. The mounts of the bed are its own."""
    file = bed.state / "hosts"
    file.write_text(f"127.0.0.1 localhost\n{HOST} {HARBOR.partition(':')[0]}\n", encoding="utf-8")
    subprocess.run(["mount", "--bind", file, "/etc/hosts"], check=True)
    yield
    subprocess.run(["umount", "/etc/hosts"], check=True)


@pytest.mark.rule("KW205")
def test_rotate_password(
    bed: Bed, trusting: Environment, registry: Registry, hosts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make rotate-password` writes every Secret, and the resolver uses the new password for the next Revision."""
    digest = registry.push("team/model", "rotated")
    registry.accept(ROTATED)
    try:
        assert "401 Unauthorized" in refused(bed, f"{HARBOR}/team/model:rotated")
        for name, value in zip(("REGISTRY_USER", "REGISTRY_PASSWORD"), ROTATED.split(":"), strict=True):
            monkeypatch.setenv(name, value)
        trusting.make("rotate-password")
        for namespace in trusting.namespaces():
            secret = bed.api.get("v1/Secret", "harbor-pull", namespace)
            assert credentials(secret) == {HARBOR: ROTATED}
            assert "annotations" not in secret["metadata"]  # kubectl's annotation would have the password
        assert deployed(bed, f"{HARBOR}/team/model:rotated") == f"{HARBOR}/team/model@{digest}"
    finally:
        registry.accept(PASSWORD)
        trusting.bring()


@pytest.fixture
def own_ca(bed: Bed) -> Iterator[Environment]:
    """The example with ConfigMaps that the user brings. `make uninstall` keeps what a user brings, so they go here."""
    changed = Environment.generate(bed, "offline-harbor", "own-ca", **(OWN_CA | RESOLVE))
    changed.bring()
    yield changed
    for namespace in CA_NAMESPACES:
        bed.api.delete("v1/ConfigMap", "own-ca", namespace)


@pytest.mark.rule("KW305")
def test_rotate_ca(
    bed: Bed, resolving: Environment, own_ca: Environment, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make rotate-ca` adds the CA to the user's ConfigMaps, keeps their other keys, and restarts the controller."""
    for namespace in CA_NAMESPACES:
        note = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own-ca", "namespace": namespace}}
        bed.api.apply(note | {"data": bed.api.get("v1/ConfigMap", "own-ca", namespace)["data"] | {"note": "kept"}})
    before = controller(bed)["metadata"]["uid"]
    own_ca.make("install-kserve-prerequisites", "install-kserve-environment")
    before = restarted(bed, before)  # the earlier Pod trusts the CA of the test before this one
    digest = registry.push("team/model", "trusted")
    assert "x509: certificate signed by unknown authority" in refused(bed, f"{HARBOR}/team/model:trusted")
    monkeypatch.setenv("FILE", str(registry.ca))
    own_ca.make("rotate-ca")
    assert controller(bed)["metadata"]["uid"] != before
    old = (bed.state / "keys" / "ca.crt").read_text(encoding="utf-8")
    for namespace in CA_NAMESPACES:
        data = bed.api.get("v1/ConfigMap", "own-ca", namespace)["data"]
        assert data == {"cabundle.crt": old + registry.ca.read_text(encoding="utf-8"), "note": "kept"}
    assert deployed(bed, f"{HARBOR}/team/model:trusted") == f"{HARBOR}/team/model@{digest}"


def restarted(bed: Bed, before: str) -> str:
    """The uid of Knative's controller, once the Pod `before` is gone: until then it holds the Lease and answers."""

    def uid() -> str:
        uids = [str(pod["metadata"]["uid"]) for pod in bed.pods("knative-serving", "app=controller")]
        return uids[0] if len(uids) == 1 and before not in uids else ""

    return str(until("the controller restarted", uid, 90))


def deployment(**values: str | None) -> Edit:
    """Change keys of config-deployment where the operator reads them, with _ for -; None removes a key."""

    def change(serving: Object) -> None:
        data = serving["spec"]["config"]["deployment"]
        data.update({key.replace("_", "-"): value for key, value in values.items() if value is not None})
        for key in (key.replace("_", "-") for key, value in values.items() if value is None):
            del data[key]

    return change


def refused(bed: Bed, image: str, account: str = "inference") -> str:
    """The message of a Revision whose image cannot be resolved."""
    name = service(bed, image, account)

    def missing() -> str:
        found = condition(bed.api.find(REVISION, f"{name}-00001", NAMESPACE), "ContainerHealthy")
        return str(found["message"]) if found.get("reason") == "ContainerMissing" else ""

    try:
        return str(until(f"{image} is refused", missing, 90))
    finally:
        bed.api.delete(KSVC, name, NAMESPACE)


def deployed(bed: Bed, image: str) -> str:
    """The image in the Deployment of a Revision whose image is accepted."""
    name = service(bed, image, "inference")

    def found() -> str:
        deployment: Object = bed.api.find("apps/v1/Deployment", f"{name}-00001-deployment", NAMESPACE) or {}
        listed = deployment.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
        return next((c["image"] for c in listed if c["name"] == "user-container"), "")

    try:
        return str(until(f"Deployment of {image}", found, 90))
    finally:
        bed.api.delete(KSVC, name, NAMESPACE)


def service(bed: Bed, image: str, account: str) -> str:
    """A Knative Service with one container; its name."""
    name = fresh("digest")
    spec = {"serviceAccountName": account, "containers": [{"name": "user-container", "image": image}]}
    body = {"template": {"spec": spec}}
    meta = {"name": name, "namespace": NAMESPACE}
    bed.api.create({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": meta, "spec": body})
    return name


def controller(bed: Bed) -> Object:
    """The newest Pod of Knative's controller."""
    found = bed.pods("knative-serving", "app=controller")
    return max(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
