"""The kinds of software that others may have installed, for environments that leave it out."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kserve_wiring.manifests.helm import HelmCall
from tools.console import ROOT
from tools.environment import render
from tools.environment.render import Object
from tools.upstream.charts import Upstream
from tools.upstream.helm import Helm

_CERT_MANAGER = Path(__file__).with_name("others.yaml")
# The values of each chart; those of the Gateway API are the template's.
_CHARTS = {
    "base": _CERT_MANAGER,
    "cert-manager": _CERT_MANAGER,
    "gateway-crds-helm": ROOT / "includes" / "values" / "gateway-api-crds.yaml.jinja",
}


def kinds(charts: Upstream, helm: Helm) -> list[Object]:
    """The CRDs of Istio, cert-manager and the Gateway API, as the charts of a stack have them."""
    return [
        crd
        for (name, _), folder in charts.folders.items()
        if name in _CHARTS
        for crd in _crds(folder, _CHARTS[name], helm)
    ]


@cache
def _crds(chart: Path, values: Path, helm: Helm) -> list[Object]:
    rendered = render.template(HelmCall(chart.name, "others", chart, (values,)), helm)
    return [item for item in rendered.objects() if item["kind"] == "CustomResourceDefinition"]
