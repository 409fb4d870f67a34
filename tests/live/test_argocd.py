"""An environment that a real Argo CD installs, from the README's commands and what git and the registry have.

Each test after the first ones begins with everything as git has it, so that one that fails does not fail the next.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
import yaml

from tests.commands.account import ENVIRONMENT
from tests.commands.situations import LIVE_ARGOCD
from tests.live.bed import git_server
from tests.live.bed.api import Object, condition, until
from tests.live.bed.argocd import APPLICATION, NAMESPACE
from tests.live.bed.bed import Bed
from tests.live.bed.client import ask
from tests.live.bed.delivery import Delivery, delivering, kinds
from tests.live.bed.drift import changed, histories, mismatched, operation, running, versions
from tests.live.bed.inference import account, inference, model, pod_of, tenant
from tests.live.bed.leftovers import left
from tests.live.bed.net_istio import missing
from tests.live.bed.pulls import credentials
from tests.live.faults import jobs_again
from tests.mirror.registry import FIRST, SECOND, USER

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not os.environ.get("KSERVE_TEST_ARGOCD"), reason="takes a quarter of an hour: make test-argocd"),
]
# Seconds without a change after everything is healthy; more than two looks of Argo CD at git and the cluster.
REST = int(os.environ.get("ARGOCD_REST", "60"))
SERVING = "operator.knative.dev/v1beta1/KnativeServing"
CONFIG = "inferenceservice-config"
DEPLOYMENT = "apps/v1/Deployment"
READER = "istio-reader-service-account"
CONTROLLER = "argocd-application-controller.log"
# The releases that render our chart, which refuses values that disagree.
OF_OUR_CHART = ("kserve-prerequisites", "knative-operator", "kserve-environment")


@pytest.fixture(scope="module")
def delivery(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivery]:
    with delivering(bed, LIVE_ARGOCD, tmp_path_factory.mktemp("person")) as begun:
        yield begun


@pytest.fixture
def delivered(delivery: Delivery) -> Delivery:
    """Everything is as git has it, whatever the test before has left."""
    delivery.restore()
    return delivery


def test_the_readme_alone(delivery: Delivery) -> None:
    """After the README's commands all Applications are synced and healthy, one wave after the other."""
    delivery.push("Generate the environment")
    # The cluster is empty: Argo CD installs, and nothing is there to uninstall.
    without = ["make install", "make uninstall", "helmfile sync --server-side=false"]
    last = next(line for line in re.findall(r"(?m)^### (\d+\. Verify)$", delivery.readme))
    delivery.session.follow(ENVIRONMENT, delivery.readme, "live", last=last, without=without)
    delivery.wait(1500)
    apps = delivery.applications()
    print(order(delivery))
    late = [
        (before, after)
        for before, after in zip(delivery.names, delivery.names[1:-1], strict=False)
        if created(apps[after]) < delivery.seen[before] - 3
    ]
    assert late == [], order(delivery)


def order(delivery: Delivery) -> str:
    apps = delivery.argocd.applications()
    begin = created(apps[delivery.root])
    return "\n".join(
        f"{created(apps[name]) - begin:6.1f} {delivery.seen[name] - begin:6.1f} {name}" for name in delivery.names
    )


def created(app: Object) -> float:
    return datetime.fromisoformat(app["metadata"]["creationTimestamp"]).timestamp()


def test_at_rest_nothing_changes(delivered: Delivery) -> None:
    before, synced = versions(delivered), histories(delivered)
    assert len(before) > 150
    deadline = time.monotonic() + REST
    while time.monotonic() < deadline:
        assert delivered.arrived(), delivered.table()
        time.sleep(1)
    assert histories(delivered) == synced
    assert changed(delivered, before) == {}


# What a person edits: the kind, the object and its namespace, a line of its YAML, and what the person writes instead.
EDITS = {
    "port of the local Gateway": (
        "networking.istio.io/v1/Gateway",
        "{local}",
        "{place}",
        "number: 80$",
        "number: 8081",
    ),
    "selector of its Service": ("v1/Service", "{local}", "{place}", "istio: {local}$", "istio: nobody"),
    "domain of KServe": ("v1/ConfigMap", CONFIG, "kserve", "ml.corp.local", "other.corp.local"),
    "image of queue-proxy": (SERVING, "knative-serving", "knative-serving", "cmd/queue@", "cmd/other@"),
    "pull Secret of an account": ("v1/ServiceAccount", READER, "istio-system", "name: harbor-pull", "name: none"),
    "image of a controller": (DEPLOYMENT, "kserve-controller-manager", "kserve", "kserve-controller:", "other:"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_healed(delivered: Delivery, edit: str) -> None:
    """Somebody's `kubectl edit` of a field that git sets."""
    answers, api = delivered.environment.answers, delivered.bed.api
    names = {"local": answers["local_gateway_name"], "place": answers["local_gateway_namespace"]}
    kind, name, namespace, old, new = (text.format(**names) for text in EDITS[edit])
    before = content(api.get(kind, name, namespace))
    editor = f"sed --in-place 's|{old}|{new}|'"
    group, _, version = kind.rpartition("/")[0].rpartition("/")
    resource = ".".join(filter(None, (kind.rpartition("/")[2].lower(), version if group else "", group)))
    begin = time.monotonic()
    done = delivered.session.type(f'KUBE_EDITOR="{editor}" kubectl edit {resource} {name} --namespace {namespace}')
    assert f"{name} edited" in done
    until(f"the {edit} is healed", lambda: content(api.get(kind, name, namespace)) == before, 60, 0.2)
    print(f"{edit}: healed after {time.monotonic() - begin:.1f} s")


def content(found: Object) -> Object:
    """What a person writes into an object."""
    return {key: value for key, value in found.items() if key not in ("metadata", "status")}


def test_values_that_disagree_change_nothing(delivered: Delivery) -> None:
    """The chart refuses them, the Applications show why, and everything runs on until the next commit."""
    made, bed = delivered.environment, delivered.bed
    namespace = tenant(made.answers)
    with inference(bed, namespace, model(made.answers), account=account(made.answers)) as name:
        pod, before = pod_of(bed, namespace, name)["metadata"]["uid"], versions(delivered)
        made.change("kserve-environment", {"storage": {"resources": {"requests": {"memory": "9Gi"}}}})
        delivered.push("Request more memory than the limit", webhook=False)
        until("the chart refuses it", lambda: set(refused(delivered)) == set(OF_OUR_CHART), 120, 1)
        assert all("[KW306]" in text and "9Gi" in text for text in refused(delivered).values()), delivered.table()
        time.sleep(REST / 2)
        assert changed(delivered, before) == {}
        assert pod_of(bed, namespace, name)["metadata"]["uid"] == pod
        if not missing():
            assert ask(bed.api, f"{name}.{namespace}.svc.{bed.cluster_domain}", bed.cluster_domain).outcome == "200"
        git_server.git(delivered.clone, "revert", "--no-edit", "HEAD")
        delivered.push("Go on")
        delivered.wait()
    assert changed(delivered, before) == {}


def refused(delivery: Delivery) -> dict[str, str]:
    """What Argo CD says of the releases that it cannot render."""
    found: dict[str, str] = {}
    for name, app in delivery.applications().items():
        for one in app["status"].get("conditions", []):
            if one["type"] == "ComparisonError":
                found[name.removeprefix(f"{delivery.root}-")] = one["message"]
    return found


@pytest.mark.rule("KW506")
def test_only_what_controllers_write_is_ignored(delivered: Delivery) -> None:
    """Without ignoreDifferences, what differs is what they name: each entry has a difference, and no other is there."""
    assert mismatched(delivered) == ([], [])
    delivered.wait()


def test_a_repair_does_not_wait_for_the_last_retry(delivered: Delivery) -> None:
    """The API server refuses a manifest ten times, over twenty minutes; the commit that repairs it arrives before."""
    file = delivered.environment.folder / "extra" / "own.yaml"
    own = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Not-a-name", "namespace": "default"}}
    file.write_text(yaml.safe_dump(own), encoding="utf-8")
    delivered.push("Add a manifest that the API server refuses")
    extra = f"{delivered.root}-extra"
    until("it is tried again", lambda: operation(delivered.applications()[extra]).get("retryCount", 0) > 1, 120, 1)
    own["metadata"] = {"name": "a-name", "namespace": "default"}
    file.write_text(yaml.safe_dump(own), encoding="utf-8")
    delivered.push("Give it a name")
    delivered.wait(150)
    assert delivered.bed.api.find("v1/ConfigMap", "a-name", "default")
    assert "Retrying operation with latest revisions" in (delivered.bed.state / "logs" / CONTROLLER).read_text("utf-8")
    git_server.git(delivered.clone, "rm", "--quiet", str(file))
    delivered.push("Remove it")
    delivered.wait()


def test_killed_in_a_sync_it_goes_on(delivered: Delivery) -> None:
    old, place = (delivered.environment.answers[f"local_gateway_{key}"] for key in ("name", "namespace"))
    delivered.change("Rename the local gateway", local_gateway_name="renamed")
    until("a sync is running", lambda: running(delivered), 60, 0.02)
    delivered.argocd.kill_controller()
    delivered.argocd.start_controller()
    delivered.wait()
    assert delivered.bed.api.find(DEPLOYMENT, "renamed", place)
    assert delivered.bed.api.find(DEPLOYMENT, old, place) is None


def test_other_answers_roll_out(delivered: Delivery) -> None:
    """Another pull Secret, for which Knative's operator needs the README's command, and another image.

    After the restart of the test before, all Applications look at git at the same time: with the values as their last
    source, istio-base was Synced to the commit with the old pull Secret.
    """
    bed, old = delivered.bed, delivered.environment.answers["pull_secret"]
    assert naming(delivered, old)
    jobs_again(bed)
    image = f"{delivered.charts.host}/own/initializer:v1"
    delivered.environment.answers["pull_secret"] = "renamed-pull"  # noqa: S105 - its name
    delivered.environment.bring(f"{USER}:{FIRST}")
    delivered.change("Rename the pull Secret", pull_secret="renamed-pull", storage_initializer_image=image)  # noqa: S106
    until("the operator stops", lambda: "field is immutable" in str(bed.api.list(SERVING)), 180, 1)
    (command,) = re.findall(r"(?m)^\$ (kubectl delete jobs .*)$", delivered.readme)
    delivered.session.type(command)
    delivered.wait()
    assert naming(delivered, old) == []
    answers = delivered.environment.answers
    with inference(bed, tenant(answers), model(answers), account=account(answers)) as name:
        pod = pod_of(bed, tenant(answers), name)
    assert image in [container["image"] for container in pod["spec"]["initContainers"]]


def naming(delivery: Delivery, secret: str) -> list[str]:
    """The ServiceAccounts and Deployments that name a pull Secret. Pods have it of these when they start."""
    listed = [item for kind in ("v1/ServiceAccount", DEPLOYMENT) for item in delivery.bed.api.list(kind)]
    pulls = [(item, item.get("imagePullSecrets") or pod_spec(item).get("imagePullSecrets", [])) for item in listed]
    return [item["metadata"]["name"] for item, found in pulls if {"name": secret} in found]


def pod_spec(item: Object) -> Object:
    spec: Object = item.get("spec", {}).get("template", {}).get("spec", {})
    return spec


def test_a_new_password(delivered: Delivery) -> None:
    """The pull Secrets are not in git: `make rotate-password` writes them, and Argo CD has a Secret of its own."""
    bed, answers, host = delivered.bed, delivered.environment.answers, delivered.charts.host
    delivered.charts.accept(SECOND)
    bed.pulls.passwords[host] = f"{USER}:{SECOND}"
    chart = f"{delivered.root}-local-gateway"
    delivered.argocd.refresh(chart, "hard")
    until("Argo CD needs the new password", lambda: "401" in str(refused(delivered)), 60)
    replies = {r"User name for \S+: ": f"{USER}\n", r"New password of \S+: ": f"{SECOND}\n"}
    typing = replace(delivered.session, replies=replies, values=delivered.session.values | {"password": SECOND})
    typing.env = typing.env | {"SKOPEO": "skopeo"}
    section = delivered.readme.partition("## Rotate the registry's password")[2].partition("\n## ")[0]
    for command in re.findall(r"(?m)^\$ (make rotate-password|kubectl patch secret .*)$", section):
        typing.type(command)
    secrets = [bed.api.get("v1/Secret", answers["pull_secret"], name) for name in delivered.environment.namespaces()]
    assert {credentials(secret)[host] for secret in secrets} == {f"{USER}:{SECOND}"}
    delivered.argocd.refresh(chart, "hard")
    until("Argo CD has the new password", lambda: refused(delivered) == {}, 60)
    for pod in bed.pods(answers["local_gateway_namespace"]):
        bed.api.delete("v1/Pod", pod["metadata"]["name"], pod["metadata"]["namespace"])
    delivered.wait()
    assert {credentials(bed.api.get("v1/Secret", answers["pull_secret"], "kserve"))[host]} == {f"{USER}:{SECOND}"}


def test_another_stack(delivered: Delivery) -> None:
    """Knative's operator upgrades by one minor version at a time: a commit for each, by the README's commands."""
    delivered.change("Update the template", push=False, stack="knative-1.23")
    section = delivered.readme.partition("## Update")[2].partition("### Change an answer")[0]
    steps = section.partition("one minor version at a time")[2]
    for command in re.findall(r"(?m)^\$ (.*)$", steps):
        delivered.session.type(command)
    delivered.commit = git_server.git(delivered.clone, "rev-parse", "HEAD")
    delivered.wait(600)
    (serving,) = delivered.bed.api.list(SERVING)
    assert (serving["spec"]["version"], serving["status"]["version"]) == ("1.23.0", "1.23.0")
    assert condition(serving, "Ready")["status"] == "True"


def test_the_removal_goes_backwards(delivered: Delivery) -> None:
    """The last wave goes first, and what stays is what the README says."""
    deleted: list[str] = []
    watch = threading.Thread(target=lambda: deleted.extend(deletions(delivered)), daemon=True)
    watch.start()
    delivered.session.follow(ENVIRONMENT, delivered.readme, "live", first="Remove")
    watch.join(60)
    delivered.bed.installed = None
    assert deleted == [*reversed(delivered.names[:-1]), delivered.root]
    assert [one for one in left(delivered.environment) if f" {NAMESPACE}/" not in one] == []
    groups = {name.partition(".")[2] for name in kinds(delivered.bed)}
    assert {"serving.kserve.io", "networking.istio.io", "cert-manager.io", "serving.knative.dev"} <= groups
    namespaces = {item["metadata"]["name"] for item in delivered.bed.api.list("v1/Namespace")}
    assert namespaces >= set(delivered.environment.namespaces())


def deletions(delivery: Delivery) -> Iterator[str]:
    """The Applications in the order in which they go, until the root is gone."""
    for event, app in delivery.bed.api.watch(APPLICATION):
        if event == "DELETED":
            yield app["metadata"]["name"]
            if app["metadata"]["name"] == delivery.root:
                return
