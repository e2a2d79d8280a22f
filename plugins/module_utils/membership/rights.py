# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which rights a member's credential needs: worked out from manifests, from what is propagated already, and from what was asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..fleet.discovery import Discovery
from ..model.access import APPLICATIONS, CLUSTER_ADMIN
from ..model.errors import ConfigError
from ..model.manifest import SECRET, GroupKind, Manifest, kind_of
from ..model.reading import as_list, given
from ..model.resource import Resource
from ..model.rights import (
    ADMIN,
    NOTHING,
    READ,
    Rights,
    Rule,
    merged,
    parse_rule,
    rule,
    secret_rule,
)
from ..propagation.plan import Template, prepare
from ..propagation.store import Memory

RBAC = "rbac.authorization.k8s.io"
_SUPER = "cluster-admin"

#: the usual kinds of applications, by API group; Secrets are not among them: they are granted by namespace
_WORKLOADS = {
    "": ["configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "serviceaccounts", "services"],
    "apps": ["daemonsets", "deployments", "replicasets", "statefulsets"],
    "autoscaling": ["horizontalpodautoscalers"],
    "batch": ["cronjobs", "jobs"],
    "networking.k8s.io": ["ingresses", "networkpolicies"],
    "policy": ["poddisruptionbudgets"],
}
#: what every run reads, and the namespaces that it makes
_BASE = (
    rule("", ["nodes", "pods", "resourcequotas", "limitranges"], READ),
    rule("", ["namespaces"], ("create", "get", "list", "patch", "watch")),
    rule("autoscaling", ["horizontalpodautoscalers"], READ),
)


def rules_of(rights: Rights) -> tuple[Rule, ...]:
    """What holds in the whole cluster, the rules of the profile included."""
    if rights.profile == CLUSTER_ADMIN:
        return ADMIN
    profile = [rule(group, kinds) for group, kinds in _WORKLOADS.items()] if rights.profile == APPLICATIONS else []
    namespaces = [rule("", ["namespaces"])] if rights.profile == APPLICATIONS else []
    return merged([*_BASE, *profile, *namespaces, *rights.rules])


@dataclass(frozen=True)
class Asked:
    """What the option ``rights`` says. ``profile`` None keeps the recorded one; ``more`` is added to what is recorded, or takes
    its place if it is ``exact``; ``template`` holds manifests that are going to be propagated."""

    profile: str | None = None
    more: Rights = NOTHING
    exact: bool = False
    template: Template | None = None


def template_of(manifests: Collection[Manifest], namespace: str) -> Template | None:
    """Manifests as `Asked` takes them; namespaced ones that name no namespace go to ``namespace``."""
    return prepare(Resource("rights", tuple(manifests), namespace=namespace)) if manifests else None


@dataclass(frozen=True)
class Grant:
    """What a member's credential may do: what was said, which is remembered, and with it what propagated resources take now.
    ``notes`` say what is left for a person to decide."""

    said: Rights
    whole: Rights
    notes: tuple[str, ...] = ()


def grant_for(asked: Asked, before: Rights | None, memory: Memory, discovery: Discovery) -> Grant:
    """The rights of a member's credential. ``before`` is what was said of them until now."""
    known = Rights() if before is None or asked.exact else before
    profile = asked.profile or (before.profile if before is not None else APPLICATIONS)
    needed, notes = (NOTHING, []) if asked.template is None else _needed(asked.template, discovery)
    said = replace(known.with_more(asked.more).with_more(needed), profile=profile)
    return Grant(said, replace(said.with_more(_recorded(memory, discovery)), profile=profile), tuple(notes))


def _recorded(memory: Memory, discovery: Discovery) -> Rights:
    """What the resources take that are on the member already."""
    rules: list[Rule] = []
    spaces: set[str] = set()
    for stored in memory.resources.values():
        spaces |= stored.record.secret_spaces
        for kind in stored.record.kinds - {SECRET}:
            served = discovery.find(kind)
            if served is not None:
                rules.append(rule(kind.group, [served.plural]))
    return Rights(rules=merged(rules), spaces=dict.fromkeys(sorted(spaces), (secret_rule(),)))


class _Needs:
    """Collects what manifests take."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.spaces: dict[str, list[Rule]] = {}
        self.notes: list[str] = []

    def add(self, one: Rule, space: str = "") -> None:
        (self.spaces.setdefault(space, []) if space else self.rules).append(one)


def _needed(template: Template, discovery: Discovery) -> tuple[Rights, list[str]]:
    """What the manifests take: the right to write their kinds, and, for roles, what these give (nobody may give more)."""
    needs = _Needs()
    shipped = {(m["kind"], m["metadata"]["name"]) for m in template.resource.manifests if kind_of(m).group == RBAC}
    for manifest in template.resource.manifests:
        kind = kind_of(manifest)
        space = manifest["metadata"].get("namespace") or template.resource.namespace
        defined = template.defined.get(kind)
        served = discovery.find(kind) or (defined[0] if defined else None)
        if kind == SECRET:
            continue  # by namespace, below
        if served is None:
            needs.notes.append(f"this member does not know the kind {kind}: no right was given for it")
            continue
        needs.add(rule(kind.group, [served.plural]))
        if kind.group == RBAC:
            _roles(needs, kind, manifest, space, shipped)
    for space in template.secret_spaces:
        needs.add(secret_rule(), space)
    spaces = {space: merged(rules) for space, rules in sorted(needs.spaces.items())}
    return Rights(rules=merged(needs.rules), spaces=spaces), needs.notes


def _roles(
    needs: _Needs, kind: GroupKind, manifest: Mapping[str, Any], space: str, shipped: Collection[tuple[str, str]]
) -> None:
    name = manifest["metadata"]["name"]
    if kind.kind in ("Role", "ClusterRole"):
        where = space if kind.kind == "Role" else ""
        for position, raw in enumerate(as_list(given(manifest.get("rules"), []), f"{kind.kind} {name}: rules")):
            try:
                found = parse_rule(raw, f"{kind.kind} {name}: rules[{position}]")
            except ConfigError:
                continue  # the API server says what is wrong with it
            if found.lists_secrets() and not where:
                needs.notes.append(
                    f"ClusterRole {name} lets its holders read all Secrets, which is not granted because a manifest says so; if it is "
                    "meant, say it in rights: {rules: [..]}"
                )
            else:
                needs.add(found, where)
        return
    target = manifest.get("roleRef") or {}
    role, role_kind = str(target.get("name")), str(target.get("kind"))
    if (role_kind, role) in shipped:
        return
    if role == _SUPER:
        needs.notes.append(
            f"{kind.kind} {name} makes its subjects administrators, which only rights: {{profile: {CLUSTER_ADMIN}}} can give"
        )
        return
    plural = "clusterroles" if role_kind == "ClusterRole" else "roles"
    needs.add(rule(RBAC, [plural], ["bind"], [role]), space if role_kind == "Role" else "")
