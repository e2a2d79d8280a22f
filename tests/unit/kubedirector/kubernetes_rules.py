# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Kubernetes asks of names, and of what refers to them: from its documentation of names, labels, and of the kinds themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Manifest = dict[str, Any]

#: RFC 1123; names of Services follow RFC 1035, and start with a letter
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_1035 = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL_VALUE = re.compile(r"(?=.{0,63}$)(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
LABEL_KEY = re.compile(r"([-a-z0-9.]{1,253}/)?(?=.{1,63}$)([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
#: RFC 6335: one letter at least, no two '-' in a row
PORT_NAME = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")
CONFIG_KEY = re.compile(r"(?!\.{1,2}$|\.\.)[-._a-zA-Z0-9]{1,253}")
VARIABLE = re.compile(r"[ -<>-~]+")

NAMES = {"Service": LABEL_1035, "StatefulSet": LABEL, "ConfigMap": SUBDOMAIN, "Secret": SUBDOMAIN}
NAMES["PodDisruptionBudget"] = SUBDOMAIN

#: what the StatefulSet controller appends in the name of a pod, and in a label of it
_REVISION = "-0123456789"


def violations(manifests: list[Manifest]) -> list[str]:
    """All that Kubernetes, or those who follow what the objects name, would not find in order."""
    found = [text for manifest in manifests for text in _of_object(manifest)]
    known = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
    found += [f"{key} is there twice" for key in set(known) if known.count(key) > 1]
    for manifest in manifests:
        if manifest["kind"] == "StatefulSet":
            found += _of_set(manifest, manifests)
    found += [f"not filled: {text}" for manifest in manifests for text in _unfilled(manifest)]
    return found


def _match(rule: re.Pattern[str], *values: object) -> Iterator[str]:
    for value in values:
        if not isinstance(value, str) or not rule.fullmatch(value):
            yield f"{value!r} does not match {rule.pattern}"


def _of_object(manifest: Manifest) -> Iterator[str]:
    yield from _match(NAMES[manifest["kind"]], manifest["metadata"]["name"])
    yield from _labels(manifest)
    for key in ("data", "stringData"):
        yield from _match(CONFIG_KEY, *manifest.get(key, {}))
        yield from (f"{key}.{k} is no text" for k, v in manifest.get(key, {}).items() if not isinstance(v, str))
    if manifest["kind"] == "Service":
        ports = manifest["spec"]["ports"]
        yield from _match(LABEL, *(port["name"] for port in ports))
        yield from _twice([port["name"] for port in ports])
        yield from _twice([port["port"] for port in ports])
        yield from _match(LABEL_VALUE, *manifest["spec"]["selector"].values())


def _labels(value: Any) -> Iterator[str]:
    """Labels, annotations and selectors, wherever they stand."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("labels", "matchLabels"):
                yield from _match(LABEL_KEY, *item)
                yield from _match(LABEL_VALUE, *item.values())
            elif key == "annotations":
                yield from _match(LABEL_KEY, *item)
            else:
                yield from _labels(item)
    elif isinstance(value, list):
        for item in value:
            yield from _labels(item)


def _twice(items: list[Any]) -> Iterator[str]:
    yield from (f"{item!r} is there twice" for item in set(items) if items.count(item) > 1)


def _of_set(manifest: Manifest, manifests: list[Manifest]) -> Iterator[str]:
    name, spec = manifest["metadata"]["name"], manifest["spec"]
    pod = spec["template"]["spec"]
    yield from _match(LABEL, f"{name}-{max(spec['replicas'] - 1, 0)}")  # the host name of its last pod
    yield from _match(LABEL_VALUE, f"{name}{_REVISION}")
    labels = spec["template"]["metadata"]["labels"]
    if not spec["selector"]["matchLabels"].items() <= labels.items():
        yield f"{name} does not select its own pods"
    there = {(m["kind"], m["metadata"]["name"]): m for m in manifests}
    if ("Service", spec["serviceName"]) not in there:
        yield f"{name} names a Service that is not there"
    claims = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])]
    volumes = [volume["name"] for volume in pod.get("volumes", [])]
    yield from _match(LABEL, *claims, *volumes)
    yield from _twice(claims + volumes)
    for container in pod["containers"] + pod.get("initContainers", []):
        yield from _of_container(container, {*claims, *volumes}, set(claims))
    for volume in pod.get("volumes", []):
        yield from _of_volume(volume, there)


def _of_container(container: Manifest, volumes: set[str], claims: set[str]) -> Iterator[str]:
    yield from _match(LABEL, container["name"])
    ports = container.get("ports", [])
    names = [port["name"] for port in ports if "name" in port]
    yield from _match(PORT_NAME, *names)
    yield from _twice(names)
    yield from _twice([port["containerPort"] for port in ports])
    probed = container.get("readinessProbe", {}).get("tcpSocket", {}).get("port", 1)
    if not isinstance(probed, int) and probed not in names:
        yield f"{probed!r} is probed, and is no port"
    yield from _match(VARIABLE, *(entry["name"] for entry in container.get("env", [])))
    yield from _twice([entry["name"] for entry in container.get("env", [])])
    texts = [*container.get("command", []), *container.get("args", [])]
    texts += [entry["value"] for entry in container.get("env", []) if "value" in entry]
    yield from (f"{text!r} is no text" for text in texts if not isinstance(text, str))
    mounts, devices = container.get("volumeMounts", []), container.get("volumeDevices", [])
    yield from _twice([mount["mountPath"] for mount in mounts])
    for mount in mounts:
        if mount["name"] not in volumes:
            yield f"{mount['name']} is mounted, and is no volume"
        path = mount.get("subPath", "x")
        if ":" in mount["mountPath"] or path.startswith("/") or ".." in path.split("/"):
            yield f"{mount} is no mount"
    yield from (f"{d['name']} is no claim" for d in devices if d["name"] not in claims)


def _of_volume(volume: Manifest, there: dict[tuple[str, str], Manifest]) -> Iterator[str]:
    """What a volume is made of is one of the objects, unless the user has to bring it."""
    if "configMap" in volume:
        source = there.get(("ConfigMap", volume["configMap"]["name"]), {"data": {}})
        for item in volume["configMap"]["items"]:
            if item["key"] not in source["data"]:
                yield f"{volume['name']} names a file that is not there: {item['key']}"
    if (
        "secret" in volume
        and volume["name"] != "role-secret"
        and ("Secret", volume["secret"]["secretName"]) not in there
    ):
        yield f"{volume['name']} names a Secret that is not there"


def _unfilled(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key != "instance":  # the definition as it was written
                yield from _unfilled(item)
    elif isinstance(value, list):
        for item in value:
            yield from _unfilled(item)
    elif isinstance(value, str) and re.search(r"@\{[a-z]", value):
        yield value
