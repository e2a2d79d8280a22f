# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a join makes on a member: a namespace for the records, a service account, and the rights it needs. Never ``*/*/*``."""

from __future__ import annotations

from typing import Any

from ..model import names
from ..model.manifest import Manifest

_WRITE = ["get", "list", "watch", "create", "update", "patch", "delete"]

#: the usual kinds of applications, by API group
WORKLOAD_KINDS = {
    "": [
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "secrets",
        "serviceaccounts",
        "services",
    ],
    "apps": ["daemonsets", "deployments", "replicasets", "statefulsets"],
    "autoscaling": ["horizontalpodautoscalers"],
    "batch": ["cronjobs", "jobs"],
    "networking.k8s.io": ["ingresses", "networkpolicies"],
    "policy": ["poddisruptionbudgets"],
}


def _object(api_version: str, kind: str, name: str, namespace: str = "", **body: Any) -> Manifest:
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


def _rule(groups: list[str], resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs}


def membership_manifests(federation: str) -> list[Manifest]:
    """Everything a member gets when it joins, except the fleet record."""
    space, account = names.federation_namespace(federation), names.SERVICE_ACCOUNT
    rbac = "rbac.authorization.k8s.io"
    rules = [_rule([group], kinds, _WRITE) for group, kinds in WORKLOAD_KINDS.items()]
    rules += [
        _rule([""], ["namespaces"], _WRITE),
        _rule([""], ["nodes", "resourcequotas", "limitranges"], ["get", "list", "watch"]),
    ]
    subjects = [{"kind": "ServiceAccount", "name": account, "namespace": space}]
    return [
        _object("v1", "Namespace", space),
        _object("v1", "ServiceAccount", account, space),
        _object(f"{rbac}/v1", "ClusterRole", space, rules=rules),
        _object(
            f"{rbac}/v1",
            "ClusterRoleBinding",
            space,
            roleRef={"apiGroup": rbac, "kind": "ClusterRole", "name": space},
            subjects=subjects,
        ),
        _object(f"{rbac}/v1", "Role", account, space, rules=[_rule(["coordination.k8s.io"], ["leases"], _WRITE)]),
        _object(
            f"{rbac}/v1",
            "RoleBinding",
            account,
            space,
            roleRef={"apiGroup": rbac, "kind": "Role", "name": account},
            subjects=subjects,
        ),
    ]
