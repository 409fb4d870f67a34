# Copyright the copier-kserve authors
# SPDX-License-Identifier: Apache-2.0
"""The commands ``doctor`` and ``collect``. Exit code 0: healthy or explained, 1: something is wrong, 2: cannot tell."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kserve_wiring.cli.exit import FAILED, FINDINGS, OK, UsageError
from kserve_wiring.cli.output import add_color, coloured, fit_terminal, waiting, write

if TYPE_CHECKING:
    from kserve_wiring.doctor.collected import Collected
    from kserve_wiring.doctor.diagnose import Diagnosis
    from kserve_wiring.doctor.kubectl import Kubectl
    from kserve_wiring.doctor.transport import Transport

FORMATS = ("text", "json")
_TIMEOUT = 20.0


def add_doctor(commands: Any) -> None:
    """Add the command to the parser."""
    text = (
        "Find the first cause of what does not work: on the cluster of kubectl, or in what was collected from one "
        "(collect, kubectl get -o yaml, kubectl cluster-info dump, must-gather, istioctl bug-report). It only reads."
    )
    doctor = commands.add_parser("doctor", help="find the cause of a symptom", description=text)
    doctor.set_defaults(run=run)
    what = "names of InferenceServices, or one file, folder or archive that was collected (- for standard input)"
    doctor.add_argument("what", nargs="*", metavar="NAME|BUNDLE", help=what)
    doctor.add_argument("-n", "--namespace", default="", metavar="NAME", help="judge the models of this namespace only")
    doctor.add_argument(
        "-A", "--all-namespaces", action="store_true", help="judge the models of all namespaces (default)"
    )
    explain = "explain an error message, without a cluster; - reads it from standard input"
    doctor.add_argument("--explain", metavar="TEXT", help=explain)
    add_probe(doctor)
    doctor.add_argument(
        "--rbac", action="store_true", help="print the least ClusterRole; with --probe, also for what connects to Pods"
    )
    doctor.add_argument("-o", "--format", choices=FORMATS, default="text")
    add_cluster(doctor)
    add_color(doctor)


VIA = ("port-forward", "direct")


def add_probe(doctor: argparse.ArgumentParser) -> None:
    """Add the arguments about requests."""
    probe = (
        "send a GET to each ready model with a Pod, or to the named ones, through its gateways, call the "
        "webhooks, and compare the configuration of the gateways' Envoys with Gateways and VirtualServices"
    )
    doctor.add_argument("--probe", action="store_true", help=probe)
    add_via(doctor, "--probe")


def add_via(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the argument about connections to Pods. what: connects to them."""
    via = f"how {what} connects to Pods: kubectl port-forward (default), or their addresses, as a node or Pod can"
    parser.add_argument("--via", choices=VIA, default=VIA[0], help=via)


def add_collect(commands: Any) -> None:
    """Add the command to the parser."""
    text = "Write what doctor reads from a cluster into one archive, without credentials."
    collect = commands.add_parser("collect", help="collect for doctor what it needs", description=text)
    collect.set_defaults(run=run_collect)
    collect.add_argument("-o", "--output", required=True, metavar="FILE", help="the archive, such as bundle.tgz")
    collect.add_argument("-n", "--namespace", default="", metavar="NAME", help="where only this namespace may be read")
    add_via(collect, "it")
    add_cluster(collect)


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every command that calls kubectl."""
    parser.add_argument("--context", "--kube-context", default="", metavar="NAME", help="context of the kubeconfig")
    parser.add_argument("--kubectl", default="kubectl", metavar="COMMAND", help="the kubectl program, with its flags")
    parser.add_argument(
        "--timeout", type=_seconds, default=_TIMEOUT, metavar="SECONDS", help="for each call of kubectl"
    )


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return value


def run(arguments: argparse.Namespace) -> int:
    """Explain a message, print the ClusterRole, or judge a cluster."""
    if arguments.explain is not None:
        return _explain(arguments)
    if arguments.rbac:
        return _print_rbac(arguments.probe)
    if arguments.namespace and arguments.all_namespaces:
        raise UsageError("-n and -A exclude each other")
    return _diagnose(arguments)


def run_collect(arguments: argparse.Namespace) -> int:
    """Write the archive."""
    from kserve_wiring.doctor.ask import ask
    from kserve_wiring.doctor.collect import write_bundle

    target = Path(arguments.output)
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(f"--output: {target} must be a file in a folder that exists")
    collected = _live(arguments)
    with waiting("calling webhooks and gateways"), _transport(arguments) as transport:
        ask(collected, transport, arguments.timeout)
    try:
        write_bundle(collected, target)
    except OSError as error:
        raise UsageError(f"--output: cannot write {target}: {error.strerror}") from None
    for unseen in collected.unseen:
        print(f"not seen: {unseen}", file=sys.stderr)
    print(
        f"{target}: {len(collected.objects)} objects, {len(collected.logs)} logs, {len(collected.envoys)} Envoys; "
        f"next: kserve-wiring doctor {target}"
    )
    return OK


def _explain(arguments: argparse.Namespace) -> int:
    from kserve_wiring.doctor.explain import explain
    from kserve_wiring.formats import explanations

    text = arguments.explain
    if text == "-":
        text = sys.stdin.buffer.read().decode("utf-8", errors="replace")
    if not text.strip():
        raise UsageError("--explain: the text is empty")
    found = explain(text)
    if not found:
        raise UsageError(
            "no known symptom is in this text; paste the whole message, with the lines before it: the condition that "
            "is not True, the event of the Pod, or the last lines of the log"
        )
    if arguments.format == "json":
        sys.stdout.write(explanations.as_json(found))
    else:
        fit_terminal()
        sys.stdout.write(explanations.as_text(found, colour=coloured(arguments.color)))
    return OK


def _print_rbac(probe: bool) -> int:
    import yaml

    from kserve_wiring.doctor.kinds import cluster_role

    sys.stdout.write(yaml.safe_dump(cluster_role(probe), sort_keys=False))
    return OK


def _diagnose(arguments: argparse.Namespace) -> int:
    from kserve_wiring.formats import diagnosis

    names, collected = _collected(arguments)
    found = _judged(arguments, collected, names)
    if collected.problems and not (collected.objects or found.verdicts):
        raise UsageError("; ".join(str(problem) for problem in collected.problems))
    if names and found.models < len(names):
        raise UsageError(f"no InferenceService {' or '.join(names)}{_in(arguments.namespace)}{_unknown(found.absent)}")
    if arguments.format == "json":
        write(diagnosis.as_json(found), None)
    else:
        fit_terminal()
        write(diagnosis.as_text(found, colour=coloured(arguments.color), ticks=_ticks()), None)
    if found.nothing:
        return FAILED
    if not found.healthy:
        return FINDINGS
    return FAILED if found.problems else OK


def _judged(arguments: argparse.Namespace, collected: Collected, names: list[str]) -> Diagnosis:
    from kserve_wiring.doctor.ask import ask
    from kserve_wiring.doctor.diagnose import diagnose
    from kserve_wiring.doctor.probe import Probe

    if not arguments.probe:
        return diagnose(collected, names, arguments.namespace)
    with waiting("calling webhooks, gateways and models"), _transport(arguments) as transport:
        probe = Probe(ask(collected, transport, arguments.timeout), transport, arguments.timeout)
        return diagnose(collected, names, arguments.namespace, probe)


@contextlib.contextmanager
def _transport(arguments: argparse.Namespace) -> Iterator[Transport]:
    """The way to Pods that --via names, closed in the end."""
    from kserve_wiring.doctor.transport import Direct, PortForward

    transport = Direct() if arguments.via == "direct" else PortForward(kubectl_of(arguments))
    try:
        yield transport
    finally:
        transport.close()


def _in(namespace: str) -> str:
    return f" in namespace {namespace}" if namespace else ""


def _unknown(absent: list[str]) -> str:
    from kserve_wiring.doctor.absent import INFERENCE_SERVICES

    missing = INFERENCE_SERVICES in absent
    return f"; the API server has no kind {INFERENCE_SERVICES}: install KServe's CRDs" if missing else ""


def _ticks() -> tuple[str, str]:
    """Marks that the encoding of standard output has."""
    try:
        "✓✗".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "ok  ", "FAIL"
    return "✓", "✗"


def _collected(arguments: argparse.Namespace) -> tuple[list[str], Collected]:
    """The names of models, and what was seen: a bundle if the argument is a path, else the cluster."""
    from kserve_wiring.doctor.bundle import read_bundle

    what: list[str] = arguments.what
    paths = [one for one in what if one == "-" or "/" in one or Path(one).exists() or one.endswith((".tgz", ".tar.gz"))]
    if len(paths) > 1:
        raise UsageError("one bundle at a time")
    if paths and arguments.probe:
        raise UsageError("--probe needs the cluster: a bundle answers no request")
    if paths:
        with waiting(f"reading {paths[0]}"):
            return [one for one in what if one not in paths], read_bundle(paths[0])
    return what, _live(arguments, ", or pass a bundle")


def kubectl_of(arguments: argparse.Namespace) -> Kubectl:
    """How to call kubectl, by those arguments."""
    from kserve_wiring.doctor.kubectl import Kubectl

    program = tuple(arguments.kubectl.split()) or ("kubectl",)
    return Kubectl(program, arguments.context, getattr(arguments, "namespace", ""), arguments.timeout)


def _live(arguments: argparse.Namespace, instead: str = "") -> Collected:
    """What kubectl shows. instead: what else a person without kubectl can do."""
    from kserve_wiring.doctor.kubectl import NotInstalled, Unreachable

    try:
        with waiting("listing objects and reading logs"):
            return kubectl_of(arguments).collect()
    except NotInstalled as error:
        raise UsageError(f"{error}{instead}") from None
    except Unreachable as error:
        raise UsageError(str(error)) from None
