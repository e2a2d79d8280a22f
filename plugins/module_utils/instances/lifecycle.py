# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands that an app runs in its pods: once they are there, when others come and go, and before they go themselves.

`part` is called before pods go, `attendant` makes what is called when a change was written. Both look at what is there, find out what has
to be run (`events`), run it (`inside`) and write it down at the pod (`journal`), until nothing is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..fleet.api import MERGE_PATCH, MemberApi
from ..fleet.concurrency import each, on_each
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..kubedirector.instance import Instance
from ..kubedirector.native import naming
from ..kubedirector.native.pods import CONTAINER
from ..kubedirector.native.setup import CONFIGMETA, has_package, listens, write_command
from ..kubedirector.runtime import LEAVE
from ..model import names
from ..model.cluster import Fleet
from ..model.errors import FederationError, Kind, MemberError
from ..model.manifest import Manifest
from ..propagation.attend import Attend, Attendance
from ..propagation.member import Options
from . import inside
from .connected import Connected
from .events import (
    Call,
    Pod,
    Scene,
    events,
    final_counts,
    foreseen,
    introduced,
    leaving,
    parting,
    scene,
    shrinks,
    to_configure,
    unsettled,
    wanted_counts,
)
from .inside import ENDED, LATE, NONE, RUNNING, Outcome
from .journal import DONE, FAILED, STARTED, Entry, Journal, container_of
from .read import PODS, SETS

_MANAGER = f"{names.PREFIX}/hooks"
#: seconds between two looks at pods that are still to come, at first and at most
_POLL, _LONGEST_POLL = 0.4, 2.0
#: pods that are set up at once
_WIDTH = 8

#: what pods are told of other instances that theirs is connected to, by member and name
Clusters = Mapping[str, Mapping[str, Any]]


def is_attended(instance: Instance) -> bool:
    """Whether there is anything to run in pods of an instance once they are there."""
    return any(listens(instance, role.id) for role in instance.cluster.roles)


def is_parted(instance: Instance) -> bool:
    """Whether there may be anything to run before pods of an instance go."""
    return is_attended(instance) or any(role.hooks.get(LEAVE) for role in instance.definition.runtime.roles)


def attendant(
    instance: Instance, clusters: Clusters, done: list[str], tell: Callable[[str], None] | None
) -> Attend | None:
    """Who sees to the pods of an instance after a change was written; None where nobody has to. ``done`` gets what was run."""
    if not is_attended(instance):
        return None

    def attend(here: Attendance) -> None:
        try:
            _Caretaker(instance, here, clusters.get(here.member, {}), tell).see_to_it()
        finally:
            done.extend(f"{here.member}: {text}" for text in here.done)

    return attend


def part(
    fleet: Fleet,
    members: Sequence[str],
    instance: Instance,
    manifests: Sequence[Manifest],
    clusters: Clusters,
    options: Options,
) -> tuple[dict[str, str], list[str]]:
    """Let pods that go when ``manifests`` are applied take leave, and tell those that stay. Returns, per member, what went wrong, so that
    the pods must stay there, and what was run."""
    wanted, done = wanted_counts(manifests), list[str]()

    def work(name: str) -> None:
        here = Attendance(
            name,
            connect(fleet.members[name], options.request_timeout, Deadline(options.member_timeout)),
            Deadline(options.wait_timeout),
            lambda _text: None,
        )
        try:
            _Caretaker(instance, here, clusters.get(name, {}), options.tell).part(wanted)
        finally:
            done.extend(f"{name}: {text}" for text in here.done)

    errors = on_each(members, work, _longest(instance, options))
    return {name: str(error) for name, error in sorted(errors.items())}, done


def foresee(
    fleet: Fleet,
    members: Sequence[str],
    instance: Instance,
    wanted: Mapping[str, int],
    clusters: Clusters,
    options: Options,
) -> list[str]:
    """What would be run on members that have the instance if it had ``wanted`` pods of each role. Nothing is run or written."""
    told: dict[str, list[str]] = {}

    def look(name: str) -> None:
        api = connect(fleet.members[name], options.request_timeout, Deadline(options.member_timeout))
        here = Attendance(name, api, Deadline(options.member_timeout), lambda _text: None)
        told[name] = _Caretaker(instance, here, clusters.get(name, {}), None).foresee(wanted)

    on_each(members, look, options.member_timeout)  # whoever does not answer is told of by the run itself
    return [f"{name}: {text}" for name, texts in sorted(told.items()) for text in texts]


def _longest(instance: Instance, options: Options) -> float:
    """The most time that parting can take on one member: every command has an end of its own."""
    pods = sum(role.members for role in instance.cluster.roles) + _WIDTH
    hooks = [h.timeout for role in instance.definition.runtime.roles for h in role.hooks.values()]
    return options.member_timeout + (max(hooks, default=0) + 2 * options.wait_timeout) * pods


@dataclass
class _Caretaker:
    """Sees to the pods of one instance on one member."""

    instance: Instance
    here: Attendance
    clusters: Mapping[str, Any]
    tell: Callable[[str], None] | None
    #: journals that were written by now, by the UID of the pod
    journals: dict[str, Journal] = field(default_factory=dict)
    _connections: str | None = None

    @property
    def api(self) -> MemberApi:
        """The member, for a few requests from now on."""
        return self.here.api.until(Deadline(4 * self.here.api.transport.request_timeout))

    # the two occasions

    def see_to_it(self) -> None:
        """Run what has to be run until nothing is left. MemberError for the first that fails, or cannot be run in time."""
        pause = _POLL
        while True:
            found = self._look()
            left = self.here.limit.remaining()
            if self._pick_up(found.pods) or self._go_on(found):
                self.here.limit = Deadline(left)  # what commands take is not the time of those who wait for pods
                pause = _POLL
                continue
            why = unsettled(self.instance, found)
            if not why:
                return
            if self.here.limit.expired():
                raise MemberError(Kind.TIMEOUT, f"not all could be told what to do: {why}", "see wait_timeout")
            self.here.tell(why)
            time.sleep(min(pause, self.here.limit.remaining()))
            pause = min(_LONGEST_POLL, pause * 1.2)

    def part(self, wanted: Mapping[str, int]) -> None:
        """Run what has to be run before there are no more pods of each role than ``wanted``. MemberError for the first that fails."""
        sets = self._sets()
        if not shrinks(scene(sets, ()).live, wanted):
            return
        if self._pick_up(self._look().pods):
            sets = self._sets()
        found = self._look(sets)
        staying = [pod for pod in found.pods if pod.runs and pod.number < wanted.get(pod.role, 0)]
        self._write_documents(staying, found)
        for call in leaving(self.instance, found, wanted):
            if not self._run_one(call) and self.api.get(PODS, self.instance.namespace, call.pod.name) is not None:
                raise MemberError(Kind.FAILED, f"{call}: its container ended meanwhile")
        for call in parting(self.instance, found, wanted):
            self._run_one(call)

    def foresee(self, wanted: Mapping[str, int]) -> list[str]:
        """What would be run if there were ``wanted`` pods of each role."""
        return foreseen(self.instance, self._look(), wanted)

    def _go_on(self, found: Scene) -> bool:
        """Run what has to be run now; returns whether there was anything."""
        staying = [pod for pod in found.pods if pod.runs and pod.number < found.live[pod.role]]
        self._write_documents(staying, found)
        calls = to_configure(self.instance, found)
        if calls:
            self._run_together(calls)
            return True
        new = introduced(self.instance, found)
        for pod in new:
            journal = replace(self._journal(pod), told=final_counts(self.instance), connections=found.connections)
            self._write(pod, journal)
        calls = [] if new else events(self.instance, found)
        for call in calls:
            self._run_one(call)
        return bool(new or calls)

    # looking

    def _look(self, sets: Sequence[Mapping[str, Any]] | None = None) -> Scene:
        pods = self.api.objects(PODS, self.instance.namespace, self._chosen(), metadata_only=False)
        if self._connections is None:
            self._connections = self._connected().fingerprint() if is_attended(self.instance) else ""
        return scene(sets if sets is not None else self._sets(), pods, self._connections)

    def _sets(self) -> list[dict[str, Any]]:
        return self.api.objects(SETS, self.instance.namespace, self._chosen(), metadata_only=False)

    def _chosen(self) -> str:
        return f"{naming.LABEL_CLUSTER}={self.instance.name}"

    def _connected(self) -> Connected:
        return Connected(self.api, self.instance, self.clusters)

    # running

    def _pick_up(self, pods: Sequence[Pod]) -> bool:
        """Wait for what a run before started and did not see the end of; returns whether there was anything."""
        any_left = False
        for pod in pods:
            for event, entry in self._journal(pod).running(pod.container).items() if pod.runs else ():
                any_left = True
                self._say(f"{event} in {pod.name} was started before")
                outcome = self._carry(Call(pod, event, None), entry, b"", self.here.limit.remaining())
                if self._is_there(pod):
                    self._settle(pod, event, entry, outcome)
                if outcome.state == RUNNING:
                    raise MemberError(Kind.TIMEOUT, f"{event} in {pod.name} runs since {entry.at}", _STILL)
        return any_left

    def _run_together(self, calls: Sequence[Call]) -> None:
        """Run commands in pods of their own, several at once; all of them to their end."""
        wrong: list[FederationError] = []

        def run(call: Call) -> None:
            try:
                self._run_one(call)
            except FederationError as error:
                wrong.append(error)

        each(calls, run, _WIDTH, Deadline(sum(_allowed(call) for call in calls)))
        if wrong:
            raise wrong[0]

    def _run_one(self, call: Call) -> bool:
        """Run a command and write down what became of it; False when its container ended meanwhile. MemberError when it fails, or is not
        done in time."""
        journal, command = self._journal(call.pod), call.command
        entry = Entry(
            STARTED, journal.number + 1, call.pod.container, _now(), told=call.told, connections=call.connections
        )
        if command is None:  # it does not want to hear of it: what it knows is all that changes
            self._write(call.pod, journal.with_entry(call.event, replace(entry, state=DONE)))
            return True
        self._say(str(call))
        data = self._connected().document(call.pod.role, call.pod.number) if command.reads else b""
        self._write(call.pod, journal.with_entry(call.event, entry))
        try:
            patience = self.here.limit.remaining() if command.patient else None
            outcome = self._carry(call, entry, data, patience)
        except FederationError as error:
            if not self._is_there(call.pod):
                return False
            problem = f"could not be run: {error.message}"
            self._write(call.pod, journal.with_entry(call.event, replace(entry, problem=problem)))
            raise MemberError(Kind.FAILED, f"{call}: {error}") from None
        if not self._is_there(call.pod):
            return False
        self._settle(call.pod, call.event, entry, outcome)
        if outcome.state == NONE:
            return False
        self.here.done.append(str(call))
        problem = _problem(outcome, command.timeout)
        if problem:
            said = f": {' | '.join(outcome.output)}" if outcome.output else ""
            raise MemberError(Kind.FAILED, f"{call} {problem}{said}", _STILL if outcome.state == RUNNING else "")
        return True

    def _carry(self, call: Call, entry: Entry, data: bytes, patience: float | None) -> Outcome:
        key = f"{entry.container[:12]}-{entry.number}"
        return inside.carry(
            self.here.api,
            self.instance.namespace,
            call.pod.name,
            key,
            call.command,
            data,
            patience,
            self.here.busy,
        )

    def _settle(self, pod: Pod, event: str, entry: Entry, outcome: Outcome) -> None:
        """Write down how a run stands."""
        journal = self._journal(pod)
        if outcome.state == NONE:  # the run before ended between its two steps
            self._write(pod, journal.without(event))
        elif outcome.state != RUNNING:
            ended = replace(
                entry,
                state=DONE if outcome.well else FAILED,
                code=outcome.code,
                output=outcome.output,
                problem=_problem(outcome, 0),
                at=_now(),
            )
            self._write(pod, journal.with_entry(event, ended))

    def _write_documents(self, pods: Sequence[Pod], found: Scene) -> None:
        """Bring configmeta.json into all pods that need it, before any of them is told of anything."""
        connected = self._connected()
        for pod in pods:
            if not has_package(self.instance, pod.role):
                continue
            journal = self._journal(pod)
            mark = f"{connected.mark(pod.role, pod.number, found.connections)}-{pod.container[:12]}"
            if journal.meta == mark:
                continue
            data = connected.document(pod.role, pod.number)
            try:
                inside.do(self.here.api, self.instance.namespace, pod.name, write_command(len(data)), data)
            except MemberError as error:
                if not self._is_there(pod):
                    continue
                raise MemberError(error.kind, f"{CONFIGMETA} could not be written: {error.message}") from None
            self._write(pod, replace(journal, meta=mark))

    # remembering

    def _journal(self, pod: Pod) -> Journal:
        return self.journals.get(pod.uid, pod.journal)

    def _is_there(self, pod: Pod) -> bool:
        """Whether a pod is still the same one, with the same container in it."""
        found = self.api.get(PODS, self.instance.namespace, pod.name, metadata_only=False)
        if found is None or found["metadata"].get("uid") != pod.uid:
            return False
        return container_of(found, CONTAINER) == pod.container

    def _write(self, pod: Pod, journal: Journal) -> None:
        """Remember at this very pod; MemberError when it is another one by now."""
        patch = {"metadata": {"uid": pod.uid, "annotations": {names.ANNOTATION_HOOKS: journal.dump()}}}
        self.api.patch(PODS, self.instance.namespace, pod.name, patch, MERGE_PATCH, _MANAGER)
        self.journals[pod.uid] = journal

    def _say(self, text: str) -> None:
        self.here.tell(text)
        if self.tell is not None:
            self.tell(f"{self.here.member}: {text}")


_STILL = "it goes on there, and the next run waits for it; wait_timeout says how long"


def _problem(outcome: Outcome, timeout: int) -> str:
    """What went wrong with a command, "" for nothing."""
    if outcome.well:
        return ""
    if outcome.state == LATE:
        return f"was not done in {timeout} s, and was ended" if timeout else "was not done in time, and was ended"
    if outcome.state == RUNNING:
        return "still runs"
    if outcome.state == ENDED and outcome.code is None:
        return "was killed"
    return f"ended with exit code {outcome.code}"


def _allowed(call: Call) -> float:
    """The most time that a command can take here, with what is around it."""
    return (call.command.timeout if call.command is not None else 0) + 120.0


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
