# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task asks for, out of its options: a fleet, resources, and how to run. What actions and modules both call. No Ansible in here.

What only some verbs need is imported when it is asked for: Ansible compiles the modules of a collection in every run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .dialects.documents import read_manifests, read_text, refuse_twins
from .fleet.kubeconfig import CONNECTION_OPTIONS, check_connection
from .fleet.transport import require_libraries
from .model.access import AS_GIVEN, DAY, FILE_SECONDS, GIVEN, Access
from .model.budget import parse_budget
from .model.cluster import Cluster, Fleet, build_fleet, parse_cluster
from .model.errors import ConfigError
from .model.manifest import Manifest
from .model.names import check_resource_name
from .model.policy import parse_fail_on
from .model.resource import Resource, parse_resource
from .options import FACTS, RESOURCE_OPTIONS

if TYPE_CHECKING:
    from .propagation import member
    from .propagation.decide import Losses

Params = Mapping[str, Any]


def read_cluster(name: str, options: Params, access: Access = AS_GIVEN) -> Cluster:
    """One member out of its facts and connection options, by their names without prefix."""
    given = {key: value for key, value in options.items() if value is not None}
    connection = {key: given[key] for key in CONNECTION_OPTIONS if key in given}
    check_connection(name, connection)
    return parse_cluster(name, {key: given[key] for key in FACTS if key in given}, connection, access)


def read_access(params: Params, check: bool, by_default: str = GIVEN) -> Access:
    """Which credential the members of a fleet are reached with; ``by_default`` where nobody says."""
    mode = params.get("credentials")
    days = params.get("credentials_days") or FILE_SECONDS / DAY
    if not 0 < days <= 3650:
        raise ConfigError("credentials_days must be more than 0, and 3650 or less")
    folder = params.get("credentials_dir") or os.path.join(
        os.environ.get("XDG_STATE_HOME") or "~/.local/state", "multicluster.federation", "credentials"
    )
    return Access(
        mode or by_default,
        mode is not None,
        str(params.get("federation") or ""),
        os.path.abspath(os.path.expanduser(folder)),
        days * DAY,
        check,
    )


def fleet_of(params: Params, check: bool = False, nameless: bool = False) -> Fleet:
    """The fleet of an explicit ``clusters`` list; all of it is in play. ``nameless``: clusters may be looked at before they belong
    to a federation."""
    if not params.get("federation") and not nameless:
        raise ConfigError("federation is missing", "give the option federation, or the variable federation_name")
    access = read_access(params, check)
    clusters = [read_cluster(entry["name"], entry, access) for entry in params.get("clusters") or []]
    return limited(build_fleet(params.get("federation") or None, clusters), params)


def limited(fleet: Fleet, params: Params) -> Fleet:
    """The fleet with only those members in play that the option ``only`` names, where it is given."""
    only = params.get("only")
    if only is None:
        return fleet
    unknown = sorted(set(only) - set(fleet.members))
    if unknown:
        raise ConfigError(f"only names {', '.join(unknown)}, which the fleet does not have")
    return replace(fleet, in_play=fleet.in_play & frozenset(only))


def resource_entries(params: Params) -> list[dict[str, Any]]:
    """The resources that `federated_resource` was asked for, in either form. ConfigError when both or neither are given."""
    single = params.get("name") is not None
    many = params.get("resources") is not None
    if single == many:
        raise ConfigError("give either name (one resource) or resources (a list)")
    if many:
        return [dict(entry) for entry in params["resources"]]
    return [{key: params.get(key) for key in RESOURCE_OPTIONS}]


def read_resource(entry: Params, sources: Sequence[tuple[str, str]] = ()) -> Resource:
    """One resource. ``sources`` are (name, YAML text) of what ``src`` and ``template`` named, read by whoever can read files."""
    name = check_resource_name(entry.get("name"))
    if entry.get("overrides_data"):
        entry = {**entry, "overrides": read_text(entry["overrides_data"], f"the overrides of resource {name}")[0]}
    resource = parse_resource(entry, _manifests(entry, sources, f"resource {name}"))
    refuse_twins(resource.manifests, resource.namespace)
    return resource


def _manifests(entry: Params, sources: Sequence[tuple[str, str]], what: str) -> list[Manifest]:
    """The manifests of files that were read, and those that stand in the options themselves."""
    manifests = []
    for source, text in sources:
        manifests += read_manifests(read_text(text, source), source)
    for key in ("definition", "definition_data"):
        definition = entry.get(key)
        if definition is not None:
            place = f"the {key} of {what}"
            documents = read_text(definition, place) if isinstance(definition, str) else [definition]
            manifests += read_manifests(documents, place)
    return manifests


def read_rights(entry: Params, sources: Sequence[tuple[str, str]] = ()) -> tuple[Manifest, ...]:
    """The manifests that the option ``rights`` of `cluster` names; ``sources`` as in `read_resource`."""
    return tuple(_manifests(entry, sources, "the rights"))


def read_times(params: Params) -> dict[str, Any]:
    """The deadlines of a run; also the moment to say what the run cannot do without."""
    require_libraries()
    times = {key: params[key] for key in ("request_timeout", "member_timeout")}
    for key, value in times.items():
        if value <= 0:
            raise ConfigError(f"{key} must be more than 0 seconds")
    return times


def read_policy(params: Params) -> dict[str, Any]:
    """What verbs that write have in common: when a run counts as failed, and how long it waits for another one."""
    if params["lock_timeout"] < 0:
        raise ConfigError("lock_timeout must be 0 seconds or more")
    return {"fail_on": parse_fail_on(params["fail_on"]), "lock_timeout": params["lock_timeout"]}


def _losses(params: Params) -> Losses:
    from .model.failover import parse_max_lost
    from .propagation.decide import Losses

    return Losses(most=parse_max_lost(params["max_lost"]))


def engine_options(params: Params, check: bool, diff: bool, tell: Callable[[str], None] | None) -> member.Options:
    """The options of a run of the engine, from those that the verbs have that plan, and those that propagate."""
    from .propagation import member

    return member.Options(
        check=check,
        diff=diff,
        fail_on=parse_fail_on(params["fail_on"]),
        max_deletions=parse_budget(params["max_deletions"]),
        tell=tell,
        partial_fleet=params["partial_fleet"],
        losses=_losses(params),
        **read_times(params),
    )


def run_options(params: Params, check: bool, diff: bool, tell: Callable[[str], None] | None) -> member.Options:
    """The options of a run of the engine that propagates."""
    if params["concurrency"] < 1:
        raise ConfigError("concurrency must be 1 or more")
    given = {key: params[key] for key in ("wait", "wait_timeout", "concurrency")}
    return replace(engine_options(params, check, diff, tell), **given, **read_policy(params))
