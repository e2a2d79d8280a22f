# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much a run may delete."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.budget import (
    ALWAYS,
    DEFAULT_BUDGET,
    Budget,
    parse_budget,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

COUNTS = st.integers(0, 5000)
BUDGETS = st.one_of(st.integers(0, 5000).map(str), st.integers(0, 100).map("{}%".format)).map(Budget)


@pytest.mark.parametrize(
    ("text", "deletions", "objects", "allowed"),
    [
        ("0", 0, 0, True),
        ("0", 0, 500, True),
        ("0", 1, 500, False),
        ("20", 20, 20, True),
        ("20", 21, 5000, False),
        ("50%", 0, 0, True),
        ("50%", 10, 10, True),
        ("50%", 11, 11, False),
        ("50%", 11, 22, True),
        ("50%", 11, 21, False),
        ("50%", 100, 200, True),
        ("50%", 101, 200, False),
        ("100%", 300, 300, True),
        ("0%", ALWAYS, 1000, True),
        ("0%", ALWAYS + 1, 1000, False),
        ("33%", 33, 100, True),
        ("33%", 34, 100, False),
    ],
)
def test_budgets(text: str, deletions: int, objects: int, allowed: bool) -> None:
    assert parse_budget(text).allows(deletions, objects) is allowed


@STEADY
@given(BUDGETS, COUNTS, COUNTS, COUNTS)
def test_fewer_deletions_are_never_worse(budget: Budget, deletions: int, fewer: int, objects: int) -> None:
    if budget.allows(deletions, objects):
        assert budget.allows(min(fewer, deletions), objects)


@STEADY
@given(BUDGETS, COUNTS, COUNTS, COUNTS)
def test_more_objects_are_never_worse(budget: Budget, deletions: int, objects: int, more: int) -> None:
    if budget.allows(deletions, objects):
        assert budget.allows(deletions, objects + more)


@STEADY
@given(BUDGETS, COUNTS)
def test_a_run_that_deletes_nothing_is_always_allowed(budget: Budget, objects: int) -> None:
    assert budget.allows(0, objects)


@pytest.mark.parametrize(
    ("raw", "text"), [(0, "0"), (20, "20"), ("20", "20"), (" 50% ", "50%"), ("0%", "0%"), ("100%", "100%")]
)
def test_what_may_be_given(raw: object, text: str) -> None:
    assert parse_budget(raw) == Budget(text)


@pytest.mark.parametrize(
    "raw", [None, "", "  ", "%", "-1", -1, "101%", "5.5", 0.5, True, "half", "50 %", "50%%", [], {}, "1" * 10, "1e3"]
)
def test_what_may_not(raw: object) -> None:
    with pytest.raises(ConfigError, match=r"neither a number of objects .* nor a share") as caught:
        parse_budget(raw)
    assert repr(raw) in str(caught.value)


def test_the_default_is_half_of_what_there_is() -> None:
    assert parse_budget("50%") == DEFAULT_BUDGET
