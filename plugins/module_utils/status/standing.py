# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How one object stands, for kinds of all sorts: pure functions over the object as the API server shows it.

`propagation.health` knows what a run waits for. What is here is only told: claims, load balancers, and custom resources by the
conditions that their controllers write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..model.manifest import GroupKind
from ..propagation.health import WAITED, Health, health_of, single

SERVICE = GroupKind("", "Service")
INGRESS = GroupKind("networking.k8s.io", "Ingress")
CLAIM = GroupKind("", "PersistentVolumeClaim")
API_SERVICE = GroupKind("apiregistration.k8s.io", "APIService")

#: groups of Kubernetes itself, whose kinds have rules of their own or nothing to tell; every other group is a custom one
_OWN_GROUPS = frozenset(
    ["", "apps", "autoscaling", "batch", "policy"]
    + [
        f"{group}.k8s.io"
        for group in (
            "admissionregistration",
            "apiextensions",
            "apiregistration",
            "authentication",
            "authorization",
            "certificates",
            "coordination",
            "discovery",
            "events",
            "flowcontrol.apiserver",
            "networking",
            "node",
            "rbac.authorization",
            "resource",
            "scheduling",
            "storage",
            "storagemigration",
        )
    ]
)

#: conditions that say that an object is as it should be, the most telling first; and those that say that it will not be
_GOOD = ("Ready", "Available", "Succeeded", "Complete", "Completed", "Healthy", "Established", "Programmed", "Accepted")
_BAD = ("Failed", "Stalled")


def _conditions(status: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Conditions by type. A custom resource may have anything there: what is not a condition is left out."""
    found = status.get("conditions")
    items = found if isinstance(found, list) else []
    return {str(c.get("type")): c for c in items if isinstance(c, Mapping)}


def _worded(condition: Mapping[str, Any]) -> str:
    kind, status = condition.get("type"), condition.get("status")
    why = ": ".join(str(condition[key]) for key in ("reason", "message") if condition.get(key))
    return f"{kind} is {status}" + (f" ({why[:300]})" if why else "")


def _by_conditions(item: Mapping[str, Any]) -> Health | None:
    """A custom resource by its conditions; None when it has none that are known, so that it counts as present."""
    metadata, status = item["metadata"], item["status"]
    if metadata.get("deletionTimestamp"):
        return single("it is being deleted")
    conditions, generation = _conditions(status), metadata.get("generation")
    bad = next((conditions[kind] for kind in _BAD if conditions.get(kind, {}).get("status") == "True"), None)
    good = next((conditions[kind] for kind in _GOOD if kind in conditions), None)
    seen = [body.get("observedGeneration") for body in (status, good or {})]
    if isinstance(generation, int) and any(isinstance(number, int) and number < generation for number in seen):
        return single("its controller has not seen the new version yet")
    if bad is not None:
        return single(_worded(bad))
    if good is None:
        return None
    return single("" if good.get("status") == "True" else _worded(good))


def _claim(item: Mapping[str, Any]) -> Health:
    phase = item["status"].get("phase")
    return single("" if phase == "Bound" else f"it is {phase or 'not bound yet'}")


def _service(item: Mapping[str, Any]) -> Health | None:
    if item["spec"].get("type") != "LoadBalancer":
        return None
    return single("" if list(_balanced(item)) else "its load balancer has no address yet")


_RULES: dict[GroupKind, Callable[[Mapping[str, Any]], Health | None]] = {
    CLAIM: _claim,
    SERVICE: _service,
    API_SERVICE: _by_conditions,
}


def is_custom(kind: GroupKind) -> bool:
    """Whether a kind is not one of Kubernetes itself."""
    return kind.group not in _OWN_GROUPS


def is_judged(kind: GroupKind) -> bool:
    """Whether objects of the kind have to be read in full, because more can be told of them than that they are there."""
    return kind in WAITED or kind in _RULES or kind == INGRESS or is_custom(kind)


def _filled(item: Mapping[str, Any]) -> dict[str, Any]:
    """The object with a spec and a status, whatever it has there."""
    found = {key: item.get(key) for key in ("spec", "status")}
    return {**item, **{key: value if isinstance(value, Mapping) else {} for key, value in found.items()}}


def judge(kind: GroupKind, item: Mapping[str, Any]) -> Health | None:
    """The health of an object, or None when there is nothing more to tell than that it is there."""
    if kind in WAITED:
        return health_of(kind, item)
    rule = _RULES.get(kind) or (_by_conditions if is_custom(kind) else None)
    return rule(_filled(item)) if rule is not None else None


def _balanced(item: Mapping[str, Any]) -> Iterator[str]:
    """Addresses that a load balancer or an ingress controller has given."""
    balancer = item["status"].get("loadBalancer")
    entries = balancer.get("ingress") if isinstance(balancer, Mapping) else None
    for entry in entries or []:
        address = entry.get("ip") or entry.get("hostname")
        if address:
            yield str(address)


def addresses(kind: GroupKind, item: Mapping[str, Any]) -> list[str]:
    """Where a Service or an Ingress is reached from outside; [] for one that is not, or not yet."""
    filled = _filled(item)
    if kind == INGRESS:
        return sorted(set(_balanced(filled)))
    if kind != SERVICE:
        return []
    outside = [str(address) for address in filled["spec"].get("externalIPs") or []]
    return sorted({*outside, *_balanced(filled)})
