"""W4, W8: what KServe's real controller does with settings that it cannot read."""

from __future__ import annotations

import json

import pytest

from tests.environments.edit import Edit
from tests.live.bed.api import ApiError, Object, condition, until
from tests.live.bed.bed import Bed
from tests.live.bed.environments import Environment
from tests.live.bed.inference import ISVC, fresh, inference, make, sklearn
from tests.live.wires import CONFIG, broken

pytestmark = pytest.mark.live
NAMESPACE = "vision"
CA = ("v1/ConfigMap", "harbor-ca", "kserve")


def text(key: str, value: str) -> Edit:
    """Another text for a whole key of inferenceservice-config."""
    return lambda config: config["data"].update({key: value})


def initializer(**values: str) -> Edit:
    """Other values in the storageInitializer of inferenceservice-config."""

    def change(config: Object) -> None:
        config["data"]["storageInitializer"] = json.dumps(json.loads(config["data"]["storageInitializer"]) | values)

    return change


def other_key(config: Object) -> None:
    config["data"] = {"ca.crt": config["data"]["cabundle.crt"]}


@pytest.mark.rule("KW303", "KW304", "KW306")
@pytest.mark.parametrize(
    ("target", "change", "message"),
    [
        (CONFIG, text("ingress", "{"), "unable to parse ingress config json"),
        (CONFIG, text("storageInitializer", "{"), "panic: Unable to unmarshall storageInitializer json string"),
        (CONFIG, initializer(memoryLimit="1Gb"), "failed to parse resource configuration for"),
        (CONFIG, initializer(caBundleConfigMapName="absent"), "failed to get configmap absent from the cluster"),
        (CA, other_key, "specified cabundle file cabundle.crt not found in cabundle configmap harbor-ca"),
    ],
    ids=["ingress", "storageInitializer", "quantity", "CA without ConfigMap", "CA under another key"],
)
def test_no_inference_service_is_reconciled(
    bed: Bed, environment: Environment, target: tuple[str, str, str], change: Edit, message: str
) -> None:
    """Only the log of KServe's controller reports it."""
    with broken(environment, target, change), inference(bed, NAMESPACE, sklearn("s3://models/iris"), "unread") as name:
        until(message, lambda: logged(bed, message, name), 30)
        assert condition(bed.api.get(ISVC, name, NAMESPACE), "Ready")["status"] != "True"


@pytest.mark.rule("KW303")
def test_no_inference_service_is_admitted(bed: Bed, environment: Environment) -> None:
    """KServe's webhook needs the deployment mode from `deploy`."""
    with (
        broken(environment, CONFIG, text("deploy", "{")),
        pytest.raises(ApiError, match="denied the request: unable to parse deploy config json"),
    ):
        make(bed, NAMESPACE, fresh("unread"), sklearn("s3://models/iris"))


def logged(bed: Bed, message: str, name: str) -> bool:
    """True if KServe's controller has logged it about this InferenceService."""
    lines = bed.log("kserve", "kserve-controller-manager", 300).splitlines()
    return any(message in line and name in line for line in lines)
