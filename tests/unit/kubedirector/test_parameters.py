# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parameters of apps: what is taken as a value, and what is said about everything else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.faults import Faulty
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.parameters import (
    TYPES,
    Parameter,
    choose,
    parse_parameter,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

TEXT = Parameter("p", "string", "x")
WHOLE = Parameter("p", "integer", 1)
TRUTH = Parameter("p", "boolean", False)
AMOUNT = Parameter("p", "quantity", "1Gi")
PORT = Parameter("p", "integer", 1, minimum=1, maximum=65535)
WORD = Parameter("p", "string", "ab", pattern="[a-z]+")
ONE_OF = Parameter("p", "string", "a", choices=("a", "b"))
SIZE = Parameter("p", "integer", 3, choices=(3, 5))


@pytest.mark.parametrize(
    ("parameter", "value", "fault"),
    [
        (TEXT, True, "must be text, not a boolean"),
        (TEXT, ["x"], "must be text, not a list"),
        (TEXT, None, "must be text, not nothing"),
        (TEXT, "a\nb", "must be one line of text"),
        (TEXT, "a\rb", "must be one line of text"),
        (TEXT, "a\0b", "must be one line of text"),
        (WHOLE, "many", "must be a whole number, not text"),
        (WHOLE, True, "must be a whole number, not a boolean"),
        (WHOLE, 1.5, "must be a whole number, not a number"),
        (WHOLE, "--5", "must be a whole number, not text"),
        (WHOLE, "1 2", "must be a whole number, not text"),
        (WHOLE, "²", "must be a whole number, not text"),
        (WHOLE, "9" * 5000, "must be a whole number, not text"),
        (TRUTH, "maybe", "must be true or false, not text"),
        (TRUTH, 1, "must be true or false, not a number"),
        (AMOUNT, "much", "must be a quantity, such as 512Mi, not text"),
        (AMOUNT, "-1", "must be a quantity, such as 512Mi, not text"),
        (AMOUNT, True, "must be a quantity, such as 512Mi, not a boolean"),
        (PORT, 0, "must be 1 or more, not 0"),
        (PORT, "65536", "must be 65535 or less, not 65536"),
        (WORD, "aB", "must match [a-z]+, not 'aB'"),
        (WORD, "", "must match [a-z]+, not ''"),
        (WORD, "ab\n", "must be one line of text"),
        (ONE_OF, "c", "must be one of a, b, not 'c'"),
        (SIZE, "4", "must be one of 3, 5, not 4"),
    ],
)
def test_values_that_are_refused(parameter: Parameter, value: Any, fault: str) -> None:
    with pytest.raises(Faulty) as caught:
        choose([parameter], {"p": value}, "KubeDirectorCluster vc")
    assert caught.value.message == f"KubeDirectorCluster vc: parameters.p: {fault}"


@pytest.mark.parametrize(
    ("parameter", "value", "meant"),
    [
        (TEXT, "", ""),
        (TEXT, 5, "5"),
        (TEXT, 1.5, "1.5"),
        (TEXT, "grün ${x} @{y}", "grün ${x} @{y}"),
        (WHOLE, 7, 7),
        (WHOLE, " -7 ", -7),
        (TRUTH, True, True),
        (TRUTH, "Yes", True),
        (TRUTH, "on", True),
        (TRUTH, "TRUE", True),
        (TRUTH, "no", False),
        (TRUTH, "off", False),
        (TRUTH, "False", False),
        (AMOUNT, "1.5Gi", "1.5Gi"),
        (AMOUNT, 512, "512"),
        (PORT, "65535", 65535),
        (WORD, "abc", "abc"),
        (ONE_OF, "b", "b"),
        (SIZE, "5", 5),
    ],
)
def test_values_that_are_taken(parameter: Parameter, value: Any, meant: Any) -> None:
    found = choose([parameter], {"p": value}, "x")
    assert found == {"p": meant}
    assert type(found["p"]) is type(meant)


def test_what_is_not_said_is_the_default_and_all_faults_are_told() -> None:
    known = [Parameter("a", "integer", 1), Parameter("b", "string", "x")]
    assert choose(known, {"b": "y"}, "x") == {"a": 1, "b": "y"}
    with pytest.raises(Faulty) as caught:
        choose(known, {"a": "z", "c": 1}, "vc")
    assert [str(fault) for fault in caught.value.faults] == [
        "parameters.a: must be a whole number, not text",
        "parameters.c: is unknown; there are a, b",
    ]
    with pytest.raises(Faulty, match=r"^vc: parameters\.c: is unknown; there are none$"):
        choose([], {"c": 1}, "vc")


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        ({"default": 5}, ["default: the default of parameter p must be text, not a number"]),
        ({"default": "x\ny"}, ["default: the default of parameter p must be one line of text"]),
        ({"default": "5", "type": "integer"}, ["default: the default of parameter p must be a whole number, not text"]),
        (
            {"default": 0, "type": "integer", "minimum": 1},
            ["default: the default of parameter p must be 1 or more, not 0"],
        ),
        (
            {"default": 5, "type": "integer", "minimum": 6, "maximum": 4},
            ["default: the default of parameter p must be 6 or more, not 5"],
        ),
        ({"default": "c", "choices": ["a", "b"]}, ["default: the default of parameter p must be one of a, b, not 'c'"]),
        ({"default": "a", "choices": ["a", 1]}, ["choices[1]: must be text, not a number"]),
        ({"default": "a", "choices": ["a", "B"], "pattern": "[a-z]"}, ["choices[1]: must match [a-z], not 'B'"]),
        ({"default": "a", "pattern": "("}, ["pattern: '(' is not a regular expression"]),
        ({"default": "a", "pattern": "a{99999999999}"}, ["pattern: 'a{99999999999}' is not a regular expression"]),
        (
            {"default": 1, "type": "integer", "pattern": "[0-9]"},
            ["pattern: is for text only, and parameter p is a whole number"],
        ),
        (
            {"default": "1Gi", "type": "quantity", "minimum": 1, "maximum": 2},
            [
                "minimum: is for whole numbers, and parameter p is a quantity, such as 512Mi",
                "maximum: is for whole numbers, and parameter p is a quantity, such as 512Mi",
            ],
        ),
        ({"default": "x"}, []),
        ({"default": "", "pattern": "[a-z]*", "choices": ["", "a"]}, []),
        ({"default": 3, "type": "integer", "minimum": 3, "maximum": 3, "choices": [3]}, []),
        ({"default": False, "type": "boolean"}, []),
        ({"default": "0", "type": "quantity"}, []),
    ],
)
def test_parameters_that_contradict_themselves(raw: dict[str, Any], faults: list[str]) -> None:
    found = parse_parameter({"name": "p", **raw}).faults("spec.parameters[0]")
    assert [str(fault) for fault in found] == [f"spec.parameters[0].{fault}" for fault in faults]


def test_a_parameter_is_text_unless_it_says_so() -> None:
    assert parse_parameter({"name": "p", "default": "x"}) == TEXT
    raw = {"type": "integer", "default": 2, "choices": [1, 2], "minimum": 1, "maximum": 2, "description": "how many"}
    assert parse_parameter({"name": "p", **raw}) == Parameter("p", "integer", 2, "how many", (1, 2), "", 1, 2)


anything = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=1)
)


@STEADY
@given(st.sampled_from(TYPES), anything, st.sampled_from(["", "[a-z]*"]), st.sampled_from([None, 0]))
def test_whatever_is_given_is_taken_or_refused(kind: str, value: Any, pattern: str, least: int | None) -> None:
    parameter = Parameter("p", kind, "x", pattern=pattern, minimum=least)
    try:
        found = choose([parameter], {"p": value}, "x")
    except Faulty:
        return
    assert isinstance(found["p"], {"string": str, "integer": int, "boolean": bool, "quantity": str}[kind])
    assert isinstance(found["p"], bool) is (kind == "boolean")
    assert parameter.fault(found["p"]) == ""
    assert choose([parameter], found, "x") == found
