"""A client for the Kubernetes API, as small as the bed needs: any kind, by discovery."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

Object = dict[str, Any]
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
MANAGER = "test-bed"


class ApiError(Exception):
    """The API server refused a request. code: the HTTP status; the message is the server's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Api:
    """The API server as its administrator sees it. Kinds are written `v1/Pod`, `serving.knative.dev/v1/Service`."""

    def __init__(self, host: str, port: int, token: str, ca: Path) -> None:
        self._host, self._port, self._token = host, port, token
        self._context = ssl.create_default_context(cafile=str(ca))
        self._local = threading.local()
        self._resources: dict[str, tuple[str, bool]] = {}

    def get(self, kind: str, name: str, namespace: str = "") -> Object:
        result: Object = self.call("GET", self.path(kind, namespace, name))
        return result

    def find(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """The object; None if it or its kind does not exist."""
        try:
            return self.get(kind, name, namespace)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def metadata(self, kind: str) -> list[Object]:
        """The metadata of all objects of a kind alone: those of CRDs come in a tenth of the time."""
        accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
        _, text = self._exchange("GET", self.path(kind, ""), None, self._headers() | {"Accept": accept})
        return [item["metadata"] for item in json.loads(text).get("items", [])]

    def list(self, kind: str, namespace: str = "", labels: str = "") -> list[Object]:
        """The objects of a kind; empty if the kind does not exist."""
        try:
            answer = self.call("GET", self.path(kind, namespace), query={"labelSelector": labels} if labels else {})
        except ApiError as error:
            if error.code == 404:
                return []
            raise
        return [{"apiVersion": kind.rpartition("/")[0], "kind": kind.rpartition("/")[2], **o} for o in answer["items"]]

    def create(self, body: Object) -> Object:
        namespace = body["metadata"].get("namespace", "")
        path = self.path(f"{body['apiVersion']}/{body['kind']}", namespace)
        result: Object = self.call("POST", path, body, query={"fieldValidation": "Strict"})
        return result

    def apply(self, body: Object, manager: str = MANAGER, dry_run: bool = False) -> Object:
        """Server-side apply with force, and with strict field validation."""
        meta = body["metadata"]
        path = self.path(f"{body['apiVersion']}/{body['kind']}", meta.get("namespace", ""), meta["name"])
        query = {"fieldManager": manager, "force": "true", "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        result: Object = self.call("PATCH", path, body, APPLY, query)
        return result

    def patch(self, kind: str, name: str, namespace: str, patch: Any, subresource: str = "") -> Object:
        """Patch an object: with a JSON patch if it is a list, with a merge patch if it is a mapping."""
        path = self.path(kind, namespace, name) + (f"/{subresource}" if subresource else "")
        result: Object = self.call("PATCH", path, patch, JSON_PATCH if isinstance(patch, list) else MERGE_PATCH)
        return result

    def delete(self, kind: str, name: str, namespace: str = "", grace: int | None = None) -> None:
        """Delete an object. Ignores one that no longer exists."""
        query = {"propagationPolicy": "Background"}
        if grace is not None:
            query["gracePeriodSeconds"] = str(grace)
        try:
            self.call("DELETE", self.path(kind, namespace, name), query=query)
        except ApiError as error:
            if error.code != 404:
                raise

    def watch(self, kind: str, seconds: int = 300) -> Iterator[tuple[str, Object]]:
        """Events (`ADDED`, `MODIFIED`, `DELETED`, object) of all namespaces, starting with the existing objects."""
        connection = self._connect()
        try:
            path = f"{self.path(kind)}?{urlencode({'watch': 'true', 'timeoutSeconds': seconds})}"
            connection.request("GET", path, headers=self._headers())
            answer = connection.getresponse()
            if answer.status != 200:
                raise ApiError(answer.status, answer.read().decode())
            for line in answer:
                event = json.loads(line)
                yield event["type"], event["object"]
        finally:
            connection.close()

    def path(self, kind: str, namespace: str = "", name: str = "") -> str:
        plural, namespaced = self._resource(kind)
        version = kind.rpartition("/")[0]
        prefix = f"/apis/{version}" if "/" in version else f"/api/{version}"
        scope = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{prefix}{scope}/{plural}" + (f"/{name}" if name else "")

    def _resource(self, kind: str) -> tuple[str, bool]:
        if kind not in self._resources:
            version, _, name = kind.rpartition("/")
            listed = self.call("GET", f"/apis/{version}" if "/" in version else f"/api/{version}")["resources"]
            found = [r for r in listed if r["kind"] == name and "/" not in r["name"]]
            if not found:
                raise ApiError(404, f"there is no kind {kind}")
            self._resources[kind] = found[0]["name"], found[0]["namespaced"]
        return self._resources[kind]

    def call(
        self, method: str, path: str, body: Any = None, kind: str = "", query: dict[str, str] | None = None
    ) -> Any:
        """Send one request. Return the parsed JSON, or the text if it is not JSON.

        Raises ApiError when the status is not 2xx.
        """
        path += f"?{urlencode(query)}" if query else ""
        headers = self._headers() | {"Content-Type": kind or "application/json"}
        payload = None if body is None else json.dumps(body).encode()
        status, text = self._exchange(method, path, payload, headers)
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = text
        if not 200 <= status < 300:
            raise ApiError(status, parsed.get("message", text) if isinstance(parsed, dict) else text)
        return parsed

    def _exchange(self, method: str, path: str, payload: bytes | None, headers: dict[str, str]) -> tuple[int, str]:
        """Use the thread's own connection; reopen it if the server closed it."""
        for attempt in (1, 2):
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._connect()
            try:
                connection.request(method, path, payload, headers)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except (OSError, http.client.HTTPException):
                connection.close()
                self._local.connection = None
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def _connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._host, self._port, context=self._context, timeout=330)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}


def until(what: str, check: Callable[[], Any], seconds: float = 60, every: float = 0.25) -> Any:
    """Poll until the result is true, and return it.

    Raises TimeoutError when it never is; the message has the last result or error.
    """
    deadline = time.monotonic() + seconds
    last: Any = None
    while True:
        try:
            last = check()
            if last:
                return last
        except (ApiError, OSError) as error:
            last = error
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s; last: {last!r}")
        time.sleep(every)


def condition(found: Object | None, kind: str) -> Object:
    """One condition of an object's status; one with status Absent if there is none."""
    listed = (found or {}).get("status", {}).get("conditions", [])
    absent: Object = {"type": kind, "status": "Absent"}
    return next((c for c in listed if c["type"] == kind), absent)
