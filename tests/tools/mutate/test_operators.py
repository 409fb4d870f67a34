"""Every operator, on an object that shows all of them."""

from __future__ import annotations

from tools.mutate.operators import mutants

BODY = {
    "apiVersion": "v1",
    "kind": "Thing",
    "metadata": {"name": "web", "namespace": "team-a"},
    "spec": {"host": "db.team-a.svc", "image": "a/b:v1.20.3", "count": 2, "on": True, "more": {"key": "value"}},
}


def shown(operator: str) -> set[str]:
    found = [mutant for mutant in mutants(BODY, ["team-b", "team-a"]) if mutant.operator == operator]
    assert all(mutant.body != BODY for mutant in found)
    return {f"{'.'.join(map(str, mutant.path))}: {mutant.shown}" for mutant in found}


def test_values() -> None:
    assert "spec.host: 'db.team-a.svc' to 'db.tea-a.svc'" in shown("misspell")
    assert "metadata.name: 'web' to 'Web'" in shown("case")
    assert "spec.count: 2 to '2x'" in shown("wrong type")
    assert "spec.on: True to 'true'" in shown("wrong type")
    assert "spec.more.key: 'value' to ''" in shown("empty")
    assert "spec.host: 'db.team-a.svc' to 'db.team-b.svc'" in shown("other namespace")
    assert shown("add scheme") == {"spec.host: 'db.team-a.svc' to 'https://db.team-a.svc'"}
    assert shown("add port") == {"spec.host: 'db.team-a.svc' to 'db.team-a.svc:9443'"}
    assert shown("trailing dot") == {"spec.host: 'db.team-a.svc' to 'db.team-a.svc.'"}
    assert shown("trailing slash") == {"spec.host: 'db.team-a.svc' to 'db.team-a.svc/'"}
    assert shown("stale version") == {"spec.image: 'a/b:v1.20.3' to 'a/b:v1.16.3'"}


def test_keys() -> None:
    assert "spec.count: 2 deleted" in shown("delete")
    assert "spec.image: key imge" in shown("misspell key")
    assert "spec.more.key: one level up" in shown("level up")
    assert "spec.count: into more" in shown("level down")
    assert "spec.host: swapped with image" in shown("swap")


def test_the_identity_of_the_kind_stays() -> None:
    assert {mutant.path[0] for mutant in mutants(BODY, [])} == {"metadata", "spec"}
