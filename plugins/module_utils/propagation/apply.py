# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carrying out what the plan of one member writes, in stages: what others need comes first."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from ..fleet.api import CREATE_ONLY
from ..model import names
from ..model.errors import Kind, MemberError
from ..model.manifest import ObjectName
from .change import change, hand_over_replicas
from .claim import claim
from .hand import Done, Hand, Outcome, note_settled, with_metadata
from .plan import CRD, LAST_STAGE, Action, Step
from .wait import wait_healthy

#: how long a new CRD may take until its kind is served
CRD_SECONDS = 15.0


def write(hand: Hand, steps: Sequence[Step]) -> None:
    """Everything that is not a deletion. CRDs and namespaces come first, and CRDs are served before the next stage starts."""
    note_settled(hand, steps)
    pending = [step for step in steps if step.action in Action.WRITES]
    for stage in range(LAST_STAGE + 1):
        batch = [step for step in pending if step.stage == stage]
        refused = {outcome.name for outcome in hand.failed() if outcome.name.kind == CRD}
        hand.run(batch, partial(_write_one, hand, refused))
        failed = {outcome.name for outcome in hand.failed()}
        made = [step.name for step in batch if step.name.kind == CRD and step.action == Action.CREATE]
        new = [name for name in made if name not in failed]
        if new and not hand.dry_run:
            limit = hand.api.deadline.within(CRD_SECONDS)
            state = wait_healthy(hand.api, hand.discovery, f"{names.LABEL_FEDERATION}={hand.federation}", new, limit)
            for name, health in state.items():
                if not health.healthy:
                    hand.turn_to_failure(name, f"it was made, but {health.problem}")


def _write_one(hand: Hand, refused: Collection[ObjectName], step: Step) -> Outcome:
    if step.needs is not None and step.needs in refused:
        raise MemberError(Kind.NOT_FOUND, f"its {step.needs} was refused here")
    if step.needs is not None and hand.dry_run:
        message = "its CRD is not there yet"
        return Outcome(step.resource, step.name, Done.PREDICTED, message, diff=hand.difference(step, None))
    live = hand.look(step) if step.seen is not None else None
    if step.action == Action.CREATE:
        outcome = _create(hand, step)
    else:
        outcome = change(hand, step, step.seen or {})
        if _is_generated(step):
            from .generate import add_values

            add_values(hand, step, step.seen or {})
    if hand.diff and outcome.diff is None and outcome.done in Done.WRITTEN:
        return replace(outcome, diff=hand.difference(step, live))
    return outcome


def _create(hand: Hand, step: Step) -> Outcome:
    """Create, and never merge into what somebody else made meanwhile or before."""
    limit = hand.api.deadline.within(CRD_SECONDS)
    while True:
        try:
            return _create_once(hand, step)
        except MemberError as error:
            if error.kind == Kind.CONFLICT:
                return claim(hand, step)
            if error.kind == Kind.FORBIDDEN and step.resource == names.RESOURCE_NAMESPACES and _there(hand, step):
                return Outcome(step.resource, step.name, Done.UNCHANGED)
            if error.kind == Kind.NOT_FOUND and hand.dry_run and "namespaces" in error.message:
                return Outcome(step.resource, step.name, Done.PREDICTED, "its namespace is not there yet")
            if error.kind == Kind.NOT_FOUND and step.needs is not None and not limit.expired():
                time.sleep(0.1)  # a new CRD is established a moment before its kind is served
                continue
            raise


def _create_once(hand: Hand, step: Step) -> Outcome:
    if _is_generated(step):
        from .generate import create_with_values

        create_with_values(hand, step)
        return Outcome(step.resource, step.name, Done.CREATED, step.reason)
    body = with_metadata(step.manifest, resourceVersion=CREATE_ONLY)
    if step.replicas is not None:
        body["spec"] = {**body["spec"], "replicas": step.replicas}
    made = hand.apply(step, body, force=False)
    if step.replicas is not None and not hand.dry_run:
        uid = str(made.metadata.get("uid"))
        hand_over_replicas(hand, step, uid, step.replicas)
        hand.apply(step, with_metadata(step.manifest, uid=uid), force=True)
    return Outcome(step.resource, step.name, Done.CREATED, step.reason)


def _is_generated(step: Step) -> bool:
    """Whether values of the object are made on the member; the code for it is imported where it is."""
    return names.ANNOTATION_GENERATE in (step.manifest["metadata"].get("annotations") or {})


def _there(hand: Hand, step: Step) -> bool:
    return hand.api.get(step.served, step.name.namespace, step.name.name) is not None
