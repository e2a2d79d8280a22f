# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verbs as functions from options to results: what actions and modules both call. No Ansible in here.

Each verb imports what it needs when it is called: Ansible compiles the modules of a collection in every run.
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
from .model.placement import parse_members
from .model.policy import parse_fail_on
from .model.resource import Resource, parse_resource
from .options import FACTS, RESOURCE_OPTIONS

if TYPE_CHECKING:
    from .propagation import member
    from .propagation.decide import Losses
    from .propagation.planfile import Plan
    from .recovery.failover import Wish

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
    from .propagation import engine

    given = params.get("plan")
    options = replace(_run_options(params, check, diff, tell), plan=None if given is None else _plan(given))
    if params.get("waves") is None:
        return engine.run(fleet, resources, options)
    from .model.waves import parse_waves
    from .propagation import waves

    ordered = parse_waves(params["waves"], "waves")
    if ordered is None:
        return engine.run(fleet, resources, options)
    if given is not None:
        raise ConfigError("a plan is carried out as a whole: waves do not go with it")
    waves.check_waves(ordered, fleet)
    return waves.run(fleet, resources, ordered, options)


def _losses(params: Params) -> Losses:
    from .model.failover import parse_max_lost
    from .propagation.decide import Losses

    return Losses(most=parse_max_lost(params["max_lost"]))


def _plan(raw: Any) -> Plan:
    from .propagation.planfile import load_plan

    plan = load_plan(raw, "plan")
    if plan.without:
        raise ConfigError(f"the plan answers what if {', '.join(plan.without)} were gone: it cannot be carried out")
    return plan


def _engine_options(params: Params, check: bool, diff: bool, tell: Callable[[str], None] | None) -> member.Options:
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
        **_times(params),
    )


def _run_options(params: Params, check: bool, diff: bool, tell: Callable[[str], None] | None) -> member.Options:
    """The options of a run of the engine that propagates."""
    if params["concurrency"] < 1:
        raise ConfigError("concurrency must be 1 or more")
    given = {key: params[key] for key in ("wait", "wait_timeout", "concurrency")}
    return replace(_engine_options(params, check, diff, tell), **given, **_policy(params))


def plan(
    fleet: Fleet, resources: Sequence[Resource], params: Params, diff: bool, tell: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """What propagating the resources would do, now or with members gone; writes nothing. Returns the result of the module."""
    from .propagation import engine

    without = params.get("without")
    options = replace(
        _engine_options(params, True, diff, tell),
        planning=True,
        without=None if without is None else parse_members(without, "without"),
    )
    return {**engine.run(fleet, resources, options), "changed": False}


def _wish(resources: Sequence[Resource], params: Params) -> Wish:
    from .recovery.failover import Wish

    return Wish(resources, params.get("name"))


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
    return recovery.failover(supposed, _wish(resources, params), _run_options(params, check, diff, tell))


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

    return recovery.reconcile(fleet, _wish(resources, params), _run_options(params, check, diff, tell))


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

    joining = membership.Options(check=check, diff=diff, **_policy(params), **_times(params))
    return recovery.failback(fleet, _wish(resources, params), _run_options(params, check, diff, tell), joining, tell)


def over_clusters(verb: Callable[..., dict[str, Any]], params: Params, check: bool, diff: bool) -> dict[str, Any]:
    """`failover`, `failback` or `reconcile` as a module: over ``clusters``, with the resources that stand in the options."""
    given = [read_resource(entry) for entry in params.get("resources") or []]
    return verb(fleet_of(params, check), given, params, check, diff)


def detect(fleet: Fleet, params: Params) -> dict[str, Any]:
    """Whether members in play are lost, or ready again; returns the result of the module."""
    from .inspection import watch
    from .model.failover import parse_max_lost

    require_libraries()
    for key in ("probes", "interval", "probe_timeout", "timeout", "quorum"):
        if params[key] <= 0:
            raise ConfigError(f"{key} must be more than 0")
    if params["over"] < 0:
        raise ConfigError("over must be 0 seconds or more")
    keys = ("want", "probes", "over", "interval", "probe_timeout", "timeout", "quorum")
    policy = watch.Policy(**{key: params[key] for key in keys}, max_lost=parse_max_lost(params["max_lost"]))
    return watch.run(fleet, policy, [[str(n) for n in seen] for seen in params.get("observations") or []])


def cluster(
    fleet: Fleet, params: Params, check: bool, diff: bool, manifests: Sequence[Manifest] = ()
) -> dict[str, Any]:
    """Join, leave, or change what is said of members; returns the result of the module. ``manifests`` are those of ``rights``."""
    from .membership import run as membership
    from .membership.rights import Asked, template_of
    from .model.failover import parse_max_lost
    from .model.operation import parse_operation
    from .model.rights import parse_rights

    wish = params.get("rights") or {}
    profile, more = parse_rights({key: wish.get(key) for key in ("profile", "rules", "secret_namespaces")})
    exact, template = bool(wish.get("exact")), template_of(manifests, wish.get("namespace") or "default")
    operation = parse_operation(params)
    if params["state"] == "absent":
        idle = [key for key in ("rotate", "rights") if params.get(key)]
        idle += ["labels, taints, cordon, lost or fenced"] if operation.asks else []
        if idle:
            raise ConfigError(f"{idle[0]} does not go with state: absent")
    elif params["force"] and not params["lost"]:
        raise ConfigError("force goes with state: absent, or with lost: true")
    options = membership.Options(
        present=params["state"] == "present",
        check=check,
        diff=diff,
        share=params["share"],
        delete_workloads=params["workloads"] == "delete",
        force=params["force"],
        rotate=params["rotate"],
        rights=Asked(profile, more, exact, template),
        operation=operation,
        max_lost=parse_max_lost(params["max_lost"]),
        **_policy(params),
        **_times(params),
    )
    return membership.run(fleet, options)


def federated_resource_info(fleet: Fleet, params: Params) -> dict[str, Any]:
    """The state of resources on the members in play; returns the result of the module."""
    from .status import run as status

    chosen: list[str] | None = params.get("name")
    options = status.Options(everything=params["search"] == "everything", **_times(params))
    return status.run(fleet, [check_resource_name(name) for name in chosen] if chosen is not None else None, options)


def cluster_info(fleet: Fleet, params: Params, check: bool) -> dict[str, Any]:
    """The health, capacity and credentials of the members in play; returns the result of the module."""
    from .inspection import read
    from .inspection import run as inspection

    if params["probe_timeout"] <= 0:
        raise ConfigError("probe_timeout must be more than 0 seconds")
    if params["credential_warn_days"] < 0:
        raise ConfigError("credential_warn_days must be 0 or more")
    write = params["probe"] == "write"
    looked_at = read.Options(
        write=write and not check,
        probe_timeout=params["probe_timeout"],
        capacity=params["capacity"],
        **_times(params),
    )
    options = inspection.Options(
        looked_at=looked_at,
        fail_on=parse_fail_on(params["fail_on"]),
        warn_days=params["credential_warn_days"],
        held_back=write and check,
    )
    return inspection.run(fleet, options)


def fleet_report(fleet: Fleet, params: Params, check: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a report tells of: the results of `cluster_info` and of `federated_resource_info`, read at the same time."""
    from .fleet.concurrency import on_each

    asked = {**params, "probe": "read", "probe_timeout": 3.0, "capacity": True, "fail_on": "none"}
    found: dict[str, dict[str, Any]] = {}

    def read(what: str) -> None:
        found[what] = cluster_info(fleet, asked, check) if what == "clusters" else federated_resource_info(fleet, asked)

    # both keep to deadlines of their own: this one is for what no deadline reaches
    seconds = 2 * params["member_timeout"] + params["request_timeout"] * len(fleet.in_play)
    for error in on_each(("clusters", "resources"), read, seconds).values():
        raise error
    return found["clusters"], found["resources"]
