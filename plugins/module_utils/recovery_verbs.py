# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verbs that move resources from members and back, as functions from options to results. No Ansible in here.

The resources are those that the play gives, and those that the members remember. Each verb imports what it needs when it is called:
Ansible compiles the modules of a collection in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .inputs import Params, fleet_of, read_policy, read_resource, read_times, run_options
from .model.cluster import Fleet
from .model.errors import ConfigError
from .model.resource import Resource

if TYPE_CHECKING:
    from .propagation.member import Options


class _Parted:
    """What is to be moved: instances with a copy of their data are found on the way, and are not for the engine alone."""

    def __init__(self, resources: Sequence[Resource], params: Params) -> None:
        from .recovery.failover import Wish

        self.copied: dict[str, Resource] = {}
        self.wish = Wish(resources, params.get("name"), self._apart)

    def _apart(self, resource: Resource) -> bool:
        from .instances.naming import is_instance

        if not is_instance(resource.name):
            return False
        from .instances.takeover import is_copied

        copied = is_copied(resource)
        if copied:
            self.copied[resource.name] = resource
        return copied

    def settled(self, fleet: Fleet, result: dict[str, Any], options: Options) -> dict[str, Any]:
        """The result of a verb, and of what it left to us."""
        if not self.copied:
            return result
        from .instances.takeover import settle

        return settle(fleet, self.copied.values(), result, options)


def failover(
    fleet: Fleet,
    resources: Sequence[Resource],
    params: Params,
    check: bool,
    diff: bool,
    tell: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Move what is on lost members to others; returns the result of the module. ``resources`` win over what members remember."""
    from .recovery import failover as recovery

    lost, tainted = params.get("suppose_lost") or [], params.get("suppose_tainted") or []
    if (lost or tainted) and not check:
        raise ConfigError("suppose_lost and suppose_tainted are for check mode: declare it with the module cluster")
    supposed = recovery.supposing(fleet, lost, tainted) if lost or tainted else fleet
    parted, options = _Parted(resources, params), run_options(params, check, diff, tell)
    result = recovery.failover(supposed, parted.wish, options)
    return parted.settled(supposed, result, replace(options, losses=replace(options.losses, approved=True)))


def reconcile(
    fleet: Fleet,
    resources: Sequence[Resource],
    params: Params,
    check: bool,
    diff: bool,
    tell: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Bring the fleet to what it remembers, or to what is given; returns the result of the module."""
    from .recovery import failover as recovery

    parted, options = _Parted(resources, params), run_options(params, check, diff, tell)
    return parted.settled(fleet, recovery.reconcile(fleet, parted.wish, options), options)


def failback(
    fleet: Fleet,
    resources: Sequence[Resource],
    params: Params,
    check: bool,
    diff: bool,
    tell: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Bring members in play back that were lost; returns the result of the module."""
    from .membership import run as membership
    from .recovery import failover as recovery

    joining = membership.Options(check=check, diff=diff, **read_policy(params), **read_times(params))
    parted, options = _Parted(resources, params), run_options(params, check, diff, tell)
    result = recovery.failback(fleet, parted.wish, options, joining, tell)
    everywhere = replace(fleet, in_play=frozenset(fleet.members))
    return result if result["failed"] else parted.settled(everywhere, result, options)


def over_clusters(verb: Callable[..., dict[str, Any]], params: Params, check: bool, diff: bool) -> dict[str, Any]:
    """`failover`, `failback` or `reconcile` as a module: over ``clusters``, with the resources that stand in the options."""
    given = [read_resource(entry) for entry in params.get("resources") or []]
    return verb(fleet_of(params, check), given, params, check, diff)
