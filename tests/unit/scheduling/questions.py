# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Short ways to write questions to `divide_data`, for the tests of the algorithms of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.divide import divide_data

Members = Mapping[str, Mapping[str, Any]]


def ask(algorithm: str, total: int, members: Members, **more: Any) -> dict[str, Any]:
    """The answer to one question; ``more`` are its other options."""
    return divide_data({"replicas": total, "algorithm": algorithm, "members": dict(members), **more})


def equal(names: Iterable[str], **options: Any) -> dict[str, dict[str, Any]]:
    """Members that differ in nothing but their names."""
    return {name: dict(options) for name in names}


def weighing(**weights: int) -> dict[str, dict[str, Any]]:
    return {name: {"weight": weight} for name, weight in weights.items()}


def having(members: Members, option: str, values: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """The members, with an option set for those that are named."""
    return {name: {**body, **({option: values[name]} if name in values else {})} for name, body in members.items()}
