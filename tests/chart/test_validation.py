"""Every disagreement that the chart rejects, with the exact message."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, Chart, named
from tools.rules import Fixture, rule_folders
from tools.rules import values as values_fixtures

FIXTURES = values_fixtures()
REFUSED = [fixture for fixture in FIXTURES if fixture.is_bad]


PEM = "-----BEGIN CERTIFICATE-----"


def container(name: str, *formats: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "supportedUriFormats": list(formats)}


def skip_entry(value: str) -> dict[str, Any]:
    return {"digests": {"skipRegistries": [value]}}


def values_of(fixture: Fixture) -> dict[str, Any]:
    """The values of the file over the values file that it names."""
    values: dict[str, Any] = yaml.safe_load(fixture.text)
    return named(fixture.over, **values) if fixture.over else values


@pytest.mark.parametrize("fixture", REFUSED, ids=lambda fixture: f"{fixture.code}-{fixture.name}")
def test_says_the_exact_line(chart: Chart, fixture: Fixture) -> None:
    assert chart.render(values_of(fixture)).findings == fixture.says


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: f"{fixture.code}-{fixture.name}")
def test_a_fixture_says_what_it_is(fixture: Fixture) -> None:
    assert fixture.case
    assert fixture.name.startswith(("values-bad-", "values-good-"))
    assert bool(fixture.says) == fixture.is_bad
    assert {line[1:6] for line in fixture.says} <= {fixture.code}, "one defect per fixture"


def test_says_everything_at_once(chart: Chart) -> None:
    values = {
        "digests": {"timeout": "30", "skipRegistries": ["docker.io"]},
        "gateways": {"local": {"name": "one"}, "ingress": {"name": "one"}},
        "tenants": [{"name": "ml"}, {"name": "ml"}],
    }
    codes = [line[1:6] for line in chart.render(values).findings]
    assert codes == ["KW101", "KW103", "KW412", "KW505"]


def test_no_advice_contradicts_another(chart: Chart) -> None:
    """An image from elsewhere has to go (KW201): Knative need not be able to resolve it (KW102)."""
    values = {
        "offline": True,
        "registry": {"host": "harbor.corp.example", "plainHTTP": True, "ca": {"kind": "Secret", "bundle": PEM}},
        "digests": {"policy": "resolve", "skipRegistries": ["harbor.corp.example"]},
        "images": {"smoke": "docker.io/kserve/sklearnserver:v0.20.0"},
    }
    assert [line[1:6] for line in chart.render(values).findings] == ["KW201", "KW305"]


@pytest.mark.parametrize("part", ["prerequisites", "wiring", "patches", "all"])
def test_every_part_is_checked(chart: Chart, part: str) -> None:
    without_a_unit = rule_folders()["KW103"].fixtures["values-bad-without-a-unit"]
    assert chart.render({"part": part, "digests": {"timeout": "30"}}).findings == without_a_unit.says


ACCEPTED: dict[str, dict[str, Any]] = {
    "a Secret for the resolver and a ConfigMap for KServe": {
        "registry": {"ca": {"kind": "Secret", "name": "corp-ca"}},
        "kserve": {"config": {"storageInitializer": {"caBundleConfigMapName": "corp-ca"}}},
    },
    "a wired setting repeated with the same value": {
        "knative": {"config": {"deployment": {"digest-resolution-timeout": "10s"}, "domain": {"example.com": ""}}},
        "kserve": {"config": {"ingress": {"ingressDomain": "example.com"}}},
    },
    "a further domain with a selector": {"knative": {"config": {"domain": {"a.example": "selector: {app: x}"}}}},
    "a registry with a port in the skip list": skip_entry("harbor:5000"),
    "the stock name of a gateway without the operator": {
        "knative": {"install": "yaml"},
        "gateways": {"local": {"name": "knative-local-gateway"}},
    },
    "a duration of several units": {"digests": {"timeout": "1m30.5s"}},
    "old mode names for an old KServe": {"versions": {"kserve": "v0.15.2"}, "kserve": {"deploymentMode": "Serverless"}},
    "Knative of the three minor versions before its operator's": {"versions": {"knative": "1.18.2"}},
    "quotes and line breaks where free text is": {
        "knative": {"config": {"autoscaler": {"initial-scale": 'a"---\nb'}}},
        "storage": {"containers": [container("own", {"prefix": "own://"}) | {"env": [{"name": "A", "value": '"---'}]}]},
    },
    "a private prefix once the general format is gone": {
        "storage": {
            "supportedUriFormats": [{"prefix": "s3://"}],
            "containers": [container("own", {"prefix": "https://models.corp.example/"})],
        }
    },
    "quantities in different units": {
        "storage": {"resources": {"requests": {"memory": "1000M"}, "limits": {"memory": "1Gi"}}}
    },
    "quantities with an exponent": {
        "storage": {"resources": {"requests": {"memory": "1e6"}, "limits": {"memory": "1E"}}}
    },
}


@pytest.mark.parametrize("values", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(chart: Chart, values: dict[str, Any]) -> None:
    assert chart.render(values).objects


@pytest.mark.parametrize("host", ["10.1.2.3:5000", "localhost:5000", "harbor.local", "harbor.corp.example"])
def test_resolver_speaks_plain_http_to_private_hosts_only(chart: Chart, host: str) -> None:
    images = {name: f"{host}/x/{name.lower()}:1" for name in ("agent", "router", "artExplainer", "storageInitializer")}
    values = {
        "registry": {"host": host, "plainHTTP": True},
        "digests": {"policy": "resolve"},
        "knative": {"install": "yaml"},
        "images": {"kserve": images, "smoke": f"{host}/x/smoke:1", "knative": {"queue-proxy": f"{host}/x/queue:1"}},
    }
    error = chart.render(values).error
    assert ("KW102" in error) == (host == "harbor.corp.example")


def test_every_code_of_the_chart_has_a_case() -> None:
    sources = (CHART / "templates" / "z_validation").glob("*.tpl")
    used = {code for source in sources for code in re.findall(r'"(KW\d+)"', source.read_text("utf-8"))}
    assert used == {fixture.code for fixture in REFUSED}
    assert used <= yaml.safe_load((CHART / "files" / "rules.yaml").read_text("utf-8")).keys()


def test_validation_is_rendered_first() -> None:
    """Helm sorts templates by depth, then by name, in reverse (helm pkg/engine/engine.go, sortTemplates)."""
    templates = [path.relative_to(CHART).as_posix() for path in (CHART / "templates").rglob("*") if path.is_file()]
    rendered = [path for path in templates if not path.rsplit("/", 1)[1].startswith("_")]
    assert max(rendered, key=lambda path: (path.count("/"), path)) == "templates/z_validation/validation.txt"
