# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carrying out the plan of one member: writes in stages, then deletions in the opposite order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..fleet.api import CREATE_ONLY, Applied, MemberApi
from ..fleet.concurrency import each
from ..fleet.discovery import Discovery
from ..model import names
from ..model.errors import FederationError, Kind, MemberError
from ..model.manifest import GroupKind, ObjectName
from ..rendering.differences import difference
from ..rendering.ownership import applied_entry, is_marked, is_owned, lost
from . import repair
from .observe import NAMESPACE, SECRET
from .plan import CRD, LAST_STAGE, Action, Step
from .wait import wait_gone, wait_healthy

#: how long a new CRD may take until its kind is served
CRD_SECONDS = 15.0
#: how long deleted objects may take to go before the namespace around them is looked at
GONE_SECONDS = 30.0


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
    FAILED = "failed"

    WRITTEN = (CREATED, CHANGED, REPAIRED, DELETED, PREDICTED)


@dataclass(frozen=True)
class Outcome:
    """What happened to one object, and why. ``diff`` is an entry as Ansible prints it, when one was asked for."""

    resource: str
    name: ObjectName
    done: str
    message: str = ""
    kind: str = ""
    diff: Mapping[str, str] | None = None


@dataclass
class Hand:
    """What the writes of one member share. ``width`` is how many objects are written at once."""

    api: MemberApi
    discovery: Discovery
    federation: str
    dry_run: bool
    diff: bool
    width: int
    outcomes: list[Outcome] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, outcome: Outcome) -> None:
        with self._lock:
            self.outcomes.append(outcome)

    def failed(self) -> list[Outcome]:
        with self._lock:
            return [outcome for outcome in self.outcomes if outcome.done == Done.FAILED]

    def run(self, steps: Sequence[Step], work: Callable[[Step], Outcome]) -> None:
        """Do the steps at once, each in its own right: one that fails stops no other."""

        def guarded(step: Step) -> None:
            try:
                self.note(work(step))
            except MemberError as error:
                self.note(Outcome(step.resource, step.name, Done.FAILED, str(error), error.kind))
            except FederationError as error:
                self.note(Outcome(step.resource, step.name, Done.FAILED, str(error), Kind.FAILED))

        for step in each(steps, guarded, self.width, self.api.deadline):
            self.note(
                Outcome(
                    step.resource, step.name, Done.FAILED, "not done before the deadline of this member", Kind.TIMEOUT
                )
            )


def write(hand: Hand, steps: Sequence[Step]) -> None:
    """Everything that is not a deletion. CRDs and namespaces come first, and CRDs are served before the next stage starts."""
    for step in steps:
        if step.action == Action.BLOCKED:
            kind = step.error.kind if isinstance(step.error, MemberError) else Kind.INVALID
            hand.note(Outcome(step.resource, step.name, Done.FAILED, step.reason, kind))
        elif step.action == Action.NONE:
            hand.note(Outcome(step.resource, step.name, Done.UNCHANGED))
        elif step.action == Action.KEEP:
            hand.note(Outcome(step.resource, step.name, Done.KEPT, step.reason))
    pending = [step for step in steps if step.action in Action.WRITES]
    for stage in range(LAST_STAGE + 1):
        batch = [step for step in pending if step.stage == stage]
        hand.run(batch, lambda step: _write_one(hand, step))
        new = [step.name for step in batch if step.name.kind == CRD and step.action == Action.CREATE]
        if new and not hand.dry_run:
            limit = hand.api.deadline.within(CRD_SECONDS)
            wait_healthy(hand.api, hand.discovery, f"{names.LABEL_FEDERATION}={hand.federation}", new, limit)


def _write_one(hand: Hand, step: Step) -> Outcome:
    if step.needs is not None and hand.dry_run:
        return Outcome(
            step.resource, step.name, Done.PREDICTED, "its CRD is not there yet", diff=_diff(hand, step, None)
        )
    live = None
    if hand.diff and step.seen is not None and step.name.kind != SECRET:
        live = hand.api.get(step.served, step.name.namespace, step.name.name, metadata_only=False)
    outcome = _create(hand, step) if step.action == Action.CREATE else _change(hand, step, step.seen or {})
    if hand.diff and outcome.done in Done.WRITTEN:
        return Outcome(
            outcome.resource, outcome.name, outcome.done, outcome.message, outcome.kind, _diff(hand, step, live)
        )
    return outcome


def _diff(hand: Hand, step: Step, live: Mapping[str, Any] | None) -> Mapping[str, str] | None:
    return difference(f"{hand.api.name} {step.name}", step.want, live) if hand.diff else None


def _with(want: Mapping[str, Any], **guard: Any) -> dict[str, Any]:
    return {**want, "metadata": {**want["metadata"], **guard}}


def _create(hand: Hand, step: Step) -> Outcome:
    """Create, and never merge into what somebody else made meanwhile or before."""
    limit = hand.api.deadline.within(CRD_SECONDS)
    while True:
        try:
            _apply(hand, step, _with(step.manifest, resourceVersion=CREATE_ONLY), force=False)
            return Outcome(step.resource, step.name, Done.CREATED, step.reason)
        except MemberError as error:
            if error.kind == Kind.CONFLICT:
                return _claim(hand, step)
            if error.kind == Kind.FORBIDDEN and step.resource == names.RESOURCE_NAMESPACES and _there(hand, step):
                return Outcome(step.resource, step.name, Done.UNCHANGED)
            if error.kind == Kind.NOT_FOUND and hand.dry_run and "namespaces" in error.message:
                return Outcome(step.resource, step.name, Done.PREDICTED, "its namespace is not there yet")
            if error.kind == Kind.NOT_FOUND and step.needs is not None and not limit.expired():
                time.sleep(0.1)  # a new CRD is established a moment before its kind is served
                continue
            raise


def _there(hand: Hand, step: Step) -> bool:
    return hand.api.get(step.served, step.name.namespace, step.name.name) is not None


def _claim(hand: Hand, step: Step) -> Outcome:
    """The object exists although our list did not show it as ours: ours without its label, or somebody else's."""
    found = hand.api.get(step.served, step.name.namespace, step.name.name)
    if found is None:
        raise MemberError(Kind.CONFLICT, "it came and went while we looked", "run again")
    metadata = found["metadata"]
    if metadata.get("deletionTimestamp"):
        return _replace(hand, step, metadata)
    if step.resource == names.RESOURCE_NAMESPACES:
        return Outcome(step.resource, step.name, Done.UNCHANGED)  # it is there, which is all that is needed
    manager = names.field_manager(hand.federation)
    annotation = (metadata.get("annotations") or {}).get(names.ANNOTATION_OBJECT)
    labels = metadata.get("labels") or {}
    other = labels.get(names.LABEL_RESOURCE)
    named = annotation == step.name.annotation() and other in (None, step.resource)
    marked = is_marked(metadata, step.name, hand.federation, step.resource)
    if named and (applied_entry(metadata, manager) or marked):
        return _change(hand, step, metadata)
    if labels.get(names.LABEL_FEDERATION) == hand.federation and other:
        owner = f"resource {other} of this federation"
    elif labels.get(names.LABEL_FEDERATION):
        owner = f"federation {labels[names.LABEL_FEDERATION]}"
    else:
        managers = sorted({str(e.get("manager")) for e in metadata.get("managedFields") or []})
        owner = f"something else ({', '.join(managers[:3]) or 'unknown'})"
    raise MemberError(
        Kind.CONFLICT,
        f"it exists already and belongs to {owner}",
        "nothing was changed; delete it there, or give ours another name",
    )


def _replace(hand: Hand, step: Step, metadata: Mapping[str, Any]) -> Outcome:
    """The object is being deleted: make a new one once it is gone. One that never goes is reported, not waited on for ever."""
    if hand.dry_run:
        return Outcome(step.resource, step.name, Done.PREDICTED, "the old one is being deleted")
    limit = hand.api.deadline.within(GONE_SECONDS)
    if wait_gone(hand.api, [(step.served, step.name, str(metadata["uid"]))], limit):
        held = ", ".join(metadata.get("finalizers") or []) or "what is in it"
        raise MemberError(
            Kind.CONFLICT,
            f"it is being deleted since {metadata['deletionTimestamp']}, held by {held}",
            "run again later",
        )
    _apply(hand, step, _with(step.manifest, resourceVersion=CREATE_ONLY), force=False)
    return Outcome(step.resource, step.name, Done.CREATED, "the old one was being deleted")


def _change(hand: Hand, step: Step, seen: Mapping[str, Any]) -> Outcome:
    """Write over an object that is ours, and only over the very one that was observed."""
    body = _with(step.manifest, uid=seen.get("uid"))
    try:
        applied = _apply(hand, step, body, force=True)
    except MemberError as error:
        if error.kind != Kind.INVALID or step.action != Action.REPAIR or hand.dry_run:
            raise
        applied = _set_lists_back(hand, step, body, error)
    done = Done.REPAIRED if step.action in (Action.REPAIR, Action.CREATE) else Done.CHANGED
    if not hand.dry_run and applied.metadata.get("resourceVersion") == seen.get("resourceVersion"):
        done = Done.UNCHANGED
    reason = "its labels were removed" if step.action == Action.CREATE else step.reason
    return Outcome(step.resource, step.name, done, reason)


def _set_lists_back(hand: Hand, step: Step, body: Mapping[str, Any], refused: MemberError) -> Applied:
    """Our fields cannot be merged into what somebody made of a list: set the list back as a whole, then apply. See `repair`."""
    space, name, manager = step.name.namespace, step.name.name, names.field_manager(hand.federation)
    live = hand.api.get(step.served, space, name, metadata_only=False) if step.name.kind != SECRET else None
    entry = applied_entry((live or {}).get("metadata") or {}, manager, body["apiVersion"]) or {}
    operations = repair.list_operations(lost(step.manifest, entry.get("fieldsV1") or {}), step.manifest, live or {})
    if not operations:
        raise refused
    repair.set_lists_back(hand.api, step.served, space, name, operations, body["metadata"]["uid"], manager)
    _apply(hand, step, body, force=True)
    repair.forget_helper(hand.api, step.served, space, name, manager)
    return _apply(hand, step, body, force=True)


def _apply(hand: Hand, step: Step, body: Mapping[str, Any], force: bool) -> Applied:
    manager = names.field_manager(hand.federation)
    try:
        return hand.api.apply(step.served, step.name.namespace, body, manager, force, hand.dry_run)
    except MemberError as error:
        if force and error.kind == Kind.CONFLICT:
            raise MemberError(Kind.CONFLICT, "it was replaced while we looked", "run again", error.code) from None
        if "immutable" in error.message:
            raise MemberError(
                error.kind,
                error.message,
                "this field cannot change on a live object: delete it, or give the new one another name",
            ) from None
        raise


def delete(hand: Hand, steps: Sequence[Step]) -> None:
    """Deletions: what was written last goes first; namespaces last, and only when nothing is left in them."""
    doomed = [step for step in steps if step.action == Action.DELETE]
    for stage in range(LAST_STAGE, -1, -1):
        batch = [step for step in doomed if step.stage == stage and step.name.kind != NAMESPACE]
        hand.run(batch, lambda step: _delete_one(hand, step))
    spaces = [step for step in doomed if step.name.kind == NAMESPACE]
    if spaces and not hand.dry_run:
        targets = [
            (s.api, s.name, str((s.seen or {}).get("uid")))
            for s in doomed
            if s.name.kind != NAMESPACE and s.api is not None
        ]
        wait_gone(hand.api, targets, hand.api.deadline.within(GONE_SECONDS))
    hand.run(spaces, lambda step: _delete_namespace(hand, step))


def _delete_one(hand: Hand, step: Step) -> Outcome:
    metadata = step.seen or {}
    try:
        hand.api.delete(step.served, step.name.namespace, step.name.name, metadata, hand.dry_run)
    except MemberError as error:
        if error.kind != Kind.CONFLICT:
            raise
        # its status changed since we looked: look once more, and delete it if it still is the one we made
        found = hand.api.get(step.served, step.name.namespace, step.name.name)
        fresh = (found or {}).get("metadata") or {}
        if found is not None:
            if fresh.get("uid") != metadata.get("uid") or not is_owned(
                fresh, step.name, hand.federation, step.resource
            ):
                raise MemberError(
                    Kind.CONFLICT, "it changed hands while we looked, and was left alone", "run again"
                ) from None
            hand.api.delete(step.served, step.name.namespace, step.name.name, {"uid": fresh["uid"]}, hand.dry_run)
    return Outcome(step.resource, step.name, Done.DELETED, step.reason, diff=_diff(hand, step, None))


#: made by Kubernetes in every namespace, or derived from what is gone
_FURNITURE = {
    (GroupKind("", "ConfigMap"), "kube-root-ca.crt"),
    (GroupKind("", "ServiceAccount"), "default"),
}
_DERIVED = {"Event", "Endpoints", "EndpointSlice", "PodMetrics", "Lease"}


def _first_inside(hand: Hand, namespace: str) -> ObjectName | None:
    """Something in the namespace that Kubernetes did not put there itself, or None. MemberError when not everything can be read."""
    if hand.discovery.stale:
        raise MemberError(
            Kind.FAILED, f"what is in it is unknown: {', '.join(sorted(hand.discovery.stale))} does not answer"
        )
    for served in hand.discovery.all():
        if not served.namespaced or "list" not in served.verbs or served.kind.kind in _DERIVED:
            continue
        for item in hand.api.objects(served, namespace):
            metadata = item["metadata"]
            derived = metadata.get("ownerReferences") or metadata.get("deletionTimestamp")
            if not derived and (served.kind, metadata["name"]) not in _FURNITURE:
                return ObjectName(served.kind, namespace, metadata["name"])
    return None


def _delete_namespace(hand: Hand, step: Step) -> Outcome:
    if not hand.dry_run:
        inside = _first_inside(hand, step.name.name)
        if inside is not None:
            return Outcome(step.resource, step.name, Done.KEPT, f"kept: {inside} is in it")
    return _delete_one(hand, step)


def deferred(steps: Sequence[Step], reason: str) -> list[Outcome]:
    """The outcomes of deletions that are put off."""
    return [Outcome(s.resource, s.name, Done.DEFERRED, reason) for s in steps if s.action == Action.DELETE]
