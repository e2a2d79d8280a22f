# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a join makes in a member: a namespace, a service account, and the rights that were worked out for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..model import names
from ..model.manifest import GroupKind, Manifest
from ..model.rights import Rule, merged, rule
from .rights import RBAC, Grant, rules_of

CLUSTER_ROLE = GroupKind(RBAC, "ClusterRole")

#: kinds that a join makes
KINDS = frozenset(
    {
        GroupKind("", "Namespace"),
        GroupKind("", "ServiceAccount"),
        CLUSTER_ROLE,
        *(GroupKind(RBAC, kind) for kind in ("ClusterRoleBinding", "Role", "RoleBinding")),
    }
)


def _object(api_version: str, kind: str, name: str, namespace: str = "", **body: Any) -> Manifest:
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


def _role(federation: str, space: str, rules: Iterable[Rule]) -> list[Manifest]:
    """Rights in one namespace: a Role and its binding. In other namespaces than our own the name says whose they are."""
    home = names.federation_namespace(federation)
    name = names.SERVICE_ACCOUNT if space == home else home
    return [
        _object(f"{RBAC}/v1", "Role", name, space, rules=[r.dump() for r in rules]),
        _object(f"{RBAC}/v1", "RoleBinding", name, space, **_binding(federation, "Role", name)),
    ]


def _binding(federation: str, kind: str, role: str) -> dict[str, Any]:
    account = {
        "kind": "ServiceAccount",
        "name": names.SERVICE_ACCOUNT,
        "namespace": names.federation_namespace(federation),
    }
    return {"roleRef": {"apiGroup": RBAC, "kind": kind, "name": role}, "subjects": [account]}


def membership_manifests(federation: str, grant: Grant, renewable: bool) -> list[Manifest]:
    """Everything a member gets when it joins, except the fleet record. ``renewable``: the account may make new tokens for itself."""
    home, rights = names.federation_namespace(federation), grant.whole
    own = [rule("coordination.k8s.io", ["leases"]), rule("", ["configmaps"]), *rights.spaces.get(home, ())]
    if renewable:
        own.append(rule("", ["serviceaccounts/token"], ["create"], [names.SERVICE_ACCOUNT]))
    role = _object(f"{RBAC}/v1", "ClusterRole", home, rules=[r.dump() for r in rules_of(rights)])
    role["metadata"]["annotations"] = {names.ANNOTATION_RIGHTS: grant.said.dump()}
    manifests = [
        _object("v1", "Namespace", home),
        _object("v1", "ServiceAccount", names.SERVICE_ACCOUNT, home),
        role,
        _object(f"{RBAC}/v1", "ClusterRoleBinding", home, **_binding(federation, "ClusterRole", home)),
        *_role(federation, home, merged(own)),
    ]
    for space, rules in sorted(rights.spaces.items()):
        if space != home:
            manifests += _role(federation, space, rules)
    return manifests
