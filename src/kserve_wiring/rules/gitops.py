# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""KW523: settings of Argo CD and kustomize that match nothing, and are therefore without effect (wire W14).

argo-cd util/argo/normalizers/diff_normalizer.go, pkg/apis/application/v1alpha1/app_project_types.go,
reposerver/repository/repository.go and gitops-engine pkg/sync/common/types.go; kustomize api/resmap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from kserve_wiring.cluster.argocd import sources, spec_of
from kserve_wiring.cluster.cluster import Cluster
from kserve_wiring.cluster.final import KUSTOMIZE_GROUP
from kserve_wiring.cluster.kustomizations import Kustomizations, Resource, Target, matches, targets
from kserve_wiring.cluster.names import near_name
from kserve_wiring.manifests.objects import MAPPING, KeyPath, KubeObject, Setting, mappings_of, strings_of
from kserve_wiring.manifests.scope import CLUSTER_SCOPED
from kserve_wiring.rules import rule
from kserve_wiring.rules.draft import Advice, Draft, at, because, rename, set_to
from kserve_wiring.schemas.carried import groups as carried_groups
from kserve_wiring.schemas.carried import project_of

_TRUE = ("true", "false")
_OPTIONS = {
    "Validate": _TRUE,
    "CreateNamespace": _TRUE,
    "PruneLast": _TRUE,
    "PrunePropagationPolicy": ("foreground", "background", "orphan"),
    "Replace": _TRUE,
    "Force": _TRUE,
    "ServerSideApply": _TRUE,
    "ApplyOutOfSyncOnly": _TRUE,
    "RespectIgnoreDifferences": _TRUE,
    "FailOnSharedResource": _TRUE,
    "SkipDryRunOnMissingResource": _TRUE,
    "ClientSideApplyMigration": _TRUE,
    "DisableClientSideApplyMigration": _TRUE,
    "Prune": (*_TRUE, "confirm"),
    "Delete": (*_TRUE, "confirm"),
}
_HOOKS = ("PreSync", "Sync", "PostSync", "Skip", "SyncFail", "PreDelete", "PostDelete")
_POLICIES = ("HookSucceeded", "HookFailed", "BeforeHookCreation")
_PREFIX = "argocd.argoproj.io/"
_SECRETS = ("repository", "repo-creds", "cluster", "repository-write", "repo-write-creds", "scm-creds")
_FINALIZERS = tuple(f"resources-finalizer.argocd.argoproj.io{end}" for end in ("", "/foreground", "/background"))
_CUSTOMIZATION = re.compile(r"(resource\.customizations\.[A-Za-z]+\.)(.+)\.([A-Z][A-Za-z]+)")
_MAP_KEY = re.compile(r"(/metadata/(?:annotations|labels)/)(.*/.*)")
"""A JSON pointer to an annotation or label whose key has a slash that is not written as ~1."""
_JQ_PATH_WITHOUT_DOT = re.compile(r"(?!(?:if|try|reduce|foreach|def|label|not|env|null|true|false)\b)[a-z]\w*[.\[]")


@rule("KW523")
def without_effect(cluster: Cluster) -> Iterator[Draft]:
    """The tool reports no error: it compares texts, and leaves out what it does not know."""
    for app in (*cluster.applications, *cluster.of_kind("ApplicationSet")):
        yield from _ignored(cluster, app)
        yield from _value_files(app)
        yield from _unused_sources(app)
        yield from _texts(app)
    for app in cluster.applications:
        yield from _permitted(cluster, app)
        server, name = at(app, "spec", "destination", "server"), at(app, "spec", "destination", "name")
        if server.value and name.value:
            yield because(name, "Argo CD refuses a destination with name and server", f"remove {name.key}", server)
    for obj in cluster.named("ConfigMap", "argocd-cm"):
        yield from _customizations(obj)
    for obj in cluster.objects:
        if obj.annotations:
            yield from _annotations(obj)
        if obj.source.absent:
            yield from _absent_files(obj)
    yield from _unmatched_patches(cluster)
    yield from _repository_secrets(cluster)


def _texts(app: KubeObject) -> Iterator[Draft]:
    """Sync options and finalizers, which Argo CD compares."""
    path = (*spec_of(app), "syncPolicy", "syncOptions")
    for index, text in enumerate(strings_of(app.get(*path))):
        yield from _option(Setting(text, app, (*path, index)), text)
    for index, text in enumerate(strings_of(app.get("metadata", "finalizers"))):
        meant = near_name(text, _FINALIZERS) if text not in _FINALIZERS else ""
        if meant:
            setting = Setting(text, app, ("metadata", "finalizers", index))
            reason = "Argo CD compares the text, and nothing removes another finalizer"
            yield because(setting, reason, set_to(setting, meant))


def _ignored(cluster: Cluster, app: KubeObject) -> Iterator[Draft]:
    """An entry of ignoreDifferences, which matches by group and kind, without version."""
    path = (*spec_of(app), "ignoreDifferences")
    for index, entry in mappings_of(app.get(*path)):
        group, kind = (at(app, *path, index, key) for key in ("group", "kind"))
        if "/" in group.text() or re.fullmatch(r"v\d+((alpha|beta)\d+)?", group.text()):
            better = group.text().rpartition("/")[0] or '""'
            yield because(group, "a group has no version here", set_to(group, better))
        elif "*" not in group.text() + kind.text() and kind.value:
            yield from _kind(cluster, group, kind)
        namespace = at(app, *path, index, "namespace")
        if namespace.value and kind.text() in CLUSTER_SCOPED:
            yield because(namespace, f"a {kind.text()} has no namespace", f"remove {namespace.key}")
        yield from _pointers(app, (*path, index), entry)


def _kind(cluster: Cluster, group: Setting, kind: Setting) -> Iterator[Draft]:
    text, own = kind.text(), group.text()
    if any(obj.group == own for obj in cluster.of_kind(text)):
        return
    known = _kinds(own)
    if text in known or not (known or own == "core" or near_name(own, carried_groups())):
        return
    groups = [name for name in _groups(text) if name != own]
    if groups:
        reason = f"no {text} is in it"
        yield because(group, reason, f"set {group.key} to {groups[0] or repr('')}".replace("''", '""'))
        return
    meant = near_name(text, known) or next((one for one in known if f"{one}s".lower() == text.lower()), "")
    if meant:
        yield because(kind, f"{own or 'the core group'} has no such kind", set_to(kind, meant))


@cache
def _kinds(group: str) -> frozenset[str]:
    found = project_of(group)
    return frozenset(found.kinds_of(group)) if found is not None else frozenset()


@cache
def _groups(kind: str) -> tuple[str, ...]:
    """The groups with a kind, the current ones first."""
    found = (name for name in carried_groups() if kind in _kinds(name))
    return tuple(sorted(found, key=lambda name: (name == "extensions", name)))


def _pointers(app: KubeObject, path: KeyPath, entry: Mapping[str, Any]) -> Iterator[Draft]:
    for number, text in enumerate(strings_of(entry.get("jsonPointers"))):
        setting = Setting(text, app, (*path, "jsonPointers", number))
        if text and not text.startswith("/"):
            better = "/" + re.sub(r"\[(\d+)\]", r"/\1", text.lstrip(".")).replace(".", "/")
            yield because(setting, "a JSON pointer begins with a slash", set_to(setting, better))
        elif re.search(r"/\*(?:/|$)|\[", text):
            reason = "a JSON pointer has neither wildcards nor brackets"
            yield because(setting, reason, "write an expression for jq under jqPathExpressions")
        elif (key := _MAP_KEY.fullmatch(text)) is not None:
            better = key[1] + key[2].replace("/", "~1")
            yield because(setting, "a slash in a key is ~1 in a JSON pointer", set_to(setting, better))
    for number, text in enumerate(strings_of(entry.get("jqPathExpressions"))):
        setting = Setting(text, app, (*path, "jqPathExpressions", number))
        if text.startswith("/"):
            reason = "an expression for jq begins with a dot"
            better = text.replace("/", ".").replace("~1", "/")
            yield because(setting, reason, set_to(setting, better))
        elif _JQ_PATH_WITHOUT_DOT.match(text):
            yield because(setting, "jq reads this as a function", set_to(setting, f".{text}"))


def _unused_sources(app: KubeObject) -> Iterator[Draft]:
    """HasMultipleSources and IsHelm of pkg/apis/application/v1alpha1/types.go decide which one is read."""
    single = at(app, *spec_of(app), "source")
    if single.value and app.items(*spec_of(app), "sources"):
        other = at(app, *spec_of(app), "sources")
        shown = Setting("set", app, single.path)
        yield because(shown, f"Argo CD reads only {other.key}", f"move it to {other.key}", other)
    for path, source in sources(app):
        if source.get("chart") and source.get("path"):
            folder = at(app, *path, "path")
            reason = "with chart, repoURL is a repository of charts, which has no folders"
            yield because(folder, reason, f"remove {folder.key} or chart", at(app, *path, "chart"))


def _customizations(obj: KubeObject) -> Iterator[Draft]:
    """Keys resource.customizations.<type>.<group>_<kind> (util/settings, convertToOverrideKey)."""
    for key in obj.mapping("data"):
        found = _CUSTOMIZATION.fullmatch(str(key))
        if found and "_" not in found[2]:
            setting = Setting("set", obj, ("data", str(key)))
            reason = "an underscore separates group and kind, and without one the whole text is a kind"
            yield because(setting, reason, rename(setting, f"{found[1]}{found[2]}_{found[3]}"))


def _value_files(app: KubeObject) -> Iterator[Draft]:
    """``$name/file`` is a file of the source with that ``ref``."""
    refs = {str(source["ref"]) for _, source in sources(app) if source.get("ref")}
    for path, source in sources(app):
        helm = source.get("helm")
        for index, text in enumerate(strings_of(helm.get("valueFiles") if isinstance(helm, Mapping) else None)):
            name = re.match(r"\$([\w-]+)/", text)
            if name and name[1] not in refs:
                setting = Setting(text, app, (*path, "helm", "valueFiles", index))
                near = next(iter(refs)) if len(refs) == 1 else near_name(name[1], refs)
                fix = set_to(setting, text.replace(name[1], near, 1)) if near else f"add ref: {name[1]}"
                yield because(setting, f"no source of {app.ref} has ref: {name[1]}", fix)


def _option(setting: Setting, text: str) -> Iterator[Draft]:
    name, equals, value = text.partition("=")
    known = next((one for one in _OPTIONS if one.lower() == name.strip().lower()), "") or near_name(name, _OPTIONS)
    if not known:
        return  # a newer release may have it
    if not equals:
        yield because(setting, "an option has a value", set_to(setting, f"{known}={_OPTIONS[known][0]}"))
    elif name != known or value not in _OPTIONS[known]:
        same = next((one for one in _OPTIONS[known] if one.lower() == value.strip().lower()), "")
        fix = set_to(setting, f"{known}={same}") if same else f"use one of {', '.join(_OPTIONS[known])}"
        yield because(setting, "Argo CD compares the text, and knows no such option", fix)


def _annotations(obj: KubeObject) -> Iterator[Draft]:
    for key, texts in (("hook", _HOOKS), ("hook-delete-policy", _POLICIES)):
        setting = at(obj, "metadata", "annotations", f"{_PREFIX}{key}")
        for text in setting.text().split(",") if isinstance(setting.value, str) else ():
            if text.strip() not in texts:
                near = near_name(text.strip(), texts)
                better = setting.text().replace(text.strip(), near)
                fix = set_to(setting, better) if near else f"use one of {', '.join(texts)}"
                yield because(setting, "Argo CD knows no such value, and treats the object as no hook", fix)
    wave = at(obj, "metadata", "annotations", f"{_PREFIX}sync-wave")
    if isinstance(wave.value, str) and not re.fullmatch(r"[+-]?\d+", wave.value):
        yield because(wave, "a wave is an integer, and another text counts as 0", "write an integer in quotes")
    options = at(obj, "metadata", "annotations", f"{_PREFIX}sync-options")
    listed = options.text().split(",") if isinstance(options.value, str) else []
    for text in listed:
        for draft in _option(options, text.strip()):
            args = {**draft.args}
            if len(listed) > 1:
                args["suggestion"] = f"correct {text.strip()} in {options.key}"
            yield Draft(draft.obj, draft.path, args)


def _permitted(cluster: Cluster, app: KubeObject) -> Iterator[Draft]:
    """What the project of an Application permits."""
    owners = cluster.named("AppProject", str(app.get("spec", "project")))
    for owner in owners if len(owners) == 1 else ():  # several Argo CDs may have projects of one name
        yield from _namespaces(cluster, app, owner)
        allowed = strings_of(owner.get("spec", "sourceRepos"))
        for path, source in sources(app):
            url = source.get("repoURL")
            if isinstance(url, str) and allowed and "<" not in url and not _matches(allowed, _plain(url)):
                setting = Setting(url, app, (*path, "repoURL"))
                place = Setting(None, owner, ("spec", "sourceRepos"))
                fix = f"add it to {place.key} of {owner.ref}"
                yield because(setting, f"{owner.ref} permits {', '.join(allowed)}", fix, place)
        yield from _destination(app, owner)


def _namespaces(cluster: Cluster, app: KubeObject, owner: KubeObject) -> Iterator[Draft]:
    """Where Applications of a project may be, and whether they may create a namespace.

    IsAppNamespacePermitted and IsGroupKindNamePermitted of pkg/apis/application/v1alpha1.
    """
    here, place = strings_of(owner.get("spec", "sourceNamespaces")), Setting(None, owner, ("spec", "sourceNamespaces"))
    if app.namespace and owner.namespace not in ("", app.namespace) and not _matches(here, app.namespace):
        setting = Setting(app.namespace, app, ("metadata", "namespace"))
        reason = f"{owner.ref} permits Applications in {', '.join([owner.namespace, *here])}"
        yield because(setting, reason, f"add {app.namespace} to {place.key} of {owner.ref}", place)
    options = ("spec", "syncPolicy", "syncOptions")
    exists = any(cluster.named("Namespace", str(app.get("spec", "destination", "namespace"))))
    for index, text in enumerate(strings_of(app.get(*options)) if not exists else ()):
        if text == "CreateNamespace=true" and not _permits_namespaces(owner):
            setting = Setting(text, app, (*options, index))
            place = Setting(None, owner, ("spec", "clusterResourceWhitelist"))
            fix = f'add group "" and kind Namespace to {place.key} of {owner.ref}'
            yield because(setting, f"{owner.ref} permits no Namespace, and none is here", fix, place, level="warning")


def _permits_namespaces(owner: KubeObject) -> bool:
    entries = [item for _, item in mappings_of(owner.get("spec", "clusterResourceWhitelist"))]
    return any(
        _glob(str(item.get("group") or ""), "") and _glob(str(item.get("kind") or ""), "namespace") for item in entries
    )


def _repository_secrets(cluster: Cluster) -> Iterator[Draft]:
    """Argo CD finds the Secrets of repositories and clusters by a label (common/common.go)."""
    key = f"{_PREFIX}secret-type"
    for obj in cluster.of_kind("Secret"):
        label = at(obj, "metadata", "labels", key)
        near = near_name(label.text(), _SECRETS) if label.value not in (None, *_SECRETS) else ""
        if label.value is not None and label.value not in _SECRETS:
            longer = [one for one in _SECRETS if one.startswith(label.text()) and label.value] if not near else [near]
            fix = set_to(label, longer[0]) if longer else f"write one of {', '.join(_SECRETS)}"
            yield because(label, "Argo CD looks for Secrets with another value", fix)


def _destination(app: KubeObject, owner: KubeObject) -> Iterator[Draft]:
    entries = [item for _, item in mappings_of(owner.get("spec", "destinations"))]
    target = app.mapping("spec", "destination")
    namespace = at(app, "spec", "destination", "namespace")
    fitting = [item for item in entries if _same_cluster(item, target)]
    spaces = [str(item.get("namespace") or "") for item in fitting]
    place = Setting(None, owner, ("spec", "destinations"))
    if fitting and isinstance(namespace.value, str) and not _matches(spaces, namespace.value):
        reason = f"{owner.ref} permits the namespaces {', '.join(spaces)}"
        yield because(namespace, reason, f"add it to {place.key} of {owner.ref}", place)


def _same_cluster(item: Mapping[str, Any], target: Mapping[str, Any]) -> bool:
    """True unless the two certainly name different clusters."""
    pairs = [(item.get(key), target.get(key)) for key in ("server", "name")]
    given = [(str(one), str(other)) for one, other in pairs if one and other]
    return not given or any(_matches([one], other) for one, other in given)


def _matches(patterns: list[str], text: str) -> bool:
    denied = any(_glob(pattern[1:], text) for pattern in patterns if pattern.startswith("!"))
    return not denied and any(_glob(pattern, text) for pattern in patterns if not pattern.startswith("!"))


def _glob(pattern: str, text: str) -> bool:
    """A pattern between slashes is a regular expression of Go, which permits what it may."""
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        return True
    return re.fullmatch(re.escape(_plain(pattern)).replace(r"\*", ".*").replace(r"\?", "."), text) is not None


def _plain(url: str) -> str:
    """A repository as Argo CD compares it (util/git, NormalizeGitURL)."""
    text = url.strip().lower().removesuffix("/").removesuffix(".git")
    return re.sub(r"^(?:ssh://)?(?:git@)", "", text) if text.startswith(("ssh://", "git@")) else text


def _absent_files(obj: KubeObject) -> Iterator[Draft]:
    for path in obj.source.absent:
        setting = at(obj, *path)
        yield because(setting, "there is no such file or folder", "name one that is there, or add it")


def _unmatched_patches(cluster: Cluster) -> Iterator[Draft]:
    """kustomize leaves out a patch whose target selects nothing, and does not build one without its object."""
    own = [obj for obj in cluster.of_kind("Kustomization") if obj.group == KUSTOMIZE_GROUP and obj.source.file]
    kustomizations = Kustomizations(cluster) if own else None
    for obj in own:
        resources = kustomizations.resources(obj) if kustomizations else None
        for target in targets(obj) if resources else ():
            if (target.kind or target.name) and not any(matches(target, one) for one in resources or ()):
                yield _unmatched(target, resources or [])


def _unmatched(target: Target, resources: list[Resource]) -> Draft:
    setting = at(target.obj, *target.path)
    kinds = sorted({one.kind for one in resources if matches(replace(target, kind=""), one)})
    names = sorted({name for one in resources if one.kind == target.kind for name in one.names})
    shown = Setting(f"{target.kind} {target.name}".strip(), target.obj, target.path)
    if not isinstance(setting.value, MAPPING):
        has = f"it has {', '.join(names[:5])}" if names else "it has none of that kind"
        return because(shown, f"no resource of the kustomization has that kind and name; {has}", "correct the name")
    if target.name and kinds:
        kind = at(target.obj, *target.path, "kind")
        return because(kind, f"the resource {target.name} is of the kind {kinds[0]}", set_to(kind, kinds[0]))
    name = at(target.obj, *target.path, "name" if target.name else "kind")
    near = (near_name(target.name, names) or (names[0] if len(names) == 1 else "")) if target.name else ""
    has = f"it has {', '.join(names[:5])}" if names else f"it has no {target.kind}"
    fix: Advice = set_to(name, near) if near else "name one of its resources, or add it to resources"
    return because(name, f"the patch is for no resource of the kustomization; {has}", fix)
