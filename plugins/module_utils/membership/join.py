# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a member gets when it joins: its rights are worked out, and everything that is missing or differs is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..fleet.api import MemberApi
from ..fleet.tokens import account_name, claims
from ..model import names
from ..model.errors import Kind, MemberError
from ..model.manifest import Manifest, ObjectName, kind_of, name_of
from ..model.rights import load_rights
from ..propagation.apply import write
from ..propagation.hand import Hand
from ..propagation.plan import Action, Step, marked_copy, namespace_step, wanted_step
from ..propagation.remove import delete
from ..rendering.ownership import normalise
from .leave import deletion
from .manifests import CLUSTER_ROLE, membership_manifests
from .rights import Asked, grant_for
from .survey import NAMESPACES, Survey

_ACCOUNT = "ServiceAccount"


@dataclass(frozen=True)
class Joining:
    """Everything that a join does to one member. ``notes`` are for whoever runs it."""

    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def writes(self) -> bool:
        return any(step.action in (*Action.WRITES, Action.DELETE) for step in self.steps)


def plan_join(api: MemberApi, found: Survey, federation: str, asked: Asked, renewable: bool, rotate: bool) -> Joining:
    """Compare a member with what it is to have. ``rotate``: its service account is made anew, which ends every token of before."""
    role = found.owned.get(ObjectName(CLUSTER_ROLE, "", names.federation_namespace(federation))) or {}
    before = load_rights((role.get("annotations") or {}).get(names.ANNOTATION_RIGHTS) or "")
    memory, discovery = found.observation.memory, found.observation.discovery
    grant = grant_for(asked, before, memory, discovery)
    wanted = [normalise(manifest) for manifest in membership_manifests(federation, grant, renewable)]
    missing = [space for space in sorted(grant.whole.spaces) if api.get(NAMESPACES, "", space) is None]
    steps = [namespace_step(space, discovery, federation, "rights are given in it") for space in missing]
    steps += [_step(found, federation, manifest, rotate) for manifest in wanted]
    named = {step.name for step in steps}
    for name, metadata in sorted(found.owned.items()):
        if name not in named and not metadata.get("deletionTimestamp"):
            reason = "this right is not wanted any more"
            steps.append(deletion(found, federation, names.RESOURCE_MEMBERSHIP, name, metadata, reason))
    if rotate and before is not None:
        _refuse_own_branch(api, federation)
    return Joining(tuple(steps), grant.notes)


def make(hand: Hand, joining: Joining, rotate: bool) -> None:
    """Carry out what `plan_join` found."""
    if rotate:
        renewed = [step for step in joining.steps if step.name.kind.kind == _ACCOUNT and step.seen is not None]
        for step in renewed:
            hand.api.delete(step.served, step.name.namespace, step.name.name, step.seen or {}, hand.dry_run)
    write(hand, [_anew(step) if rotate else step for step in joining.steps if step.action != Action.DELETE])
    delete(hand, joining.steps)


def _anew(step: Step) -> Step:
    """The step for what has just been deleted."""
    if step.name.kind.kind != _ACCOUNT:
        return step
    return Step(step.resource, step.name, Action.CREATE, "made anew: tokens of before end", step.api, step.want)


def _step(found: Survey, federation: str, manifest: Manifest, rotate: bool) -> Step:
    name = name_of(manifest)
    step = wanted_step(
        marked_copy(manifest, name, federation, names.RESOURCE_MEMBERSHIP),
        name,
        found.observation.discovery.require(kind_of(manifest)),
        found.owned,
        federation,
        names.RESOURCE_MEMBERSHIP,
    )
    if rotate and name.kind.kind == _ACCOUNT and step.action == Action.NONE:
        return Step(step.resource, name, Action.CHANGE, "to be made anew", step.api, step.want, step.seen)
    return step


def _refuse_own_branch(api: MemberApi, federation: str) -> None:
    """Whoever ends the tokens of the service account must not be that service account."""
    if claims(api.transport.endpoint.token).get("sub") == account_name(federation):
        raise MemberError(
            Kind.REFUSED,
            "the credential of this host is the federation's own, which would end before its successor is made",
            "rotate with the kubeconfig of an administrator",
        )
