"""What a finding proposes when several gateways are there."""

from __future__ import annotations

from pathlib import Path

from kserve_wiring import inspect, read

GATEWAY = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: ml-gateway}}
spec:
  template:
    metadata:
      annotations: {{inject.istio.io/templates: gateway}}
      labels: {{sidecar.istio.io/inject: "true", app: {name}, istio: {name}}}
    spec:
      containers: [{{name: istio-proxy, image: auto}}]
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: ml-gateway}}
spec:
  selector: {{app: {name}}}
  ports: [{{name: http2, port: 80, targetPort: 80}}]
---
"""
NAMED = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: config-istio, namespace: knative-serving}
data:
  local-gateways: |
    - {name: ml-local, namespace: ml-gateway, service: ml-local.ml-gateway.svc.cluster.local}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ml-local, namespace: ml-gateway}
spec:
  selector: {app: ml-local, istio: ml-local}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
"""


def test_the_gateway_of_the_most_similar_name_is_proposed(tmp_path: Path) -> None:
    names = ("an-ingress", "ml-ingress", "ml-local-2", "zz-ingress")
    (tmp_path / "m.yaml").write_text("".join(GATEWAY.format(name=name) for name in names) + NAMED)
    by_code = {finding.code: finding for finding in inspect(read(str(tmp_path))).findings}
    assert by_code["KW403"].message.endswith("of Deployment ml-gateway/ml-local-2 is app=ml-local-2,istio=ml-local-2")
    assert by_code["KW404"].message.endswith(", but that Service does not exist")
    assert "(ml-local-2.ml-gateway, ml-ingress.ml-gateway, " in by_code["KW404"].fix
    assert by_code["KW404"].fix.count(".ml-gateway") == 3
