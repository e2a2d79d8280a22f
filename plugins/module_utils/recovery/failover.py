# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Failover and failback: what is on a member that is lost moves away, and comes back when the member does.

Both are runs of the engine over the resources that the play gives, or that the members remember. What is special about them is which
resources are meant, what may be done about lost members, and what is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..membership import run as membership
from ..model.cluster import NO_EXECUTE, Cluster, Fleet, Taint
from ..model.errors import ConfigError
from ..model.operation import Operation
from ..model.resource import Resource
from ..propagation import engine
from ..propagation.member import Options
from ..propagation.recall import Recalled, recall


@dataclass(frozen=True)
class Wish:
    """What to move. ``given`` are resources from the play, which win over the recorded ones; ``names`` limits it, None means all.
    ``apart`` says of which resources somebody else takes care: they are left alone, and named in the result."""

    given: Sequence[Resource] = ()
    names: Sequence[str] | None = None
    apart: Callable[[Resource], bool] = lambda _resource: False


def _chosen(wish: Wish, recalled: Recalled, affected: Sequence[str]) -> tuple[list[Resource], dict[str, str]]:
    """The resources to run with, and those that cannot be run with because nobody has their definition."""
    given = {resource.name: resource for resource in wish.given}
    recorded = {resource.name: resource for resource in recalled.resources}
    wanted = [name for name in affected if wish.names is None or name in wish.names]
    found = [given.get(name) or recorded[name] for name in wanted if name in given or name in recorded]
    found = [resource for resource in found if not wish.apart(resource)]
    lacking = {
        n: recalled.missing.get(n, "definition not at hand") for n in wanted if n not in given and n not in recorded
    }
    return found, lacking


def _leaving(cluster: Cluster) -> bool:
    """Whether what is on a member is to go elsewhere."""
    return bool(cluster.lost) or any(taint.effect == NO_EXECUTE for taint in cluster.taints)


def supposing(fleet: Fleet, lost: Sequence[str], tainted: Sequence[str]) -> Fleet:
    """The fleet as it would be with members lost, or tainted NoExecute. ConfigError for members that it does not have."""
    unknown = sorted({*lost, *tainted} - set(fleet.members))
    if unknown:
        raise ConfigError(f"{', '.join(unknown)} is supposed to be gone, and the fleet does not have it")
    taint = Taint("supposed", "", NO_EXECUTE)
    members = {
        name: replace(
            cluster,
            lost="supposed to be lost" if name in lost else cluster.lost,
            taints=(*cluster.taints, taint) if name in tainted else cluster.taints,
        )
        for name, cluster in fleet.members.items()
    }
    return replace(fleet, members=members)


def reconcile(fleet: Fleet, wish: Wish, options: Options) -> dict[str, Any]:
    """Bring the fleet to what the play gives, or the members remember, of all resources; returns the result of a module."""
    recalled = recall(fleet, options.request_timeout, options.member_timeout)
    affected = sorted(set(recalled.placements) | {resource.name for resource in wish.given})
    resources, lacking = _chosen(wish, recalled, affected)
    if not resources:
        return _with_lacking(
            {"changed": False, "failed": False, "msg": "nothing to do: there are no resources"}, [], lacking
        )
    return _with_lacking(engine.run(fleet, resources, options), [], lacking)


def failover(fleet: Fleet, wish: Wish, options: Options) -> dict[str, Any]:
    """Move what is on lost members, and on those with a NoExecute taint, to others; returns the result of a module."""
    recalled = recall(fleet, options.request_timeout, options.member_timeout)
    left = sorted(name for name, cluster in recalled.clusters.items() if _leaving(cluster))
    affected = sorted({*recalled.on(left), *(r.name for r in wish.given if left)})
    resources, lacking = _chosen(wish, recalled, affected)
    if not resources:
        what = "nothing is placed on " + ", ".join(left) if left else "no member is lost or tainted NoExecute"
        return _with_lacking({"changed": False, "failed": False, "msg": f"nothing to do: {what}"}, left, lacking)
    options = replace(options, losses=replace(options.losses, approved=True))
    return _with_lacking(engine.run(fleet, resources, options), left, lacking)


def _with_lacking(result: dict[str, Any], left: Sequence[str], lacking: Mapping[str, str]) -> dict[str, Any]:
    result["left"] = list(left)
    result["not_at_hand"] = dict(lacking)
    if lacking:
        told = "; ".join(f"{name}: {why}" for name, why in sorted(lacking.items()))
        result["failed"] = True
        result["msg"] = f"{result['msg']}; not moved: {told}"
    return result


def stale_copies(
    recalled: Recalled, members: Sequence[str], resources: Sequence[Resource]
) -> dict[str, dict[str, str]]:
    """What members that were lost have still of resources that run elsewhere by now, and what becomes of it: member -> resource ->
    words."""
    twice_hurts = {resource.name for resource in resources if resource.needs_fence}
    found: dict[str, dict[str, str]] = {}
    for member in members:
        for name in sorted(recalled.held.get(member, {})):
            placement = recalled.placements.get(name, {})
            if member not in placement:
                others = ", ".join(sorted(placement)) or "nowhere"
                then = "is removed before anything else" if name in twice_hurts else "counts again once it is back"
                found.setdefault(member, {})[name] = f"placed on {others} by now; the copy here {then}"
    return found


def failback(
    fleet: Fleet,
    wish: Wish,
    options: Options,
    joining: membership.Options,
    tell: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Bring members back that were lost and answer again: stale copies are reported, what must not run twice is removed, the members
    are no longer lost, and everything is divided anew. Returns the result of a module."""
    recalled = recall(fleet, options.request_timeout, options.member_timeout, lost_too=True)
    back = sorted(name for name in fleet.in_play if recalled.clusters[name].lost)
    silent = [name for name in back if name not in recalled.held]
    if silent:
        raise ConfigError(
            f"{', '.join(silent)} {'does' if len(silent) == 1 else 'do'} not answer, so nothing can come back",
            "wait until it is ready (detect with want: ready), or limit the play to others",
        )
    affected = sorted(set(recalled.placements) | {resource.name for resource in wish.given})
    resources, lacking = _chosen(wish, recalled, affected)
    stale = stale_copies(recalled, back, resources)
    if not back:
        return _with_lacking(
            {"changed": False, "failed": False, "msg": "no member in play is lost", "stale": {}}, back, {}
        )
    if tell is not None:
        for member, copies in stale.items():
            tell(f"{member} has stale copies: {'; '.join(f'{name} ({what})' for name, what in copies.items())}")
    steps: dict[str, Any] = {}
    if resources:
        whole = replace(fleet, in_play=frozenset(fleet.members))
        steps["reclaim"] = engine.run(whole, resources, replace(options, reclaim=frozenset(back), wait=False))
        if steps["reclaim"]["failed"]:
            return _told(steps, back, stale, lacking, "what must not run twice could not be removed")
    steps["return"] = membership.run(
        replace(fleet, in_play=frozenset(back)), replace(joining, operation=Operation(lost=False, fenced=False))
    )
    if steps["return"]["failed"] or not resources or options.check:
        return _told(steps, back, stale, lacking, "")
    steps["propagate"] = engine.run(replace(fleet, in_play=frozenset(fleet.members)), resources, options)
    return _told(steps, back, stale, lacking, "")


def _told(
    steps: Mapping[str, Mapping[str, Any]],
    back: Sequence[str],
    stale: Mapping[str, Mapping[str, str]],
    lacking: Mapping[str, str],
    why: str,
) -> dict[str, Any]:
    last = list(steps.values())[-1]
    result = {
        "changed": any(step["changed"] for step in steps.values()),
        "failed": any(step["failed"] for step in steps.values()),
        "msg": f"{', '.join(back)} back; {last['msg']}" if not why else f"{why}: {last['msg']}",
        "back": list(back),
        "stale": {member: dict(copies) for member, copies in stale.items()},
        "steps": {name: step["msg"] for name, step in steps.items()},
        "members": last.get("members", {}),
        "resources": next((s["resources"] for s in reversed(list(steps.values())) if s.get("resources")), {}),
        "warnings": [text for step in steps.values() for text in step.get("warnings", [])],
    }
    return _with_lacking(result, back, lacking)
