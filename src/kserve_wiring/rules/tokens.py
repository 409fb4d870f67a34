# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW553: claims and principals of tokens that no RequestAuthentication verifies (wire W9).

istio pilot/pkg/model/authentication.go (policies of the namespace and of the root namespace) and
pilot/pkg/security/authz/model: a request principal is ISSUER/SUBJECT.
"""

from __future__ import annotations

from collections.abc import Iterator

from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.mesh_config import root_namespace
from kserve_wiring.manifests.objects import KeyPath, KubeObject, Setting, mappings_of, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, because

_SECURITY = "security.istio.io"
_CLAIMS = "request.auth."


@rule("KW553", skips_open=True)
def unverified_tokens(cluster: Cluster) -> Iterator[Draft]:
    """Without a RequestAuthentication a request has no principal and no claims, so the rule never matches."""
    verifying = [obj for obj in cluster.of_kind("RequestAuthentication") if obj.namespace]
    root = root_namespace(cluster)
    for obj in cluster.of_kind("AuthorizationPolicy") if verifying else ():
        if obj.group != _SECURITY or not obj.namespace or obj.source.unlisted:
            continue
        near = [one for one in verifying if one.namespace in (obj.namespace, root)]
        asked = [setting for setting in _asked(obj) if setting.value]
        if asked and not near and obj.namespace != root:
            other = Setting(verifying[0].namespace, verifying[0], ("metadata", "namespace"))
            reason = f"no RequestAuthentication is in {obj.namespace} or {root}, but {verifying[0].ref}"
            yield because(asked[0], reason, f"create one in namespace {obj.namespace}", other)
        yield from _issuers(asked, near)


def _asked(obj: KubeObject) -> Iterator[Setting]:
    """What a policy wants to find in a token; what it denies when there is none needs no verification."""
    if obj.get("spec", "action") not in (None, "ALLOW"):
        return
    for index, rule_ in mappings_of(obj.get("spec", "rules")):
        for number, _ in mappings_of(rule_.get("from")):
            path: KeyPath = ("spec", "rules", index, "from", number, "source", "requestPrincipals")
            for place, text in enumerate(strings_of(obj.get(*path))):
                yield Setting(text, obj, (*path, place))
        for number, item in mappings_of(rule_.get("when")):
            if str(item.get("key")).startswith(_CLAIMS):
                yield Setting(item["key"], obj, ("spec", "rules", index, "when", number, "key"))


def _issuers(asked: list[Setting], verifying: list[KubeObject]) -> Iterator[Draft]:
    rules = [(one, item) for one in verifying for _, item in mappings_of(one.get("spec", "jwtRules"))]
    issuers = sorted({str(item["issuer"]) for _, item in rules if item.get("issuer")})
    if not issuers or len(issuers) != len({id(item) for _, item in rules}):
        return  # a rule without an issuer verifies tokens of any
    for setting in asked:
        text = setting.text()
        issuer = text.rpartition("/")[0]
        if setting.path[-1] == "key" or "*" in issuer or not issuer or issuer in issuers:
            continue
        place = Setting(None, rules[0][0], ("spec", "jwtRules"))
        yield because(setting, f"tokens of {', '.join(issuers)} are verified", "name one of these issuers", place)
