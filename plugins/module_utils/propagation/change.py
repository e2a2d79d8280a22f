# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writing over an object that is ours, and only over the very one that was observed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..fleet.api import Applied
from ..model.errors import Kind, MemberError
from ..model.manifest import SECRET
from ..rendering.ownership import applied_entry, lost, survivors
from . import repair
from .hand import Done, Hand, Outcome, with_metadata
from .plan import Action, Step

#: how many fields that outlive our giving them up are named
_SHOWN = 3


def change(hand: Hand, step: Step, seen: Mapping[str, Any], reason: str = "") -> Outcome:
    """Apply what is wanted over the object with the metadata ``seen``. ``reason`` replaces that of the step."""
    if step.replicas is not None:
        hand_over_replicas(hand, step, str(seen.get("uid")), None)
    body = with_metadata(step.manifest, uid=seen.get("uid"))
    try:
        applied = hand.apply(step, body, force=True)
    except MemberError as error:
        if error.kind != Kind.INVALID or step.action != Action.REPAIR:
            raise
        applied = _set_lists_back(hand, step, body, error)
    done = Done.REPAIRED if step.action in (Action.REPAIR, Action.CREATE) else Done.CHANGED
    if not hand.dry_run and applied.metadata.get("resourceVersion") == seen.get("resourceVersion"):
        done = Done.UNCHANGED
    return Outcome(step.resource, step.name, done, (reason or step.reason) + _left_over(hand, seen, applied))


def _left_over(hand: Hand, before: Mapping[str, Any], applied: Applied) -> str:
    """What we gave up and somebody else keeps there, in words."""
    left = survivors(before, applied.metadata, hand.manager)
    if not left:
        return ""
    shown = ", ".join(f"{path} (held by {holder})" for path, holder in left[:_SHOWN])
    more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    return f"; no longer wanted but still there: {shown}{more}"


def hand_over_replicas(hand: Hand, step: Step, uid: str, replicas: int | None) -> None:
    """Let somebody else hold the number of replicas for the moment between our giving it up and the autoscaler's next write.

    Without a holder the API server would set it to its default. ``replicas`` None: the live number, which is read.
    """
    if hand.dry_run:
        return
    name = step.name
    if replicas is None:
        live = hand.api.get(step.served, name.namespace, name.name, metadata_only=False)
        found = ((live or {}).get("spec") or {}).get("replicas")
        replicas = found if isinstance(found, int) else step.replicas
    metadata = {"name": name.name, "uid": uid, **({"namespace": name.namespace} if name.namespace else {})}
    body = {
        "apiVersion": step.manifest["apiVersion"],
        "kind": step.manifest["kind"],
        "metadata": metadata,
        "spec": {"replicas": replicas},
    }
    hand.apply(step, body, force=True, manager=f"{hand.manager}/hand-over")


def _set_lists_back(hand: Hand, step: Step, body: Mapping[str, Any], refused: MemberError) -> Applied:
    """Our fields cannot be merged into what somebody made of a list: set the list back as a whole, then apply. See `repair`."""
    space, name = step.name.namespace, step.name.name
    live = hand.api.get(step.served, space, name, metadata_only=False) if step.name.kind != SECRET else None
    entry = applied_entry((live or {}).get("metadata") or {}, hand.manager, body["apiVersion"]) or {}
    operations = repair.list_operations(lost(step.manifest, entry.get("fieldsV1") or {}), step.manifest, live or {})
    if not operations:
        raise refused
    uid = body["metadata"]["uid"]
    done = repair.set_lists_back(hand.api, step.served, space, name, operations, uid, hand.manager, hand.dry_run)
    if hand.dry_run:
        return done  # what follows would be checked against the list as it is
    hand.apply(step, body, force=True)
    repair.forget_helper(hand.api, step.served, space, name, hand.manager)
    return hand.apply(step, body, force=True)
