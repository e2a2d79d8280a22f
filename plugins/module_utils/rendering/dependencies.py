# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which other objects a workload names: what its pods cannot start without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..model.manifest import SECRET, GroupKind, Manifest, ObjectName, name_of, pod_template

CONFIG_MAP = GroupKind("", "ConfigMap")
SERVICE_ACCOUNT = GroupKind("", "ServiceAccount")
CLAIM = GroupKind("", "PersistentVolumeClaim")
#: every namespace has them, whoever made it
_EVERYWHERE = {(SERVICE_ACCOUNT, "default"), (CONFIG_MAP, "kube-root-ca.crt")}


def _dicts(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (item for item in value or [] if isinstance(item, dict))


def _reference(kind: GroupKind, raw: Any, key: str = "name") -> Iterator[tuple[GroupKind, str]]:
    if isinstance(raw, dict) and isinstance(raw.get(key), str) and not raw.get("optional"):
        yield kind, raw[key]


def _of_volume(volume: Mapping[str, Any]) -> Iterator[tuple[GroupKind, str]]:
    yield from _reference(CONFIG_MAP, volume.get("configMap"))
    yield from _reference(SECRET, volume.get("secret"), "secretName")
    yield from _reference(CLAIM, volume.get("persistentVolumeClaim"), "claimName")
    projected = volume.get("projected")
    for source in _dicts(projected.get("sources") if isinstance(projected, dict) else None):
        yield from _reference(CONFIG_MAP, source.get("configMap"))
        yield from _reference(SECRET, source.get("secret"))


def _of_container(container: Mapping[str, Any]) -> Iterator[tuple[GroupKind, str]]:
    for source in _dicts(container.get("envFrom")):
        yield from _reference(CONFIG_MAP, source.get("configMapRef"))
        yield from _reference(SECRET, source.get("secretRef"))
    for variable in _dicts(container.get("env")):
        value = variable.get("valueFrom")
        if isinstance(value, dict):
            yield from _reference(CONFIG_MAP, value.get("configMapKeyRef"))
            yield from _reference(SECRET, value.get("secretKeyRef"))


def _of_pod(spec: Mapping[str, Any]) -> Iterator[tuple[GroupKind, str]]:
    yield from _reference(SERVICE_ACCOUNT, spec, "serviceAccountName")
    for secret in _dicts(spec.get("imagePullSecrets")):
        yield from _reference(SECRET, secret)
    for volume in _dicts(spec.get("volumes")):
        yield from _of_volume(volume)
    for key in ("initContainers", "containers"):
        for container in _dicts(spec.get(key)):
            yield from _of_container(container)


def named_by(manifests: Iterable[Manifest], namespace: str) -> dict[ObjectName, ObjectName]:
    """ConfigMaps, Secrets, ServiceAccounts and PersistentVolumeClaims that the pods of these manifests need, each with one workload
    that names it. What is marked as optional is not needed. ``namespace`` is where those go that name none."""
    found: dict[ObjectName, ObjectName] = {}
    for manifest in manifests:
        template = pod_template(manifest)
        if template is None or not isinstance(template.get("spec"), dict):
            continue
        space = manifest["metadata"].get("namespace") or namespace
        for kind, name in _of_pod(template["spec"]):
            if (kind, name) not in _EVERYWHERE:
                found.setdefault(ObjectName(kind, space, name), name_of(manifest))
    return found
