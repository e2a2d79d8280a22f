# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many more pods of one template a member can run, node by node, by the rules that its own scheduler will apply.

Looked at are: what is free on each node, node selectors and required node affinity, taints, host ports and required anti-affinity of
the pods among themselves, and quotas of the namespace. Not looked at: preferences, affinity to other pods, topology spread, volumes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..model.quantity import parse_quantity
from .capacity import Amounts, NodeCapacity, NodeTaint, pod_requests

_HOSTNAME = "kubernetes.io/hostname"
_HARD = ("NoSchedule", "NoExecute")
_NAME = "metadata.name"


@dataclass(frozen=True)
class Fit:
    """``replicas`` is how many more fit; ``limit`` says what keeps it from being more, as a person says it."""

    replicas: int
    limit: str = ""


def _expression(raw: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """One requirement of a node selector or a label selector. What is not understood does not match."""
    key, values = str(raw.get("key") or ""), [str(v) for v in raw.get("values") or []]
    operator = str(raw.get("operator"))
    found = labels.get(key)
    if operator == "In":
        return found in values
    if operator == "NotIn":
        return found not in values
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) is (operator == "Exists")
    if operator in ("Gt", "Lt") and found is not None and len(values) == 1:
        try:
            return int(found) > int(values[0]) if operator == "Gt" else int(found) < int(values[0])
        except ValueError:
            return False
    return False


def _term(raw: Mapping[str, Any], node: NodeCapacity) -> bool:
    expressions, fields = raw.get("matchExpressions") or [], raw.get("matchFields") or []
    if not expressions and not fields:
        return False  # an empty term matches nothing
    return all(_expression(one, node.labels) for one in expressions) and all(
        _expression(one, {_NAME: node.name}) for one in fields
    )


def selects(spec: Mapping[str, Any], node: NodeCapacity) -> bool:
    """Whether the node is one that the pod asks for, by name, nodeSelector and required node affinity."""
    if spec.get("nodeName") not in (None, "", node.name):
        return False
    if any(node.labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(_term(term, node) for term in required.get("nodeSelectorTerms") or [])


def tolerates(spec: Mapping[str, Any], taint: NodeTaint) -> bool:
    """Whether the pod puts up with a taint of a node."""
    for raw in spec.get("tolerations") or []:
        key, operator = raw.get("key") or "", raw.get("operator") or "Equal"
        if raw.get("effect") not in (None, "", taint.effect) or key not in ("", taint.key):
            continue
        if operator == "Exists" or (operator == "Equal" and key and (raw.get("value") or "") == taint.value):
            return True
    return False


def admits(spec: Mapping[str, Any], node: NodeCapacity) -> str:
    """Why the pod cannot run on the node whatever is free on it; "" if it can."""
    if not node.ready:
        return "not ready"
    if not selects(spec, node):
        return "not selected"
    cordon = NodeTaint("node.kubernetes.io/unschedulable", "", "NoSchedule")
    taints = [*node.taints, *([cordon] if node.cordoned else [])]
    hard = [taint for taint in taints if taint.effect in _HARD and not tolerates(spec, taint)]
    if hard:
        return "cordoned" if hard[0] == cordon else f"tainted {hard[0].key}"
    return ""


def room(asked: Amounts, free: Amounts) -> tuple[int, str]:
    """How many times ``asked`` goes into ``free``, and what runs out first. Every pod counts as one, whatever it asks for."""
    most, limit = free.pods, "pods"
    pairs = [(asked.cpu, free.cpu, "cpu"), (asked.memory, free.memory, "memory")]
    pairs += [(amount, free.others.get(name, 0), name) for name, amount in sorted(asked.others.items())]
    for wanted, there, name in pairs:
        if wanted > 0 and there // wanted < most:
            most, limit = there // wanted, name
    return most, limit


def _matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    if selector is None:
        return False
    wanted = (selector.get("matchLabels") or {}).items()
    return all(labels.get(k) == v for k, v in wanted) and all(
        _expression(one, labels) for one in selector.get("matchExpressions") or []
    )


def exclusive_domains(spec: Mapping[str, Any], labels: Mapping[str, str]) -> tuple[str, ...]:
    """Labels of nodes of which each value can hold only one of these pods: host ports, and anti-affinity of the pods to themselves."""
    anti = (spec.get("affinity") or {}).get("podAntiAffinity") or {}
    terms = anti.get("requiredDuringSchedulingIgnoredDuringExecution") or []
    domains = {str(term.get("topologyKey")) for term in terms if _matches(term.get("labelSelector"), labels)}
    containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    ports = [port for container in containers for port in container.get("ports") or []]
    if any(port.get("hostPort") for port in ports) or (spec.get("hostNetwork") and ports):
        domains.add(_HOSTNAME)
    return tuple(sorted(domains))


def _domain(node: NodeCapacity, key: str) -> str:
    return node.name if key == _HOSTNAME else node.labels.get(key, "")


def exclusive_places(template: Mapping[str, Any], nodes: Sequence[NodeCapacity]) -> dict[str, int]:
    """How many places there are altogether, occupied or not, where each holds only one of these pods; by the name of the places."""
    spec, labels = template.get("spec") or {}, (template.get("metadata") or {}).get("labels") or {}
    admitting = [node for node in nodes if not admits(spec, node)]
    return {
        key.rpartition("/")[2]: len({_domain(node, key) for node in admitting} - {""})
        for key in exclusive_domains(spec, labels)
    }


def fit(template: Mapping[str, Any], nodes: Sequence[NodeCapacity], quotas: Iterable[Mapping[str, Any]] = ()) -> Fit:
    """How many more pods of a pod template (``{metadata, spec}``) the nodes can take, and the quotas of their namespace allow.

    ``quotas`` are ResourceQuotas as the API shows them.
    """
    spec, labels = template.get("spec") or {}, (template.get("metadata") or {}).get("labels") or {}
    asked = pod_requests(spec)
    open_nodes = [node for node in nodes if not admits(spec, node)]
    if not open_nodes:
        return Fit(0, _why_none(spec, nodes))
    rooms = {node.name: room(asked, node.free) for node in open_nodes}
    replicas = sum(count for count, _limit in rooms.values())
    limit = _commonest(limit for _count, limit in rooms.values())
    if replicas == 0:
        return Fit(0, f"no node has enough free {limit}")
    limit = f"free {limit}"
    for key in exclusive_domains(spec, labels):
        places = {_domain(node, key) for node in open_nodes if rooms[node.name][0]} - {""}
        if len(places) < replicas:
            replicas, limit = len(places), f"one in each {key.rpartition('/')[2]}"
    for quota in quotas:
        left, what = quota_room(quota, spec)
        if left < replicas:
            replicas, limit = left, f"quota {(quota.get('metadata') or {}).get('name')}: {what}"
    return Fit(replicas, limit)


def _commonest(texts: Iterable[str]) -> str:
    found = list(texts)
    return max(sorted(set(found)), key=found.count)


def _why_none(spec: Mapping[str, Any], nodes: Sequence[NodeCapacity]) -> str:
    if not nodes:
        return "it has no nodes"
    return f"no node takes it: {_commonest(admits(spec, node) for node in nodes)}"


def _limits(spec: Mapping[str, Any]) -> Amounts:
    """What the containers may use at most, summed as requests are."""

    def capped(container: Mapping[str, Any]) -> dict[str, Any]:
        resources = container.get("resources") or {}
        return {**container, "resources": {"requests": resources.get("limits") or {}}}

    changed = {key: [capped(c) for c in spec.get(key) or []] for key in ("containers", "initContainers")}
    return pod_requests({**spec, **changed, "resources": None})


def _per_pod(spec: Mapping[str, Any]) -> dict[str, int]:
    """What one pod takes of each thing that a quota can bound; CPU in millicores."""
    asked, most = pod_requests(spec), _limits(spec)
    return {
        "pods": 1,
        "count/pods": 1,
        "cpu": asked.cpu,
        "requests.cpu": asked.cpu,
        "limits.cpu": most.cpu,
        "memory": asked.memory,
        "requests.memory": asked.memory,
        "limits.memory": most.memory,
        **{f"requests.{name}": amount for name, amount in asked.others.items()},
    }


def quota_room(quota: Mapping[str, Any], spec: Mapping[str, Any]) -> tuple[int, str]:
    """How many more pods a ResourceQuota allows, and what runs out first. One with scopes is taken to hold for the pods."""
    status, hard = quota.get("status") or {}, (quota.get("spec") or {}).get("hard") or {}
    used, most, limit = status.get("used") or {}, 1 << 31, ""
    for name, amount in sorted(_per_pod(spec).items()):
        if name not in hard or amount <= 0:
            continue
        factor = 1000 if name.endswith("cpu") else 1
        left = int((parse_quantity(hard[name]) - parse_quantity(used.get(name, 0))) * factor)
        if max(0, left) // amount < most:
            most, limit = max(0, left) // amount, name
    return most, limit


def place(template: Mapping[str, Any], count: int, nodes: Sequence[NodeCapacity]) -> tuple[list[NodeCapacity], int]:
    """The nodes with ``count`` more pods of a template bound to them, and how many found no place.

    Each goes to the node with the most room for it, as the scheduler's default does, so that pending pods are counted before others.
    """
    spec = template.get("spec") or {}
    asked = replace(pod_requests(spec), pods=1)
    found = {node.name: node for node in nodes}
    left = count
    while left > 0:
        rooms = [(room(asked, node.free)[0], node.name) for node in found.values() if not admits(spec, node)]
        most, name = max(rooms, default=(0, ""), key=lambda one: (one[0], one[1]))
        if most <= 0:
            break
        found[name] = replace(found[name], requested=found[name].requested + asked)
        left -= 1
    return list(found.values()), left
