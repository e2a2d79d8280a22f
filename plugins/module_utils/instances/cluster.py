# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`kubedirector_cluster`: an instance is made, changed, or removed, on the members that its placement chooses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..fleet.concurrency import SLACK, in_good_time
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..kubedirector.definition import Definition
from ..kubedirector.envelope import CLUSTER_KIND
from ..kubedirector.instance import Instance, Remembered
from ..kubedirector.native import naming as objects
from ..kubedirector.native.render import render
from ..kubedirector.lead import Lead, load_lead, overrides
from ..kubedirector.runtime import DATA_NONE, start_order
from ..model.cluster import Fleet
from ..model.errors import ConfigError, FederationError
from ..model.failover import BY_STATE, NEVER, NONE
from ..model.manifest import SECRET, Manifest, kind_of, name_of
from ..model.placement import Where
from ..model.resource import Resource, parse_resource
from ..propagation import engine
from ..propagation.member import Options
from . import connection, lifecycle, naming
from .memory import Memory, remember
from .mirror import Mirror, problems, told
from .read import read_logs, read_objects
from .retention import settle
from .rollout import roll_out
from .status import READY, Objects, status_of
from .survey import unfit
from .wish import Asked, app_of, wished_instance

#: a home, and a copy of its data
_COPIES = 2

ONE, EACH = "one", "each"
#: one home for the instance, or an instance of its own on each member that is chosen
INSTANCES = (ONE, EACH)


@dataclass(frozen=True)
class Wish:
    """``find`` looks an app up by its name in the catalogs; ``placement`` None leaves it as it is; ``upgrade`` takes the app as the
    catalog has it now; ``rollback``: a change that fails is taken back; ``failover`` is one of `failover.FAILOVERS`, None for the
    default; ``home`` is the member that is to take writes, where data are copied to a second one, "" for who does already."""

    asked: Asked
    find: Callable[[str], Definition | None]
    placement: Mapping[str, Any] | None = None
    instances: str | None = None
    failover: str | None = None
    conflict: str = "abort"
    upgrade: bool = False
    rollback: bool = False
    home: str = ""


def present(fleet: Fleet, wish: Wish, options: Options) -> dict[str, Any]:
    """Make an instance, or change it; returns the result of the module. ConfigError when what is asked for cannot be."""
    asked = wish.asked
    resource = naming.instance_resource(asked.namespace, asked.name)
    memory = remember(fleet, _times(options), resource, naming.app_resource(_said_app(asked)))
    before, old = memory.instance(resource), memory.resource(resource)
    definition, notes = _definition(wish, before, memory)
    lead = load_lead(before.options.get("lead")) if before is not None else Lead()
    instance = replace(wished_instance(asked, definition, before), lead=lead)
    if wish.home and instance.replication is None:
        raise ConfigError("home is for an instance whose data are copied", "without that, placement says where it is")
    had = memory.placed(resource)
    wanted = _resource(resource, instance, wish, old, before, had)
    new = sorted(set(fleet.in_play) - set(had))
    lacking = unfit(fleet, new, instance, wanted.manifests, _times(options)) if new else {}
    wanted = replace(wanted, unfit=lacking)
    order = start_order(definition.app, definition.runtime)
    mirror = Mirror(fleet, instance, instance.replication, options) if instance.replication is not None else None

    def look(result: Mapping[str, Any]) -> dict[str, Any]:
        placed = (result.get("resources", {}).get(resource) or {}).get("members", [])
        return read_states(fleet, [name for name in placed if name in fleet.in_play], instance, options)

    def explain(result: dict[str, Any]) -> None:
        if options.wait and not options.check:
            result["msg"] += _reasons(look(result))

    def before_stage(manifests: Sequence[Manifest]) -> str:
        placed = [name for name in memory.placed(resource) if name in fleet.in_play]
        wrong = lifecycle.drain(fleet, placed, instance, manifests, options) if placed else {}
        told = "; ".join(f"{name}: {text}" for name, text in wrong.items())
        return f"no pod was taken away, since it could not be drained: {told}" if told else ""

    def apply(lead: Lead, members: Sequence[str] | None, options: Options) -> dict[str, Any]:
        nonlocal old
        changed = replace(instance, lead=lead)
        known = members if members is not None else sorted({*had, *fleet.members})
        found = replace(_resource(resource, changed, wish, old, before, known), unfit=lacking)
        if members is not None:
            found = replace(found, placement=replace(found.placement, where=Where(members=tuple(members))))
        done = roll_out(fleet, found, old, order, options, wish.rollback, explain, before_stage)
        if not done["failed"] and not options.check:
            old = found
        return done

    if mirror is None:
        done = roll_out(fleet, wanted, old, order, options, wish.rollback, explain, before_stage)
    else:
        plan = engine.run(fleet, [wanted], replace(options, check=True, wait=False, tell=None))
        chosen = list((plan.get("resources", {}).get(resource) or {}).get("members", []))
        if not chosen:
            done = plan
        else:
            done = mirror.bring(chosen, had, lead, wish.home, apply)
            instance, notes = mirror.instance, [*notes, *mirror.notes]
    members = sorted((done.get("resources", {}).get(resource) or {}).get("members", []))
    done["warnings"] = [*notes, *done.get("warnings", [])]
    done.update(instance=described(instance, resource, members))
    if not options.check:
        done["instance"]["members"] = look(done)
        if mirror is not None:
            positions = mirror.positions([name for name in members if name in fleet.in_play])
            done["instance"]["replication"] = told(instance.lead, positions)
            done["warnings"] += problems(instance.lead, positions)
        _connect(fleet, instance, before, done, options)
    done["msg"] = f"{asked.namespace}/{asked.name}{_whereabouts(done, members)}: {done['msg']}"
    return _without_empty(done)


def _connect(
    fleet: Fleet, instance: Instance, before: Remembered | None, done: dict[str, Any], options: Options
) -> None:
    """Tell other members how to reach the instance, or take back what they were told."""
    told = list(before.options.get("connect") or []) if before is not None else []
    placed = done["instance"]["placed"]
    if done["failed"] or not (instance.connect or told):
        return
    if not instance.connect:
        more = connection.forget(fleet, instance.namespace, instance.name, options)
    elif len(placed) != 1:
        raise ConfigError("connect is for an instance with one home", "give each of them a name of its own")
    else:
        state = done["instance"]["members"].get(placed[0], {})
        more = connection.follow(fleet, instance, placed[0], instance.connect, state, options)
    done["changed"] = done["changed"] or more["changed"]
    done["failed"] = more["failed"]
    done["warnings"] = [*done.get("warnings", []), *more.get("warnings", [])]
    if more["changed"] or more["failed"]:
        done["msg"] = f"{done['msg']}; connection details: {more['msg']}"


def absent(fleet: Fleet, asked: Asked, options: Options) -> dict[str, Any]:
    """Remove an instance, with its volumes or without; returns the result of the module."""
    resource = naming.instance_resource(asked.namespace, asked.name)
    memory = remember(fleet, _times(options), resource)
    placed = memory.placed(resource)
    old, before, notes = memory.resource(resource), memory.instance(resource), list[str]()
    retain = asked.options.get("retain")
    if (
        before is not None
        and old is not None
        and retain is not None
        and bool(retain) != bool(before.options.get("retain"))
    ):
        settled = settle(fleet, old, before, bool(retain), placed, options)
        if settled.get("failed"):
            return {
                **settled,
                "msg": f"nothing was removed, since its volumes could not be made safe: {settled['msg']}",
            }
        notes += settled.get("warnings", [])
    if before is not None and before.options.get("connect"):
        notes += connection.forget(fleet, asked.namespace, asked.name, options).get("warnings", [])
    done = engine.run(fleet, [Resource(resource, present=False)], options)
    if not options.check and not done["failed"]:
        left = _wait_gone(fleet, placed, asked, options, bool(retain))
        if left:
            done = {**done, "failed": True, "msg": f"{done['msg']}; still there: {left}"}
    done["msg"] = f"{asked.namespace}/{asked.name}: {done['msg']}"
    done["instance"] = {"name": asked.name, "namespace": asked.namespace, "resource": resource, "was_on": placed}
    if notes:
        done["warnings"] = [*notes, *done.get("warnings", [])]
    return done


def _times(options: Options) -> dict[str, float]:
    return {"request_timeout": options.request_timeout, "member_timeout": options.member_timeout}


def _said_app(asked: Asked) -> str:
    spec = (asked.manifest or {}).get("spec") if asked.manifest is not None else asked.spec
    name = spec.get("app") if isinstance(spec, Mapping) else None
    return name if isinstance(name, str) and name else "x"


def _definition(wish: Wish, before: Remembered | None, memory: Memory) -> tuple[Definition, list[str]]:
    """The app of an instance: what it runs already, unless it is to be upgraded; else what is registered, or in a catalog."""
    name = app_of(wish.asked, before)
    if before is not None and before.definition.app.name == name and not wish.upgrade:
        newer = _found(wish, name, memory)
        old = before.definition
        if newer is not None and newer.dump() != old.dump():
            said = f" ({old.app.version} -> {newer.app.version})" if newer.app.version != old.app.version else ""
            return old, [f"{name} has changed in {newer.source}{said}: upgrade: true takes it"]
        return old, []
    found = _found(wish, name, memory)
    if found is None:
        raise ConfigError(
            f"{CLUSTER_KIND} {wish.asked.name}: there is no app {name!r}",
            "register it with kubedirector_app, name its folder with catalog, or choose one that is shipped: redis, mysql, rabbitmq",
        )
    return found, []


def _found(wish: Wish, name: str, memory: Memory) -> Definition | None:
    registered = memory.app(name) if memory.placed(naming.app_resource(name)) else None
    return registered or wish.find(name)


def _resource(
    name: str,
    instance: Instance,
    wish: Wish,
    old: Resource | None,
    before: Remembered | None,
    members: Sequence[str] = (),
) -> Resource:
    """The instance as a resource. Secrets whose values are known to the members only stay as they are there. ``members`` are those whose
    pods are told which member they are in, where data are copied to a second one."""
    kept = dict(old.asked) if old is not None else {}
    data = instance.data
    failover = wish.failover or (kept.get("failover") if data else None) or ("plan" if data else NEVER)
    if failover != NEVER and not data:
        raise ConfigError(
            f"{CLUSTER_KIND} {instance.name} would move to another member without its data",
            "say data: none if it may start there without any, or failover: never",
        )
    mode = wish.instances or (EACH if before is not None and not kept.get("singleton", True) else ONE)
    options: dict[str, Any] = {
        "name": name,
        "namespace": instance.namespace,
        "placement": wish.placement if wish.placement is not None else kept.get("placement"),
        "singleton": mode == ONE and instance.replication is None,
        "failover": failover,
        "keep_template": True,
        "conflict": wish.conflict,
    }
    if instance.replication is not None:
        chosen = wish.placement if wish.placement is not None else kept.get("placement")
        options.update(_of_copies(instance, mode, chosen, members))
    manifests = render(instance)
    valueless = {
        objects.keys_name(instance, r.id) for r in instance.cluster.roles if any(not k.value for k in r.secret_keys)
    }
    withheld = [m for m in manifests if kind_of(m) == SECRET and m["metadata"]["name"] in valueless]
    resource = parse_resource(options, [m for m in manifests if m not in withheld])
    return replace(resource, withheld=frozenset(name_of(m) for m in withheld))


def _of_copies(
    instance: Instance, mode: str, placement: Mapping[str, Any] | None, members: Sequence[str]
) -> dict[str, Any]:
    """What is different for a resource that has a copy: it is on two members, each of which knows which one it is."""
    replication = instance.replication
    if replication is None or mode == EACH:
        raise ConfigError(f"data: {instance.data} is for one instance with a copy, not for instances: {EACH}")
    spread = [rule for rule in (placement or {}).get("spread") or [] if rule.get("by") != "member"]
    fenced = bool(replication.fenced_by and instance.parameters.get(replication.fenced_by))
    return {
        "placement": {**(placement or {}), "spread": [*spread, {"by": "member", "max": _COPIES}]},
        "fence": NONE if fenced else BY_STATE,
        "overrides": overrides(instance.lead, objects.replication_name(instance, replication.role), members),
    }


def described(instance: Instance, resource: str, members: Sequence[str]) -> dict[str, Any]:
    """An instance as data, for a result: no value of a secret is in it."""
    return {
        "name": instance.name,
        "namespace": instance.namespace,
        "app": instance.definition.app.name,
        "version": instance.definition.app.version,
        "resource": resource,
        "placed": list(members),
        "roles": {role.id: role.members for role in instance.cluster.roles},
        "addresses": {
            role.id: objects.service_address(instance, role.id)
            for role in instance.cluster.roles
            if role.members and any(s.endpoint for s in instance.definition.app.services_of(role.id))
        },
        "secrets": [objects.secret_name(instance, secret.id) for secret in instance.definition.runtime.secrets],
    }


def read_states(fleet: Fleet, members: Sequence[str], instance: Instance, options: Options) -> dict[str, Any]:
    """The state of an instance on each member, with the last words of pods that are not well."""
    found: dict[str, Any] = {}
    roles = [role.id for role in instance.cluster.roles if role.members]

    def look(name: str) -> None:
        try:
            api = connect(fleet.members[name], options.request_timeout, Deadline(options.member_timeout))
            read = read_objects(api, instance.namespace, instance.name)
            there = read.get((instance.namespace, instance.name)) or Objects()
            state = status_of(there, roles)
            if state["state"] != READY:
                unwell = [p["name"] for role in state["roles"].values() for p in role["pods"] if p["problem"]]
                state = status_of(there, roles, read_logs(api, instance.namespace, unwell))
            found[name] = state
        except FederationError as error:
            found[name] = {"state": "unknown", "problems": [str(error)]}

    in_good_time(list(members), look, lambda _name: None, Deadline(options.member_timeout + SLACK))
    return dict(sorted(found.items()))


def _reasons(states: Mapping[str, Any]) -> str:
    """What the pods say that are not ready, as the end of a message."""
    said = []
    for member, state in states.items():
        for name, role in state.get("roles", {}).items():
            for pod in role["pods"]:
                if pod["problem"]:
                    log = f" (last lines: {' | '.join(pod['log'])})" if pod.get("log") else ""
                    said.append(f"{member}, role {name}, {pod['name']}: {pod['problem']}{log}")
    more = f"; and {len(said) - 3} more pods" if len(said) > 3 else ""
    return "".join(f"; {text}" for text in said[:3]) + more


def _whereabouts(done: Mapping[str, Any], members: Sequence[str]) -> str:
    """Where an instance is and how it is, as the head of a message."""
    states = done["instance"].get("members", {})
    told = [f"{name} ({states[name]['state']})" if name in states else name for name in members]
    return f" on {', '.join(told)}" if told else ""


def _without_empty(done: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in done.items() if key != "warnings" or value}


def _wait_gone(fleet: Fleet, members: Sequence[str], asked: Asked, options: Options, retain: bool) -> str:
    """Wait until pods, and volumes that go with them, are gone; returns what is still there, in words."""
    from .retention import wait_gone

    chosen = [name for name in members if name in fleet.in_play]
    return wait_gone(fleet, chosen, asked.namespace, asked.name, options, retain) if options.wait else ""


def dump_app(definition: Definition) -> str:
    """A definition as text, for the ConfigMap of a registered app."""
    return json.dumps(definition.dump(), sort_keys=True, separators=(",", ":"))
