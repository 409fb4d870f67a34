"""A simulated scheduler and kubelet: binds every Pod to one node, runs real programs, marks the other Pods as ready."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.live.bed import containers, gateway, images, logs, processes
from tests.live.bed.api import Api, ApiError, Object
from tests.live.bed.dns import endpoints
from tests.live.bed.images import Program
from tests.live.bed.network import HOST, Network
from tests.live.bed.processes import Process
from tests.live.bed.pulls import Pulls

NODE = "node"


class Kubelet:
    """Watches the Pods of all namespaces after `start`. logs: one file per container. pods: root folders.

    balances: whether a load balancer gives an address to new Services that request one.
    """

    def __init__(self, api: Api, net: Network, pulls: Pulls, state: Path, cluster_domain: str) -> None:
        self.api, self.net, self.pulls = api, net, pulls
        self.state, self.cluster_domain, self.balances = state, cluster_domain, True
        self._running: dict[str, threading.Event] = {}
        self._processes: list[Process] = []
        self._stopping = threading.Event()

    def start(self) -> None:
        conditions = [
            {"type": "Ready", "status": "True", "reason": "Played", "message": "", "lastHeartbeatTime": now()}
        ]
        self.api.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
        capacity = {"cpu": "64", "memory": "256Gi", "pods": "1000"}
        status = {"conditions": conditions, "capacity": capacity, "allocatable": capacity}
        status["addresses"] = [{"type": "InternalIP", "address": HOST}]
        status["daemonEndpoints"] = {"kubeletEndpoint": {"Port": logs.PORT}}
        logs.Logs(self.state).start()
        self.api.patch("v1/Node", NODE, "", {"status": status}, "status")
        for kind, handle in (("v1/Pod", self._pod), ("v1/Service", self._service)):
            threading.Thread(target=self._watch, args=(kind, handle), name=kind, daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()
        for process in self._processes:
            process.kill()

    def log(self, pod: Object, container: str) -> Path:
        """The log file of a container."""
        meta = pod["metadata"]
        return self.state / "logs" / f"{meta['namespace']}_{meta['name']}_{container}.log"

    def _watch(self, kind: str, handle: Callable[[str, Object], None]) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(OSError, ApiError, http.client.HTTPException, ValueError):
                for event, found in self.api.watch(kind):
                    if self._stopping.is_set():
                        return
                    if event in ("ADDED", "MODIFIED", "DELETED"):
                        handle(event, found)
            time.sleep(0.2)

    def _service(self, event: str, service: Object) -> None:
        """Play the load balancer: give an address to every Service that requests one."""
        if not self.balances or event == "DELETED" or service["spec"].get("type") != "LoadBalancer":
            return
        if not service["status"].get("loadBalancer", {}).get("ingress"):
            meta = service["metadata"]
            status = {"status": {"loadBalancer": {"ingress": [{"ip": "10.248.0.1"}]}}}
            with contextlib.suppress(ApiError):
                self.api.patch("v1/Service", meta["name"], meta["namespace"], status, "status")

    def _pod(self, event: str, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        gone = event == "DELETED" or "deletionTimestamp" in pod["metadata"]
        if gone:
            if uid in self._running:
                self._running[uid].set()
            elif event != "DELETED":
                self._forget(pod)
        elif uid not in self._running:
            self._running[uid] = threading.Event()
            arguments = (pod, self._running[uid])
            threading.Thread(target=self._run, args=arguments, name=pod["metadata"]["name"], daemon=True).start()

    def _run(self, pod: Object, ended: threading.Event) -> None:
        """Run one Pod to its end."""
        try:
            PodRun(self, pod, ended).run()
        except Exception:  # a thread must not end silently
            if not self._stopping.is_set():
                traceback.print_exc(file=sys.stderr)
        finally:
            if ended.is_set() and not self._stopping.is_set():
                self._forget(pod)

    def _forget(self, pod: Object) -> None:
        meta = pod["metadata"]
        with contextlib.suppress(ApiError, OSError):
            self.api.delete("v1/Pod", meta["name"], meta["namespace"], grace=0)

    def keep(self, process: Process) -> None:
        self._processes = [p for p in self._processes if p.running] + [process]


class PodRun:
    """One Pod, from binding to its end."""

    def __init__(self, kubelet: Kubelet, pod: Object, ended: threading.Event) -> None:
        self._kubelet, self._pod, self._ended = kubelet, pod, ended
        self._api = kubelet.api
        meta = pod["metadata"]
        self._name, self._namespace = meta["name"], meta["namespace"]

    def run(self) -> None:
        self._bind()
        if not self._wait_for_images():
            return
        program, container = self._program()
        if program is None:
            self._play()
            return
        network, address = self._kubelet.net.pod()
        self._pod["status"]["podIP"] = address
        try:
            self._keep_running(program, container, network)
        finally:
            self._kubelet.net.remove(network)

    def _bind(self) -> None:
        if self._pod["spec"].get("nodeName"):
            return
        target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
        meta = {"name": self._name, "namespace": self._namespace}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": meta, "target": target}
        with contextlib.suppress(ApiError):
            self._api.call("POST", self._api.path("v1/Pod", self._namespace, self._name) + "/binding", body)

    def _wait_for_images(self) -> bool:
        reported = ""
        while not self._ended.is_set():
            problem = self._kubelet.pulls.problem(self._api, self._pod)
            if not problem:
                return True
            if problem != reported:
                self._status("Pending", "", waiting={"reason": "ImagePullBackOff", "message": problem})
                reported = problem
            self._ended.wait(1)
        return False

    def _program(self) -> tuple[Program | None, Object]:
        for container in self._pod["spec"]["containers"]:
            found = images.program(container["image"])
            if found:
                return found, container
            if container.get("command", [""])[0] == "python3" and not self._is_model():
                return python(), container
        return None, {}

    def _is_model(self) -> bool:
        return "serving.knative.dev/revision" in self._pod["metadata"].get("labels", {})

    def _play(self) -> None:
        """Simulate a Pod without a program: ready at once, or succeeded at once if it belongs to a Job."""
        address = self._kubelet.net.played_address()
        owners = self._pod["metadata"].get("ownerReferences", [])
        if any(owner["kind"] == "Job" for owner in owners):
            self._status("Succeeded", address)
            return
        self._status("Running", address, ready=True)
        self._ended.wait()

    def _keep_running(self, program: Program, container: Object, network: str) -> None:
        restarts = 0
        while not self._ended.is_set():
            process = self._launch(program, container, network)
            if process is None:
                continue
            self._watch_process(process, container, restarts)
            if self._pod["spec"].get("restartPolicy") == "Never" and not process.running:
                self._status("Failed" if process.popen.returncode else "Succeeded", self._address)
                self._ended.wait()
            restarts += 1
            self._ended.wait(min(restarts, 5) * 0.5)

    @property
    def _address(self) -> str:
        return str(self._pod["status"]["podIP"])

    def _launch(self, program: Program, container: Object, network: str) -> Process | None:
        """Start the container; None if it must wait for a Secret or ConfigMap."""
        root = self._kubelet.state / "pods" / f"{self._namespace}_{self._name}" / container["name"]
        try:
            env = containers.build(self._api, self._pod, container, program, root, self._kubelet.cluster_domain)
            if program.path.endswith("/envoy"):
                container = self._gateway(container, root)
        except containers.NotReady as reason:
            self._status("Pending", "", waiting={"reason": "ContainerCreating", "message": str(reason)})
            self._ended.wait(0.5)
            return None
        if program.path == "/python3":
            container = container | {"command": [program.path, *container["command"][1:]]}
        command = containers.launcher(container, program, root, network)
        log = self._kubelet.log(self._pod, container["name"])
        process = processes.start(f"{self._namespace}/{self._name}", command, log, env)
        self._kubelet.keep(process)
        return process

    def _gateway(self, container: Object, root: Path) -> Object:
        """Envoy in place of pilot-agent: the same container with another command."""
        if not endpoints(self._api, "istiod", "istio-system"):
            raise containers.NotReady("Service istiod has no ready Pod")
        token = (root / gateway.TOKEN).read_text(encoding="utf-8")
        config = gateway.bootstrap(self._pod, self._kubelet.cluster_domain, token)
        gateway.write(root / "bootstrap.json", config)
        arguments = ["-c", "/bootstrap.json", "--log-level", "warning", "--concurrency", "1"]
        return container | {"command": ["/envoy"], "args": [*arguments, "--disable-hot-restart"]}

    def _watch_process(self, process: Process, container: Object, restarts: int) -> None:
        """Report readiness from the container's own probe, until the process or the Pod ends."""
        ready: bool | None = None
        while process.running and not self._ended.is_set():
            state = probe(container, self._address)
            if state is not ready:
                self._status("Running", self._address, ready=state, restarts=restarts)
                ready = state
            self._ended.wait(1.0 if ready else 0.1)
        if self._ended.is_set():
            process.stop(3)
        else:
            self._status("Running", self._address, ready=False, restarts=restarts + 1)

    def _status(
        self, phase: str, address: str, ready: bool = False, restarts: int = 0, waiting: Object | None = None
    ) -> None:
        status = pod_status(self._pod, phase, address, ready, restarts, waiting)
        with contextlib.suppress(ApiError, OSError):
            self._api.patch("v1/Pod", self._name, self._namespace, {"status": status}, "status")


def python() -> Program:
    """The Python of the bed, for containers that run a script with python3."""
    home = Path(sys.base_prefix)
    data = () if home.is_relative_to("/usr") else ((str(home), home),)
    return Program(Path(sys.executable).resolve(), "/python3", data, (("PYTHONHOME", str(home)),), dynamic=True)


def pod_status(pod: Object, phase: str, address: str, ready: bool, restarts: int, waiting: Object | None) -> Object:
    """The status that the kubelet would write."""
    spec, started = pod["spec"], phase != "Pending"
    state = "True" if ready else "False"
    conditions = [
        {"type": kind, "status": value, "lastTransitionTime": now()}
        for kind, value in (
            ("PodScheduled", "True"),
            ("Initialized", "True" if started else "False"),
            ("ContainersReady", state),
            ("Ready", state),
        )
    ]
    status: Object = {
        "phase": phase,
        "conditions": conditions,
        "hostIP": HOST,
        "startTime": now(),
        "containerStatuses": [_container(c, phase, ready, restarts, waiting) for c in spec["containers"]],
    }
    if address:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return status


def _container(container: Object, phase: str, ready: bool, restarts: int, waiting: Object | None) -> Object:
    if phase in ("Succeeded", "Failed"):
        state: Object = {"terminated": {"exitCode": 0 if phase == "Succeeded" else 1, "reason": phase}}
    else:
        state = {"waiting": waiting} if waiting else {"running": {"startedAt": now()}}
    named = {"name": container["name"], "image": container["image"], "imageID": container["image"]}
    return named | {"ready": ready, "started": ready, "restartCount": restarts, "state": state}


def probe(container: Object, address: str) -> bool:
    """Run the container's readiness probe once; True if it has none."""
    asked = container.get("readinessProbe", {})
    if "httpGet" in asked:
        return _http(container, asked["httpGet"], address)
    if "tcpSocket" in asked:
        return _tcp(address, _port(container, asked["tcpSocket"]["port"]))
    return True


def _http(container: Object, get: Object, address: str) -> bool:
    port = _port(container, get["port"])
    if get.get("scheme") == "HTTPS":
        # The kubelet does not verify certificates of probes either.
        context = ssl._create_unverified_context()  # noqa: S323
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(address, port, timeout=2, context=context)
    else:
        connection = http.client.HTTPConnection(address, port, timeout=2)
    # A gateway's probe uses pilot-agent's port, which shows Envoy's readiness here.
    path = "/ready" if port == 15021 else get.get("path", "/")
    if port == 15021:
        connection = http.client.HTTPConnection(address, gateway.ADMIN_PORT, timeout=2)
    try:
        headers = {header["name"]: header["value"] for header in get.get("httpHeaders", [])}
        connection.request("GET", path, headers=headers | {"User-Agent": "kube-probe/1.34"})
        return 200 <= connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tcp(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=2):
            return True
    except OSError:
        return False


def _port(container: Object, port: int | str) -> int:
    if isinstance(port, int):
        return port
    return next(int(p["containerPort"]) for p in container.get("ports", []) if p.get("name") == port)


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
