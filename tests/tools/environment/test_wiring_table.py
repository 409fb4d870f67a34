"""The table of wires that the demo prints."""

from __future__ import annotations

from tools.environment import wiring_table


def test_the_table_shows_what_is_in_the_objects_and_not_what_was_meant() -> None:
    config = {
        "kind": "ConfigMap",
        "metadata": {"name": "inferenceservice-config", "namespace": "kserve"},
        "data": {"ingress": '{"localGateway": "mesh/local", "ingressDomain": "a.example"}'},
    }
    gateway = {"kind": "Gateway", "metadata": {"name": "lokal", "namespace": "mesh"}, "spec": {}}
    rows = {row.what: row for row in wiring_table.rows([config, gateway])}
    assert rows["local gateway"].where == (
        "no Gateway of that name, inferenceservice-config (localGateway), not in config-istio"
    )
    assert rows["domain"].value == "a.example"
    assert "registry" not in rows


def test_long_images_keep_what_tells_them_apart() -> None:
    image = f"harbor.corp.local:8443/kserve/serving/cmd/queue@sha256:{'4095' * 16}"
    text = wiring_table.table([wiring_table.Row("W6", "queue-proxy", image, "KnativeServing")])
    assert "harbor.corp.local:8443/…/queue@sha256:4095…" in text
