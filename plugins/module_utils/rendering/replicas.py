# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who says how many replicas there are: the template, or an autoscaler on the member."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..model.manifest import GroupKind, Manifest, ObjectName, group_of, kind_of

AUTOSCALER = GroupKind("autoscaling", "HorizontalPodAutoscaler")
#: Karmada's way to leave replicas to the members, honoured so that its manifests run unchanged
_RETAIN_LABEL = "resourcetemplate.karmada.io/retain-replicas"


def scaled_object(autoscaler: Mapping[str, Any], namespace: str) -> ObjectName | None:
    """What a HorizontalPodAutoscaler in ``namespace`` scales; None when it does not say."""
    spec = autoscaler.get("spec")
    target = spec.get("scaleTargetRef") if isinstance(spec, dict) else None
    if not isinstance(target, dict):
        return None
    version, kind, name = (target.get(key) or "" for key in ("apiVersion", "kind", "name"))
    if not all(isinstance(part, str) for part in (version, kind, name)) or not kind or not name:
        return None  # the API server says what is wrong with it
    return ObjectName(GroupKind(group_of(version), kind), namespace, name)


def scaled_objects(manifests: Iterable[Mapping[str, Any]], namespace: str) -> frozenset[ObjectName]:
    """What the HorizontalPodAutoscalers among the manifests scale; ``namespace`` is where those go that name none."""
    found = (
        scaled_object(manifest, manifest["metadata"].get("namespace") or namespace)
        for manifest in manifests
        if kind_of(manifest) == AUTOSCALER
    )
    return frozenset(name for name in found if name is not None)


def leaves_replicas(want: Manifest) -> bool:
    """Whether the manifest itself says that replicas are the members' affair."""
    labels = want["metadata"].get("labels")
    return isinstance(labels, dict) and labels.get(_RETAIN_LABEL) == "true"


def has_replicas(want: Mapping[str, Any]) -> bool:
    """Whether the manifest names a number of replicas."""
    spec = want.get("spec")
    return isinstance(spec, dict) and isinstance(spec.get("replicas"), int)


def without_replicas(want: Manifest) -> Manifest:
    """A copy that does not name them; everything else is shared."""
    return {**want, "spec": {key: value for key, value in want["spec"].items() if key != "replicas"}}
