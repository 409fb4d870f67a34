# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW533: a constant or an unknown variable where a template is filled in for each object (wire W10).

kserve pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/domain.go and path.go, utils/utils.go
(ReplacePlaceholders); knative/networking pkg/config/config.go; argo-cd applicationset/utils/utils.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kserve_wiring.cluster.applicationset import given, used
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.names import near_name
from kserve_wiring.cluster.runtimes import RUNTIMES
from kserve_wiring.grammar.go_json import parse_json
from kserve_wiring.manifests.objects import MAPPING, KubeObject, Setting, mappings_of, show_path, strings_of
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Draft, at, because, set_to

_VARIABLE = re.compile(r"\{\{-?\s*\.(\w+)[^}]*\}\}")
_BARE = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}")
_DOTTED = re.compile(r"\{\{\s*(\.[\w.]+)\s*\}\}")
_DOMAIN = ("Name", "Namespace", "IngressDomain", "Annotations", "Labels")
_META = ("Name", "Namespace", "Labels", "Annotations", "UID", "GenerateName")
_NAME_FLAGS = re.compile(r"--(?:model_name|model-name)=(?P<name>.+)")
_OPTIONS = ("missingkey=default", "missingkey=invalid", "missingkey=zero", "missingkey=error")
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_CONTROL = re.compile(r"\{\{-?\s*(?:if|range|with|define|template|\$|else|end)\b|:=")
_FUNCTIONS = ("now", "uuidv4", "end", "else")


@rule("KW533")
def untemplated(cluster: Cluster) -> Iterator[Draft]:
    """All objects get the same host, path or name, or nothing is rendered at all."""
    yield from _configurations(cluster)
    for runtime in cluster.of_kind(*RUNTIMES):
        yield from _runtime(runtime)
    for obj in cluster.of_kind("ApplicationSet"):
        yield from _application_set(obj)
    for obj in cluster.of_kind("ExternalSecret"):
        yield from _external_secret(obj)


def _external_secret(obj: KubeObject) -> Iterator[Draft]:
    """The template of a Secret: what it uses and nothing fetches is an error, and a pull Secret is JSON.

    external-secrets pkg/template/v2/template.go (missingkey=error), Kubernetes pkg/apis/core/validation.
    """
    path = ("spec", "target", "template", "data")
    for key, text in obj.mapping(*path).items():
        if isinstance(text, str) and not _CONTROL.search(text):
            setting = at(obj, *path, str(key))
            yield from _fetched(obj, setting)
            if key == ".dockerconfigjson" and "{{" in text and not _is_json(_EXPRESSION.sub("0", text)):
                shown = Setting("a text", obj, setting.path)
                reason = "what it renders to is no JSON"
                yield because(shown, reason, "correct the quotes and braces around the expressions")


def _fetched(obj: KubeObject, setting: Setting) -> Iterator[Draft]:
    known = {str(item.get("secretKey")) for _, item in mappings_of(obj.get("spec", "data"))}
    lacking = [name for name in _VARIABLE.findall(setting.text()) if name not in known]
    others = obj.get("spec", "dataFrom") or obj.get("spec", "target", "template", "templateFrom")
    if lacking and known and not others:
        near = near_name(lacking[0], known)
        shown = Setting(f"{{{{ .{lacking[0]} }}}}", obj, setting.path)
        fix = f"write .{near} for .{lacking[0]}" if near else f"add secretKey {lacking[0]} to spec.data"
        yield because(shown, f"spec.data fetches {', '.join(sorted(known))}", fix)


def _is_json(text: str) -> bool:
    try:
        parse_json(text)
    except (ValueError, RecursionError):
        return False
    return True


def _configurations(cluster: Cluster) -> Iterator[Draft]:
    config = cluster.isvc_config
    if config is not None and config.is_read:
        for key, known, needed in (
            ("domainTemplate", _DOMAIN, ()),  # KW410 reports what it lacks
            ("pathTemplate", _DOMAIN[:2], _DOMAIN[:2]),
        ):
            setting = config.setting("ingress", key)
            if setting is not None and setting.text():
                yield from _template(setting, known, needed)
    tags = cluster.knative.setting("network", "tag-template")
    if tags is not None and tags.text():
        yield from _template(tags, ("Name", "Tag"), ("Name", "Tag"))


def _template(setting: Setting, known: tuple[str, ...], needed: tuple[str, ...]) -> Iterator[Draft]:
    used = _VARIABLE.findall(setting.text())
    for name in used:
        if name not in known:
            near = next((one for one in known if one.lower() == name.lower()), "") or near_name(name, known)
            fix = f"write .{near} for .{name}" if near else f"use {', '.join(f'.{one}' for one in known)}"
            yield because(setting, f"the template has no variable .{name}", fix)
            return
    missing = [name for name in needed if name not in used]
    if missing:
        what = " and ".join(f".{name}" for name in missing)
        yield because(setting, f"without {what} two services have the same address", f"add {what} to {setting.key}")


def _runtime(runtime: KubeObject) -> Iterator[Draft]:
    """The text of the containers is a template over the metadata of the InferenceService."""
    for index, container in mappings_of(runtime.get("spec", "containers")):
        for part in ("args", "command"):
            for number, text in enumerate(strings_of(container.get(part))):
                yield from _argument(at(runtime, "spec", "containers", index, part, number), text)
        for number, variable in mappings_of(container.get("env")):
            if isinstance(variable.get("value"), str):
                place = at(runtime, "spec", "containers", index, "env", number, "value")
                yield from _unknown(place, variable["value"])


def _argument(setting: Setting, text: str) -> Iterator[Draft]:
    yield from _unknown(setting, text)
    constant = _NAME_FLAGS.fullmatch(text)
    if constant and not re.search(r"[{$(]", constant["name"]) and setting.obj.kind == "ClusterServingRuntime":
        better = text.replace(constant["name"], "{{.Name}}")
        reason = "every InferenceService with the runtime serves its model under this name"
        yield because(setting, reason, set_to(setting, better), level="warning")


def _unknown(setting: Setting, text: str) -> Iterator[Draft]:
    for name in _VARIABLE.findall(text):
        near = next((one for one in _META if one.lower() == name.lower() and one != name), "")
        near = near or ("" if name in _META else near_name(name, _META))
        if near:
            better = re.sub(rf"\.{name}\b", f".{near}", text)
            reason = f"KServe fills in the metadata of the InferenceService, which has no .{name} but .{near}"
            yield because(setting, reason, set_to(setting, better))
            return


def _application_set(obj: KubeObject) -> Iterator[Draft]:
    name = at(obj, "spec", "template", "metadata", "name")
    if isinstance(name.value, str) and "{{" not in name.value and _makes_several(obj):
        yield because(name, "all Applications of the set get this name", "put a parameter of the generator into it")
    go = obj.get("spec", "goTemplate") is True
    for setting in _texts(obj):
        wrong = [one for one in (_BARE if go else _DOTTED).findall(setting.text()) if one not in _FUNCTIONS]
        if wrong:
            reason = (
                f"with goTemplate {wrong[0]} is a function that does not exist"
                if go
                else f"without goTemplate: true {wrong[0]} is no parameter, and the text stays as it is"
            )
            fix = f"write .{wrong[0]} for {wrong[0]}" if go else "set spec.goTemplate to true"
            yield because(setting, reason, fix)
            return
    yield from _parameters(obj, go=go)
    yield from _options(obj)


def _parameters(obj: KubeObject, *, go: bool) -> Iterator[Draft]:
    """A name that no generator gives stays as it is, is empty, or stops the ApplicationSet (missingkey=error)."""
    sets, seen = given(obj), set()
    for setting, name in used(obj):
        lacking = [one for one in sets if not one.has(name, go=go)]
        if not lacking or name in seen or (not go and name.startswith(".")):
            continue
        seen.add(name)
        dot = "." if go else ""
        if len(lacking) == len(sets):
            known = sorted(set().union(*(one.names for one in sets)))
            near = near_name(name, known)
            shown = ", ".join(f"{dot}{one}" for one in known[:8])
            fix = set_to(setting, setting.text().replace(name, near)) if near else f"use one of {shown}"
            yield because(setting, f"no generator gives {dot}{name}, they give {shown}", fix)
        else:
            place = Setting(None, obj, (*lacking[0].path, name.partition(".")[0]))
            yield because(
                place, f"{setting.key} uses {dot}{name}", f"add {name} to {show_path(lacking[0].path)}", setting
            )


def _options(obj: KubeObject) -> Iterator[Draft]:
    """The controller panics on another option (text/template, Option; argo-cd#20935)."""
    for index, text in enumerate(strings_of(obj.get("spec", "goTemplateOptions"))):
        if text not in _OPTIONS:
            setting = Setting(text, obj, ("spec", "goTemplateOptions", index))
            near = near_name(text, _OPTIONS) or "missingkey=error"
            yield because(setting, "Go templates have no such option", set_to(setting, near))


def _makes_several(obj: KubeObject) -> bool:
    generators = [item for _, item in mappings_of(obj.get("spec", "generators"))]
    for generator in generators:
        elements = generator.get("list", {}).get("elements") if isinstance(generator.get("list"), MAPPING) else None
        if isinstance(elements, list) and len(elements) > 1:
            return True
    return len(generators) > 1


def _texts(obj: KubeObject) -> Iterator[Setting]:
    template = ("spec", "template")
    yield at(obj, *template, "metadata", "name")
    for key in ("project", "source", "destination"):
        value = obj.get(*template, "spec", key)
        if isinstance(value, str):
            yield at(obj, *template, "spec", key)
        for name in value if isinstance(value, MAPPING) else ():
            if isinstance(value[name], str):
                yield at(obj, *template, "spec", key, str(name))
