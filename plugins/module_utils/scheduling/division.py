# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many replicas each member runs: the question and the answer, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..model.replicas import AGGREGATED, AVAILABLE, WEBSTER, WEIGHTED

#: why a member gets no more where free capacity decides
UNKNOWN = "its capacity is not known"


class Candidate(NamedTuple):
    """A member that may run replicas.

    ``current`` is how many it has now; ``capacity`` how many it can run altogether, those of now included, None where that is not
    known; ``minimum`` and ``maximum`` are the bounds that the user gives; ``limit`` is KubeAdmiral's limitedCapacity; ``frozen``
    says why it may not get more than it has (``cordoned``), "" if it may; ``held`` that it can lose none either: it does not answer.
    ``short_of`` says in words what bounds the capacity.
    """

    name: str
    weight: int = 1
    current: int = 0
    capacity: int | None = None
    minimum: int = 0
    maximum: int | None = None
    limit: int | None = None
    frozen: str = ""
    held: bool = False
    short_of: str = ""


@dataclass(frozen=True)
class Division:
    """What is asked. ``total`` is the sum over the members; with `DUPLICATED` it is the number for each of them.

    ``keep`` leaves replicas that run where they are, and moves only the difference; without it, the answer is worked out as if
    nothing ran yet. ``key`` (``namespace/name``) and ``uid`` break ties in the modes whose originals do so. ``probe`` is KubeAdmiral's
    keepUnschedulable.
    """

    total: int
    strategy: str = WEIGHTED
    algorithm: str = WEBSTER
    keep: bool = True
    key: str = ""
    uid: str = ""
    probe: bool = False


@dataclass(frozen=True)
class Outcome:
    """What is answered: for every candidate its ``replicas``.

    ``unplaced`` is how many found no place. ``overflow`` is what a member gets besides ``replicas``, beyond its capacity: replicas
    that it has already and that fit nowhere else, or what some originals place so on purpose. ``error`` is set where an original
    gives no answer; then ``replicas`` are those of now.
    """

    replicas: Mapping[str, int]
    unplaced: int = 0
    overflow: Mapping[str, int] = field(default_factory=dict)
    error: str = ""


def ceiling(candidate: Candidate, many: int) -> int:
    """The most that a candidate may have, ``many`` where nothing bounds it."""
    most = many if candidate.maximum is None else min(many, candidate.maximum)
    if candidate.capacity is not None:
        most = min(most, candidate.capacity)
    return min(most, candidate.current) if candidate.frozen else most


def unknown(candidate: Candidate, strategy: str) -> bool:
    """Whether free capacity decides and is not known of this candidate: it keeps what it has then, and gets no more."""
    return candidate.capacity is None and strategy in (AVAILABLE, AGGREGATED)
