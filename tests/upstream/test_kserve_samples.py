"""No false alarms: KServe's own manifests of Gateways, LLMInferenceServices, presets and model caches are clean."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from kserve_wiring import inspect, read
from tools.upstream import modules

MODULE = "github.com/kserve/kserve"
STACK = "kserve-0.20"
KINDS = re.compile(
    r"^kind: (Gateway|GatewayClass|HTTPRoute|InferencePool|LLMInferenceService(Config)?|LocalModel\w+|InferenceGraph)$",
    re.MULTILINE,
)
STANDARD = re.compile(r"deploymentMode:? *\"?(Standard|RawDeployment)|storageUri: *\"?(oci|hf|pvc)://")
FOLDERS = ("config", "docs/samples", "hack", "test")
# Real mistakes: what the CRDs and webhooks of the same release refuse, and an annotation that nothing reads.
REFUSED = {
    "docs/samples/rollout-strategy/rollout-strategy-example.yaml": ["KW541", "KW508"],
    "docs/samples/storage/pvc/mnist-pvc.yaml": ["KW521"],
    "docs/samples/v1beta1/torchserve/v1/bloom/bloom-560m.yaml": ["KW508"],
    "test/benchmark/sklearn_hpa.yaml": ["KW524"],
    "docs/samples/llmisvc/kv-cache-offloading/llm-inference-service-kv-cache-offloading.yaml": ["KW508"],
    "docs/samples/llmisvc/latency-predictor/llm-inference-service-latency-predictor.yaml": ["KW508"],
    "docs/samples/llmisvc/e2e-gpt-oss/llmisvc_config_default.yaml": ["KW508", "KW508", "KW508"],
    "docs/samples/llmisvc/e2e-gpt-oss/llmisvc_config_prefix_cache.yaml": ["KW508", "KW508", "KW508"],
}


@cache
def folder() -> Path:
    return modules.folder(STACK, MODULE)


def is_sample(path: Path) -> bool:
    text = path.read_text(encoding="utf-8")
    return "{{" not in text.split("apiVersion")[0] and bool(KINDS.search(text) or STANDARD.search(text))


@pytest.fixture(scope="module")
def samples() -> list[str]:
    """The files of the module with one of the kinds, CRDs aside."""
    found = [path for part in FOLDERS for path in sorted((folder() / part).rglob("*.yaml")) if is_sample(path)]
    names = [str(path.relative_to(folder())) for path in found]
    return [name for name in names if "/crd" not in name]


def test_each_file_alone(samples: list[str], subtests: pytest.Subtests) -> None:
    assert len(samples) >= 60
    assert set(REFUSED) <= set(samples)
    for name in samples:
        with subtests.test(file=name):
            report = inspect(read(str(folder() / name)))
            assert [finding.code for finding in report.findings if finding.level != "info"] == REFUSED.get(name, [])


def test_presets_with_each_llm_sample(samples: list[str], subtests: pytest.Subtests) -> None:
    """An LLMInferenceService together with the presets and the configuration of the release."""
    common = [str(folder() / "config" / part) for part in ("llmisvcconfig", "configmap")]
    for name in samples:
        if name.startswith("docs/samples/llmisvc") and name not in REFUSED:
            with subtests.test(file=name):
                report = inspect(read([*common, str(folder() / name)]))
                assert [f"{finding.code} {finding.object}: {finding.message}" for finding in report.findings] == []
