# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the verb ``control_plane``, for the module and for the action."""

from __future__ import annotations

from typing import Any

from .layout import COMPONENTS, NODE, NODE_KINDS, NODE_PARTS

Spec = dict[str, Any]

STATES = ("started", "stopped", "killed", "paused", "absent")

_TAINT: Spec = {
    "type": "list",
    "elements": "dict",
    "options": {
        "key": {"type": "str", "required": True, "no_log": False},
        "value": {"type": "str"},
        "effect": {"type": "str", "required": True, "choices": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
    },
}

_NODE: Spec = {
    "name": {"type": "str"},
    "zone": {"type": "str"},
    "cpu": {"type": "str"},
    "memory": {"type": "str"},
    "pods": {"type": "int"},
    "labels": {"type": "dict"},
    "taints": _TAINT,
}

#: what is said of a member, beside its name
_MEMBER: Spec = {
    "region": {"type": "str"},
    "zones": {"type": "list", "elements": "str"},
    "provider": {"type": "str"},
    "nodes": {"type": "list", "elements": "dict", "options": _NODE},
    "node_count": {"type": "int"},
    "node_cpu": {"type": "str"},
    "node_memory": {"type": "str"},
    "node_pods": {"type": "int"},
    "labels": {"type": "dict"},
    "taints": _TAINT,
    "kubernetes_version": {"type": "str"},
    "node_kind": {"type": "str", "choices": list(NODE_KINDS)},
    "images": {"type": "list", "elements": "str"},
}
MEMBER_KEYS = tuple(_MEMBER)

CONTROL_PLANE: Spec = {
    "sandbox": {"type": "str", "default": "default"},
    "root": {"type": "path"},
    "state": {"type": "str", "default": "started", "choices": list(STATES)},
    "name": {"type": "str"},
    "component": {"type": "str", "default": "all", "choices": ["all", *COMPONENTS, NODE, *NODE_PARTS]},
    "members": {
        "type": "list",
        "elements": "dict",
        "options": {"name": {"type": "str", "required": True}, **_MEMBER},
    },
    "exclusive": {"type": "bool", "default": False},
    "assets": {"type": "path"},
    "wait_timeout": {"type": "int", "default": 120},
    "show": {"type": "bool", "default": False},
    **_MEMBER,
}
