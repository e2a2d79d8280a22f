# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verbs about the members themselves, and the report of all of it, as functions from options to results. No Ansible in here.

Each verb imports what it needs when it is called: Ansible compiles the modules of a collection in every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .fleet.transport import require_libraries
from .inputs import Params, read_policy, read_times
from .model.cluster import Fleet
from .model.errors import ConfigError
from .model.manifest import Manifest
from .model.policy import parse_fail_on


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
        **read_policy(params),
        **read_times(params),
    )
    return membership.run(fleet, options)


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
        **read_times(params),
    )
    options = inspection.Options(
        looked_at=looked_at,
        fail_on=parse_fail_on(params["fail_on"]),
        warn_days=params["credential_warn_days"],
        held_back=write and check,
    )
    return inspection.run(fleet, options)


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


def fleet_report(fleet: Fleet, params: Params, check: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a report tells of: the results of `cluster_info` and of `federated_resource_info`, read at the same time."""
    from .fleet.concurrency import on_each
    from .resource_verbs import federated_resource_info

    asked = {**params, "probe": "read", "probe_timeout": 3.0, "capacity": True, "fail_on": "none"}
    found: dict[str, dict[str, Any]] = {}

    def read(what: str) -> None:
        found[what] = cluster_info(fleet, asked, check) if what == "clusters" else federated_resource_info(fleet, asked)

    # both keep to deadlines of their own: this one is for what no deadline reaches
    seconds = 2 * params["member_timeout"] + params["request_timeout"] * len(fleet.in_play)
    for error in on_each(("clusters", "resources"), read, seconds).values():
        raise error
    return found["clusters"], found["resources"]
