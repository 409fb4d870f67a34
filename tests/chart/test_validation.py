"""Every disagreement that the chart refuses, with the exact line it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, Chart, named
from tests.chart.refused import CASES, OFFLINE
from tests.chart.refused.case import container, skip_entry
from tools.console import ROOT


@pytest.mark.parametrize(("values", "lines"), CASES.values(), ids=CASES)
def test_says_the_exact_line(chart: Chart, values: dict[str, Any], lines: list[str]) -> None:
    assert chart.render(values).findings == lines


@pytest.mark.parametrize(("values", "lines"), OFFLINE.values(), ids=OFFLINE)
def test_says_the_exact_line_offline(chart: Chart, values: dict[str, Any], lines: list[str]) -> None:
    assert chart.render(named("offline", **values)).findings == lines


def test_says_everything_at_once(chart: Chart) -> None:
    values = {
        "digests": {"timeout": "30", "skipRegistries": ["docker.io"]},
        "gateways": {"local": {"name": "one"}, "ingress": {"name": "one"}},
        "tenants": [{"name": "ml"}, {"name": "ml"}],
    }
    codes = [line[1:6] for line in chart.render(values).findings]
    assert codes == ["KW101", "KW103", "KW412", "KW505"]


@pytest.mark.parametrize("part", ["prerequisites", "wiring", "patches", "all"])
def test_every_part_is_checked(chart: Chart, part: str) -> None:
    assert chart.render({"part": part, "digests": {"timeout": "30"}}).findings == CASES["KW103 without a unit"][1]


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
        "knative": {"install": "yaml"},
        "images": {"kserve": images, "smoke": f"{host}/x/smoke:1", "knative": {"queue-proxy": f"{host}/x/queue:1"}},
    }
    error = chart.render(values).error
    assert ("KW102" in error) == (host == "harbor.corp.example")


def test_every_code_of_the_chart_has_a_case() -> None:
    sources = (CHART / "templates" / "z_validation").glob("*.tpl")
    used = {code for source in sources for code in re.findall(r'"(KW\d+)"', source.read_text("utf-8"))}
    assert used == {name.split()[0] for name in [*CASES, *OFFLINE]}
    assert used <= yaml.safe_load((ROOT / "schemas" / "rules.yaml").read_text("utf-8")).keys()


def test_validation_is_rendered_first() -> None:
    """Helm renders by depth, then by name, backwards (helm pkg/engine/engine.go, sortTemplates)."""
    templates = [path.relative_to(CHART).as_posix() for path in (CHART / "templates").rglob("*") if path.is_file()]
    rendered = [path for path in templates if not path.rsplit("/", 1)[1].startswith("_")]
    assert max(rendered, key=lambda path: (path.count("/"), path)) == "templates/z_validation/validation.txt"
