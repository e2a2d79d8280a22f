# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which of the eligible members are used, when the user wants them spread over groups; and how evenly groups are filled.

Groups are chosen rule by rule, then members in them. What is used already comes first, so that nothing moves without need; then
what has more room; then names. Where that choice breaks a later rule or cannot hold what is needed, all choices of groups are tried
as long as there are few of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

from ..model.cluster import Cluster
from ..model.spread import MEMBER, SpreadRule

#: choices of groups that are tried at most
_TRIES = 4096
_ENDLESS = 1 << 40


@dataclass(frozen=True)
class Option:
    """An eligible member: whether the resource is ``placed`` there now, and how many replicas it has ``room`` for, those of now
    included (None: not known, so not bounded)."""

    cluster: Cluster
    placed: bool = False
    room: int | None = None

    @property
    def name(self) -> str:
        return self.cluster.name

    @property
    def holds(self) -> int:
        return _ENDLESS if self.room is None else self.room


@dataclass(frozen=True)
class Chosen:
    """The members that are used, in the order of their names, and why others are not. ``error`` says why the rules cannot be kept;
    then nobody is chosen."""

    members: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


def choose(
    rules: Sequence[SpreadRule], options: Iterable[Option], needed: int | None = None, even: bool = False
) -> Chosen:
    """Choose members by the rules. ``needed``: replicas that they must hold together, as far as there is a choice that does;
    ``even``: the skew is counted in members, since replicas are not divided."""
    found = sorted(options, key=lambda option: option.name)
    reasons: dict[str, str] = {}
    for rule in rules:
        for option in found:
            if not rule.groups(option.cluster):
                reasons.setdefault(option.name, f"has no {rule.what}, by which it is spread")
    eligible = [option for option in found if option.name not in reasons]
    for rule in rules:
        count = len({group for option in eligible for group in rule.groups(option.cluster)})
        if count < rule.minimum:
            there = ", ".join(sorted({g for o in eligible for g in rule.groups(o.cluster)})[:8]) or "none"
            return Chosen((), reasons, f"spread by {rule.what} needs {rule.minimum}, and there is {there}")
    best = _best(rules, eligible, needed or 0, even)
    if best is None:
        wishes = " and ".join(f"{rule.minimum} by {rule.what}" for rule in rules)
        return Chosen((), reasons, f"no choice of members has {wishes} at once")
    used = {option.name for option in best}
    for option in eligible:
        if option.name not in used:
            reasons[option.name] = _left_out(rules, option, best)
    return Chosen(tuple(sorted(used)), reasons)


def _left_out(rules: Sequence[SpreadRule], option: Option, used: Sequence[Option]) -> str:
    for rule in rules:
        groups = {group for chosen in used for group in rule.groups(chosen.cluster)}
        if rule.maximum is not None and not groups & set(rule.groups(option.cluster)):
            return f"spread by {rule.what} uses at most {rule.maximum}: {', '.join(sorted(groups)[:8])}"
    skewed = [rule for rule in rules if rule.max_skew is not None]
    return f"spread by {skewed[0].what} allows a skew of {skewed[0].max_skew}" if skewed else "not needed"


def _best(rules: Sequence[SpreadRule], options: Sequence[Option], needed: int, even: bool) -> list[Option] | None:
    """The first choice that keeps the rules and holds what is needed; else the one that holds most; None if none keeps them."""
    fullest: list[Option] | None = None
    for members in _choices(rules, options):
        used = _trimmed(rules, members, even)
        if used is None:
            continue
        if _held(used) >= needed:
            return used
        if fullest is None or _held(used) > _held(fullest):
            fullest = used
    return fullest


def _held(options: Iterable[Option]) -> int:
    return sum(option.holds for option in options)


def _order(option: Option) -> tuple[bool, int, str]:
    """Members that are used already first, then by room, then by name."""
    return (not option.placed, -option.holds, option.name)


def _by_room(option: Option) -> tuple[int, bool, str]:
    return (-option.holds, not option.placed, option.name)


def _choices(rules: Sequence[SpreadRule], options: Sequence[Option]) -> Iterator[list[Option]]:
    """Sets of members to try, the preferred ones first: for each rule with a maximum, some of its groups."""
    bounded = [rule for rule in rules if rule.maximum is not None and rule.by != MEMBER]
    limit = next((rule for rule in rules if rule.by == MEMBER), None)
    picks = [_picks(rule, options) for rule in bounded]
    for count, chosen in enumerate(product(*picks)):
        if count >= _TRIES:
            return
        members = [
            option
            for option in options
            if all(set(rule.groups(option.cluster)) & groups for rule, groups in zip(bounded, chosen, strict=True))
        ]
        if limit is None or limit.maximum is None or limit.maximum >= len(members):
            yield members
            continue
        for order in (_order, _by_room):
            yield _few(rules, sorted(members, key=order), limit.maximum)


def _picks(rule: SpreadRule, options: Sequence[Option]) -> list[set[str]]:
    """The groups of a rule that may be used together, the preferred choice first."""
    groups: dict[str, list[Option]] = {}
    for option in options:
        for group in rule.groups(option.cluster):
            groups.setdefault(group, []).append(option)
    most = min(rule.maximum or len(groups), len(groups))

    def order(name: str) -> tuple[bool, int, str]:
        return (not any(option.placed for option in groups[name]), -_held(groups[name]), name)

    names = sorted(groups, key=order)
    preferred = [set(names[:most]), set(sorted(groups, key=lambda name: (-_held(groups[name]), name))[:most])]
    rest: list[set[str]] = []
    for chosen in combinations(names, most):
        if len(rest) >= _TRIES:
            break
        rest.append(set(chosen))
    return preferred + [pick for pick in rest if pick not in preferred]


def _few(rules: Sequence[SpreadRule], ordered: Sequence[Option], most: int) -> list[Option]:
    """At most so many members: one for each group that is needed first, then as they come."""
    used: list[Option] = []
    for rule in rules:
        if rule.by == MEMBER:
            continue
        covered = {group for option in used for group in rule.groups(option.cluster)}
        for option in ordered:
            if len(covered) >= rule.minimum or len(used) >= most:
                break
            if option not in used and not covered >= set(rule.groups(option.cluster)):
                used.append(option)
                covered |= set(rule.groups(option.cluster))
    used += [option for option in ordered if option not in used]
    return used[:most]


def _trimmed(rules: Sequence[SpreadRule], members: Sequence[Option], even: bool) -> list[Option] | None:
    """The members with the skew of members kept, where it is counted so; None if a rule is broken then."""
    used = sorted(members, key=_order)
    for rule in rules:
        if not even or rule.max_skew is None:
            continue
        counts = _counts(rule, used)
        most = min(counts.values(), default=0) + rule.max_skew
        for option in reversed(list(used)):
            groups = rule.groups(option.cluster)
            if any(counts[group] > most for group in groups) and all(counts[group] > 1 for group in groups):
                used.remove(option)
                for group in groups:
                    counts[group] -= 1
    for rule in rules:
        counts = _counts(rule, used)
        if len(counts) < rule.minimum or (
            rule.maximum is not None and rule.by == MEMBER and len(counts) > rule.maximum
        ):
            return None
        if even and rule.max_skew is not None and max(counts.values()) - min(counts.values()) > rule.max_skew:
            return None
    return used


def _counts(rule: SpreadRule, options: Iterable[Option]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for option in options:
        for group in rule.groups(option.cluster):
            counts[group] = counts.get(group, 0) + 1
    return counts


def level(
    rules: Sequence[SpreadRule],
    clusters: Sequence[Cluster],
    replicas: Mapping[str, int],
    bounds: Mapping[str, tuple[int, int]],
) -> tuple[dict[str, int], str]:
    """The division with the skew between groups kept: replicas are moved one by one from the fullest group to the emptiest.

    ``bounds`` are the least and the most that each member may have; the sum stays the same. Also says what cannot be evened out. A
    replica on a member of several zones counts in each of them. Several rules are kept one after the other.
    """
    result, problems = dict(replicas), []
    for rule in rules:
        if rule.max_skew is None:
            continue
        members: dict[str, list[str]] = {}
        for cluster in sorted(clusters, key=lambda c: c.name):
            for group in rule.groups(cluster):
                members.setdefault(group, []).append(cluster.name)
        while (skew := _skew(members, result)) > rule.max_skew:
            move = _move(members, result, bounds)
            if move is None:
                problems.append(f"spread by {rule.what} allows a skew of {rule.max_skew}, and it is {skew}")
                break
            result[move[0]] -= 1
            result[move[1]] += 1
    return result, "; ".join(problems)


def _skew(members: Mapping[str, Sequence[str]], replicas: Mapping[str, int]) -> int:
    sums = [sum(replicas[name] for name in names) for names in members.values()]
    return max(sums, default=0) - min(sums, default=0)


def _move(
    members: Mapping[str, Sequence[str]], replicas: Mapping[str, int], bounds: Mapping[str, tuple[int, int]]
) -> tuple[str, str] | None:
    """From which member to which one a replica goes next; None when no move makes groups more even."""
    sums = {group: sum(replicas[name] for name in names) for group, names in sorted(members.items())}
    for source in sorted(sums, key=lambda group: (-sums[group], group)):
        givers = [name for name in members[source] if replicas[name] > bounds[name][0]]
        for target in sorted(sums, key=lambda group: (sums[group], group)):
            if sums[source] - sums[target] < 2:
                break
            takers = [n for n in members[target] if replicas[n] < bounds[n][1] and n not in members[source]]
            if givers and takers:
                return (
                    max(givers, key=lambda name: (replicas[name], name)),
                    min(takers, key=lambda name: (replicas[name], name)),
                )
    return None
