# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan as text that a person reads before saying yes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .plan import Action
from .planfile import Plan, PlannedStep
from .shares import WorkloadShares

_VERBS = {
    Action.CREATE: "create",
    Action.CHANGE: "change",
    Action.REPAIR: "repair",
    Action.DELETE: "delete",
    Action.BLOCKED: "CANNOT",
}
#: objects that are named per member and action; the others are counted
_NAMED = 20


def plan_text(
    plan: Plan,
    shares: Mapping[str, Sequence[WorkloadShares]],
    not_placed: Mapping[str, Mapping[str, str]],
    problems: Mapping[str, str],
) -> list[str]:
    """The plan in lines: per resource where it goes and how its replicas are divided, then per member what is done.

    ``not_placed`` are resource -> member -> reason; ``problems`` are members of which nothing is known, with the reason.
    """
    left_out = f", without {', '.join(plan.without)}" if plan.without else ""
    lines = [f"Plan of federation {plan.federation}{left_out}: {_counted(plan.steps) or 'nothing to do'}"]
    for name, found in sorted(plan.resources.items()):
        lines.append(f"resource {name}: {', '.join(found['members']) or 'no member'}")
        lines += [f"    not on {member}: {reason}" for member, reason in sorted(not_placed.get(name, {}).items())]
        for divided in shares.get(name, ()):
            lines += _division(divided)
    by_member: dict[str, list[PlannedStep]] = {}
    for step in plan.steps:
        by_member.setdefault(step.member, []).append(step)
    for member in sorted({*by_member, *problems}):
        if member in problems:
            lines.append(f"member {member}: not known, nothing is planned there ({problems[member]})")
            continue
        steps = sorted(by_member[member], key=lambda s: (list(_VERBS).index(s.action), s.object))
        lines.append(f"member {member}: {_counted(steps)}")
        lines += [f"    {_VERBS[s.action]} {s.object}  ({s.reason})" for s in steps[:_NAMED]]
        if len(steps) > _NAMED:
            lines.append(f"    and {len(steps) - _NAMED} more")
    return lines


def _counted(steps: Iterable[PlannedStep]) -> str:
    counts = Counter(step.action for step in steps)
    return ", ".join(f"{counts[action]} to {verb}" for action, verb in _VERBS.items() if counts[action])


def _division(found: WorkloadShares) -> list[str]:
    now, reasons = found.now, found.reasons()
    head = f"    {found.workload.key}: {found.shares.division.total} replicas, {found.shares.division.strategy}"
    lines = [head]
    for member, count in sorted(found.replicas.items()):
        change = count - now[member]
        moved = f" ({change:+d})" if change else ""
        reason = f"  - {reasons[member]}" if member in reasons else ""
        lines.append(f"        {member}: {count}{moved}{reason}")
    if found.shares.outcome.unplaced:
        lines.append(f"        UNPLACED: {found.shares.outcome.unplaced}")
    if found.shares.outcome.error:
        lines.append(f"        {found.shares.outcome.error}")
    return lines
