# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How an instance stands on one member: a pure function over the objects that are there.

Ready means that every pod of every role is ready, of the newest version, and as many as were asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..kubedirector.native.naming import LABEL_CLUSTER, LABEL_ROLE
from ..kubedirector.native.pods import CONTAINER
from ..model import names
from ..model.manifest import GroupKind
from ..propagation.health import health_of
from .journal import problem_of

Body = Mapping[str, Any]

READY, CREATING, UPDATING, DEGRADED, FAILED, GOING, RETAINED, UNKNOWN = (
    "ready",
    "creating",
    "updating",
    "degraded",
    "failed",
    "going",
    "retained",
    "unknown",
)

#: reasons of a waiting container that only mean "not yet"
_PATIENCE = ("ContainerCreating", "PodInitializing")
_SET = GroupKind("apps", "StatefulSet")
_NOT_READY, _NO_LONGER_READY = "it runs, and is not ready yet", "it runs, and is no longer ready"


@dataclass
class Objects:
    """What belongs to one instance on one member, as the API server shows it; of Secrets only metadata."""

    sets: list[Body] = field(default_factory=list)
    pods: list[Body] = field(default_factory=list)
    services: list[Body] = field(default_factory=list)
    claims: list[Body] = field(default_factory=list)
    secrets: list[Body] = field(default_factory=list)
    stored: Body | None = None


@dataclass(frozen=True)
class Heard:
    """What is heard of a pod that is not well: the last lines of its log, and the newest warning of those who look after it."""

    log: tuple[str, ...] = ()
    warning: str = ""


@dataclass(frozen=True)
class PodStatus:
    """One pod. ``problem`` says why it is not ready; ``final``: it will not become ready by waiting; ``was_ready``: it has been;
    ``told``: the problem is with what was to be run in it."""

    name: str
    node: str
    ready: bool
    restarts: int
    problem: str = ""
    final: bool = False
    log: tuple[str, ...] = ()
    was_ready: bool = False
    told: bool = False

    def data(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "name": self.name,
            "node": self.node,
            "ready": self.ready,
            "restarts": self.restarts,
            "problem": self.problem,
        }
        if self.log:
            body["log"] = list(self.log)
        return body


def by_instance(kinds: Mapping[str, Sequence[Body]]) -> dict[tuple[str, str], Objects]:
    """The objects of a member sorted by (namespace, instance). Keys of ``kinds`` are the fields of `Objects`."""
    found: dict[tuple[str, str], Objects] = {}
    for key, items in kinds.items():
        for item in items:
            metadata = item["metadata"]
            name = (metadata.get("labels") or {}).get(LABEL_CLUSTER)
            if not name:
                continue
            objects = found.setdefault((metadata.get("namespace") or "", name), Objects())
            if key == "stored":
                objects.stored = item
            else:
                getattr(objects, key).append(item)
    return found


def status_of(objects: Objects, roles: Sequence[str], heard: Mapping[str, Heard] | None = None) -> dict[str, Any]:
    """The state of an instance as data. ``roles`` are those that should have members; ``heard`` is by the name of the pod."""
    sets = {_role(item): item for item in objects.sets}
    told = {
        name: _role_status(name, sets.get(name), objects, heard or {})
        for name in [*roles, *sorted(set(sets) - set(roles))]
    }
    lacking = [name for name in roles if name not in sets]
    problems = [f"role {name}: {text}" for name, role in told.items() for text in role["problems"]]
    return {
        "state": _state(told, lacking, objects),
        "roles": told,
        "endpoints": [endpoint for item in sorted(objects.services, key=_name) for endpoint in _endpoints(item)],
        "secrets": sorted(_name(item) for item in objects.secrets),
        "volumes": [_volume(item) for item in sorted(objects.claims, key=_name)],
        "problems": problems,
    }


def _state(told: Mapping[str, Mapping[str, Any]], lacking: Sequence[str], objects: Objects) -> str:
    if objects.stored is None and not objects.sets:
        if objects.pods or any(claim["metadata"].get("deletionTimestamp") for claim in objects.claims):
            return GOING
        return RETAINED if objects.claims else UNKNOWN
    if any(item["metadata"].get("deletionTimestamp") for item in objects.sets):
        return GOING
    if not lacking and all(role["state"] == READY for role in told.values()):
        return READY
    if any(role["state"] == FAILED for role in told.values()):
        return FAILED
    states = {role["state"] for role in told.values()}
    return UPDATING if UPDATING in states else DEGRADED if DEGRADED in states else CREATING


def _role_status(name: str, stateful_set: Body | None, objects: Objects, heard: Mapping[str, Heard]) -> dict[str, Any]:
    waits = names.ANNOTATION_SETUP in ((stateful_set or {}).get("metadata", {}).get("annotations") or {})
    pods = [pod_status(item, heard, waits) for item in sorted(objects.pods, key=_ordinal) if _role(item) == name]
    if stateful_set is None:
        return {
            "state": CREATING,
            "desired": 0,
            "ready": 0,
            "image": "",
            "pods": [pod.data() for pod in pods],
            "problems": ["its StatefulSet is not there"],
        }
    health = health_of(_SET, stateful_set)
    status = stateful_set.get("status") or {}
    problems = [f"{pod.name}: {pod.problem}" for pod in pods if pod.problem and (pod.told or not health.healthy)]
    if not problems and not health.healthy:
        problems = [health.problem]
    return {
        "state": _role_state(health.healthy and not problems, pods, status),
        "desired": health.desired,
        "ready": health.ready,
        "image": stateful_set["spec"]["template"]["spec"]["containers"][0].get("image", ""),
        "pods": [pod.data() for pod in pods],
        "problems": problems,
    }


def _role_state(healthy: bool, pods: Sequence[PodStatus], status: Body) -> str:
    if healthy:
        return READY
    if any(pod.final for pod in pods):
        return FAILED
    if status.get("updateRevision") != status.get("currentRevision") and status.get("currentRevision"):
        return UPDATING
    return DEGRADED if any(pod.restarts or pod.ready or pod.was_ready for pod in pods) else CREATING


def pod_status(pod: Body, heard: Mapping[str, Heard], waits: bool = False) -> PodStatus:
    """One pod, with the reason in words when it is not ready, or not all that was to be run in it was run well. ``waits``: it is ready
    only when it was configured."""
    status, metadata = pod.get("status") or {}, pod["metadata"]
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    conditions = {c.get("type"): c for c in status.get("conditions") or []}
    ready = (conditions.get("Ready") or {}).get("status") == "True" and not metadata.get("deletionTimestamp")
    was_ready = not ready and _was_ready(conditions, containers)
    problem, final = ("", False) if ready else _why(metadata, status, conditions, containers)
    if problem == _NOT_READY and was_ready:
        problem = _NO_LONGER_READY
    told = False
    if not final and not metadata.get("deletionTimestamp"):
        said, lasting = problem_of(pod, CONTAINER, waits)
        if said:
            problem, final, told = said, lasting, True
    name = metadata["name"]
    words = heard.get(name, Heard()) if problem else Heard()
    if words.warning and not told and not final and not metadata.get("deletionTimestamp"):
        problem = f"{problem}: {words.warning}"
    return PodStatus(
        name,
        (pod.get("spec") or {}).get("nodeName") or "",
        ready,
        sum(container.get("restartCount") or 0 for container in containers),
        problem,
        final,
        words.log,
        was_ready,
        told,
    )


def _was_ready(conditions: Mapping[str, Body], containers: Sequence[Body]) -> bool:
    """Whether a pod that runs and is not ready has been: then it changed to that after its containers started."""
    started = [((c.get("state") or {}).get("running") or {}).get("startedAt") for c in containers]
    changed = (conditions.get("Ready") or {}).get("lastTransitionTime")
    return bool(changed) and any(started) and all(str(changed) > when for when in started if when)


def _why(metadata: Body, status: Body, conditions: Mapping[str, Body], containers: Sequence[Body]) -> tuple[str, bool]:
    """Why a pod is not ready, and whether that is for good."""
    if metadata.get("deletionTimestamp"):
        return "is being removed", False
    for container in containers:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") and waiting["reason"] not in _PATIENCE:
            text = ": ".join(part for part in (waiting["reason"], waiting.get("message") or "") if part)
            last = _ended((container.get("lastState") or {}).get("terminated"))
            return f"{text}{f' ({last})' if last else ''}", True
        ended = (container.get("state") or {}).get("terminated")
        if ended and ended.get("exitCode"):
            return _ended(ended), True
    scheduled = conditions.get("PodScheduled") or {}
    if scheduled.get("status") == "False":
        return f"no node takes it: {scheduled.get('message') or scheduled.get('reason') or 'not scheduled'}", True
    if status.get("phase") == "Failed":
        return str(status.get("message") or status.get("reason") or "it failed"), True
    for container in containers:
        last = _ended((container.get("lastState") or {}).get("terminated"))
        if last and not container.get("ready"):
            return f"{last}, restarted {container.get('restartCount')} times", False
    if status.get("phase") == "Running":
        return _NOT_READY, False
    return "it is being started", False


def _ended(terminated: Body | None) -> str:
    if not terminated:
        return ""
    reason, message = terminated.get("reason") or "Error", (terminated.get("message") or "").strip()
    return f"ended with exit code {terminated.get('exitCode')}, {reason}{f': {message[-200:]}' if message else ''}"


def _endpoints(service: Body) -> list[dict[str, Any]]:
    """Where clients reach the ports of a Service; the headless one is for the pods themselves."""
    spec, metadata = service["spec"], service["metadata"]
    if spec.get("clusterIP") == "None":
        return []
    entrances = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    outside = [text for entry in entrances if (text := entry.get("hostname") or entry.get("ip"))]
    return [
        {
            "service": metadata["name"],
            "role": _role(service),
            "name": port.get("name") or "",
            "host": f"{metadata['name']}.{metadata.get('namespace')}.svc",
            "port": port["port"],
            "type": spec.get("type") or "ClusterIP",
            "node_port": port.get("nodePort"),
            "external": outside,
        }
        for port in spec.get("ports") or []
    ]


def _volume(claim: Body) -> dict[str, Any]:
    status = claim.get("status") or {}
    return {
        "name": _name(claim),
        "phase": status.get("phase") or "",
        "size": (status.get("capacity") or {}).get("storage")
        or ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage")
        or "",
    }


def _name(item: Body) -> str:
    return str(item["metadata"]["name"])


def _role(item: Body) -> str:
    return str((item["metadata"].get("labels") or {}).get(LABEL_ROLE) or "")


def _ordinal(item: Body) -> tuple[str, int]:
    head, _dash, number = _name(item).rpartition("-")
    return head, int(number) if number.isdigit() else 0
