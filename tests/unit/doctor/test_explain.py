"""Messages in the forms in which people paste them."""

from __future__ import annotations

import html
import json
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kserve_wiring.doctor.explain import explain
from kserve_wiring.doctor.pasted import comparable, without_secrets
from kserve_wiring.doctor.symptoms import symptoms

REPORTS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "reports.yaml").read_text(encoding="utf-8"))
LEAST: list[tuple[str, str]] = yaml.safe_load((Path(__file__).parent / "least.yaml").read_text(encoding="utf-8"))
NOISE = "NAME     READY   STATUS    RESTARTS   AGE\nistiod-5f55cd679-rzf8d   1/1   Running   0   404m\n"


def _coloured(text: str) -> str:
    return "\x1b[31;1m" + text.replace(" ", " \x1b[0m", 1) + "\x1b[0m"


FORMS: dict[str, Callable[[str], str]] = {
    "in a JSON log": lambda text: json.dumps({"severity": "ERROR", "error": text, "stacktrace": "a.go\n\tb.go:1"}),
    "in JSON inside JSON": lambda text: json.dumps({"log": json.dumps({"msg": text})}),
    "wrapped by a terminal": lambda text: "\n".join(textwrap.wrap(text, 72, break_on_hyphens=False)),
    "in kubectl describe": lambda text: NOISE + f"  Warning  Failed  2m (x4 over 5m)  kubelet  {text}\n" + NOISE,
    "quoted in a mail": lambda text: "\n".join(f"> {line}" for line in textwrap.wrap(text, 60, break_on_hyphens=False)),
    "with colours": _coloured,
    "as HTML": html.escape,
    "with curly quotes": lambda text: text.replace('"', "\u201d"),
    "as a YAML scalar": lambda text: (
        "    message: '" + text.replace("'", "''") + '\'\n    reason: X\n    status: "False"'
    ),
    "folded by kubectl": lambda text: (
        '    message: "' + "\\\n      \\ ".join(textwrap.wrap(json.dumps(text)[1:-1], 76, break_on_hyphens=False)) + '"'
    ),
    "in a frame": lambda text: "\n".join(f"│ {line:90} │" for line in textwrap.wrap(text, 88, break_on_hyphens=False)),
    "in the log of a container runtime": lambda text: "\n".join(
        f"2024-05-01T10:00:00.1Z stderr F {line}" for line in textwrap.wrap(text, 88, break_on_hyphens=False)
    ),
    "in the log of compose": lambda text: "\n".join(
        f"manager-1  | {line}" for line in textwrap.wrap(text, 88, break_on_hyphens=False)
    ),
    "with Windows line ends": lambda text: text.replace(" ", "\r\n", 3) + "\r\n",
}
CAUSES = [(symptom.id, text) for stage, symptom in symptoms() for text in symptom.examples]


@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_a_message_does_not_matter(form: str) -> None:
    found = {name: [item.symptom.id for item in explain(FORMS[form](text))][:1] for name, text in CAUSES}
    assert {name: other for name, other in found.items() if other != [name]} == {}


@pytest.mark.parametrize("case", REPORTS, ids=lambda case: case["report"].rpartition("github.com/")[2])
def test_reports_of_users(case: dict[str, Any]) -> None:
    first, *_ = explain(case["text"])
    assert (first.symptom.id, [*first.symptom.wires, ""][0]) == (case["symptom"], case["wire"])


@pytest.mark.parametrize(("symptom", "text"), LEAST)
def test_each_kind_of_fault_is_known(symptom: str, text: str) -> None:
    assert explain(text)[0].symptom.id == symptom


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "Status: Running, READY 2/2, everything is fine",
        "InferenceService iris is Ready",
        "Successfully pulled image harbor.corp.example/a:1 in 3.2s",
        "HTTP/1.1 200 OK server: istio-envoy",
        "sklearn-iris   http://sklearn-iris.models.example.com   True   100   sklearn-iris-predictor-00001   404d",
    ],
)
def test_a_text_without_a_fault_is_not_explained(text: str) -> None:
    assert explain(text) == []


def test_a_consequence_is_not_repeated() -> None:
    text = (
        'Revision "iris-00001" failed with message: Unable to fetch image "r.example/a:1": failed to resolve image to '
        'digest: Get "https://r.example/v2/": x509: certificate signed by unknown authority. RevisionFailed '
        'Configuration "iris" does not have any ready Revision. RevisionMissing IngressNotConfigured'
    )
    assert [item.symptom.id for item in explain(text)] == ["digest-unknown-ca", "ingress-not-configured"]


def test_two_images_with_two_causes_are_two_explanations() -> None:
    text = (
        'Failed to pull image "r.example/a:1": 401 Unauthorized\n'
        'Failed to pull image "q.example/b:1": dial tcp: lookup q.example: no such host'
    )
    assert {item.symptom.id: item.named["image"] for item in explain(text)} == {
        "pull-unauthorized": "r.example/a:1",
        "pull-no-such-host": "q.example/b:1",
    }


@pytest.mark.parametrize(
    "secret",
    ["https://user:hunter2secret@r.example/v2/", "Authorization: Bearer hunter2secret", "password=hunter2secret"],
)
def test_no_secret_of_the_text_is_repeated(secret: str) -> None:
    text = f'Failed to pull image "r.example/a:1": {secret} 401 Unauthorized'
    assert [item for item in explain(text) if "hunter2" in item.seen + item.wrong] == []


WEBHOOK = (
    'failed calling webhook "a.b": failed to call webhook: Post "https://x.kserve.svc:443/y": context deadline exceeded'
)


@pytest.mark.parametrize(
    "secret",
    [
        "https://user:hunter2secret0123456789@r.example/v2/",
        "Authorization: Bearer hunter2secret0123456789",
        "password=hunter2secret0123456789",
    ],
)
def test_no_part_of_a_secret_is_shown_where_the_text_is_cut(secret: str) -> None:
    texts = [
        text
        for width in range(120)
        for text in (f"{secret} {'x' * width} {WEBHOOK}", f"{WEBHOOK} {'x' * width} {secret} the end")
    ]
    shown = [item.seen for text in texts for item in explain(text)]
    assert len(shown) >= len(texts)
    assert [text for text in shown if "hunter" in text or "secret" in text] == []


def test_the_shown_text_begins_and_ends_at_a_word() -> None:
    around = "Error from server (InternalError): error when creating: Internal error occurred: "
    for width in range(80):
        text = f"{'y' * width} {around}{WEBHOOK} {around * 3}"
        for item in explain(text):
            assert f" {item.seen} " in f" {text.strip()} ", item.seen


@pytest.mark.parametrize("name", [name for name, _ in CAUSES])
def test_the_shown_text_of_every_symptom_has_whole_words(name: str) -> None:
    around = "before " * 60
    example = dict(CAUSES)[name]
    for text in (example, f"{around}{example} {around}"):
        words = without_secrets(comparable(text)).split(" ")
        # In a log as JSON a message begins after a quotation mark.
        parts = {part for word in words for part in (word, word.lstrip("\"'([{"))}
        for item in explain(text):
            assert item.seen.split(" ")[0] in parts, item.seen
            assert item.seen.split(" ")[-1] in words, item.seen


def test_a_long_message_is_shown_with_its_begin() -> None:
    template = " ".join(f"field{number}:core.Value{{}}" for number in range(100))
    (found,) = explain(
        f'Install failed with message: Job.batch "migrate-1.21" is invalid: {template}: field is immutable'
    )
    assert found.symptom.id == "operator-job-immutable"
    assert found.seen.startswith('Job.batch "migrate-1.21" is invalid: field0')
    assert " ... " in found.seen
    assert found.seen.endswith("field is immutable")
    assert len(found.seen) < 400


def test_a_long_log_is_explained_in_time() -> None:
    line = '{"severity":"INFO","message":"Reconcile succeeded","knative.dev/key":"a/b"}\n'
    text = line * 20_000 + 'failed to resolve image to digest: Get "https://r.example/v2/": dial tcp: no such host'
    assert [item.symptom.id for item in explain(text)] == ["digest-no-such-host"]


@pytest.mark.parametrize("word", ["[", "storage-initializer "])
def test_no_text_is_slow(word: str) -> None:
    begin = time.process_time()
    explain(word * (100_000 // len(word)))
    assert time.process_time() - begin < 10
