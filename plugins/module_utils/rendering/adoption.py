# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking over objects that another tool applied, so that what we drop later really goes.

An applier's fields stay for ever once nobody applies them any more. So its managedFields entries are made ours before our first
apply: that apply then removes what is not in our manifest, as if we had made the object. Controllers (autoscalers, the deployment
controller) keep their entries: what they set is not the earlier applier's wish.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..model import names
from ..model.manifest import Manifest, ObjectName
from .ownership import applied_entry, is_owned

#: field managers of tools by which people and other federations apply manifests: kubectl in its forms, kubernetes.core (the
#: generated Python client), KubeFed, Karmada, Open Cluster Management, Helm
_APPLIERS = re.compile(
    r"kubectl(-client-side-apply|-create|-edit|-replace|-patch|-annotate|-label|-set|-last-applied|-\w+)?"
    r"|OpenAPI-Generator|python-requests|ansible|kubernetes\.core"
    r"|kubefed|kubefed-controller-manager|hyperfed|controller-manager"
    r"|karmada(-agent|-controller-manager)?"
    r"|work|work-agent|klusterlet-work-agent|work-controller"
    r"|helm|Helm"
)


#: the annotation in which kubectl keeps what it applied
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def is_applier(entry: Mapping[str, Any]) -> bool:
    """Whether a managedFields entry says what somebody wanted, not what a controller found."""
    if entry.get("subresource"):
        return False
    return entry.get("operation") == "Apply" or bool(_APPLIERS.fullmatch(str(entry.get("manager"))))


def _union(one: Any, other: Any) -> Any:
    """The fields of both sets."""
    result = dict(one)
    for key, value in other.items():
        result[key] = _union(result[key], value) if key in result else value
    return result


def earlier_appliers(metadata: Mapping[str, Any], manager: str) -> list[str]:
    """The managers that an adoption takes over from, without ours."""
    entries = metadata.get("managedFields") or []
    return sorted({str(e.get("manager")) for e in entries if is_applier(e) and e.get("manager") != manager})


def migrated(metadata: Mapping[str, Any], manager: str, api_version: str) -> list[dict[str, Any]]:
    """The managedFields with the entries of earlier appliers made one entry of ours.

    Only those written in ``api_version`` can be merged; fields of another version have other names.
    """
    ours: dict[str, Any] = {}
    left = []
    for entry in metadata.get("managedFields") or []:
        mine = entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")
        if entry.get("apiVersion") == api_version and (mine or is_applier(entry)):
            ours = _union(ours, entry.get("fieldsV1") or {})
        else:
            left.append(dict(entry))
    taken = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": ours,
    }
    return [taken, *left]


def given_up(
    metadata: Mapping[str, Any], manager: str, api_version: str, adopting: bool, replicas_stay: bool = False
) -> dict[str, Any]:
    """The fields (as in fieldsV1) that go from an object with our next apply unless that names them: those that we hold, when
    adopting also those of earlier appliers, and that nobody else holds. ``replicas_stay``: they are handed to an autoscaler."""
    if adopting:
        mine, *others = migrated(metadata, manager, api_version)
    else:
        ours = applied_entry(metadata, manager)
        mine, others = dict(ours or {}), [dict(e) for e in metadata.get("managedFields") or [] if e is not ours]
    if replicas_stay:
        others = [*others, {"fieldsV1": {"f:spec": {"f:replicas": {}}}}]
    left = dict(mine.get("fieldsV1") or {})
    for entry in others:
        left = _without(left, entry.get("fieldsV1") or {})
    return left


def _without(fields: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the first set that are not in the second."""
    result = {}
    for key, node in fields.items():
        if key not in other:
            result[key] = node
        elif any(below != "." for below in node):
            rest = _without(node, other[key])
            if any(below != "." for below in rest):
                result[key] = rest
    return result


def unclaimed(want: Manifest) -> Manifest:
    """A manifest without what only one object of a cluster can have, so that the API server says what it makes of another one."""
    if want["kind"] != "Service" or not isinstance(want.get("spec"), dict):
        return want
    spec = {k: v for k, v in want["spec"].items() if k not in ("clusterIP", "clusterIPs", "healthCheckNodePort")}
    ports = spec.get("ports")
    if isinstance(ports, list):
        spec["ports"] = [{k: v for k, v in p.items() if k != "nodePort"} if isinstance(p, dict) else p for p in ports]
    return {**want, "spec": spec}


def not_restored(fields: Mapping[str, Any], live: Any, completed: Any) -> dict[str, Any]:
    """Those of ``fields`` (as in fieldsV1) that the API server does not set to what they are by itself: ``completed`` is what it
    makes of our manifest. Whoever writes objects without server-side apply holds all defaults as well."""
    result = {}
    for key, node in fields.items():
        there, comes = _below(live, key), _below(completed, key)
        if any(below != "." for below in node):
            rest = not_restored(node, there, comes)
            if rest:
                result[key] = rest
        elif key != "." and there != comes:
            result[key] = node
    return result


def _below(value: Any, step: str) -> Any:
    """What is found one step (as in fieldsV1) below a value; None if nothing is."""
    form, _colon, rest = step.partition(":")
    if form == "f" and isinstance(value, dict):
        return value.get(rest)
    if form in ("k", "v") and isinstance(value, list):
        wanted = json.loads(rest)
        if form == "v":
            return wanted if wanted in value else None
        items = (item for item in value if isinstance(item, dict))
        return next((item for item in items if all(item.get(k) == v for k, v in wanted.items())), None)
    return None


def claimed_by_another(metadata: Mapping[str, Any], name: ObjectName, federation: str) -> str:
    """Which federation, or which resource of this one, really has the object; "" when it is free to be taken over.

    Labels alone say nothing, since copies carry them.
    """
    labels = metadata.get("labels") or {}
    other = labels.get(names.LABEL_FEDERATION)
    if not other or not is_owned(metadata, name, other, None):
        return ""
    if other == federation:
        return f"resource {labels.get(names.LABEL_RESOURCE)} of this federation"
    return f"federation {other}"


def migration(metadata: Mapping[str, Any], manager: str, api_version: str) -> Sequence[dict[str, Any]]:
    """The JSON patch that makes earlier appliers' fields ours, only on the very object that was read; [] if there is none."""
    if not earlier_appliers(metadata, manager):
        return []
    return [
        {"op": "test", "path": "/metadata/uid", "value": metadata.get("uid")},
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata.get("resourceVersion")},
        {"op": "replace", "path": "/metadata/managedFields", "value": migrated(metadata, manager, api_version)},
    ]
