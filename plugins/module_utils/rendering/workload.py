# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects that run a number of pods, and where they keep that number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model import names
from ..model.errors import ConfigError
from ..model.manifest import Manifest, ObjectName, kind_of
from ..model.replicas import ReplicaPolicy, WorkloadPath
from ..model.resource import Resource

_REPLICAS, _TEMPLATE = ("spec", "replicas"), ("spec", "template")
#: (group, kind) of Kubernetes' own -> where the number is
_KINDS = {
    ("apps", "Deployment"): _REPLICAS,
    ("apps", "StatefulSet"): _REPLICAS,
    ("apps", "ReplicaSet"): _REPLICAS,
    ("batch", "Job"): ("spec", "parallelism"),
}


@dataclass(frozen=True)
class Workload:
    """An object whose replicas are divided. ``position`` is that of its manifest; ``path`` leads to the number, ``replicas`` is what
    stands there; ``template`` is the pod template, {} where it is not known; ``labels`` find its pods."""

    position: int
    name: ObjectName
    path: tuple[str, ...]
    replicas: int
    template: Mapping[str, Any]

    @property
    def key(self) -> str:
        """As records name it."""
        return str(self.name)

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels that all its pods carry."""
        found = (self.template.get("metadata") or {}).get("labels")
        return found if isinstance(found, dict) else {}


def _at(body: Any, path: Sequence[str]) -> Any:
    for key in path:
        if not isinstance(body, dict):
            return None
        body = body.get(key)
    return body


def _path_of(manifest: Manifest, paths: Sequence[WorkloadPath]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    kind = kind_of(manifest)
    for given in paths:
        if given.kind == kind.kind:
            return given.path, given.template
    known = _KINDS.get((kind.group, kind.kind))
    return (known, _TEMPLATE) if known is not None else None


def workloads_of(resource: Resource) -> tuple[Workload, ...]:
    """The workloads of a resource that its policy divides, in the order of the manifests.

    ConfigError when the policy fits none of them, or when an override says how many replicas one of them has.
    """
    policy = resource.replicas
    if policy is None or not resource.present:
        return ()
    found = []
    for position, manifest in enumerate(resource.manifests):
        paths = _path_of(manifest, policy.paths)
        if paths is None or not policy.target.matches(manifest):
            continue
        found.append(_workload(resource, policy, position, manifest, *paths))
    if not found:
        raise ConfigError(
            f"resource {resource.name}: replicas fits none of its objects",
            "it divides Deployments, StatefulSets, ReplicaSets, Jobs, and what replicas.paths names",
        )
    for workload in found:
        _refuse_override(resource, resource.manifests[workload.position])
    return tuple(found)


def _workload(
    resource: Resource,
    policy: ReplicaPolicy,
    position: int,
    manifest: Manifest,
    path: tuple[str, ...],
    template: tuple[str, ...],
) -> Workload:
    metadata = manifest["metadata"]
    name = ObjectName(kind_of(manifest), metadata.get("namespace") or resource.namespace, metadata["name"])
    replicas = _at(manifest, path)
    if replicas is None:
        replicas = 1
    if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
        raise ConfigError(f"resource {resource.name}: {name} has {replicas!r} at /{'/'.join(path)}, not a number")
    if not isinstance(_at(manifest, path[:-1]), dict):
        raise ConfigError(f"resource {resource.name}: {name} has no /{'/'.join(path[:-1])}")
    pods = _at(manifest, template) if template else {}
    total = policy.total if policy.total is not None else replicas
    return Workload(position, name, path, total, pods if isinstance(pods, dict) else {})


def _refuse_override(resource: Resource, manifest: Manifest) -> None:
    for override in resource.overrides:
        if override.replicas is not None and override.target.matches(manifest):
            raise ConfigError(
                f"resource {resource.name}: {override} sets replicas, and so does the option replicas",
                "say it in replicas.members, or limit replicas.target",
            )


def with_share(want: Manifest, workload: Workload, replicas: int) -> Manifest:
    """A copy with a member's share, which is written down beside it as well, so that metadata tell it; the rest is shared."""
    body: dict[str, Any] = dict(want)
    inner = body
    for key in workload.path[:-1]:
        inner[key] = dict(inner[key])
        inner = inner[key]
    inner[workload.path[-1]] = replicas
    metadata = dict(body["metadata"])
    metadata["annotations"] = {**(metadata.get("annotations") or {}), names.ANNOTATION_REPLICAS: str(replicas)}
    return {**body, "metadata": metadata}


def share_of(metadata: Mapping[str, Any]) -> int | None:
    """The share that an object on a member was written with; None where it has none."""
    text = (metadata.get("annotations") or {}).get(names.ANNOTATION_REPLICAS)
    return int(text) if isinstance(text, str) and text.isdecimal() else None
