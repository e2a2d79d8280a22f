# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a member loses when it leaves: what the join made, the records, and, if that is wanted, the workloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..model import names
from ..model.errors import Kind, MemberError
from ..model.manifest import ObjectName
from ..model.records import ResourceRecord
from ..propagation.hand import Done, Hand, Outcome
from ..propagation.observe import list_owned
from ..propagation.plan import Action, Step
from ..propagation.remove import delete
from ..propagation.result import MemberReport
from ..propagation.store import CONFIG_MAPS, delete_resource_record, forget_templates
from ..rendering.ownership import is_owned
from .survey import Survey


def leave(
    hand: Hand,
    found: Survey,
    name: str,
    report: MemberReport,
    delete_workloads: bool,
    known: Mapping[str, ResourceRecord],
) -> None:
    """Take everything of the federation from a member. Nothing of its records goes while what they record could not be deleted.

    ``known`` is what any member remembers of each resource: a record of this one may have been lost.
    """
    memory, federation = found.observation.memory, hand.federation
    if memory.fleet is None and not membership_steps(found, federation):
        report.skipped = "it is not a member"
        return
    if memory.member and memory.member != name:
        raise MemberError(
            Kind.REFUSED,
            f"this cluster joined as {memory.member}, not as {name}",
            "correct the kubeconfig or context of this host",
        )
    if delete_workloads:
        delete(hand, _workload_steps(hand, found, known))
    elif memory.resources:
        report.notes.append(
            f"the workloads of {', '.join(sorted(memory.resources))} stay there (workloads: delete removes them)"
        )
    if hand.failed():
        return
    if not hand.dry_run:
        for stored in memory.resources.values():
            delete_resource_record(hand.api, federation, stored)
        forget_templates(hand.api, federation)
        if memory.fleet is not None:
            space = names.federation_namespace(federation)
            hand.api.delete(CONFIG_MAPS, space, names.RECORD_FLEET, memory.fleet_metadata)
    report.recorded = memory.fleet is not None
    delete(hand, membership_steps(found, federation))


def deletion(
    found: Survey, federation: str, resource: str, name: ObjectName, metadata: Mapping[str, Any], reason: str
) -> Step:
    """The step that deletes an object, or says why it is kept: it only looks like ours."""
    owned = is_owned(metadata, name, federation, resource)
    action = Action.DELETE if owned else Action.KEEP
    return Step(
        resource,
        name,
        action,
        reason if owned else "carries our labels but was not made by us: left alone",
        found.observation.discovery.find(name.kind),
        seen=metadata,
    )


def membership_steps(found: Survey, federation: str) -> list[Step]:
    """A deletion for everything that the join made."""
    return [
        deletion(found, federation, names.RESOURCE_MEMBERSHIP, name, metadata, "made by the join")
        for name, metadata in sorted(found.owned.items())
        if not metadata.get("deletionTimestamp")
    ]


def _workload_steps(hand: Hand, found: Survey, known: Mapping[str, ResourceRecord]) -> list[Step]:
    """A deletion for every object of every resource; CRDs and namespaces stay."""
    steps = []
    for resource, record in sorted(known.items()):
        objects = list_owned(
            hand.api, found.observation.discovery, hand.federation, [resource], record.kinds, record.secret_spaces
        )
        for name, metadata in sorted(objects.items()):
            step = deletion(found, hand.federation, resource, name, metadata, "the member leaves")
            if name.kind.kind in ("Namespace", "CustomResourceDefinition"):
                step = replace(step, action=Action.KEEP, reason="namespaces and CRDs are kept")
            steps.append(step)
    for step in steps:
        if step.action == Action.KEEP:
            hand.note(Outcome(step.resource, step.name, Done.KEPT, step.reason))
    return steps
