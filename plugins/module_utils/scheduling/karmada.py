# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The answers of karmada, by its own rules."""

from __future__ import annotations

from collections.abc import Sequence

from .division import Candidate, Division, Outcome


def divide(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    """Divide as karmada does; the candidates come in the order of their names."""
    raise NotImplementedError


def divide_legacy(division: Division, candidates: Sequence[Candidate]) -> Outcome:
    """Divide as karmada up to 1.15 did."""
    raise NotImplementedError
