# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects that follow a workload to members where their own resource is not placed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..model.manifest import ObjectName, kind_of
from ..model.resource import Resource
from ..rendering.dependencies import named_by


@dataclass(frozen=True)
class Following:
    """``objects``: resource -> member -> what of it goes there because a workload names it. ``warnings`` tell of names that no
    resource of the run has."""

    objects: Mapping[str, Mapping[str, frozenset[ObjectName]]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def objects_of(resource: Resource) -> frozenset[ObjectName]:
    """The objects of a resource, as the workloads of others name them."""
    return frozenset(
        ObjectName(kind_of(m), m["metadata"].get("namespace") or resource.namespace, m["metadata"]["name"])
        for m in resource.manifests
    )


def following(resources: Sequence[Resource], selected: Mapping[str, Iterable[str]]) -> Following:
    """What follows whom; ``selected`` are the members of each resource."""
    owners = {name: resource for resource in resources for name in objects_of(resource)}
    found: dict[str, dict[str, set[ObjectName]]] = {}
    warnings = []
    for resource in resources:
        if not resource.dependencies:
            continue
        for name, workload in sorted(named_by(resource.manifests, resource.namespace).items()):
            owner = owners.get(name)
            if owner is None:
                warnings.append(f"{resource.name}: {workload} names {name}, which no resource of this run has")
                continue
            for member in set(selected.get(resource.name, ())) - set(selected.get(owner.name, ())):
                found.setdefault(owner.name, {}).setdefault(member, set()).add(name)
    return Following(
        {owner: {m: frozenset(names) for m, names in members.items()} for owner, members in found.items()},
        tuple(warnings),
    )
