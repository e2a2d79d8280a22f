# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Loosely typed input into exact shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model import reading
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError


@pytest.mark.parametrize("value", [5, 5.5, True, False, 0])
def test_what_yaml_made_of_text_is_refused_with_the_way_out(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"^x must be text, .*: quote it, or use `\| string` in a template$"):
        reading.as_text(value, "x")


@pytest.mark.parametrize("value", [None, [], {}])
def test_what_never_was_text_is_refused_without_it(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"^x must be text") as caught:
        reading.as_text(value, "x")
    assert "quote" not in str(caught.value)


@pytest.mark.parametrize("value", ["1", "true", "", " "])
def test_text_stays_as_it_is(value: str) -> None:
    assert reading.as_text(value, "x") == value


def test_one_text_or_many() -> None:
    assert reading.as_texts("a", "x") == ("a",)
    assert reading.as_texts(["a", "b"], "x") == ("a", "b")
    assert reading.as_texts([], "x") == ()
    with pytest.raises(ConfigError, match=r"x must be text.*quote it"):
        reading.as_texts(["a", 1], "x")


@pytest.mark.parametrize(("value", "count"), [(0, 0), (3, 3), ("3", 3), (" 3 ", 3)])
def test_counts(value: Any, count: int) -> None:
    assert reading.as_count(value, "x") == count


@pytest.mark.parametrize("value", [-1, "-1", 1.0, True, None, "", "three", "1.5", [1], "\u00b2"])
def test_what_is_no_count(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"^x must be a whole number, 0 or more"):
        reading.as_count(value, "x")


@pytest.mark.parametrize("value", ["yes", 1, 0, None, "true"])
def test_what_is_no_flag(value: Any) -> None:
    assert reading.as_flag(True, "x") is True
    with pytest.raises(ConfigError, match=r"^x must be true or false"):
        reading.as_flag(value, "x")


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (reading.as_mapping, [], "x must be a mapping, not a list"),
        (reading.as_mapping, None, "x must be a mapping, not nothing"),
        (reading.as_mapping, "a: b", "x must be a mapping, not text"),
        (reading.as_mapping, True, "x must be a mapping, not a boolean"),
        (reading.as_mapping, {1: "a"}, "x: the key 1 is a number, where text is wanted: quote it"),
        (reading.as_mapping, {True: "a"}, "x: the key True is a boolean"),
        (reading.as_list, {}, "x must be a list, not a mapping"),
        (reading.as_list, "a", "x must be a list, not text"),
        (reading.as_text_map, {"a": 1}, "x.a must be text"),
    ],
)
def test_shapes(read: Callable[[Any, str], Any], value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(value, "x")


def test_copies_are_returned() -> None:
    mapping, items = {"a": 1}, [1]
    reading.as_mapping(mapping, "x")["b"] = 2
    reading.as_list(items, "x").append(2)
    assert (mapping, items) == ({"a": 1}, [1])


def test_an_option_that_nobody_reads_is_refused() -> None:
    reading.only_keys({"a": 1}, ("a", "b"), "x")
    with pytest.raises(ConfigError, match="x has no option 'c'; there are a, b"):
        reading.only_keys({"a": 1, "c": 1}, ("a", "b"), "x")
