# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a member runs as many replicas as it does, in words. Written on demand: a large fleet has a million such answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..model.replicas import AGGREGATED, DUPLICATED, KARMADA, KARMADA_LEGACY
from .division import Candidate, Division, Outcome, ceiling


def limit_of(candidate: Candidate, division: Division) -> str:
    """What keeps a candidate from having more than it has; "" where nothing does. Karmada knows no such bounds."""
    if division.algorithm in (KARMADA, KARMADA_LEGACY):
        return ""
    short = f" ({candidate.short_of})" if candidate.short_of else ""
    bounds = [
        (candidate.current if candidate.frozen else None, f"{candidate.frozen}: no more than it has"),
        (candidate.maximum, f"its maximum is {candidate.maximum}"),
        (candidate.capacity, f"its capacity is {candidate.capacity}{short}"),
    ]
    given = [(bound, text) for bound, text in bounds if bound is not None and bound < division.total]
    return min(given, key=lambda pair: pair[0])[1] if given else ""


def why(division: Division, candidate: Candidate, outcome: Outcome, by_rule: Mapping[str, int]) -> str:
    """Why a candidate has the replicas it has, as one clause; "" where it has its plain share. ``by_rule`` is what the rule alone would
    give, whatever runs now."""
    has, share = outcome.replicas[candidate.name], by_rule.get(candidate.name)
    if candidate.held:
        return "does not answer: keeps what it has"
    if outcome.overflow.get(candidate.name):
        return f"{limit_of(candidate, division)}; {outcome.overflow[candidate.name]} more fit nowhere and stay here"
    if outcome.error:
        return "keeps what it has"
    limit = limit_of(candidate, division)
    if share is not None and has > share:
        return f"{has} run already, its share is {share}"
    if share is not None and has < share and division.strategy != DUPLICATED:
        return f"its share is {share}, the others run already"
    if limit and ceiling(candidate, division.total) == has:
        return limit
    if has and has == candidate.minimum:
        return f"its minimum is {candidate.minimum}"
    if has:
        return ""
    if division.strategy == AGGREGATED:
        return "fewer members hold all"
    return "weight 0" if not candidate.weight else "too few replicas for a share"


def reasons(
    division: Division, candidates: Iterable[Candidate], outcome: Outcome, by_rule: Mapping[str, int]
) -> Mapping[str, str]:
    """`why` for every candidate of which there is something to say."""
    found = {c.name: why(division, c, outcome, by_rule) for c in sorted(candidates, key=lambda c: c.name)}
    return {name: text for name, text in found.items() if text}
