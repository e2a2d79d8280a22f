# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many replicas each member runs: one entry for all strategies and all rules.

`divide` takes typed data; `divide_data` the same as plain dictionaries. Nothing here reads a clock, a network or a random number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..model.errors import ConfigError
from ..model.reading import as_flag, as_mapping, given, only_keys
from ..model.replicas import (
    AGGREGATED,
    ALGORITHMS,
    DUPLICATED,
    KARMADA,
    KARMADA_LEGACY,
    KUBEADMIRAL,
    KUBEFED,
    STRATEGIES,
    WEBSTER,
    WEIGHTED,
)
from . import karmada, kubeadmiral, kubefed
from .division import UNKNOWN, Candidate, Division, Outcome, ceiling, unknown
from .explain import reasons
from .webster import Party, seats


def divide(division: Division, candidates: Iterable[Candidate]) -> Outcome:
    """Divide replicas over the candidates. The order in which they come does not matter.

    What finds no place is in ``unplaced``; nothing is dropped silently, and nothing raises.
    """
    return _RULES[division.algorithm](division, sorted(candidates, key=lambda c: c.name))


def _ours(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    if division.strategy == DUPLICATED:
        replicas = {c.name: c.current if c.held else ceiling(c, division.total) for c in candidates}
        missing = sum(max(0, division.total - count) for count in replicas.values())
        return Outcome(replicas, missing, _stranded(missing, division.total, candidates, replicas))
    open_ones = [c._replace(frozen=UNKNOWN) if unknown(c, division.strategy) else c for c in candidates if not c.held]
    replicas = {c.name: c.current for c in candidates}
    total = max(0, division.total - sum(c.current for c in candidates if c.held))
    if not (division.keep and _fits(total, open_ones)):
        chosen = _desired(total, division.strategy, open_ones)
        if division.keep and any(c.current for c in open_ones):
            chosen = _moved(total, open_ones, chosen)
        replicas.update(chosen)
    missing = max(0, division.total - sum(replicas.values()))
    return Outcome(replicas, missing, _stranded(missing, total, candidates, replicas))


def _fits(total: int, candidates: Sequence[Candidate]) -> bool:
    """Whether what runs now is an answer as it is."""
    return sum(c.current for c in candidates) == total and all(
        c.minimum <= c.current <= ceiling(c, total) for c in candidates
    )


def explained(division: Division, candidates: Iterable[Candidate], outcome: Outcome) -> Mapping[str, str]:
    """Why members have what they have, where there is something to say (`explain.reasons`)."""
    found = list(candidates)
    by_rule = divide(replace(division, keep=False), found) if division.keep and not outcome.error else outcome
    return reasons(division, found, outcome, by_rule.replicas)


def _stranded(missing: int, total: int, candidates: Sequence[Candidate], replicas: Mapping[str, int]) -> dict[str, int]:
    """Of the replicas that find no place, those that are somewhere now: they stay there, running or not, since taking them away
    would help nobody. Only a capacity is exceeded so, never a maximum."""
    result: dict[str, int] = {}
    if not missing:
        return result
    for candidate in candidates:
        roomy = candidate._replace(capacity=None)
        more = min(missing, min(candidate.current, ceiling(roomy, total)) - replicas[candidate.name])
        if more > 0:
            result[candidate.name] = more
            missing -= more
    return result


def _bounds(candidate: Candidate, many: int) -> tuple[int, int]:
    most = ceiling(candidate, many)
    return min(candidate.minimum, most), most


def _desired(total: int, strategy: str, candidates: Sequence[Candidate]) -> dict[str, int]:
    """The division by the rule alone, whatever runs now, but for members of unknown capacity and the choice of `_fewest`."""
    bounds = [_bounds(c, total) for c in candidates]
    room = total - sum(floor for floor, _most in bounds)
    if room <= 0:
        # The minimums alone are too many: they are shared by the weights, and nobody gets more than its minimum. A weight that came
        # from what runs or is free would give another answer when it is asked again.
        parties = [Party(max(1, c.weight), 0, floor) for c, (floor, _most) in zip(candidates, bounds, strict=True)]
    elif strategy == WEIGHTED:
        parties = [Party(c.weight, floor, most) for c, (floor, most) in zip(candidates, bounds, strict=True)]
    else:
        bounds = _settled(room, candidates, bounds)
        if strategy == AGGREGATED:
            bounds = _fewest(total, candidates, bounds)
        parties = [Party(c.capacity or 0, floor, most) for c, (floor, most) in zip(candidates, bounds, strict=True)]
    return {c.name: count for c, count in zip(candidates, seats(total, parties), strict=True)}


def _settled(room: int, candidates: Sequence[Candidate], bounds: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The bounds, with all that a member of unknown capacity has as its floor, as far as the minimums leave room for it.

    What it has cannot be its weight: a share of that is less, so it would lose some in every run until nothing is left.
    """
    gaps = [most - floor if c.capacity is None else 0 for c, (floor, most) in zip(candidates, bounds, strict=True)]
    if not any(gaps):
        return list(bounds)
    kept = seats(room, [Party(gap, 0, gap) for gap in gaps])
    return [(floor + more, most) for (floor, most), more in zip(bounds, kept, strict=True)]


def _fewest(total: int, candidates: Sequence[Candidate], bounds: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The bounds, of which only the fewest members that can hold all keep a ceiling beyond their floor: those that run more than it
    already come first, then those with the most room.

    Of those found, the ones that are not needed are left out again. So each that is used is needed, and the answer is the same when it
    runs and the same is asked.
    """
    room = [most - floor for floor, most in bounds]
    roomiest = sorted(
        range(len(candidates)), key=lambda i: (-room[i], -(candidates[i].capacity or 0), candidates[i].name)
    )
    missing = total - sum(floor for floor, _most in bounds)
    used: set[int] = set()
    for index in sorted(roomiest, key=lambda i: candidates[i].current <= bounds[i][0]):
        if missing <= 0:
            break
        used.add(index)
        missing -= room[index]
    for index in reversed(roomiest):
        if index in used and missing + room[index] <= 0:
            used.remove(index)
            missing += room[index]
    return [(floor, most if i in used else floor) for i, (floor, most) in enumerate(bounds)]


def _moved(total: int, candidates: Sequence[Candidate], desired: Mapping[str, int]) -> dict[str, int]:
    """The division with what runs left in place: only the difference moves, towards what is desired (KubeAdmiral's rule)."""
    now: dict[str, int] = {}
    for candidate in candidates:
        least, most = _bounds(candidate, total)
        now[candidate.name] = min(max(candidate.current, least), most)
    missing = total - sum(now.values())
    if missing > 0:
        grow = [(name, desired[name] - count) for name, count in now.items() if desired[name] > count]
        parties = [Party(gap, 0, gap) for _name, gap in grow]
        for (name, _gap), more in zip(grow, seats(missing, parties), strict=True):
            now[name] += more
    elif missing < 0:
        shrink = [(name, count - desired[name]) for name, count in now.items() if count > desired[name]]
        parties = [Party(gap, 0, gap) for _name, gap in shrink]
        for (name, _gap), less in zip(shrink, seats(-missing, parties), strict=True):
            now[name] -= less
    return now


_RULES: Mapping[str, Callable[[Division, Sequence[Candidate]], Outcome]] = {
    WEBSTER: _ours,
    KUBEFED: kubefed.divide,
    KUBEADMIRAL: kubeadmiral.divide,
    KARMADA: karmada.divide,
    KARMADA_LEGACY: karmada.divide_legacy,
}


_OPTIONS = ("replicas", "divide", "algorithm", "rebalance", "key", "uid", "probe", "members")
_MEMBER_OPTIONS = ("weight", "current", "capacity", "limit", "min", "max", "frozen", "held")


def divide_data(question: Mapping[str, Any]) -> dict[str, Any]:
    """`divide` for plain dictionaries, as they stand in YAML.

    The question is ``{replicas: 9, divide: weighted, algorithm: webster, rebalance: false, key: namespace/name, uid: "", members:
    {eu-1: {weight: 1, current: 0, capacity: 5, min: 0, max: 4, frozen: cordoned, held: false}}}``; only ``replicas`` and ``members``
    must be there, a member may be ``{}``. ``capacity`` counts what runs now; absent, it is not known. ``limit`` and ``probe`` matter
    to ``kubeadmiral`` only, which calls them limitedCapacity and keepUnschedulable.

    The answer is ``{replicas: {eu-1: 4}, unplaced: 5, overflow: {}, error: "", reasons: {eu-1: its maximum is 4}}``.
    ConfigError names what is wrong in the question.
    """
    raw = as_mapping(question, "division")
    only_keys(raw, _OPTIONS, "division")
    division = Division(
        total=_number(raw.get("replicas"), "division.replicas"),
        strategy=_choice(raw.get("divide") or WEIGHTED, STRATEGIES, "division.divide"),
        algorithm=_choice(raw.get("algorithm") or WEBSTER, ALGORITHMS, "division.algorithm"),
        keep=not as_flag(given(raw.get("rebalance"), False), "division.rebalance"),
        key=str(raw.get("key") or ""),
        uid=str(raw.get("uid") or ""),
        probe=as_flag(given(raw.get("probe"), False), "division.probe"),
    )
    members = as_mapping(raw.get("members"), "division.members")
    candidates = [_candidate(str(name), body) for name, body in members.items()]
    outcome = divide(division, candidates)
    return {
        "replicas": dict(outcome.replicas),
        "unplaced": outcome.unplaced,
        "overflow": dict(outcome.overflow),
        "error": outcome.error,
        "reasons": dict(explained(division, candidates, outcome)),
    }


def _candidate(name: str, body: Any) -> Candidate:
    where = f"division.members.{name}"
    raw = as_mapping(given(body, {}), where)
    only_keys(raw, _MEMBER_OPTIONS, where)

    def optional(key: str) -> int | None:
        return None if raw.get(key) is None else _number(raw[key], f"{where}.{key}")

    minimum, maximum = optional("min") or 0, optional("max")
    if maximum is not None and minimum > maximum:
        raise ConfigError(f"{where}: min {minimum} is more than max {maximum}")
    return Candidate(
        name=name,
        weight=1 if raw.get("weight") is None else _number(raw["weight"], f"{where}.weight"),
        current=optional("current") or 0,
        capacity=optional("capacity"),
        limit=optional("limit"),
        minimum=minimum,
        maximum=maximum,
        frozen=str(raw.get("frozen") or ""),
        held=as_flag(given(raw.get("held"), False), f"{where}.held"),
    )


def _number(raw: Any, where: str) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        raise ConfigError(f"{where} is {raw!r}, not a whole number from 0")
    return raw


def _choice(raw: Any, allowed: Sequence[str], where: str) -> str:
    if raw not in allowed:
        raise ConfigError(f"{where} {raw!r} is not one of {', '.join(allowed)}")
    return str(raw)
