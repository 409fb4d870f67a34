"""Whether a node could pull an image: the kubelet's verdict, without pulling anything.

A Pod of the bed starts only if all of its images can be pulled: from a reachable registry and, if that requires a
password, with a pull Secret of the Pod that exists in its namespace and has the right one.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field

from tests.live.bed.api import Api, Object
from tests.live.bed.images import registry


@dataclass
class Pulls:
    """What the nodes reach. passwords: {registry: "user:password", or "" for anonymous pulls}. internet: every other
    registry answers too."""

    internet: bool = True
    passwords: dict[str, str] = field(default_factory=dict)

    def problem(self, api: Api, pod: Object) -> str:
        """Empty if every image can be pulled, else the kubelet's message."""
        spec = pod["spec"]
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            problem = self._image(api, pod, container["image"])
            if problem:
                return f"Failed to pull image {container['image']}: {problem}"
        return ""

    def _image(self, api: Api, pod: Object, image: str) -> str:
        host = registry(image)
        if host not in self.passwords:
            return "" if self.internet else f"dial tcp: lookup {host}: no such host"
        if not self.passwords[host]:
            return ""
        for reference in pod["spec"].get("imagePullSecrets", []):
            secret = api.find("v1/Secret", reference["name"], pod["metadata"]["namespace"])
            if secret and credentials(secret).get(host) == self.passwords[host]:
                return ""
        return "unauthorized: authentication required"


def credentials(secret: Object) -> dict[str, str]:
    """{registry: "user:password"} of a kubernetes.io/dockerconfigjson Secret."""
    try:
        auths = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))["auths"]
        return {host: base64.b64decode(entry["auth"]).decode() for host, entry in auths.items()}
    except (KeyError, ValueError, binascii.Error):
        return {}


def pull_secret(name: str, namespace: str, host: str, password: str) -> Object:
    """A pull Secret for one registry. password: "user:password"."""
    user, _, word = password.partition(":")
    auth = base64.b64encode(password.encode()).decode()
    config = json.dumps({"auths": {host: {"username": user, "password": word, "auth": auth}}})
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(config.encode()).decode()},
    }
