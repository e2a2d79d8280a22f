# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task asks of an instance, and the instance as a resource of the engine: which app, which objects, where, and what may move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..kubedirector.definition import Definition
from ..kubedirector.envelope import CLUSTER_KIND
from ..kubedirector.instance import Instance, Remembered
from ..kubedirector.lead import overrides
from ..kubedirector.native import naming as objects
from ..kubedirector.native.render import render
from ..model.errors import ConfigError
from ..model.failover import BY_STATE, NEVER, NONE
from ..model.manifest import SECRET, kind_of, name_of
from ..model.resource import Resource, parse_resource
from . import naming
from .memory import Memory
from .wish import Asked, app_of

#: one home for the instance, or an instance of its own on each member that is chosen
ONE, EACH = "one", "each"


#: a home, and a copy of its data
_COPIES = 2


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


def said_app(asked: Asked) -> str:
    """The app that a task names, or a name that no app has."""
    spec = (asked.manifest or {}).get("spec") if asked.manifest is not None else asked.spec
    name = spec.get("app") if isinstance(spec, Mapping) else None
    return name if isinstance(name, str) and name else "x"


def choose_definition(wish: Wish, before: Remembered | None, memory: Memory) -> tuple[Definition, list[str]]:
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


def instance_as_resource(
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
    placement = wish.placement if wish.placement is not None else kept.get("placement")
    mode = wish.instances or (EACH if _is_each(before, kept) else ONE)
    options: dict[str, Any] = {
        "name": name,
        "namespace": instance.namespace,
        "placement": placement,
        "singleton": mode == ONE and instance.replication is None,
        "failover": failover,
        "keep_template": True,
        "conflict": wish.conflict,
    }
    if instance.replication is not None:
        options.update(_of_copies(instance, mode, placement, members))
    manifests = render(instance)
    valueless = {
        objects.keys_name(instance, r.id) for r in instance.cluster.roles if any(not k.value for k in r.secret_keys)
    }
    withheld = [m for m in manifests if kind_of(m) == SECRET and m["metadata"]["name"] in valueless]
    resource = parse_resource(options, [m for m in manifests if m not in withheld])
    return replace(resource, withheld=frozenset(name_of(m) for m in withheld))


def _is_each(before: Remembered | None, kept: Mapping[str, Any]) -> bool:
    """Whether an instance runs on each of its members by itself."""
    return before is not None and not before.options.get("lead") and not kept.get("singleton", True)


def _of_copies(
    instance: Instance, mode: str, placement: Mapping[str, Any] | None, members: Sequence[str]
) -> dict[str, Any]:
    """What is different for a resource that has a copy: it is on two members, each of which knows which one it is."""
    replication = instance.replication
    if replication is None or mode == EACH:
        raise ConfigError(f"data: {instance.data} is for one instance with a copy, not for instances: {EACH}")
    spread = [rule for rule in (placement or {}).get("spread") or [] if rule.get("by") != "member"]
    # copies in the same member count as well, and are no fence
    near = sum(role.members for role in instance.cluster.roles if role.id != replication.role)
    fenced = bool(replication.fenced_by) and int(instance.parameters[replication.fenced_by]) > near
    return {
        "placement": {**(placement or {}), "spread": [*spread, {"by": "member", "max": _COPIES}]},
        "fence": NONE if fenced else BY_STATE,
        "overrides": overrides(instance.lead, objects.replication_name(instance, replication.role), members),
    }
