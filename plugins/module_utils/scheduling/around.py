# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the originals know nothing of is done around them, once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from ..model.replicas import DUPLICATED
from .division import Candidate, Division, Outcome

Rule = Callable[[Division, Sequence[Candidate]], Outcome]


def around(rule: Rule, division: Division, candidates: Sequence[Candidate]) -> Outcome:
    """The answer of an original, with held and frozen candidates treated as everywhere here.

    A ``held`` candidate takes no part: it keeps what it has, which is taken off the total. For a ``frozen`` one the maximum is what
    it has; where the original knows no maximum and gives it more, it keeps what it has as well, and the others are divided anew.
    So a rule sees no held candidate. It gives replicas and overflow, or nothing but an error, and then everybody keeps what
    it has. What found no place is counted here.
    """
    pinned = {c.name: c.current for c in candidates if c.held}
    while True:
        total = division.total if division.strategy == DUPLICATED else max(0, division.total - sum(pinned.values()))
        open_ones = [_bounded(c) for c in candidates if c.name not in pinned]
        answer = rule(replace(division, total=total), open_ones)
        grown = {c.name: c.current for c in open_ones if c.frozen and answer.replicas.get(c.name, 0) > c.current}
        if not grown:
            break
        pinned.update(grown)
    replicas = {c.name: answer.replicas.get(c.name, c.current) for c in candidates}
    return replace(answer, replicas=replicas, unplaced=_unplaced(division, replicas.values()))


def _bounded(candidate: Candidate) -> Candidate:
    if not candidate.frozen:
        return candidate
    most = candidate.current if candidate.maximum is None else min(candidate.maximum, candidate.current)
    return candidate._replace(maximum=most, minimum=min(candidate.minimum, most))


def _unplaced(division: Division, counts: Collection[int]) -> int:
    if division.strategy == DUPLICATED:
        return sum(max(0, division.total - count) for count in counts)
    return max(0, division.total - sum(counts))
