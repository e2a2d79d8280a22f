# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Deleting what is ours and not wanted any more: only what was observed, and namespaces only when nothing is left in them."""

from __future__ import annotations

from collections.abc import Sequence

from ..model import names
from ..model.errors import Kind, MemberError
from ..model.manifest import GroupKind, ObjectName
from ..rendering.ownership import is_owned
from .hand import Done, Hand, Outcome
from .observe import NAMESPACE
from .plan import LAST_STAGE, Action, Step
from .wait import wait_gone

#: how long deleted objects may take to go before the namespace around them is looked at
GONE_SECONDS = 30.0


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
        wait_gone(hand.api, targets, hand.api.deadline.most(GONE_SECONDS))
    hand.run(spaces, lambda step: _delete_namespace(hand, step))


def _delete_one(hand: Hand, step: Step) -> Outcome:
    metadata = step.seen or {}
    try:
        held = hand.api.delete(step.served, step.name.namespace, step.name.name, metadata, hand.dry_run)
    except MemberError as error:
        if error.kind != Kind.CONFLICT:
            raise
        held = _look_again(hand, step)
    stays = bool(held) and not hand.dry_run
    reason = f"{step.reason}; it stays until its finalizer {', '.join(held)} lets go of it" if stays else step.reason
    return Outcome(step.resource, step.name, Done.DELETED, reason, diff=hand.difference(step, None), stays=stays)


def _look_again(hand: Hand, step: Step) -> list[str]:
    """Its status changed since we looked: look once more, and delete it if it still is the one we made."""
    found = hand.api.get(step.served, step.name.namespace, step.name.name)
    if found is None:
        return []
    seen, fresh = step.seen or {}, found["metadata"]
    owner = (seen.get("labels") or {}).get(names.LABEL_RESOURCE)
    if fresh.get("uid") != seen.get("uid") or not is_owned(fresh, step.name, hand.federation, owner):
        raise MemberError(Kind.CONFLICT, "it changed hands while we looked, and was left alone", "run again") from None
    return hand.api.delete(step.served, step.name.namespace, step.name.name, {"uid": fresh["uid"]}, hand.dry_run)


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
