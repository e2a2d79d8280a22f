# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verbs as functions from options to results: what actions and modules both call. No Ansible in here.

Each verb imports what it needs when it is called: Ansible compiles the modules of a collection in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .dialects.documents import read_manifests, read_text, refuse_twins
from .fleet.kubeconfig import CONNECTION_OPTIONS, check_connection
from .fleet.transport import require_libraries
from .model.budget import parse_budget
from .model.cluster import Cluster, Fleet, build_fleet, parse_cluster
from .model.errors import ConfigError
from .model.names import check_resource_name
from .model.policy import parse_fail_on
from .model.resource import Resource, parse_resource
from .options import FACTS, RESOURCE_OPTIONS

Params = Mapping[str, Any]


def read_cluster(name: str, options: Params) -> Cluster:
    """One member out of its facts and connection options, by their names without prefix."""
    given = {key: value for key, value in options.items() if value is not None}
    connection = {key: given[key] for key in CONNECTION_OPTIONS if key in given}
    check_connection(name, connection)
    return parse_cluster(name, {key: given[key] for key in FACTS if key in given}, connection)


def fleet_of(params: Params) -> Fleet:
    """The fleet of an explicit ``clusters`` list; all of it is in play."""
    if not params.get("federation"):
        raise ConfigError("federation is missing", "give the option federation, or the variable federation_name")
    clusters = [read_cluster(entry["name"], entry) for entry in params.get("clusters") or []]
    return build_fleet(params["federation"], clusters)


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
    manifests = []
    for source, text in sources:
        manifests += read_manifests(read_text(text, source), source)
    for key in ("definition", "definition_data"):
        definition = entry.get(key)
        if definition is not None:
            place = f"the {key} of resource {name}"
            documents = read_text(definition, place) if isinstance(definition, str) else [definition]
            manifests += read_manifests(documents, place)
    resource = parse_resource(entry, manifests)
    refuse_twins(resource.manifests, resource.namespace)
    return resource


def _times(params: Params) -> dict[str, Any]:
    """The deadlines of a run; also the moment to say what the run cannot do without."""
    require_libraries()
    times = {key: params[key] for key in ("request_timeout", "member_timeout")}
    for key, value in times.items():
        if value <= 0:
            raise ConfigError(f"{key} must be more than 0 seconds")
    return times


def _policy(params: Params) -> dict[str, Any]:
    """What verbs that write have in common: when a run counts as failed, and how long it waits for another one."""
    if params["lock_timeout"] < 0:
        raise ConfigError("lock_timeout must be 0 seconds or more")
    return {"fail_on": parse_fail_on(params["fail_on"]), "lock_timeout": params["lock_timeout"]}


def federated_resource(
    fleet: Fleet,
    resources: Sequence[Resource],
    params: Params,
    check: bool,
    diff: bool,
    tell: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Propagate resources; returns the result of the module. ``tell`` shows a line of progress to whoever waits."""
    from .propagation import engine, member

    if params["concurrency"] < 1:
        raise ConfigError("concurrency must be 1 or more")
    options = member.Options(
        check=check,
        diff=diff,
        wait=params["wait"],
        wait_timeout=params["wait_timeout"],
        concurrency=params["concurrency"],
        **_policy(params),
        max_deletions=parse_budget(params["max_deletions"]),
        tell=tell,
        **_times(params),
    )
    return engine.run(fleet, resources, options)


def cluster(fleet: Fleet, params: Params, check: bool, diff: bool) -> dict[str, Any]:
    """Join or leave; returns the result of the module."""
    from .membership import run as membership

    options = membership.Options(
        present=params["state"] == "present",
        check=check,
        diff=diff,
        share=params["share"],
        delete_workloads=params["workloads"] == "delete",
        **_policy(params),
        **_times(params),
    )
    return membership.run(fleet, options)


def federated_resource_info(fleet: Fleet, params: Params) -> dict[str, Any]:
    """The state of resources on the members in play; returns the result of the module."""
    from .propagation import status

    chosen: list[str] | None = params.get("name")
    options = status.Options(**_times(params))
    return status.run(fleet, [check_resource_name(name) for name in chosen] if chosen is not None else None, options)
