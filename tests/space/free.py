"""The free answers: for each kind of text, what the questions accept and refuse, and which answers are of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.space.space import CA, HOST, Answers
from tools import stacks

Strategy = st.SearchStrategy[Any]
DIGEST = "@sha256:" + "0123456789abcdef" * 4
# YAML 1.1 reads these as something else than text.
WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def matching(pattern: str, most: int = 253) -> Strategy:
    """Texts of a pattern, without what KServe's chart cannot have anywhere."""
    return st.from_regex(pattern, fullmatch=True, alphabet=st.characters(max_codepoint=127)).filter(
        lambda text: len(text) <= most and "---" not in text
    )


def any_of(*texts: Any) -> Strategy:
    """One of these texts."""
    return st.sampled_from(texts)


@dataclass(frozen=True)
class Kind:
    """A grammar. good: what it has; bad: what it does not have."""

    good: Strategy
    bad: Strategy


_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAME = rf"{_LABEL}([.]{_LABEL}){{0,2}}"
_HOST = rf"({_LABEL}([.]{_LABEL}){{1,3}}(:[1-9][0-9]{{0,3}})?|{_LABEL}:[1-9][0-9]{{0,3}})"
_SEGMENT = "[a-z0-9]{1,9}(([._]|__|--?)[a-z0-9]{1,9}){0,2}"
_PATH = f"{_SEGMENT}(/{_SEGMENT}){{0,2}}"
_WORD = "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,9}"


def is_text(text: str) -> bool:
    """Whether YAML reads a text as text, also without quotes."""
    return text not in WORDS and any(sign in "abcdefghijklmnopqrstuvwxyz" for sign in text.lstrip("0123456789.xoe"))


label = Kind(matching(_LABEL, 63), any_of("A", "a_b", "-a", "a-", "a.b", "a b", "", "ä", "a" * 64))
name = Kind(matching(_NAME), any_of("A", "a_b", ".a", "a..b", "a.-b", "a b", "a/b", '"a"'))
bare_name = Kind(name.good.filter(is_text), name.bad | any_of("no", "1.2", "0x1f", "12e4"))
bare_label = Kind(label.good.filter(is_text), label.bad | any_of("null", "1", "2026-11-26", "0b1", "1e3"))
namespace = Kind(bare_label.good, bare_label.bad | any_of("default", "kube-system", "knative-serving"))
# 1.17 to 1.20 are refused with a pull Secret and `digest_policy: resolve`, which each set has.
serving_release = Kind(
    matching("1[.](1[4-6]|2[1-9]|[3-9][0-9])[.][0-9]{1,2}"),
    any_of("", "1.21", "v1.21.1", "knative-v1.21.1", "1.13.9", "latest"),
)
release = Kind(matching("1[.](2[2-9]|[3-9][0-9])[.][0-9]{1,2}"), any_of("", "1.27", "v1.27.1", "1.21.9", "latest"))
context = Kind(
    matching("[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,20}").filter(lambda text: not text.isdigit()),
    any_of("a b", "-a", "a'b", "$a", "a#b", "ä", "a\nb"),
)
gateway = Kind(bare_label.good, bare_label.bad | any_of("knative-local-gateway", "istio-ingressgateway"))
host = Kind(
    matching(_HOST).filter(lambda text: text not in {"docker.io", "hub.docker.com"}),
    any_of("harbor", "https://a.b", "a.b/c", "A.b", "a..b", "a.b:", "a.b:0", "a.b:65536", "*.b", "docker.io", "a_b.c"),
)
# Knative's controller does not find a name without a domain, which is refused with `digest_policy: resolve`.
with_domain = Kind(host.good.filter(lambda text: "." in text), host.bad)
endpoint = Kind(host.good | label.good, any_of("https://a.b", "a.b/c", "A", "a..b", "a b", "a:b", "-a"))
path = Kind(matching(_PATH), any_of("/a", "a/", "a//b", "A", "a..b", "a___b", "-a", "a b"))
folder = Kind(matching(f"{_WORD}(/{_WORD}){{0,2}}|[.]"), any_of("", "/a", "a/", "./a", "a b"))
long_path = path.good.filter(lambda text: len(text) > 1)
image = Kind(
    st.builds("{}/{}{}".format, host.good, long_path, matching(f":{_WORD}") | st.just(DIGEST)),
    any_of("a.b/cd", "a.b/c:1", "a/b:1", "https://a.b/cd:1", "a.b/C:1", "a.b/c..d:1", "a.b//c:1", "a.b/cd@sha256:0"),
)
duration = Kind(
    matching("([1-9][0-9]{0,2}(ms|s|m|h)){1,2}|0[.][1-9]h"), any_of("", "30", "0s", "1d", "-1s", "1 s", "s", "1.s")
)
bad_quantities = any_of("", "1Gb", "1 Gi", "-1", "1gi", 1)
proxy = Kind(
    st.builds("{}://{}".format, any_of("http", "https"), host.good),
    any_of("proxy.corp:3128", "http://", "http://a.b/c", "socks5://a.b:1", "http://a_b:1", "http://me:secret@a.b:1"),
)
direct = Kind(
    host.good | host.good.map(".{}".format) | label.good | any_of("10.0.0.0/8", "192.168.1.7", "fd00::/8", "::1"),
    any_of("https://a.b", "*.corp", "*", "a_b", "a.b/c", "A.B", "", "a,b"),
)
hub = Kind(
    st.builds("{}://{}{}".format, any_of("http", "https"), host.good, matching("(/[A-Za-z0-9._~-]{1,9}){0,3}")),
    any_of(
        "a.b",
        "https://a.b/",
        "ftp://a.b",
        "https://a_b",
        "https://me:t@a.b",
        "https://a.b/c d",
        "https://huggingface.co",
    ),
)
url = Kind(matching("https://[a-z]{1,9}[.][a-z]{2,3}/[a-zA-Z0-9_./~-]{1,20}"), any_of("", "https://a.b/c d"))
text = Kind(matching("[a-zA-Z0-9_./-]{1,20}"), any_of("", " ", "a\nb", "a'b", "{{a}}", "a---b"))
region = Kind(matching("[a-z0-9-]{0,15}"), any_of("EU", "a b", "a.b", "a'b", "a---b"))
charts = Kind(
    st.builds("oci://{}/{}".format, host.good, path.good), any_of("", "oci://", "a.b/c", "https://a.b", "oci://a.b/c/")
)
pem = Kind(
    st.builds("{}{}{}".format, any_of("", "subject=CN: Corp\n\n"), st.just(CA), any_of("", "\n", CA)),
    any_of("", "ca.pem", "/etc/ssl/ca.pem", CA[:100], CA[100:], CA.replace("CERTIFICATE", "PRIVATE KEY")),
)

# Free answers by their kind. Each of them applies in `sets`.
FREE: dict[str, Kind] = {
    "environment_name": label,
    "cluster_domain": bare_name,
    "kube_context": context,
    "cert_manager_namespace": namespace,
    "istio_namespace": namespace,
    "kserve_namespace": namespace,
    "knative_operator_namespace": namespace,
    "istio_version": release,
    "knative_version": serving_release,
    "https_proxy": proxy,
    "http_proxy": proxy,
    "registry_host": with_domain,
    "registry_project": path,
    "registry_ca_name": name,
    "registry_ca_bundle": pem,
    "pull_secret": bare_name,
    "external_secret_store": name,
    "external_secret_key": text,
    "digest_timeout": duration,
    "storage_initializer_image": image,
    "s3_endpoint": endpoint,
    "s3_region": region,
    "hf_endpoint": hub,
    "local_gateway_name": gateway,
    "local_gateway_namespace": namespace,
    "ingress_gateway_name": gateway,
    "ingress_gateway_namespace": namespace,
    "ingress_domain": name,
    "ingress_tls_secret": name,
    "ingress_class": name,
    "chart_repository": charts,
    "argocd_repo_url": url,
    "argocd_revision": text,
    "argocd_path": folder,
    "argocd_project": name,
    "argocd_namespace": label,
    "argocd_destination": text,
}
CHOICES: Answers = {
    "offline": False,
    "registry_ca_source": "bundle",
    "pull_secret_source": "external-secret",
    "digest_policy": "resolve",
    "chart_source": "oci",
    "gitops": "argocd",
}
RESOURCES = ("cpu_request", "cpu_limit", "memory_request", "memory_limit")


label_key = (
    matching(r"([a-z]{1,9}[.]example/)?[a-z0-9]([-_.a-z0-9]{0,20}[a-z0-9])?")
    .filter(is_text)
    .filter(lambda key: key not in ("app", "istio"))
)
label_value = matching("[a-zA-Z]([-_.a-zA-Z0-9]{0,20}[a-zA-Z0-9])?").filter(is_text)


@st.composite
def tenants(draw: st.DrawFn, taken: set[str]) -> list[Any]:
    """Names and mappings, of namespaces that nobody else has."""
    found: list[Any] = []
    for namespace in draw(st.lists(label.good.filter(lambda text: text not in taken), max_size=3, unique=True)):
        options = {"service_account": name.good, "create_namespace": st.booleans()}
        secrets = {key: name.good.map(f"{key[:2]}.{{}}".format) for key in ("s3_secret", "hf_secret", "oci_secret")}
        more = draw(st.fixed_dictionaries({}, optional=options | secrets))
        found.append({"name": namespace, **more} if more else namespace)
    return found


@st.composite
def resources(draw: st.DrawFn, kind: str) -> Answers:
    """A request and a limit that is not below it."""
    unit = draw(any_of("", "m", "Mi", "Gi"))
    low, high = sorted(draw(st.tuples(st.integers(1, 9999), st.integers(1, 9999))))
    return {f"{kind}_request": f"{low}{unit}", f"{kind}_limit": f"{high}{unit}"}


def below(answers: Answers, reference: str) -> str:
    """The image of that path in the registry of the environment."""
    return f"{answers['registry_host']}/{answers['registry_project']}/{reference.split('/', 1)[1]}"


@st.composite
def sets(draw: st.DrawFn) -> Answers:
    """A whole set of answers that the questions accept."""
    found: Answers = {"stack": draw(any_of(*stacks.names())), **CHOICES}
    found |= {answer: draw(kind.good) for answer, kind in FREE.items()}
    found["istio"] = draw(any_of("install", "existing"))
    found["knative_install"] = draw(any_of("operator", "yaml", "existing"))
    # Refused: they have no effect.
    del found["ingress_class"]
    if found["istio"] == "install":
        del found["istio_version"]
    if found["knative_install"] != "operator":
        del found["knative_operator_namespace"]
    if found["knative_install"] != "existing":
        del found["knative_version"]
    own = {"name": "own", "prefixes": ["own://"]}
    return found | {
        "storage_initializer_image": below(found, draw(image.good)),
        "storage_initializer_resources": {**draw(resources("cpu")), **draw(resources("memory"))},
        "extra_images": [draw(image.good)],
        "common_labels": draw(st.dictionaries(label_key, label_value, max_size=2)),
        "common_annotations": draw(st.dictionaries(label_key, text.good, max_size=2)),
        "storage_containers": [own | {"image": below(found, draw(image.good)), "env": {"A": draw(text.good)}}],
        "no_proxy": draw(st.lists(direct.good, max_size=3)),
        "tenants": draw(tenants({text for answer, text in found.items() if answer.endswith("_namespace")})),
    }


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, Answers]:
    """A set with one answer that is refused, and the name of its question."""
    found: Answers = {"stack": stacks.DEFAULT, **CHOICES, "registry_host": HOST, "registry_ca_bundle": CA}
    found |= {"pull_secret": "harbor", "external_secret_store": "vault", "external_secret_key": "a"}
    found |= {"ingress_domain": "a.b", "argocd_repo_url": "https://a.b/c", "s3_endpoint": "a.b"}
    found |= {"https_proxy": "http://a.b:1"}
    listed = (
        "tenants",
        "storage_initializer_resources",
        "storage_containers",
        "skip_registries",
        "no_proxy",
        "extra_images",
        "common_labels",
    )
    answer = draw(any_of(*FREE, *listed))
    if answer == "tenants":
        found[answer] = draw(st.builds(lambda bad: ["a", {"name": bad}], label.bad))
    elif answer == "storage_initializer_resources":
        found[answer] = dict.fromkeys(RESOURCES, "1") | {draw(any_of(*RESOURCES)): draw(bad_quantities)}
    elif answer == "storage_containers":
        found[answer] = [{"name": "own", "prefixes": ["own://"], "image": draw(image.bad)}]
    elif answer == "no_proxy":
        found[answer] = ["a.b", draw(direct.bad)]
    elif answer == "common_labels":
        found[answer] = {"a": "b"} | draw(
            any_of({"app": "b"}, {"a b": "c"}, {"a": "b c"}, {"a": 1}, {"kserve.io/a": "b"})
        )
    elif answer == "extra_images":
        found[answer] = ["ghcr.io/a/b:1", draw(image.bad)]
    elif answer == "skip_registries":
        found |= {"digest_policy": "skip", answer: ["ghcr.io", draw(host.bad)]}
    elif answer == "ingress_class":
        found = {"deployment_mode": "standard", "standard_ingress": "ingress", answer: draw(name.bad)}
    else:
        found |= {"istio": "existing" if answer == "istio_version" else "install", answer: draw(FREE[answer].bad)}
        found["knative_install"] = "existing" if answer == "knative_version" else "operator"
    return answer, found
