# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verbs that propagate resources, plan it, and tell of it, as functions from options to results. No Ansible in here.

Each verb imports what it needs when it is called: Ansible compiles the modules of a collection in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .inputs import Params, engine_options, read_times, run_options
from .model.cluster import Fleet
from .model.errors import ConfigError
from .model.names import check_resource_name
from .model.placement import parse_members
from .model.resource import Resource

if TYPE_CHECKING:
    from .propagation.planfile import Plan


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
    options = replace(run_options(params, check, diff, tell), plan=None if given is None else _plan(given))
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


def _plan(raw: Any) -> Plan:
    from .propagation.planfile import load_plan

    plan = load_plan(raw, "plan")
    if plan.without:
        raise ConfigError(f"the plan answers what if {', '.join(plan.without)} were gone: it cannot be carried out")
    return plan


def plan(
    fleet: Fleet, resources: Sequence[Resource], params: Params, diff: bool, tell: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """What propagating the resources would do, now or with members gone; writes nothing. Returns the result of the module."""
    from .propagation import engine

    without = params.get("without")
    options = replace(
        engine_options(params, True, diff, tell),
        planning=True,
        without=None if without is None else parse_members(without, "without"),
    )
    return {**engine.run(fleet, resources, options), "changed": False}


def federated_resource_info(fleet: Fleet, params: Params) -> dict[str, Any]:
    """The state of resources on the members in play; returns the result of the module."""
    from .status import run as status

    chosen: list[str] | None = params.get("name")
    options = status.Options(everything=params["search"] == "everything", **read_times(params))
    return status.run(fleet, [check_resource_name(name) for name in chosen] if chosen is not None else None, options)
