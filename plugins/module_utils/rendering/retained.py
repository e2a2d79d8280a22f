# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fields that belong to the member, whatever the template says: they come from an exported manifest, not from a wish.

The union of what KubeFed and Karmada leave to a member, as far as server-side apply does not leave it alone anyway (it never touches
a field that the manifest does not name). Overrides are applied afterwards, so what is really meant for one member can be said there.
A nodePort in a template is kept: people fix them on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..model.manifest import GroupKind, Manifest, kind_of, pod_template

#: written by controllers or tools into annotations, about the cluster that a manifest was read from
_ANNOTATIONS = (
    "deployment.kubernetes.io/",
    "kubectl.kubernetes.io/last-applied-configuration",
    "pv.kubernetes.io/",
    "volume.kubernetes.io/selected-node",
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
)
_JOB_LABELS = ("controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name")
_TOKEN_VOLUME = "kube-api-access-"


def _below(value: Any, *keys: str) -> dict[str, Any]:
    """The mapping below these keys; {} where something else is there: the API server says what is wrong with it."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _service(spec: dict[str, Any], _manifest: Manifest) -> None:
    if spec.get("clusterIP") != "None":
        spec.pop("clusterIP", None)
        spec.pop("clusterIPs", None)
    spec.pop("healthCheckNodePort", None)


def _job(spec: dict[str, Any], _manifest: Manifest) -> None:
    if spec.get("manualSelector"):
        return
    spec.pop("selector", None)
    labels = _below(spec, "template", "metadata", "labels")
    for label in _JOB_LABELS:
        labels.pop(label, None)


def _pod(spec: dict[str, Any], _manifest: Manifest) -> None:
    spec.pop("nodeName", None)
    _drop_named(spec, "volumes", _TOKEN_VOLUME)
    for key in ("containers", "initContainers"):
        containers = spec.get(key)
        for container in containers if isinstance(containers, list) else ():
            if isinstance(container, dict):
                _drop_named(container, "volumeMounts", _TOKEN_VOLUME)


def _drop_named(parent: dict[str, Any], key: str, prefix: str) -> None:
    items = parent.get(key)
    if isinstance(items, list):
        kept = [item for item in items if not (isinstance(item, dict) and str(item.get("name")).startswith(prefix))]
        if len(kept) < len(items):
            parent.pop(key)
            if kept:
                parent[key] = kept


def _claim(spec: dict[str, Any], manifest: Manifest) -> None:
    if "pv.kubernetes.io/bind-completed" in _below(manifest, "metadata", "annotations"):
        spec.pop("volumeName", None)  # bound there, not chosen by the user


def _volume(spec: dict[str, Any], _manifest: Manifest) -> None:
    claim = spec.get("claimRef")
    if isinstance(claim, dict):
        for key in ("uid", "resourceVersion"):
            claim.pop(key, None)


_RULES: dict[GroupKind, Callable[[dict[str, Any], Manifest], None]] = {
    GroupKind("", "Service"): _service,
    GroupKind("batch", "Job"): _job,
    GroupKind("", "Pod"): _pod,
    GroupKind("", "PersistentVolumeClaim"): _claim,
    GroupKind("", "PersistentVolume"): _volume,
}


def _credentials(manifest: Manifest) -> None:
    """What a member makes itself for service accounts."""
    if kind_of(manifest) == GroupKind("", "ServiceAccount"):
        _drop_named(manifest, "secrets", f"{manifest['metadata']['name']}-token-")
    if kind_of(manifest) == GroupKind("", "Secret") and manifest.get("type") == "kubernetes.io/service-account-token":
        manifest.pop("data", None)


def _annotations(metadata: dict[str, Any]) -> None:
    annotations = metadata.get("annotations")
    if not isinstance(annotations, Mapping):
        return
    kept = {key: value for key, value in annotations.items() if not key.startswith(_ANNOTATIONS)}
    if len(kept) < len(annotations):
        metadata.pop("annotations")
        if kept:
            metadata["annotations"] = kept


def leave_to_member(manifest: Manifest) -> Manifest:
    """Take out of a manifest, in place, what each member decides itself. Owner references go too: they name another cluster's UIDs,
    and the garbage collector would delete the object."""
    spec, rule = manifest.get("spec"), _RULES.get(kind_of(manifest))
    if rule is not None and isinstance(spec, dict):
        rule(spec, manifest)
    _credentials(manifest)
    template = pod_template(manifest)
    for metadata in (manifest["metadata"], (template or {}).get("metadata")):
        if isinstance(metadata, dict):
            _annotations(metadata)
    manifest["metadata"].pop("ownerReferences", None)
    return manifest
