# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the writes of one member share, and what becomes of each object."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..fleet.api import CREATE_ONLY, Applied, MemberApi
from ..fleet.concurrency import each
from ..fleet.discovery import Discovery
from ..model import names
from ..model.errors import FederationError, Kind, MemberError
from ..model.manifest import SECRET, Manifest, ObjectName
from ..rendering.adoption import given_up, not_restored, unclaimed
from ..rendering.differences import difference, keys_of_secret
from .plan import Action, Step


class Done:
    """What became of an object."""

    CREATED = "created"
    CHANGED = "changed"
    REPAIRED = "repaired"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    PREDICTED = "predicted"
    DEFERRED = "deferred"
    GOING = "going"
    FAILED = "failed"

    WRITTEN = (CREATED, CHANGED, REPAIRED, DELETED, PREDICTED)


@dataclass(frozen=True)
class Outcome:
    """What happened to one object, and why. ``diff`` is an entry as Ansible prints it, when one was asked for; ``stays`` says that
    it was deleted and that a finalizer holds it there still; ``taken`` is the word for how it became ours from somebody else."""

    resource: str
    name: ObjectName
    done: str
    message: str = ""
    kind: str = ""
    diff: Mapping[str, str] | None = None
    stays: bool = False
    taken: str = ""


def with_metadata(want: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A manifest with more in its metadata: the guard of a write."""
    return {**want, "metadata": {**want["metadata"], **more}}


@dataclass
class Hand:
    """What the writes of one member share. ``width`` is how many objects are written at once; ``may_write`` says whether the lock
    of the member is ours still; ``seeds`` are values for Secrets that would get random ones."""

    api: MemberApi
    discovery: Discovery
    federation: str
    dry_run: bool
    diff: bool
    width: int
    outcomes: list[Outcome] = field(default_factory=list)
    may_write: Callable[[], bool] = lambda: True
    seeds: Mapping[ObjectName, Mapping[str, str]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def manager(self) -> str:
        return names.field_manager(self.federation)

    def note(self, outcome: Outcome) -> None:
        with self._lock:
            self.outcomes.append(outcome)

    def turn_to_failure(self, name: ObjectName, message: str) -> None:
        """What was done turned out not to be enough: the outcome of an object becomes a failure."""
        with self._lock:
            self.outcomes[:] = [
                replace(o, done=Done.FAILED, message=message, kind=Kind.FAILED) if o.name == name else o
                for o in self.outcomes
            ]

    def failed(self) -> list[Outcome]:
        with self._lock:
            return [outcome for outcome in self.outcomes if outcome.done == Done.FAILED]

    def run(self, steps: Sequence[Step], work: Callable[[Step], Outcome]) -> None:
        """Do the steps at once, each in its own right: one that fails stops no other."""

        def guarded(step: Step) -> None:
            try:
                if not self.may_write():
                    raise MemberError(Kind.LOCKED, "the lock of this member was lost to another run", "run again")
                self.note(work(step))
            except FederationError as error:
                kind = error.kind if isinstance(error, MemberError) else Kind.FAILED
                self.note(Outcome(step.resource, step.name, Done.FAILED, str(error), kind))

        for step in each(steps, guarded, self.width, self.api.deadline):
            message = "not done before the deadline of this member"
            self.note(Outcome(step.resource, step.name, Done.FAILED, message, Kind.TIMEOUT))

    def apply(self, step: Step, body: Mapping[str, Any], force: bool, manager: str = "") -> Applied:
        """Server-side apply of what a step wants, under our manager; refusals are explained in terms of the step."""
        try:
            return self.api.apply(step.served, step.name.namespace, body, manager or self.manager, force, self.dry_run)
        except MemberError as error:
            if force and error.kind == Kind.CONFLICT:
                raise MemberError(Kind.CONFLICT, "it was replaced while we looked", "run again", error.code) from None
            if "immutable" in error.message:
                hint = "this field cannot change on a live object: delete it, or give the new one another name"
                raise MemberError(error.kind, error.message, hint) from None
            raise

    def difference(
        self, step: Step, live: Mapping[str, Any] | None, adopting: bool = False
    ) -> Mapping[str, str] | None:
        """The entry of a diff for a step, where one was asked for. ``adopting``: what earlier appliers hold goes as well."""
        if not self.diff:
            return None
        gone: Mapping[str, Any] = {}
        if live is not None and step.want is not None:
            version = step.want["apiVersion"]
            gone = given_up(live["metadata"], self.manager, version, adopting, step.replicas is not None)
            if adopting and gone:
                gone = not_restored(gone, live, self._completed(step, step.want))
        return difference(f"{self.api.name} {step.name}", step.want, live, gone)

    def _completed(self, step: Step, want: Manifest) -> Mapping[str, Any]:
        """What the API server makes of a manifest, asked under a name that is free; the manifest itself if it does not say."""
        name = f"{step.name.name[:50].rstrip('-.')}-dry-run"
        body = with_metadata(unclaimed(want), name=name, resourceVersion=CREATE_ONLY)
        try:
            return self.api.completed(step.served, step.name.namespace, body, self.manager)
        except MemberError:
            return want

    def look(self, step: Step) -> Mapping[str, Any] | None:
        """The object as it is before a write, where a diff was asked for; of a Secret only the names of its values."""
        if not self.diff:
            return None
        secret = step.name.kind == SECRET
        found = self.api.get(step.served, step.name.namespace, step.name.name, metadata_only=secret)
        return keys_of_secret(found["metadata"], step.manifest) if found and secret else found


def deferred(steps: Sequence[Step], reason: str) -> list[Outcome]:
    """The outcomes of deletions that are put off."""
    return [Outcome(s.resource, s.name, Done.DEFERRED, reason) for s in steps if s.action == Action.DELETE]


_SETTLED = {Action.NONE: Done.UNCHANGED, Action.KEEP: Done.KEPT, Action.GOING: Done.GOING}


def note_settled(hand: Hand, steps: Sequence[Step]) -> None:
    """The outcomes of steps that take no request: nothing to do, blocked, left alone."""
    for step in steps:
        if step.action == Action.BLOCKED:
            kind = step.error.kind if isinstance(step.error, MemberError) else Kind.INVALID
            hand.note(Outcome(step.resource, step.name, Done.FAILED, step.reason, kind))
        elif step.action in _SETTLED:
            hand.note(Outcome(step.resource, step.name, _SETTLED[step.action], step.reason))
