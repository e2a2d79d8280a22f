# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which commands follow from how the pods of an instance stand, and in which order: pure functions.

Nothing is remembered of a run. What a pod was told stands in its journal; what differs from how things are is what it has to be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..kubedirector.instance import Instance
from ..kubedirector.native import naming
from ..kubedirector.native.pods import CONTAINER
from ..kubedirector.native.setup import Command, configures, event_command, hook_command, listens
from ..kubedirector.runtime import ADDNODES, CONFIGURE, DELNODES, LEAVE, RECONNECT, start_order
from ..model.manifest import Manifest
from .journal import DONE, Entry, Journal, container_of, read_journal

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod as hooks see it. ``container`` is the one that runs now, "" while none does; ``going``: it is being removed; ``revision`` is
    that of the StatefulSet's template."""

    name: str
    role: str
    number: int
    uid: str
    container: str
    going: bool
    revision: str
    journal: Journal

    @property
    def runs(self) -> bool:
        return bool(self.container) and not self.going


@dataclass(frozen=True)
class Call:
    """One command in one pod, and what the pod knows when it is done (see `journal.Entry`)."""

    pod: Pod
    event: str
    command: Command | None
    told: Mapping[str, int] = field(default_factory=dict)
    connections: str | None = None

    def __str__(self) -> str:
        return f"{self.event} in {self.pod.name}"


@dataclass(frozen=True)
class Scene:
    """The pods of an instance on one member. ``live``: how many pods each role is to have there now; ``updated``: the revision of a role's
    template that its pods are to have, "" while that is not known; ``connections``: what the instance is connected to, as a fingerprint."""

    pods: tuple[Pod, ...] = ()
    live: Mapping[str, int] = field(default_factory=dict)
    updated: Mapping[str, str] = field(default_factory=dict)
    connections: str = ""

    def of(self, role: str) -> list[Pod]:
        return [pod for pod in self.pods if pod.role == role]


def scene(sets: Iterable[Body], pods: Iterable[Body], connections: str = "") -> Scene:
    """What is there, out of the StatefulSets and pods of an instance."""
    live, updated = {}, {}
    for item in sets:
        role, status = _role(item), item.get("status") or {}
        live[role] = int(item["spec"].get("replicas") or 0)
        seen = (status.get("observedGeneration") or 0) >= (item["metadata"].get("generation") or 0)
        updated[role] = str(status.get("updateRevision") or "") if seen else ""
    found = [_pod(item) for item in pods if _role(item) in live]
    return Scene(tuple(sorted(found, key=lambda pod: (pod.role, pod.number))), live, updated, connections)


def _role(item: Body) -> str:
    return str((item["metadata"].get("labels") or {}).get(naming.LABEL_ROLE) or "")


def _pod(item: Body) -> Pod:
    metadata = item["metadata"]
    number = metadata["name"].rpartition("-")[2]
    return Pod(
        metadata["name"],
        _role(item),
        int(number) if number.isdigit() else 0,
        str(metadata.get("uid") or ""),
        container_of(item, CONTAINER),
        bool(metadata.get("deletionTimestamp")),
        str((metadata.get("labels") or {}).get("controller-revision-hash") or ""),
        read_journal(item),
    )


def wanted_counts(manifests: Iterable[Manifest]) -> dict[str, int]:
    """How many pods each role has when these manifests are applied."""
    return {
        manifest["metadata"]["labels"][naming.LABEL_ROLE]: int(manifest["spec"]["replicas"])
        for manifest in manifests
        if manifest["kind"] == "StatefulSet"
    }


def shrinks(live: Mapping[str, int], wanted: Mapping[str, int]) -> bool:
    """Whether any pod goes."""
    return any(wanted.get(role, 0) < count for role, count in live.items())


# before pods go


def leaving(instance: Instance, found: Scene, wanted: Mapping[str, int]) -> list[Call]:
    """The hooks of pods that go, the last pod of a role first. Where nobody of a role stays, nobody is left to be told."""
    calls = []
    for role, count in sorted(found.live.items()):
        hook, stays = instance.definition.runtime.role(role).hooks.get(LEAVE), wanted.get(role, 0)
        if hook is None or not stays:
            continue
        for pod in reversed(found.of(role)):
            is_in = not configures(instance, role) or pod.journal.configured
            if stays <= pod.number < count and pod.runs and is_in and not pod.journal.is_done(LEAVE, pod.container):
                calls.append(Call(pod, LEAVE, hook_command(instance, hook)))
    return calls


def parting(instance: Instance, found: Scene, wanted: Mapping[str, int]) -> list[Call]:
    """What the pods that stay are told of those that go."""
    calls = []
    for pod in _listening(instance, found):
        if pod.number >= wanted.get(pod.role, 0):
            continue
        for role in _order(instance):
            known = (pod.journal.told or {}).get(role, 0)
            if found.live.get(role, 0) > wanted.get(role, 0) and known > wanted.get(role, 0):
                calls.append(_about(instance, pod, DELNODES, role, wanted.get(role, 0), known))
    return calls


# once pods are there


def to_configure(instance: Instance, found: Scene) -> list[Call]:
    """The pods that have to be set up: each once in a container. Those that are about to be replaced are not."""
    final = final_counts(instance)
    calls = []
    for pod in found.pods:
        if not pod.runs or pod.number >= found.live[pod.role] or not configures(instance, pod.role):
            continue
        if found.updated[pod.role] != pod.revision or pod.journal.is_done(CONFIGURE, pod.container):
            continue
        command = event_command(instance, pod.role, CONFIGURE, pod.container[:12])
        calls.append(Call(pod, CONFIGURE, command, final, found.connections))
    return calls


def introduced(instance: Instance, found: Scene) -> list[Pod]:
    """Pods that need no set-up and were told nothing yet: what there is when they come is what they know."""
    return [
        pod
        for pod in found.pods
        if pod.runs
        and pod.journal.told is None
        and listens(instance, pod.role)
        and not configures(instance, pod.role)
        and pod.number < found.live[pod.role]
    ]


def events(instance: Instance, found: Scene) -> list[Call]:
    """What pods that are set up have to be told: of each, those that are gone, then those that came, then what it is connected to."""
    final, calls = final_counts(instance), []
    for pod in _listening(instance, found):
        told = pod.journal.told or {}
        for role in _order(instance):
            known, there = told.get(role, 0), found.live.get(role, 0)
            if known > max(there, final.get(role, 0)):
                calls.append(_about(instance, pod, DELNODES, role, there, known))
            elif known < there and _are_in(instance, found, role, range(known, there)):
                calls.append(_about(instance, pod, ADDNODES, role, known, there))
        if pod.journal.connections != found.connections:
            command = event_command(instance, pod.role, RECONNECT, pod.container[:12])
            calls.append(Call(pod, RECONNECT, command, {}, found.connections))
    return calls


def unsettled(instance: Instance, found: Scene) -> str:
    """Why there may be something to run in a moment, "" when there is not: pods that are to come, to be replaced, or to run."""
    for role, count in sorted(found.live.items()):
        if not listens(instance, role):
            continue
        if not found.updated[role]:
            return f"the StatefulSet of role {role} was not looked at yet"
        pods = [pod for pod in found.of(role) if pod.number < count]
        if len(pods) < count:
            return f"{len(pods)} of {count} pods of role {role} are there"
        for pod in pods:
            if pod.going or pod.revision != found.updated[role]:
                return f"{pod.name} is still to be replaced"
            if not pod.container:
                return f"the container of {pod.name} does not run"
    return ""


def foreseen(instance: Instance, found: Scene, wanted: Mapping[str, int]) -> list[str]:
    """What would be run if there were as many pods of each role as ``wanted``, in words and in order: for a run that changes nothing."""
    told = [str(call) for call in (*leaving(instance, found, wanted), *parting(instance, found, wanted))]
    after = _after(instance, found, wanted)
    known = {pod.name: pod for pod in found.pods}
    for role in _order(instance):
        for number in range(wanted.get(role, 0) if configures(instance, role) else 0):
            name = naming.pod_name(instance, role, number)
            pod = known.get(name)
            if pod is None or not pod.runs or not pod.journal.is_done(CONFIGURE, pod.container):
                told.append(f"{CONFIGURE} in {name}")
    return told + [str(call) for call in events(instance, after) if call.pod.name in known]


def _after(instance: Instance, found: Scene, wanted: Mapping[str, int]) -> Scene:
    """The pods as they will be once all of them are there and set up. Who stays has heard of those that go by then."""
    done, pods = final_counts(instance), []
    there = {pod.name: pod for pod in found.pods if pod.runs}
    for role, count in wanted.items():
        for number in range(count):
            name = naming.pod_name(instance, role, number)
            pod = there.get(name) or Pod(name, role, number, name, name, False, "", Journal())
            if not _is_in(instance, pod):
                entry = Entry(DONE, 0, pod.container, told=done, connections=found.connections)
                pod = replace(pod, journal=pod.journal.with_entry(CONFIGURE, entry))
            elif pod.journal.told is not None:
                heard = {name: min(known, wanted.get(name, 0)) for name, known in pod.journal.told.items()}
                pod = replace(pod, journal=replace(pod.journal, told=heard))
            pods.append(pod)
    return Scene(tuple(pods), dict(wanted), dict.fromkeys(wanted, ""), found.connections)


def _about(instance: Instance, pod: Pod, event: str, role: str, first: int, last: int) -> Call:
    """Tell a pod that pods ``first`` to ``last`` - 1 of a role came, or go."""
    addresses = [naming.pod_address(instance, naming.pod_name(instance, role, number)) for number in range(first, last)]
    command = event_command(instance, pod.role, event, pod.container[:12], role, addresses)
    return Call(pod, event, command, {role: last if event == ADDNODES else first})


def _listening(instance: Instance, found: Scene) -> list[Pod]:
    """Pods that stay and are set up, in the order in which roles start."""
    order = _order(instance)
    pods = [
        pod
        for pod in found.pods
        if pod.runs and pod.number < found.live[pod.role] and pod.role in order and _is_in(instance, pod)
    ]
    pods = [pod for pod in pods if listens(instance, pod.role)]
    return sorted(pods, key=lambda pod: (order.index(pod.role), pod.number))


def _is_in(instance: Instance, pod: Pod) -> bool:
    """Whether a pod has been set up in the container that runs now, as far as that is to be done, and knows what there is."""
    done = not configures(instance, pod.role) or pod.journal.is_done(CONFIGURE, pod.container)
    return done and (pod.journal.told is not None or not listens(instance, pod.role))


def _are_in(instance: Instance, found: Scene, role: str, numbers: Sequence[int]) -> bool:
    there = {pod.number for pod in found.of(role) if pod.runs and _is_in(instance, pod)}
    return set(numbers) <= there


def _order(instance: Instance) -> tuple[str, ...]:
    return start_order(instance.definition.app, instance.definition.runtime)


def final_counts(instance: Instance) -> dict[str, int]:
    """How many pods of each role there are in the end: what a pod knows that has just come."""
    return {role.id: role.members for role in instance.cluster.roles}
