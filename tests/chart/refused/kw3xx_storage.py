"""The registry's CA and the storage initializer: values that the chart refuses, and what it says."""

from __future__ import annotations

from tests.chart.refused.case import Cases, container

CASES: Cases = {
    "KW305 without a name": (
        {"registry": {"ca": {"kind": "ConfigMap"}}},
        [
            "[KW305] values: registry.ca.kind is ConfigMap, but registry.ca.name is empty; set registry.ca.name to "
            "the name of the ConfigMap"
        ],
    ),
    "KW305 without a kind": (
        {"registry": {"ca": {"name": "corp-ca"}}},
        ["[KW305] values: registry.ca.kind is empty, but registry.ca.name is given; set registry.ca.kind to ConfigMap"],
    ),
    "KW305 bundle without a kind": (
        {"registry": {"ca": {"bundle": "-----BEGIN CERTIFICATE-----"}}},
        [
            "[KW305] values: registry.ca.kind is empty, but registry.ca.bundle is given; set registry.ca.kind to "
            "ConfigMap"
        ],
    ),
    "KW305 bundle in a Secret": (
        {"registry": {"ca": {"kind": "Secret", "name": "corp-ca", "bundle": "-----BEGIN CERTIFICATE-----"}}},
        [
            "[KW305] values: registry.ca.kind is Secret, but registry.ca.bundle is given; set registry.ca.kind to "
            "ConfigMap: this chart writes no Secret, and KServe reads none"
        ],
    ),
    "KW305 plain http": (
        {"registry": {"plainHTTP": True, "ca": {"kind": "Secret", "name": "corp-ca"}}},
        [
            "[KW305] values: registry.ca.kind is Secret, but registry.plainHTTP is true; set registry.plainHTTP to "
            "false, or leave registry.ca empty"
        ],
    ),
    "KW306 malformed": (
        {"storage": {"resources": {"limits": {"memory": "1gb"}}}},
        [
            "[KW306] values: storage.resources.limits.memory is 1gb: it is not a quantity; write "
            'storage.resources.limits.memory as 100m, "1" or 1Gi'
        ],
    ),
    "KW306 request above the limit": (
        {"storage": {"resources": {"requests": {"cpu": "1500m"}}}},
        [
            "[KW306] values: storage.resources.requests.cpu is 1500m: it exceeds storage.resources.limits.cpu, which "
            "is 1; set storage.resources.requests.cpu to at most 1"
        ],
    ),
    "KW306 request above the limit in other units": (
        {"storage": {"resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "1G"}}}},
        [
            "[KW306] values: storage.resources.requests.memory is 1Gi: it exceeds storage.resources.limits.memory, "
            "which is 1G; set storage.resources.requests.memory to at most 1G"
        ],
    ),
    "KW306 of kserve.config": (
        {"kserve": {"config": {"inferenceService": {"resource": {"cpuRequest": "2"}}}}},
        [
            "[KW306] values: kserve.config.inferenceService.resource.cpuRequest is 2: it exceeds "
            "kserve.config.inferenceService.resource.cpuLimit, which is 1; set "
            "kserve.config.inferenceService.resource.cpuRequest to at most 1"
        ],
    ),
    "KW307 prefix of a prefix": (
        {"storage": {"containers": [container("own", {"prefix": "s3://models/"})]}},
        [
            "[KW307] values: storage.containers[0].supportedUriFormats[0] is s3://models/, and "
            "storage.supportedUriFormats[1] is s3://: KServe may use either; give one of them another prefix"
        ],
    ),
    "KW307 prefix below a regular expression": (
        {"storage": {"containers": [container("own", {"prefix": "https://models.corp.example/"})]}},
        [
            "[KW307] values: storage.containers[0].supportedUriFormats[0] is https://models.corp.example/, and "
            "storage.supportedUriFormats[7] is https?://(.+)/(.+): KServe may use either; give one of them another "
            "prefix"
        ],
    ),
    "KW307 of two further containers": (
        {
            "storage": {
                "containers": [container("one", {"regex": "^one://"}), container("two", {"regex": "^one://"})],
            }
        },
        [
            "[KW307] values: storage.containers[1].supportedUriFormats[0] is ^one://, and "
            "storage.containers[0].supportedUriFormats[0] is ^one://: KServe may use either; give one of them "
            "another prefix"
        ],
    ),
}
