# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`kubedirector_cluster`: an instance is made, changed, or removed, on the members that its placement chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..kubedirector.instance import Instance, Remembered
from ..kubedirector.lead import Lead, load_lead
from ..kubedirector.native.configmeta import connected
from ..kubedirector.runtime import Replication, start_order
from ..model.cluster import Fleet
from ..model.errors import ConfigError
from ..model.manifest import Manifest, ObjectName, name_of
from ..model.placement import Where
from ..model.resource import Resource
from ..propagation import engine
from ..propagation.attend import Attend
from ..propagation.member import Options
from . import connection, lifecycle, naming
from .demand import Wish, choose_definition, instance_as_resource, said_app
from .events import Scene, final_counts, foreseen, wanted_counts
from .memory import living, remember
from .mirror import Mirror, problems, told
from .retention import credentials, let_go, settle, wait_gone
from .rollout import roll_out
from .states import described, read_states, reasons
from .survey import unfit
from .wish import Asked, wished_instance


def present(fleet: Fleet, wish: Wish, options: Options) -> dict[str, Any]:
    """Make an instance, or change it; returns the result of the module. ConfigError when what is asked for cannot be."""
    change, notes = _begin(fleet, wish, options)
    asked, resource = wish.asked, change.resource
    done = change.bring()
    members = change.members(done)
    done["warnings"] = [*notes, *done.get("warnings", [])]
    done["instance"] = described(change.instance, resource, members)
    if options.check:
        change.ran += change.in_new_places(members)
    if change.ran:
        done["hooks"], done["changed"] = change.ran, True
    if not options.check:
        done["instance"]["members"] = change.states(members)
        if change.instance.replication is not None:
            there = [name for name in members if name in change.there.in_play]
            positions = change.mirror(change.instance.replication).positions(there)
            done["instance"]["replication"] = told(change.instance.lead, positions)
            done["warnings"] += problems(change.instance.lead, positions)
        _connect(fleet, change.instance, change.before, done, options)
    done["msg"] = f"{asked.namespace}/{asked.name}{_whereabouts(done, members)}: {done['msg']}"
    return _without_empty(done)


def _begin(fleet: Fleet, wish: Wish, options: Options) -> tuple[_Change, list[str]]:
    """What has to be done, and what is to be told of the app."""
    asked = wish.asked
    resource = naming.instance_resource(asked.namespace, asked.name)
    memory = remember(fleet, _times(options), resource, naming.app_resource(said_app(asked)))
    before = memory.instance(resource)
    definition, notes = choose_definition(wish, before, memory)
    lead = load_lead(before.options.get("lead")) if before is not None else Lead()
    instance = replace(wished_instance(asked, definition, before), lead=lead)
    clusters = _connected(fleet, instance, options)
    if lead.home and instance.replication is None:
        raise ConfigError(
            f"{asked.name} has a copy of its data: with another value of data, nothing would say which of them stays",
            "make another instance, and move the data",
        )
    if wish.home and instance.replication is None:
        raise ConfigError("home is for an instance whose data are copied", "without that, placement says where it is")
    there, had = living(fleet, memory), memory.placed(resource)
    change = _Change(fleet, there, wish, options, resource, instance, before, memory.resource(resource), had, clusters)
    new = sorted(set(there.in_play) - set(had))
    if new:
        change.unfit = unfit(there, new, instance, change.wanted(instance, had).manifests, _times(options))
    return change, notes


@dataclass
class _Change:
    """One instance on its way to what is asked of it. ``there`` is the fleet without what is lost; ``old`` is what was applied last,
    ``had`` are the members that have it, ``clusters`` what it is connected to on each member, ``unfit`` those that cannot take it;
    ``ran`` is what was run in its pods."""

    fleet: Fleet
    there: Fleet
    wish: Wish
    options: Options
    resource: str
    instance: Instance
    before: Remembered | None
    old: Resource | None
    had: Sequence[str]
    clusters: lifecycle.Clusters
    unfit: Mapping[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)

    def wanted(self, instance: Instance, members: Sequence[str]) -> Resource:
        """The instance as a resource; ``members``: see `instance_as_resource`."""
        found = instance_as_resource(self.resource, instance, self.wish, self.old, self.before, members)
        return replace(found, unfit=self.unfit)

    def members(self, done: Mapping[str, Any]) -> list[str]:
        """Where it is, by the result of a run."""
        return sorted((done.get("resources", {}).get(self.resource) or {}).get("members", []))

    def states(self, members: Sequence[str]) -> dict[str, Any]:
        return read_states(
            self.there, [name for name in members if name in self.there.in_play], self.instance, self.options
        )

    def bring(self) -> dict[str, Any]:
        """Make it what it is to be, where its placement says; returns the result of a run."""
        if self.instance.replication is not None:
            return self._with_copy(self.instance.replication)
        return self._roll_out(self.wanted(self.instance, self.had), self.options)

    def _with_copy(self, replication: Replication) -> dict[str, Any]:
        """A home, and a copy of it on a second member."""
        wanted = self.wanted(self.instance, self.had)
        plan = engine.run(self.fleet, [wanted], replace(self.options, check=True, wait=False, tell=None))
        chosen = _chosen(plan.get("resources", {}).get(self.resource) or {}, wanted)
        if not chosen:
            return plan
        home = self.instance.lead.home
        if home in chosen and self.there.members[home].lost:
            return {**plan, "failed": not self.options.check, "msg": self._without_home(plan, home)}
        moves = bool(home) and (home not in chosen or self.wish.home not in ("", home))
        if moves and self.old is not None and _replaces_pods(self.old, wanted):
            return self._one_after_the_other()
        mirror = self.mirror(replication)
        done = mirror.bring(chosen, self.had, self.instance.lead, self.wish.home, self._apply_lead)
        self.instance = mirror.instance
        done["msg"] = "; ".join([*mirror.notes, done["msg"]])
        return done

    def _one_after_the_other(self) -> dict[str, Any]:
        """Another home first, and then a change that replaces pods: who is to take over must not be restarted meanwhile."""
        asked, options = self.wish.asked, self.options
        alone = Wish(Asked(asked.name, asked.namespace), lambda _name: None, self.wish.placement, home=self.wish.home)
        before = _begin(self.fleet, alone, options)[0]
        first = before.bring()
        self.ran += before.ran
        if first["failed"] or options.check:
            return first
        change = _begin(self.fleet, self.wish, options)[0]
        done = change.bring()
        self.instance = change.instance
        self.ran += change.ran
        return {**done, "changed": True, "msg": f"{first['msg']}; {done['msg']}"}

    def _without_home(self, plan: Mapping[str, Any], home: str) -> str:
        """Why nobody takes writes, and nothing is changed."""
        why = (plan["resources"][self.resource].get("waits") or {}).get(home) or "it is lost"
        others = ", ".join(name for name in self.had if name in self.there.in_play) or "nobody"
        return f"{home}, which took writes, is lost; {others} takes over as soon as it may: {why}"

    def mirror(self, replication: Replication) -> Mirror:
        return Mirror(self.there, self.instance, replication, self.options)

    def _apply_lead(self, lead: Lead, members: Sequence[str] | None, options: Options) -> dict[str, Any]:
        """What a `Mirror` asks of the engine, see `mirror.Apply`."""
        known = members if members is not None else sorted({*self.had, *self.fleet.members})
        found = self.wanted(replace(self.instance, lead=lead), known)
        if members is not None:
            found = replace(found, placement=replace(found.placement, where=Where(members=tuple(members))))
        done = self._copies_first(found, lead, options) if members is None else None
        if done is None or not done["failed"]:
            before, done = done, self._roll_out(found, options)
            done["changed"] = done["changed"] or (before is not None and before["changed"])
        if not done["failed"] and not options.check:
            self.old = found
        return done

    def _copies_first(self, found: Resource, lead: Lead, options: Options) -> dict[str, Any] | None:
        """A change that replaces pods reaches those of the copies before that of the home; None for one that does not."""
        copies = self.there.in_play & set(self.had) - {lead.home}
        if self.old is None or not copies or options.check or not options.wait or not _replaces_pods(self.old, found):
            return None
        return self._roll_out(found, options, replace(self.fleet, in_play=frozenset(copies)))

    def _roll_out(self, found: Resource, options: Options, fleet: Fleet | None = None) -> dict[str, Any]:
        definition = self.instance.definition
        order = start_order(definition.app, definition.runtime)
        undo = None
        if options.wait and not options.check:
            before = self._instance_before() if self.wish.rollback else None
            undo = replace(options, attend=self._attendant(before))
            options = replace(options, attend=self._attendant(self.instance))
        return roll_out(
            fleet or self.fleet,
            found,
            self.old,
            order,
            options,
            self.wish.rollback,
            self._explain,
            self._before_stage,
            undo=undo,
        )

    def _attendant(self, instance: Instance | None) -> Attend | None:
        if instance is None:
            return None
        return lifecycle.attendant(instance, self.clusters, self.ran, self.options.tell)

    def _instance_before(self) -> Instance | None:
        """The instance as it was; None where there was none."""
        if self.before is None:
            return None
        return wished_instance(Asked(self.instance.name, self.instance.namespace), self.before.definition, self.before)

    def in_new_places(self, members: Sequence[str]) -> list[str]:
        """What would be run on members that do not have the instance yet."""
        told = foreseen(self.instance, Scene(), final_counts(self.instance))
        return [f"{name}: {text}" for name in members if name not in self.had for text in told]

    def _explain(self, result: dict[str, Any]) -> None:
        if self.options.wait and not self.options.check:
            result["msg"] += reasons(self.states(self.members(result)), result["msg"])

    def _before_stage(self, manifests: Sequence[Manifest]) -> str:
        placed = [name for name in self.had if name in self.there.in_play]
        if not placed or not lifecycle.is_parted(self.instance):
            return ""
        if self.options.check:
            counts = wanted_counts(manifests)
            self.ran += lifecycle.foresee(self.there, placed, self.instance, counts, self.clusters, self.options)
            return ""
        wrong, ran = lifecycle.part(self.fleet, placed, self.instance, manifests, self.clusters, self.options)
        self.ran += ran
        said = "; ".join(f"{name}: {text}" for name, text in wrong.items())
        return f"no pod was taken away, since not all could be told: {said}" if said else ""


def _connected(fleet: Fleet, instance: Instance, options: Options) -> lifecycle.Clusters:
    """What pods are told of the instances that theirs is connected to: of those that its member has."""
    wanted = {
        name: naming.instance_resource(instance.namespace, name) for name in instance.cluster.connections.clusters
    }
    if not wanted or not lifecycle.is_attended(instance):
        return {}
    memory = remember(fleet, _times(options), *wanted.values())
    found: dict[str, dict[str, Any]] = {}
    for name, resource in wanted.items():
        known = memory.instance(resource)
        if known is None:
            continue  # it may come later, and is told of then
        other = wished_instance(Asked(name, instance.namespace), known.definition, known)
        for member in memory.placed(resource):
            found.setdefault(member, {})[name] = connected(other)
    return found


def _replaces_pods(old: Resource, new: Resource) -> bool:
    """Whether pods have to be replaced to come from one to the other."""

    def templates(resource: Resource) -> dict[ObjectName, Any]:
        return {name_of(m): m["spec"]["template"] for m in resource.manifests if m["kind"] == "StatefulSet"}

    before = templates(old)
    return any(before.get(name) != template for name, template in templates(new).items())


def _chosen(report: Mapping[str, Any], wanted: Resource) -> list[str]:
    """The members that a resource is to be on, and lost ones that it must not leave yet; in the order in which the placement names them."""
    named = wanted.placement.where.members or ()
    members = {*report.get("members", []), *report.get("waits", {})}
    return sorted(members, key=lambda name: (named.index(name) if name in named else len(named), name))


def _connect(
    fleet: Fleet, instance: Instance, before: Remembered | None, done: dict[str, Any], options: Options
) -> None:
    """Tell other members how to reach the instance, or take back what they were told."""
    told = list(before.options.get("connect") or []) if before is not None else []
    placed = done["instance"]["placed"]
    if done["failed"] or not (instance.connect or told):
        return
    home = instance.lead.home or (placed[0] if len(placed) == 1 else "")
    if not instance.connect:
        more = connection.forget(fleet, instance.namespace, instance.name, options)
    elif not home:
        raise ConfigError("connect is for an instance with one home", "give each of them a name of its own")
    elif set(placed) & set(instance.connect):
        both = ", ".join(sorted(set(placed) & set(instance.connect)))
        raise ConfigError(f"connect names {both}, where {instance.name} runs: its own objects are there")
    else:
        state = done["instance"]["members"].get(home, {})
        more = connection.follow(fleet, instance, home, instance.connect, state, options)
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
    stays = _retained(old, before, retain)
    wrong = let_go(fleet, sorted(stays), placed, options) if stays and not options.check else ""
    if wrong:
        return {
            "changed": False,
            "failed": True,
            "msg": f"nothing was removed, since its Secrets could not be kept: {wrong}",
        }
    done = engine.run(fleet, [Resource(resource, present=False, withheld=stays)], options)
    if not options.check and not done["failed"]:
        chosen = [name for name in placed if name in fleet.in_play] if options.wait else []
        left = wait_gone(fleet, chosen, asked.namespace, asked.name, options, bool(retain))
        if left:
            done = {**done, "failed": True, "msg": f"{done['msg']}; still there: {left}"}
    kept = f"; kept with its volumes: Secret {', '.join(sorted(name.name for name in stays))}" if stays else ""
    done["msg"] = f"{asked.namespace}/{asked.name}: {done['msg']}{kept}"
    done["instance"] = {"name": asked.name, "namespace": asked.namespace, "resource": resource, "was_on": placed}
    if notes:
        done["warnings"] = [*notes, *done.get("warnings", [])]
    return done


def _retained(old: Resource | None, before: Remembered | None, retain: bool | None) -> frozenset[ObjectName]:
    """The Secrets that stay when an instance goes."""
    if old is None or before is None:
        return frozenset()
    stays = retain if retain is not None else bool(before.options.get("retain"))
    return credentials(old) if stays else frozenset()


def _times(options: Options) -> dict[str, float]:
    return {"request_timeout": options.request_timeout, "member_timeout": options.member_timeout}


def _whereabouts(done: Mapping[str, Any], members: Sequence[str]) -> str:
    """Where an instance is and how it is, as the head of a message."""
    states = done["instance"].get("members", {})
    told = [f"{name} ({states[name]['state']})" if name in states else name for name in members]
    return f" on {', '.join(told)}" if told else ""


def _without_empty(done: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in done.items() if key != "warnings" or value}
