# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan as a document: written by one run, looked at by people, and carried out by another run exactly or not at all.

It names every write by member, object, action and the hash of what is wanted, and every division. No manifest and no value of a
Secret is in it; whoever carries it out gives the same resources again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..model import names
from ..model.errors import ConfigError
from .plan import Action, MemberPlan, Step

FORM = 1
#: differences that are told one by one
_TOLD = 10
#: what is not an action of the plan, but stands in the way of it
_PLANNED = (*Action.WRITES, Action.DELETE, Action.BLOCKED)


@dataclass(frozen=True)
class PlannedStep:
    """One write. ``want`` is the hash of what is wanted, "" for a deletion; ``uid`` is that of the object it changes or deletes."""

    member: str
    resource: str
    object: str
    action: str
    want: str = ""
    uid: str = ""
    reason: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        return self.member, self.resource, self.object


@dataclass(frozen=True)
class Plan:
    """A whole plan. ``resources`` has, per name, the hash of its ``template``, its ``members``, and ``replicas`` (workload -> member ->
    number); ``without`` says what part of the fleet was left out: such a plan answers a question and is never carried out."""

    federation: str
    resources: Mapping[str, Mapping[str, Any]]
    steps: tuple[PlannedStep, ...] = ()
    without: tuple[str, ...] = ()

    def dump(self) -> dict[str, Any]:
        """As plain data, in an order of its own, with a digest over everything else."""
        body: dict[str, Any] = {
            "form": FORM,
            "federation": self.federation,
            "resources": {name: dict(found) for name, found in sorted(self.resources.items())},
            "without": list(self.without),
            "steps": [
                [s.member, s.resource, s.object, s.action, s.want, s.uid, s.reason]
                for s in sorted(self.steps, key=lambda s: (*s.place, s.action))
            ],
        }
        return {**body, "digest": _digest(body)}


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def load_plan(raw: Any, where: str) -> Plan:
    """Read what `Plan.dump` made. ConfigError when it is no plan, of a newer form, or not as it was written."""
    if not isinstance(raw, dict) or "digest" not in raw or "form" not in raw:
        raise ConfigError(f"{where} is no plan", "make one with the module multicluster.federation.plan")
    if raw["form"] != FORM:
        raise ConfigError(f"{where} was made by another release (form {raw['form']})", "make a new plan")
    body = {key: value for key, value in raw.items() if key != "digest"}
    if _digest(body) != raw["digest"]:
        raise ConfigError(f"{where} was changed after it was made", "make a new plan")
    return Plan(
        body["federation"],
        body["resources"],
        tuple(PlannedStep(*step) for step in body["steps"]),
        tuple(body["without"]),
    )


def planned_steps(member: str, plans: Iterable[MemberPlan]) -> list[PlannedStep]:
    """What a member's plans write, delete, or cannot do."""
    found: dict[tuple[str, str, str], PlannedStep] = {}
    for plan in plans:
        for step in [*plan.steps, *(reduction.step for reduction in plan.reductions)]:
            if step.action in _PLANNED:
                one = _planned(member, step)
                found[one.place] = one  # what is reduced afterwards takes the place of what is written first
    return list(found.values())


def _planned(member: str, step: Step) -> PlannedStep:
    annotations = (step.want or {}).get("metadata", {}).get("annotations") or {}
    uid = str((step.seen or {}).get("uid") or "")
    kind, shown = step.name.kind, str(step.name)
    text = f"{kind.group}/{shown}" if kind.group else shown
    return PlannedStep(
        member, step.resource, text, step.action, annotations.get(names.ANNOTATION_HASH) or "", uid, step.reason
    )


def moved_on(plan: Plan, now: Plan, silent: Collection[str] = ()) -> list[str]:
    """How the world differs from what it was when the plan was made, as lines for people; [] if it may be carried out.

    ``silent`` are members of the plan that do not answer. What is done already is no difference: a plan that was carried out in part
    can be carried on.
    """
    if plan.federation != now.federation:
        return [f"it is a plan of federation {plan.federation}, not of {now.federation}"]
    lines = [f"{member} does not answer, or is not in play" for member in sorted(silent)]
    for name in sorted({*plan.resources, *now.resources}):
        lines += _resource_moved_on(name, plan.resources.get(name), now.resources.get(name))
    planned = {step.place: step for step in plan.steps}
    for step in sorted(now.steps, key=lambda s: s.place):
        before = planned.get(step.place)
        where = f"{step.member}: {step.object}"
        if before is None:
            lines.append(f"{where} would be written as well ({step.action}: {step.reason})")
        elif step.action != before.action:
            lines.append(f"{where}: {before.action} was planned, {step.action} is needed now ({step.reason})")
        elif step.want != before.want:
            lines.append(f"{where}: something else is wanted now")
        elif step.uid != before.uid:
            lines.append(f"{where} was deleted and made anew meanwhile")
    return lines


def _resource_moved_on(name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[str]:
    if before is None or after is None:
        return [f"resource {name} is {'not in the plan' if before is None else 'only in the plan'}"]
    lines = []
    if before["template"] != after["template"]:
        lines.append(f"the manifests or overrides of resource {name} changed")
    gone, come = (
        sorted(set(before["members"]) - set(after["members"])),
        sorted(set(after["members"]) - set(before["members"])),
    )
    if gone:
        lines.append(f"resource {name} is no longer placed on {', '.join(gone)}")
    if come:
        lines.append(f"resource {name} is now placed on {', '.join(come)} as well")
    if gone or come:
        return lines
    for workload in sorted({*before["replicas"], *after["replicas"]}):
        old, new = before["replicas"].get(workload) or {}, after["replicas"].get(workload) or {}
        changes = [f"{m} {old.get(m, 0)} -> {new.get(m, 0)}" for m in sorted({*old, *new}) if old.get(m) != new.get(m)]
        if changes:
            lines.append(f"{workload}: replicas would now be {', '.join(changes)}")
    return lines


def refuse_if_moved_on(plan: Plan, now: Plan, silent: Collection[str] = ()) -> None:
    """ConfigError when the plan cannot be carried out as it stands. Nothing was written then."""
    lines = moved_on(plan, now, silent)
    if not lines:
        return
    more = f" (and {len(lines) - _TOLD} more)" if len(lines) > _TOLD else ""
    raise ConfigError(
        f"the world moved on since the plan was made, and nothing was written: {'; '.join(lines[:_TOLD])}{more}",
        "make a new plan, and look at it",
    )
