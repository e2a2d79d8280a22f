# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every option of every verb, once: modules and actions are built from it, and the documentation is checked against it.

Plain data in the form of Ansible's argument specs; nothing here imports Ansible.
"""

from __future__ import annotations

from typing import Any

from .model.access import DAY, FILE_SECONDS, MODES, PROFILES
from .model.budget import DEFAULT_BUDGET
from .model.failover import BY_STATE, DEFAULT_MAX_LOST, FAILOVERS, FENCES
from .model.failover import PLAN as FAILOVER_PLAN
from .model.resource import ABORT, CONFLICTS

Spec = dict[str, Any]

#: how to reach one member, by the names that kubernetes.core uses
CONNECTION: Spec = {
    "kubeconfig": {"type": "raw"},
    "kubeconfig_data": {"type": "str", "no_log": True},
    "context": {"type": "str"},
    "host": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "ca_cert": {"type": "str"},
    "client_cert": {"type": "str"},
    "client_key": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool"},
    "proxy": {"type": "str"},
    "tls_server_name": {"type": "str"},
    "impersonate_user": {"type": "str"},
    "impersonate_groups": {"type": "list", "elements": "str"},
}

#: what is known of one member; as host variables they are prefixed with "cluster_"
FACTS: Spec = {
    "labels": {"type": "dict"},
    "region": {"type": "str"},
    "zone": {"type": "raw"},
    "provider": {"type": "str"},
    "taints": {"type": "list", "elements": "raw"},
    "weight": {"type": "int"},
    "renamed_from": {"type": "str"},
}

FLEET: Spec = {
    "federation": {"type": "str"},
    "fleet_group": {"type": "str", "default": "clusters"},
    "clusters": {
        "type": "list",
        "elements": "dict",
        "options": {"name": {"type": "str", "required": True}, **FACTS, **CONNECTION},
    },
    "only": {"type": "list", "elements": "str"},
    "request_timeout": {"type": "float", "default": 15.0},
    "member_timeout": {"type": "float", "default": 60.0},
    "credentials": {"type": "str", "choices": list(MODES)},
    "credentials_dir": {"type": "path"},
    "credentials_days": {"type": "float", "default": FILE_SECONDS / DAY},
}

#: options of the fleet that are variables of the inventory as well, with "federation_" before them
FLEET_VARIABLES = ("credentials", "credentials_dir", "credentials_days")

#: what every verb takes that writes
RUN: Spec = {"fail_on": {"type": "str", "default": "any"}, "lock_timeout": {"type": "float", "default": 60.0}}

_RESOURCE: Spec = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "src": {"type": "list", "elements": "str"},
    "template": {"type": "list", "elements": "str"},
    "definition": {"type": "raw"},
    "definition_data": {"type": "str", "no_log": True},
    "namespace": {"type": "str", "default": "default"},
    "placement": {"type": "dict"},
    "replicas": {"type": "dict"},
    "overrides": {"type": "list", "elements": "dict"},
    "overrides_data": {"type": "str", "no_log": True},
    "strict": {"type": "bool", "default": True},
    "allow_empty": {"type": "bool", "default": False},
    "delete_namespaces": {"type": "bool", "default": False},
    "conflict": {"type": "str", "choices": list(CONFLICTS), "default": ABORT},
    "renamed_from": {"type": "str"},
    "retain_replicas": {"type": "bool", "default": False},
    "keep_template": {"type": "bool", "default": False},
    "dependencies": {"type": "bool", "default": False},
    "failover": {"type": "str", "choices": list(FAILOVERS), "default": FAILOVER_PLAN},
    "fence": {"type": "str", "choices": list(FENCES), "default": BY_STATE},
    "singleton": {"type": "bool", "default": False},
}

FEDERATED_RESOURCE: Spec = {
    **FLEET,
    **RUN,
    "name": {"type": "str"},
    **_RESOURCE,
    "resources": {
        "type": "list",
        "elements": "dict",
        "options": {"name": {"type": "str", "required": True}, **_RESOURCE},
    },
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 300.0},
    "concurrency": {"type": "int", "default": 16},
    "max_deletions": {"type": "str", "default": DEFAULT_BUDGET.text},
    "partial_fleet": {"type": "bool", "default": False},
    "plan": {"type": "raw"},
    "waves": {"type": "dict"},
    "max_lost": {"type": "str", "default": str(DEFAULT_MAX_LOST)},
}

PLAN: Spec = {
    **{key: spec for key, spec in FEDERATED_RESOURCE.items() if key in (*FLEET, *_RESOURCE, "name", "resources")},
    **{key: FEDERATED_RESOURCE[key] for key in ("fail_on", "max_deletions", "partial_fleet", "max_lost")},
    "without": {"type": "raw"},
    "dest": {"type": "path"},
    "show": {"type": "bool", "default": True},
}

#: the options of `federated_resource` that describe one resource
RESOURCE_OPTIONS = ("name", *_RESOURCE)

#: what a member's own credential may do
RIGHTS: Spec = {
    "profile": {"type": "str", "choices": list(PROFILES)},
    "rules": {"type": "list", "elements": "dict"},
    "secret_namespaces": {"type": "list", "elements": "str", "no_log": False},
    "exact": {"type": "bool", "default": False},
    "src": {"type": "list", "elements": "str"},
    "template": {"type": "list", "elements": "str"},
    "definition": {"type": "raw"},
    "definition_data": {"type": "str", "no_log": True},
    "namespace": {"type": "str", "default": "default"},
}

CLUSTER: Spec = {
    **FLEET,
    **RUN,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "share": {"type": "bool", "default": False},
    "workloads": {"type": "str", "choices": ["keep", "delete"], "default": "keep"},
    "force": {"type": "bool", "default": False},
    "rotate": {"type": "bool", "default": False},
    "rights": {"type": "dict", "options": RIGHTS},
    "labels": {"type": "dict"},
    "taints": {"type": "list", "elements": "raw"},
    "remove_taints": {"type": "list", "elements": "raw"},
    "cordon": {"type": "bool"},
    "lost": {"type": "bool"},
    "fenced": {"type": "bool"},
    "max_lost": {"type": "str", "default": str(DEFAULT_MAX_LOST)},
}

_MOVE: Spec = {
    **{
        key: spec
        for key, spec in FEDERATED_RESOURCE.items()
        if key not in (*_RESOURCE, "name", "resources", "plan", "waves")
    },
    "name": {"type": "list", "elements": "str"},
    "resources": FEDERATED_RESOURCE["resources"],
}

FAILOVER: Spec = {
    **_MOVE,
    "suppose_lost": {"type": "list", "elements": "str"},
    "suppose_tainted": {"type": "list", "elements": "str"},
}

RECONCILE: Spec = dict(_MOVE)

FAILBACK: Spec = dict(_MOVE)

DETECT: Spec = {
    **FLEET,
    "want": {"type": "str", "choices": ["lost", "ready"], "default": "lost"},
    "probes": {"type": "int", "default": 3},
    "over": {"type": "float", "default": 10.0},
    "interval": {"type": "float", "default": 2.0},
    "probe_timeout": {"type": "float", "default": 3.0},
    "timeout": {"type": "float", "default": 60.0},
    "max_lost": {"type": "str", "default": str(DEFAULT_MAX_LOST)},
    "observations": {"type": "list", "elements": "list"},
    "quorum": {"type": "int", "default": 1},
}

DRILL: Spec = {
    **FLEET,
    "step": {
        "type": "str",
        "required": True,
        "choices": ["begin", "start", "end", "note", "probe", "unprobe", "report", "close", "state"],
    },
    "dir": {"type": "path", "required": True},
    "scenario": {"type": "dict"},
    "resume": {"type": "bool", "default": False},
    "phase": {"type": "str"},
    "ok": {"type": "bool", "default": True},
    "msg": {"type": "str"},
    "data": {"type": "dict"},
    "interval": {"type": "float", "default": 0.25},
    "write": {"type": "bool", "default": False},
    "targets": {"type": "dict"},
}

FEDERATED_RESOURCE_INFO: Spec = {
    **FLEET,
    "name": {"type": "list", "elements": "str"},
    "search": {"type": "str", "choices": ["recorded", "everything"], "default": "recorded"},
    "show": {"type": "bool", "default": False},
}

CLUSTER_INFO: Spec = {
    **FLEET,
    "probe": {"type": "str", "choices": ["read", "write"], "default": "read"},
    "probe_timeout": {"type": "float", "default": 3.0},
    "capacity": {"type": "bool", "default": True},
    "credential_warn_days": {"type": "float", "default": 7.0},
    "fail_on": {"type": "str", "default": "none"},
    "show": {"type": "bool", "default": False},
}

FLEET_REPORT: Spec = {
    **FLEET,
    "dest": {"type": "path", "required": True},
    "mode": {"type": "str", "default": "0600"},
    "title": {"type": "str"},
    "name": {"type": "list", "elements": "str"},
    "search": {"type": "str", "choices": ["recorded", "everything"], "default": "recorded"},
    "credential_warn_days": {"type": "float", "default": 7.0},
}

_ROLE: Spec = {
    "id": {"type": "str", "required": True},
    "members": {"type": "int", "aliases": ["count"]},
    "resources": {"type": "dict"},
    "storage": {"type": "dict"},
    "blockStorage": {"type": "dict"},
    "env": {"type": "list", "elements": "dict"},
    "podLabels": {"type": "dict"},
    "podAnnotations": {"type": "dict"},
    "serviceLabels": {"type": "dict"},
    "serviceAnnotations": {"type": "dict"},
    "affinity": {"type": "dict"},
    "sharedMemory": {"type": "str"},
    "secret": {"type": "dict", "no_log": False},
    "secretKeys": {"type": "list", "elements": "dict", "no_log": True},
    "serviceAccountName": {"type": "str"},
    "volumeProjections": {"type": "list", "elements": "dict"},
}

#: the options of `kubedirector_cluster` that are fields of one role
ROLE_OPTIONS = tuple(_ROLE)

_CATALOG: Spec = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "catalog": {"type": "list", "elements": "path"},
    "definition": {"type": "raw"},
    "src": {"type": "str"},
    "members": {"type": "list", "elements": "str"},
    **{key: FEDERATED_RESOURCE[key] for key in ("placement", "conflict")},
}

_LARGE_RUN = ("wait_timeout", "concurrency", "max_deletions", "partial_fleet", "max_lost")

KUBEDIRECTOR_CLUSTER: Spec = {
    **FLEET,
    **RUN,
    **_CATALOG,
    **{key: FEDERATED_RESOURCE[key] for key in _LARGE_RUN},
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "default"},
    "app": {"type": "str"},
    "app_catalog": {"type": "str", "choices": ["local", "system"]},
    "roles": {"type": "list", "elements": "dict", "options": _ROLE},
    "service_type": {"type": "str", "choices": ["ClusterIP", "NodePort", "LoadBalancer"]},
    "expose": {"type": "str", "choices": ["role", "pod", "both"]},
    "parameters": {"type": "dict"},
    "images": {"type": "dict"},
    "retain": {"type": "bool"},
    "instances": {"type": "str", "choices": ["one", "each"]},
    "data": {"type": "str"},
    "home": {"type": "str"},
    "connect": {"type": "list", "elements": "str"},
    "failover": {"type": "str", "choices": list(FAILOVERS)},
    "upgrade": {"type": "bool", "default": False},
    "rollback": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
}

KUBEDIRECTOR_APP: Spec = {
    **FLEET,
    **RUN,
    **_CATALOG,
    "name": {"type": "str"},
    "namespace": {"type": "str", "default": "kubedirector"},
}

KUBEDIRECTOR_INFO: Spec = {
    **FLEET,
    "name": {"type": "str"},
    "namespace": {"type": "str"},
    "apps": {"type": "bool", "default": False},
    "catalog": {"type": "list", "elements": "path"},
    "show": {"type": "bool", "default": False},
}
