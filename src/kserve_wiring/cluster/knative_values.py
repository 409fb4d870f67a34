# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""Values of Knative's ConfigMaps that parse, and that Knative refuses or takes for something else.

knative/serving pkg/gc/config.go, pkg/autoscaler/config/config.go, pkg/deployment/config.go and
pkg/reconciler/certificate/config/cert_manager.go; knative.dev/networking pkg/config/config.go; knative.dev/pkg
logging/config.go, leaderelection/config.go and observability; k8s.io/client-go tools/leaderelection/leaderelection.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kserve_wiring.grammar.go_json import parse_json
from kserve_wiring.grammar.numbers import parse_float, parse_uint
from kserve_wiring.grammar.values import parse_duration
from kserve_wiring.manifests.objects import MAPPING, Setting, mappings_of
from kserve_wiring.manifests.yamltext import load

_SECOND = 10**9
_LEVELS = ("debug", "info", "warn", "warning", "error", "dpanic", "panic", "fatal")
_ISSUER_FIELDS = ("name", "kind", "group")
_OPERATORS = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}
"""The operators of a label selector, and whether they need values."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """A value that does not do what was meant. ignored: Knative starts, with a default instead of the value."""

    setting: Setting
    reason: str
    suggestion: str
    ignored: bool = False


Settings = Mapping[str, Setting]


def unfit_values(config: str, settings: Settings) -> Iterator[Unfit]:
    """The values of one ConfigMap, named without ``config-``, that Knative refuses or ignores."""
    check = _CHECKS.get(config)
    if check is not None:
        yield from check({key: one for key, one in settings.items() if isinstance(one.value, str)})


def _one_of(settings: Settings, key: str, words: tuple[str, ...], ignored: str = "") -> Iterator[Unfit]:
    """A word without regard to case. ignored: what Knative takes another word for."""
    setting = settings.get(key)
    if setting is not None and setting.text().lower() not in ("", *words):
        choice = f"{', '.join(words[:-1])} or {words[-1]}"
        reason = f"Knative takes it for {ignored}, because it is not {choice}" if ignored else f"it must be {choice}"
        yield Unfit(setting, reason, f"write {choice}", bool(ignored))


def _number(settings: Settings, key: str, default: float) -> float | None:
    """A number or, in nanoseconds, a duration; None if it does not parse, which is another finding."""
    if key not in settings:
        return default
    text = settings[key].text()
    for parse in (parse_float, parse_duration):
        try:
            return float(parse(text))
        except ValueError:
            continue
    return None


def _range(settings: Settings, key: str, fits: Callable[[float], bool], wanted: str) -> Iterator[Unfit]:
    number = _number(settings, key, 0)
    if key in settings and number is not None and not fits(number):
        yield Unfit(settings[key], f"it must be {wanted}", f"write a value that is {wanted}")


def _gc(settings: Settings) -> Iterator[Unfit]:
    """parseDisabledOrDuration and parseDisabledOrInt64."""
    for key in ("retain-since-create-time", "retain-since-last-active-time"):
        if key in settings and not _is_duration(settings[key].text()):
            yield Unfit(settings[key], "it must be disabled or a duration such as 48h", "write hours, such as 48h")
    most = settings.get("max-non-active-revisions")
    if most is not None and not _disabled(most.text()) and not _parses(parse_uint, most.text()):
        yield Unfit(most, "it must be disabled or an integer that is not negative", "write a number, or disabled")
    low, high = _number(settings, "min-non-active-revisions", 20), _number(settings, "max-non-active-revisions", 1000)
    if low is not None and high is not None and low > high:
        setting = settings.get("min-non-active-revisions") or settings["max-non-active-revisions"]
        reason = f"min-non-active-revisions is {low:g}, and max-non-active-revisions is {high:g}"
        yield Unfit(setting, reason, "let the minimum be at most the maximum")


def _disabled(text: str) -> bool:
    return text.lower() in ("", "disabled")


def _is_duration(text: str) -> bool:
    return _disabled(text) or (_parses(parse_duration, text) and parse_duration(text) >= 0)


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _logging(settings: Settings) -> Iterator[Unfit]:
    """levelFromString refuses a level; NewLogger replaces a configuration that is no JSON by its own."""
    for key, setting in settings.items():
        if key.startswith("loglevel.") and setting.text() and setting.text().lower() not in _LEVELS:
            levels = ", ".join(level for level in _LEVELS if level != "warning")
            yield Unfit(setting, f"it must be one of {levels}", "write info or another of the levels")
    config = settings.get("zap-logger-config")
    if config is not None and config.text().strip() and not _parses(parse_json, config.text()):
        reason = "it is no JSON, and Knative logs as if it were not set"
        yield Unfit(config, reason, "correct the JSON", ignored=True)


def _network(settings: Settings) -> Iterator[Unfit]:
    switch = ("enabled", "disabled")
    for key in ("external-domain-tls", "auto-tls", "autoTLS"):
        yield from _one_of(settings, key, switch, "disabled")
    for key in ("http-protocol", "httpProtocol"):
        yield from _one_of(settings, key, (*switch, "redirected"))
    for key in ("system-internal-tls", "cluster-local-domain-tls"):
        yield from _one_of(settings, key, switch)
    yield from _one_of(settings, "mesh-compatibility-mode", (*switch, "auto"), "auto")
    for key in ("default-external-scheme", "defaultExternalScheme"):
        yield from _one_of(settings, key, ("http", "https"), "the scheme of every URL")
    selector = settings.get("namespace-wildcard-cert-selector")
    reason = _selector_problem(selector.text()) if selector is not None else ""
    if selector is not None and reason:
        yield Unfit(selector, reason, "write matchLabels or matchExpressions of a label selector")


def _selector_problem(text: str) -> str:
    """Why a text is no label selector; "" if it is one."""
    try:
        found = load(text or "{}")
    except ValueError:
        return "it is no YAML"
    if not isinstance(found, MAPPING):
        return "it must be a label selector"
    for key in found:
        if key not in ("matchLabels", "matchExpressions"):
            return f"a label selector has no field {key}"
    for _, item in mappings_of(found.get("matchExpressions")):
        operator = str(item.get("operator"))
        if operator not in _OPERATORS:
            return f"the operator {operator} is not one of {', '.join(_OPERATORS)}"
        if _OPERATORS[operator] != bool(item.get("values")):
            return f"the operator {operator} {'needs values' if _OPERATORS[operator] else 'takes no values'}"
    return ""


def _observability(settings: Settings) -> Iterator[Unfit]:
    exporters = ("grpc", "http/protobuf")
    for prefix, others in (
        ("metrics", ("prometheus", "none")),
        ("request-metrics", ("prometheus", "none")),
        ("tracing", ("stdout", "none")),
    ):
        yield from _exporter(settings, prefix, (*exporters, *others), exporters)
    yield from _one_of(settings, "runtime-profiling", ("enabled", "disabled"))
    yield from _range(settings, "tracing-sampling-rate", lambda rate: 0 <= rate <= 1, "from 0 to 1")
    for key in ("metrics-export-interval", "request-metrics-export-interval", "runtime-export-interval"):
        if key in settings and not (_parses(parse_duration, settings[key].text()) and settings[key].text()[0] != "-"):
            yield Unfit(settings[key], "it must be a duration such as 30s", "write a duration such as 30s")


def _exporter(settings: Settings, prefix: str, known: tuple[str, ...], remote: tuple[str, ...]) -> Iterator[Unfit]:
    """Validate of observability/metrics and observability/tracing; upper case is another text here."""
    setting, endpoint = settings.get(f"{prefix}-protocol"), settings.get(f"{prefix}-endpoint")
    protocol = setting.text() if setting is not None else "none"
    if setting is not None and protocol not in known:
        yield Unfit(setting, f"it must be one of {', '.join(known)}", f"write one of {', '.join(known)}")
    elif setting is not None and protocol in remote and not (endpoint and endpoint.text()):
        yield Unfit(setting, f"it needs {prefix}-endpoint", f"set {prefix}-endpoint to the address of a collector")
    elif endpoint is not None and endpoint.text() and protocol in ("none", "stdout"):
        reason = f"Knative refuses an endpoint while {prefix}-protocol is {protocol}"
        yield Unfit(endpoint, reason, f"set {prefix}-protocol to one of {', '.join(remote)}")


def _autoscaler(settings: Settings) -> Iterator[Unfit]:
    """Validate of pkg/autoscaler/config/config.go; KW520 compares the scales."""
    yield from _range(settings, "scale-to-zero-grace-period", lambda span: span > 0, "above 0")
    yield from _range(settings, "scale-down-delay", lambda span: span >= 0 and not span % _SECOND, "in whole seconds")
    yield from _range(settings, "scale-to-zero-pod-retention-period", lambda span: span >= 0, "at least 0")
    yield from _range(settings, "target-burst-capacity", lambda one: one >= 0 or one == -1, "at least 0, or -1")
    yield from _range(settings, "container-concurrency-target-percentage", lambda one: 0 < one <= 100, "from 1 to 100")
    for key in ("container-concurrency-target-default", "requests-per-second-target-default"):
        yield from _range(settings, key, lambda one: one >= 0.01, "at least 0.01")
    yield from _range(settings, "activator-capacity", lambda one: one >= 1, "at least 1")
    for key in ("max-scale-up-rate", "max-scale-down-rate"):
        yield from _range(settings, key, lambda one: one > 1, "above 1")
    yield from _range(settings, "stable-window", _is_window, "whole seconds from 6s to 1h")
    yield from _range(settings, "panic-window-percentage", lambda one: 1 <= one <= 100, "from 1 to 100")
    limit, most = settings.get("max-scale-limit"), _number(settings, "max-scale", 0)
    if limit is not None and _number(settings, "max-scale-limit", 0) and most == 0:
        reason = "with a limit, Knative refuses a default of no maximum, and max-scale is 0 or not set"
        yield Unfit(limit, reason, "set max-scale to a number from 1 to the limit")


def _is_window(span: float) -> bool:
    return 6 * _SECOND <= span <= 3600 * _SECOND and not span % _SECOND


def _deployment(settings: Settings) -> Iterator[Unfit]:
    for key in ("progress-deadline", "progressDeadline"):
        yield from _range(settings, key, lambda span: span > 0 and not span % _SECOND, "in whole seconds above 0")
    affinity = settings.get("default-affinity-type")
    kinds = ("none", "prefer-spread-revision-over-nodes")
    if affinity is not None and affinity.text() not in kinds:
        yield Unfit(affinity, f"it must be {' or '.join(kinds)}", f"write {' or '.join(kinds)}")


def _leader_election(settings: Settings) -> Iterator[Unfit]:
    """NewLeaderElector ends the controller if the three do not fit together."""
    yield from _range(settings, "buckets", lambda one: 1 <= one <= 10, "from 1 to 10")
    names = ("lease-duration", "renew-deadline", "retry-period")
    lease, renew, retry = (
        _number(settings, name, seconds * _SECOND) for name, seconds in zip(names, (60, 40, 10), strict=True)
    )
    if lease is None or renew is None or retry is None:
        return
    if lease <= renew:
        setting = settings.get("lease-duration") or settings["renew-deadline"]
        yield Unfit(setting, f"lease-duration must be above renew-deadline, {_seconds(renew)}", "lengthen the lease")
    elif renew <= 1.2 * retry:
        setting = settings.get("renew-deadline") or settings["retry-period"]
        reason = f"renew-deadline must be above 1.2 times retry-period, {_seconds(retry)}"
        yield Unfit(setting, reason, "shorten retry-period")


def _seconds(span: float) -> str:
    return f"{span / _SECOND:g}s"


def _tracing(settings: Settings) -> Iterator[Unfit]:
    yield from _one_of(settings, "backend", ("zipkin", "none"))
    yield from _range(settings, "sample-rate", lambda rate: 0 <= rate <= 1, "from 0 to 1")


def _certmanager(settings: Settings) -> Iterator[Unfit]:
    """The text is read into a reference to knative-selfsigned-issuer, so a field that is not there keeps that name."""
    for key in ("issuerRef", "clusterLocalIssuerRef", "systemInternalIssuerRef"):
        setting = settings.get(key)
        if setting is None or not setting.text().strip():
            continue
        try:
            found = load(setting.text())
        except ValueError:
            found = None
        if not isinstance(found, MAPPING):
            yield Unfit(setting, "it must be the YAML of kind and name", "write kind and name, a line each")
        elif others := [str(name) for name in found if name not in _ISSUER_FIELDS]:
            reason = f"Knative reads {', '.join(_ISSUER_FIELDS)}, not {', '.join(others)}"
            yield Unfit(setting, reason, "write kind and name, a line each", ignored=True)


def _defaults(settings: Settings) -> Iterator[Unfit]:
    """asTriState of pkg/apis/config/defaults.go."""
    yield from _one_of(settings, "enable-service-links", ("true", "false", "default"), "default")


_CHECKS: dict[str, Callable[[Settings], Iterator[Unfit]]] = {
    "gc": _gc,
    "logging": _logging,
    "network": _network,
    "observability": _observability,
    "autoscaler": _autoscaler,
    "deployment": _deployment,
    "leader-election": _leader_election,
    "tracing": _tracing,
    "certmanager": _certmanager,
    "defaults": _defaults,
}
