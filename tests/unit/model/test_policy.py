# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""fail_on: how many failing members are too many."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.policy import ANY, parse_fail_on


@pytest.mark.parametrize(
    ("policy", "failing", "of", "too_many"),
    [
        ("any", 0, 10, False),
        ("any", 1, 10, True),
        ("none", 10, 10, False),
        ("all", 9, 10, False),
        ("all", 10, 10, True),
        ("all", 0, 0, False),
        ("2", 1, 10, False),
        (2, 2, 10, True),
        ("3", 2, 2, False),
        ("25%", 2, 10, False),
        ("25%", 3, 10, True),
        ("25%", 1, 4, True),
        ("25%", 0, 4, False),
        ("100%", 9, 10, False),
        ("100%", 10, 10, True),
        ("1%", 1, 500, False),
        ("1%", 5, 500, True),
        (" ANY ", 1, 10, True),
    ],
)
def test_too_many(policy: Any, failing: int, of: int, too_many: bool) -> None:
    assert parse_fail_on(policy).too_many(failing, of) is too_many


@pytest.mark.parametrize("policy", ["", "some", "0", 0, "0%", "101%", "-1", "1.5", "5 %", True, None, "%", "any 2"])
def test_what_is_no_policy(policy: Any) -> None:
    with pytest.raises(ConfigError, match="is not any, all, none, a number of members"):
        parse_fail_on(policy)


def test_the_default() -> None:
    assert parse_fail_on("any") == ANY
