# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a member runs as many replicas as it does, in words. Written on demand: a large fleet has a million such answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..model.replicas import AGGREGATED, DUPLICATED, KARMADA, KARMADA_LEGACY, WEBSTER, WEIGHTED
from .division import UNKNOWN, Candidate, Division, Outcome, unknown


def limit_of(candidate: Candidate, division: Division) -> tuple[int, str]:
    """The least of what bounds a candidate, and what that is in words; "" where nothing does. Karmada knows no such bounds."""
    if division.algorithm in (KARMADA, KARMADA_LEGACY):
        return division.total, ""
    short = f" ({candidate.short_of})" if candidate.short_of else ""
    blind = division.algorithm == WEBSTER and unknown(candidate, division.strategy)
    bounds = [
        (candidate.current if candidate.frozen else None, f"{candidate.frozen}: no more than it has"),
        (candidate.maximum, f"its maximum is {candidate.maximum}"),
        (candidate.capacity, f"its capacity is {candidate.capacity}{short}"),
        (candidate.current if blind else None, f"{UNKNOWN}{short}: no more than it has"),
    ]
    given = [(bound, text) for bound, text in bounds if bound is not None and bound < division.total]
    return min(given, key=lambda pair: pair[0]) if given else (division.total, "")


def why(division: Division, candidate: Candidate, outcome: Outcome, by_rule: Mapping[str, int]) -> str:
    """Why a candidate has the replicas it has, as one clause; "" where it has its plain share. ``by_rule`` is what the rule alone would
    give, whatever runs now."""
    has, share = outcome.replicas[candidate.name], by_rule.get(candidate.name)
    if candidate.held:
        return "does not answer: keeps what it has"
    bound, limit = limit_of(candidate, division)
    weightless = "its weight is 0" if division.strategy == WEIGHTED and not candidate.weight else ""
    if outcome.overflow.get(candidate.name):
        stays = f"{outcome.overflow[candidate.name]} more fit nowhere else and stay here"
        return "; ".join(text for text in (limit or weightless, stays) if text)
    if outcome.error:
        return "keeps what it has"
    if share is not None and has > share:
        return f"{has} run here already, its share would be {share}"
    if share is not None and has < share and division.strategy != DUPLICATED:
        return f"its share would be {share}, the others run elsewhere already"
    if limit and has == bound:
        return limit
    if division.algorithm == WEBSTER and division.strategy != DUPLICATED and has < candidate.minimum and division.total:
        return f"its minimum is {candidate.minimum}, but all minimums together are too many"
    if has and has == candidate.minimum:
        return f"its minimum is {candidate.minimum}"
    if has or not division.total:
        return ""
    if division.strategy == AGGREGATED:
        return "not needed: fewer members hold all"
    return weightless or "its share is too small for a replica"


def reasons(
    division: Division, candidates: Iterable[Candidate], outcome: Outcome, by_rule: Mapping[str, int]
) -> Mapping[str, str]:
    """`why` for every candidate of which there is something to say."""
    found = {c.name: why(division, c, outcome, by_rule) for c in sorted(candidates, key=lambda c: c.name)}
    return {name: text for name, text in found.items() if text}
