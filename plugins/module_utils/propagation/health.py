# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a workload has become what it was meant to be: pure functions over the object as the API server shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.manifest import GroupKind


@dataclass(frozen=True)
class Health:
    """``desired`` and ``ready`` count pods (or completions; 1 and 0 or 1 where there is nothing to count, and ``counts`` is False);
    ``problem`` says what is missing, "" when healthy."""

    desired: int
    ready: int
    problem: str = ""
    counts: bool = field(default=True, compare=False)

    @property
    def healthy(self) -> bool:
        return not self.problem


def single(problem: str) -> Health:
    """The health of an object that is one thing, with nothing in it to count; "" for a healthy one."""
    return Health(1, 0 if problem else 1, problem, counts=False)


def _number(body: Mapping[str, Any], key: str, default: int = 0) -> int:
    value = body.get(key)
    return value if isinstance(value, int) else default


def _unobserved(item: Mapping[str, Any]) -> bool:
    return _number(item["status"], "observedGeneration") < _number(item["metadata"], "generation")


def _condition(item: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    return next((c for c in item["status"].get("conditions") or [] if c.get("type") == kind), None)


def _replicated(item: Mapping[str, Any], updated: str, ready: str) -> Health:
    spec, status = item["spec"], item["status"]
    desired, count = _number(spec, "replicas", 1), _number(status, ready)
    problem = ""
    if _unobserved(item):
        problem = "its controller has not seen the new version yet"
    elif updated and _number(status, updated) < desired:
        problem = f"{_number(status, updated)} of {desired} pods are of the new version"
    elif count < desired:
        problem = f"{count} of {desired} pods are ready"
    elif _number(status, "replicas") > desired:
        problem = f"{_number(status, 'replicas') - desired} old pods are still there"
    return Health(desired, count, problem)


def _deployment(item: Mapping[str, Any]) -> Health:
    health = _replicated(item, "updatedReplicas", "availableReplicas")
    progressing = _condition(item, "Progressing")
    if not health.healthy and progressing and progressing.get("reason") == "ProgressDeadlineExceeded":
        return Health(health.desired, health.ready, f"{health.problem}; its progress deadline has passed")
    return health


def _stateful_set(item: Mapping[str, Any]) -> Health:
    on_delete = (item["spec"].get("updateStrategy") or {}).get("type") == "OnDelete"
    partition = ((item["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition")
    return _replicated(item, "" if on_delete or partition else "updatedReplicas", "readyReplicas")


def _replica_set(item: Mapping[str, Any]) -> Health:
    return _replicated(item, "", "readyReplicas")


def _daemon_set(item: Mapping[str, Any]) -> Health:
    status = item["status"]
    desired, ready = _number(status, "desiredNumberScheduled"), _number(status, "numberAvailable")
    on_delete = (item["spec"].get("updateStrategy") or {}).get("type") == "OnDelete"
    problem = ""
    if _unobserved(item):
        problem = "its controller has not seen the new version yet"
    elif not on_delete and _number(status, "updatedNumberScheduled") < desired:
        problem = f"{_number(status, 'updatedNumberScheduled')} of {desired} pods are of the new version"
    elif ready < desired:
        problem = f"{ready} of {desired} pods are ready"
    return Health(desired, ready, problem)


def _job(item: Mapping[str, Any]) -> Health:
    desired, done = _number(item["spec"], "completions", 1), _number(item["status"], "succeeded")
    failed, complete = _condition(item, "Failed"), _condition(item, "Complete")
    if failed and failed.get("status") == "True":
        return Health(desired, done, f"it failed: {failed.get('message') or failed.get('reason')}")
    if item["spec"].get("suspend") or (complete and complete.get("status") == "True"):
        return Health(desired, done)
    return Health(desired, done, f"{done} of {desired} completions")


def _pod(item: Mapping[str, Any]) -> Health:
    phase, ready = item["status"].get("phase"), _condition(item, "Ready")
    good = phase == "Succeeded" or bool(ready and ready.get("status") == "True")
    return Health(1, int(good), "" if good else f"it is {phase or 'not started'}")


def _crd(item: Mapping[str, Any]) -> Health:
    established, accepted = _condition(item, "Established"), _condition(item, "NamesAccepted")
    if established and established.get("status") == "True":
        return single("")
    if accepted and accepted.get("status") == "False":
        return single(f"its names are not accepted: {accepted.get('message')}")
    return single("it is not established yet")


_RULES: dict[GroupKind, Callable[[Mapping[str, Any]], Health]] = {
    GroupKind("apps", "Deployment"): _deployment,
    GroupKind("apps", "StatefulSet"): _stateful_set,
    GroupKind("apps", "ReplicaSet"): _replica_set,
    GroupKind("apps", "DaemonSet"): _daemon_set,
    GroupKind("batch", "Job"): _job,
    GroupKind("", "Pod"): _pod,
    GroupKind("apiextensions.k8s.io", "CustomResourceDefinition"): _crd,
}

#: kinds whose health says something, and which a wait therefore waits for
WAITED = frozenset(_RULES)


def health_of(kind: GroupKind, item: Mapping[str, Any]) -> Health:
    """The health of an object of one of the kinds in `WAITED`."""
    return _RULES[kind]({**item, "spec": item.get("spec") or {}, "status": item.get("status") or {}})
