# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An object that we want to create and that is there already: ours without its marks, on its way out, or somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..fleet.api import CREATE_ONLY, JSON_PATCH
from ..model import names
from ..model.errors import Kind, MemberError
from ..model.resource import ABORT, ADOPT
from ..rendering.adoption import claimed_by_another, earlier_appliers, migration
from ..rendering.ownership import applied_entry, is_marked, is_owned, lost
from .change import change
from .hand import Done, Hand, Outcome, with_metadata
from .observe import NAMESPACE
from .plan import Step
from .wait import wait_gone

#: how long an object that is being deleted may take to go before it is reported
GONE_SECONDS = 30.0


def claim(hand: Hand, step: Step) -> Outcome:
    """Do what the step's conflict policy says. MemberError of kind ``conflict`` when that is to leave it alone."""
    found = hand.api.get(step.served, step.name.namespace, step.name.name)
    if found is None:
        raise MemberError(Kind.CONFLICT, "it came and went while we looked", "run again")
    metadata = found["metadata"]
    if metadata.get("deletionTimestamp"):
        return _replace(hand, step, metadata)
    if _is_as_wanted(hand, step, metadata):
        # our own creation: the request was sent again because its answer was lost
        return Outcome(step.resource, step.name, Done.CREATED, step.reason)
    if step.resource == names.RESOURCE_NAMESPACES:
        return Outcome(step.resource, step.name, Done.UNCHANGED)  # it is there, which is all that is needed
    if step.name.kind == NAMESPACE and is_owned(metadata, step.name, hand.federation, names.RESOURCE_NAMESPACES):
        return _change(hand, step, metadata, "the federation made it, for want of a manifest")
    if _is_ours(hand, step, metadata):
        return _change(hand, step, metadata, "its labels were removed")
    if step.conflict == ABORT:
        raise _conflict(_owner(hand, metadata), f"nothing was changed; {_way_out(hand, metadata)}")
    other = claimed_by_another(metadata, step.name, hand.federation)
    if other:
        raise _conflict(other, f"conflict: {step.conflict} never takes from a federation; {_way_out(hand, metadata)}")
    return _take(hand, step, metadata)


def _change(hand: Hand, step: Step, metadata: Mapping[str, Any], reason: str) -> Outcome:
    live = hand.look(step)
    outcome = change(hand, step, metadata, reason)
    return replace(outcome, diff=hand.difference(step, live)) if outcome.done in Done.WRITTEN else outcome


def _is_as_wanted(hand: Hand, step: Step, metadata: Mapping[str, Any]) -> bool:
    entry = applied_entry(metadata, hand.manager, step.manifest["apiVersion"])
    if entry is None or not is_marked(metadata, step.name, hand.federation, step.resource):
        return False
    wanted = step.manifest["metadata"]["annotations"][names.ANNOTATION_HASH]
    same = (metadata.get("annotations") or {}).get(names.ANNOTATION_HASH) == wanted
    return same and step.replicas is None and not lost(step.manifest, entry.get("fieldsV1") or {})


def _is_ours(hand: Hand, step: Step, metadata: Mapping[str, Any]) -> bool:
    """Whether it is the object of this very resource, although our list did not show it."""
    if is_marked(metadata, step.name, hand.federation, step.resource):
        return True
    annotation = (metadata.get("annotations") or {}).get(names.ANNOTATION_OBJECT)
    other = (metadata.get("labels") or {}).get(names.LABEL_RESOURCE)
    named = annotation == step.name.annotation() and other in (None, step.resource)
    return named and applied_entry(metadata, hand.manager) is not None


def _conflict(owner: str, hint: str) -> MemberError:
    return MemberError(Kind.CONFLICT, f"it exists already and belongs to {owner}", hint)


def _owner(hand: Hand, metadata: Mapping[str, Any]) -> str:
    labels = metadata.get("labels") or {}
    if labels.get(names.LABEL_FEDERATION) == hand.federation and labels.get(names.LABEL_RESOURCE):
        return f"resource {labels[names.LABEL_RESOURCE]} of this federation"
    if labels.get(names.LABEL_FEDERATION):
        return f"federation {labels[names.LABEL_FEDERATION]}"
    managers = sorted({str(entry.get("manager")) for entry in metadata.get("managedFields") or []})
    return f"something else ({', '.join(managers[:3]) or 'unknown'})"


def _way_out(hand: Hand, metadata: Mapping[str, Any]) -> str:
    labels = metadata.get("labels") or {}
    if labels.get(names.LABEL_FEDERATION) == hand.federation and labels.get(names.LABEL_RESOURCE):
        return f"take it out of there first, or set renamed_from: {labels[names.LABEL_RESOURCE]}"
    if labels.get(names.LABEL_FEDERATION):
        return "take it out of there first, or give ours another name"
    return "delete it there, give ours another name, or set conflict: adopt"


def _take(hand: Hand, step: Step, metadata: Mapping[str, Any]) -> Outcome:
    """Make an object ours that nobody else's federation has. After an adoption, what we do not want of the earlier applier's
    fields goes; after an overwriting it stays theirs."""
    live = hand.look(step)
    if step.conflict == ADOPT:
        before = earlier_appliers(metadata, hand.manager)
        operations = migration(metadata, hand.manager, step.manifest["apiVersion"])
        if operations and not hand.dry_run:
            hand.api.patch(step.served, step.name.namespace, step.name.name, list(operations), JSON_PATCH, hand.manager)
        word = "adopted"
    else:
        before = sorted({str(entry.get("manager")) for entry in metadata.get("managedFields") or []})
        word = "overwritten"
    hand.apply(step, with_metadata(step.manifest, uid=metadata.get("uid")), force=True)
    of = f" (of {', '.join(before[:3])})" if before else ""
    difference = hand.difference(step, live, step.conflict == ADOPT)
    return Outcome(step.resource, step.name, Done.CHANGED, f"{word}{of}", diff=difference, taken=word)


def _replace(hand: Hand, step: Step, metadata: Mapping[str, Any]) -> Outcome:
    """The object is being deleted: make a new one once it is gone. One that never goes is reported, not waited on for ever."""
    if hand.dry_run:
        return Outcome(step.resource, step.name, Done.PREDICTED, "the old one is being deleted")
    limit = hand.api.deadline.most(GONE_SECONDS)
    if wait_gone(hand.api, [(step.served, step.name, str(metadata["uid"]))], limit):
        held = ", ".join(metadata.get("finalizers") or []) or "what is in it"
        raise MemberError(
            Kind.CONFLICT,
            f"it is being deleted since {metadata['deletionTimestamp']}, held by {held}",
            "see why that does not let go of it, then run again",
        )
    hand.apply(step, with_metadata(step.manifest, resourceVersion=CREATE_ONLY), force=False)
    return Outcome(step.resource, step.name, Done.CREATED, "the old one was being deleted")
