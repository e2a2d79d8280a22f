# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The KubeDirector verbs as functions from options to results, as the other verbs. No Ansible in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .inputs import Params, read_policy, read_times, run_options
from .kubedirector.definition import Definition
from .kubedirector.envelope import CLUSTER_KIND
from .model.cluster import Fleet
from .model.errors import ConfigError
from .options import ROLE_OPTIONS
from .propagation.member import Options

Tell = Callable[[str], None]

#: fields of a KubeDirectorCluster that are options, by their names there
_SPEC = {"app": "app", "app_catalog": "appCatalog", "service_type": "serviceType"}
#: options that describe an instance and do not go with its removal
_PRESENT_ONLY = (
    *_SPEC,
    "definition",
    "src",
    "roles",
    "expose",
    "parameters",
    "images",
    "members",
    "placement",
    "instances",
    "data",
    "home",
    "connect",
    "failover",
    "upgrade",
    "rollback",
)


def kubedirector_cluster(
    fleet: Fleet,
    params: Params,
    manifests: Sequence[Any],
    find: Callable[[str], Definition | None],
    check: bool,
    diff: bool,
    tell: Tell | None = None,
) -> dict[str, Any]:
    """Make, change or remove an instance; returns the result of the module. ``manifests`` are those of ``src`` and ``definition``;
    ``find`` looks an app up in the catalogs."""
    from .instances import cluster
    from .instances.demand import Wish
    from .instances.wish import Asked

    options = _options(params, check, diff, tell)
    kept = {key: params.get(key) for key in ("parameters", "images", "retain", "expose", "data", "connect")}
    asked = Asked(params["name"], params["namespace"], _one(manifests, params), _spec(params), kept)
    if params["state"] == "absent":
        idle = [key for key in _PRESENT_ONLY if params.get(key)]
        if idle:
            raise ConfigError(f"{idle[0]} does not go with state: absent")
        return cluster.absent(fleet, asked, options)
    wish = Wish(
        asked,
        find,
        _placement(params),
        params.get("instances"),
        params.get("failover"),
        params.get("conflict") or "abort",
        params["upgrade"],
        params["rollback"],
        params.get("home") or "",
    )
    return cluster.present(fleet, wish, options)


def kubedirector_app(
    fleet: Fleet,
    params: Params,
    definition: Definition | None,
    check: bool,
    diff: bool,
    tell: Tell | None = None,
) -> dict[str, Any]:
    """Register, change or remove an app; returns the result of the module. ``definition`` is None for a removal."""
    from .instances import app

    options = _options(params, check, diff, tell)
    if definition is None:
        return app.remove(fleet, params["name"], options)
    return app.register(
        fleet, definition, params["namespace"], _placement(params), params.get("conflict") or "abort", options
    )


def kubedirector_info(fleet: Fleet, params: Params, catalog: Sequence[Definition]) -> dict[str, Any]:
    """How instances stand, and which apps there are; returns the result of the module."""
    from .instances import info

    times = read_times(params)
    found = info.info(fleet, params.get("namespace") or "", params.get("name") or "", times)
    if params["apps"]:
        found["apps"] = info.registered(fleet, catalog, times)
    return found


def _one(manifests: Sequence[Any], params: Params) -> Mapping[str, Any] | None:
    """The only manifest of a task; with one, the fields that it has are not options as well."""
    if not manifests:
        return None
    if len(manifests) > 1:
        raise ConfigError(
            f"{CLUSTER_KIND} {params['name']}: src and definition hold {len(manifests)} manifests, and one is asked for"
        )
    idle = [key for key in (*_SPEC, "roles") if params.get(key)]
    if idle:
        raise ConfigError(f"{idle[0]} does not go with src or definition, which say it")
    manifest: Mapping[str, Any] = manifests[0]
    return manifest


def _spec(params: Params) -> dict[str, Any]:
    spec = {field: params[key] for key, field in _SPEC.items() if params.get(key)}
    roles = params.get("roles") or []
    spec["roles"] = [{key: role[key] for key in ROLE_OPTIONS if role.get(key) is not None} for role in roles]
    return spec


def _placement(params: Params) -> Mapping[str, Any] | None:
    members, placement = params.get("members"), params.get("placement")
    if members is None:
        return placement
    if placement is not None:
        raise ConfigError("give members or placement, not both")
    return {"members": list(members)}


def _options(params: Params, check: bool, diff: bool, tell: Tell | None) -> Options:
    if "wait" in params:
        return run_options(params, check, diff, tell)
    # an app is one object: nothing to wait for, nothing to delete by mistake
    return Options(check=check, diff=diff, tell=tell, **read_policy(params), **read_times(params))
