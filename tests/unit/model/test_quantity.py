# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quantities, with the values that apimachinery's resource.ParseQuantity gives them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.quantity import (
    decimal,
    milli,
    parse_quantity,
    whole,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

SUFFIXES = {
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate(("n", "u", "m", "", "k", "M", "G", "T"), -3)},
    **{suffix: Fraction(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti"), 1)},
}


@pytest.mark.parametrize(
    ("text", "thousandths", "units"),
    [
        ("0", 0, 0),
        ("100m", 100, 1),
        ("1.5", 1500, 2),
        (".5", 500, 1),
        ("5.", 5000, 5),
        ("+3", 3000, 3),
        ("1Ki", 1024000, 1024),
        ("1.5Gi", 1610612736000, 1610612736),
        ("12k", 12000000, 12000),
        ("1E", 10**21, 10**18),
        ("1E3", 10**6, 1000),
        ("2e-3", 2, 1),
        ("1e0", 1000, 1),
        ("1n", 1, 1),
        ("250u", 1, 1),
        ("0.0001", 1, 1),
        ("-1.5", -1500, -2),
        ("-5n", -1, -1),
        ("8Ei", (2**63 - 1) * 1000, 2**63 - 1),
        (2, 2000, 2),
        (0.5, 500, 1),
    ],
)
def test_values_are_those_of_the_api(text: object, thousandths: int, units: int) -> None:
    assert (milli(text), whole(text)) == (thousandths, units)


@pytest.mark.parametrize(
    "wrong",
    ["", " 1", "1 Gi", "Gi", "1K", "1mi", "1..2", "1e", "0x10", "1Gi\n", "--1", None, True, [], "NaN", float("inf")],
)
def test_what_is_no_quantity_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigError, match="is not a quantity"):
        parse_quantity(wrong)


@STEADY
@given(st.integers(0, 10**6), st.sampled_from(sorted(SUFFIXES)))
def test_a_whole_number_is_itself_times_its_suffix(number: int, suffix: str) -> None:
    assert parse_quantity(f"{number}{suffix}") == number * SUFFIXES[suffix]


@STEADY
@given(st.integers(0, 10**9), st.integers(0, 9))
def test_nothing_is_lost_behind_the_point(number: int, places: int) -> None:
    digits = str(number).zfill(places + 1)
    text = f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}"
    assert parse_quantity(text) == Fraction(number, 10**places)


@STEADY
@given(st.integers(-(10**9), 10**9), st.sampled_from(sorted(SUFFIXES)))
def test_rounding_goes_away_from_zero_and_never_by_a_whole(number: int, suffix: str) -> None:
    exact = parse_quantity(f"{number}{suffix}")
    assert 0 <= abs(whole(f"{number}{suffix}")) - abs(exact) < 1
    assert 0 <= abs(milli(f"{number}{suffix}")) - abs(exact) * 1000 < 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(12500, 1000), "12.5"),
        (Fraction(48), "48"),
        (Fraction(0), "0"),
        (Fraction(100), "100"),
        (Fraction(1, 30), "0"),
    ],
)
def test_numbers_for_people(value: Fraction, shown: str) -> None:
    assert decimal(value) == shown
