# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a workload has become what it was meant to be."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import GroupKind
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.health import (
    WAITED,
    Health,
    health_of,
)

KINDS = {
    **{kind: GroupKind("apps", kind) for kind in ("Deployment", "StatefulSet", "ReplicaSet", "DaemonSet")},
    "Job": GroupKind("batch", "Job"),
    "Pod": GroupKind("", "Pod"),
    "CRD": GroupKind("apiextensions.k8s.io", "CustomResourceDefinition"),
}


def health(kind: str, spec: Any = None, status: Any = None, generation: int = 2) -> Health:
    return health_of(KINDS[kind], {"metadata": {"generation": generation}, "spec": spec, "status": status})


def seen(**status: Any) -> dict[str, Any]:
    return {"observedGeneration": 2, **status}


def condition(sort: str, value: str = "True", **more: str) -> dict[str, Any]:
    return {"conditions": [{"type": "Other", "status": "True"}, {"type": sort, "status": value, **more}]}


def three(**changed: int) -> dict[str, Any]:
    """The status of a Deployment of three that is done, but for what is changed."""
    return seen(**{"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "readyReplicas": 3, **changed})


def test_every_kind_that_is_waited_for_is_tested_here() -> None:
    assert set(KINDS.values()) == WAITED


@pytest.mark.parametrize(
    ("kind", "spec", "status", "expected"),
    [
        ("Deployment", {"replicas": 3}, three(), Health(3, 3)),
        ("Deployment", {"replicas": 3}, three(availableReplicas=2), Health(3, 2, "2 of 3 pods are ready")),
        ("Deployment", {"replicas": 3}, three(updatedReplicas=1), Health(3, 3, "1 of 3 pods are of the new version")),
        ("Deployment", {"replicas": 3}, three(replicas=5), Health(3, 3, "2 old pods are still there")),
        (
            "Deployment",
            {"replicas": 3},
            three(observedGeneration=1),
            Health(3, 3, "its controller has not seen the new version yet"),
        ),
        ("Deployment", {"replicas": 3}, None, Health(3, 0, "its controller has not seen the new version yet")),
        ("Deployment", {"replicas": 0}, seen(), Health(0, 0)),
        ("Deployment", None, seen(), Health(1, 0, "0 of 1 pods are of the new version")),
        (
            "Deployment",
            {"replicas": 3},
            {**three(availableReplicas=1), **condition("Progressing", "False", reason="ProgressDeadlineExceeded")},
            Health(3, 1, "1 of 3 pods are ready; its progress deadline has passed"),
        ),
        (
            "Deployment",
            {"replicas": 3},
            {**three(), **condition("Progressing", "False", reason="ProgressDeadlineExceeded")},
            Health(3, 3),
        ),
        ("StatefulSet", {"replicas": 3}, three(), Health(3, 3)),
        ("StatefulSet", {"replicas": 3}, three(readyReplicas=1), Health(3, 1, "1 of 3 pods are ready")),
        ("StatefulSet", {"replicas": 3}, three(updatedReplicas=0), Health(3, 3, "0 of 3 pods are of the new version")),
        (
            "StatefulSet",
            {"replicas": 3, "updateStrategy": {"type": "OnDelete"}},
            three(updatedReplicas=0),
            Health(3, 3),
        ),
        (
            "StatefulSet",
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            three(updatedReplicas=1),
            Health(3, 3),
        ),
        (
            "StatefulSet",
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 0}}},
            three(updatedReplicas=1),
            Health(3, 3, "1 of 3 pods are of the new version"),
        ),
        ("ReplicaSet", {"replicas": 2}, seen(replicas=2, readyReplicas=2), Health(2, 2)),
        ("ReplicaSet", {"replicas": 2}, seen(replicas=2, readyReplicas=0), Health(2, 0, "0 of 2 pods are ready")),
        (
            "DaemonSet",
            {},
            seen(desiredNumberScheduled=4, updatedNumberScheduled=4, numberAvailable=4),
            Health(4, 4),
        ),
        (
            "DaemonSet",
            {},
            seen(desiredNumberScheduled=4, updatedNumberScheduled=4, numberAvailable=3),
            Health(4, 3, "3 of 4 pods are ready"),
        ),
        (
            "DaemonSet",
            {},
            seen(desiredNumberScheduled=4, updatedNumberScheduled=1, numberAvailable=4),
            Health(4, 4, "1 of 4 pods are of the new version"),
        ),
        # pods are replaced only when somebody deletes them: waiting for that would never end
        (
            "DaemonSet",
            {"updateStrategy": {"type": "OnDelete"}},
            seen(desiredNumberScheduled=4, updatedNumberScheduled=1, numberAvailable=4),
            Health(4, 4),
        ),
        ("DaemonSet", {}, {}, Health(0, 0, "its controller has not seen the new version yet")),
        ("DaemonSet", {}, seen(), Health(0, 0)),
        ("Job", {"completions": 3}, {"succeeded": 3, **condition("Complete")}, Health(3, 3)),
        ("Job", {"completions": 3}, {"succeeded": 1}, Health(3, 1, "1 of 3 completions")),
        (
            "Job",
            {"completions": 3},
            {"succeeded": 3, **condition("Complete", "False")},
            Health(3, 3, "3 of 3 completions"),
        ),
        ("Job", {"completions": None}, None, Health(1, 0, "0 of 1 completions")),
        ("Job", {}, condition("Failed", message="too many"), Health(1, 0, "it failed: too many")),
        (
            "Job",
            {},
            condition("Failed", reason="BackoffLimitExceeded"),
            Health(1, 0, "it failed: BackoffLimitExceeded"),
        ),
        ("Job", {"suspend": True}, None, Health(1, 0)),
        ("Pod", {}, {"phase": "Running", **condition("Ready")}, Health(1, 1)),
        ("Pod", {}, {"phase": "Running", **condition("Ready", "False")}, Health(1, 0, "it is Running")),
        ("Pod", {}, {"phase": "Succeeded", **condition("Ready", "False")}, Health(1, 1)),
        ("Pod", {}, {"phase": "Failed"}, Health(1, 0, "it is Failed")),
        ("Pod", {}, None, Health(1, 0, "it is not started")),
        ("CRD", {}, condition("Established"), Health(1, 1)),
        ("CRD", {}, condition("Established", "False"), Health(1, 0, "it is not established yet")),
        ("CRD", {}, None, Health(1, 0, "it is not established yet")),
        (
            "CRD",
            {},
            condition("NamesAccepted", "False", message="taken"),
            Health(1, 0, "its names are not accepted: taken"),
        ),
    ],
)
def test_health(kind: str, spec: Any, status: Any, expected: Health) -> None:
    assert health(kind, spec, status) == expected


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_object_without_status_never_crashes(kind: str) -> None:
    assert health_of(KINDS[kind], {"metadata": {}}).desired in (0, 1)
    assert health(kind, {}, {"conditions": None}).desired in (0, 1)


def test_healthy() -> None:
    assert Health(1, 1).healthy
    assert not Health(1, 1, "something").healthy
