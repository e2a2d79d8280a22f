# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON patch (RFC 6902) over JSON pointers (RFC 6901)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.override import PatchOperation
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.patch import PatchError, apply_patch
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY


def op(name: str, path: str, value: Any = None, source: str = "") -> PatchOperation:
    return PatchOperation(name, path, value, source)


# The situations of RFC 6902, appendix A, in the order of the appendix, with documents of our own.
FITS = [
    ("A.1 member", {"image": "a"}, [op("add", "/tag", "1")], {"image": "a", "tag": "1"}),
    ("A.2 item", {"args": ["-a", "-c"]}, [op("add", "/args/1", "-b")], {"args": ["-a", "-b", "-c"]}),
    ("A.2 first item", {"args": ["-b"]}, [op("add", "/args/0", "-a")], {"args": ["-a", "-b"]}),
    ("A.2 at the end", {"args": ["-a"]}, [op("add", "/args/1", "-b")], {"args": ["-a", "-b"]}),
    ("A.3 member", {"image": "a", "tag": "1"}, [op("remove", "/tag")], {"image": "a"}),
    ("A.4 item", {"args": ["-a", "-b", "-c"]}, [op("remove", "/args/1")], {"args": ["-a", "-c"]}),
    ("A.5 value", {"image": "a", "tag": "1"}, [op("replace", "/tag", 2)], {"image": "a", "tag": 2}),
    ("A.5 item", {"args": [1, 2]}, [op("replace", "/args/0", 3)], {"args": [3, 2]}),
    (
        "A.6 move",
        {"from": {"keep": 1, "go": 2}, "to": {"here": 3}},
        [op("move", "/to/went", source="/from/go")],
        {"from": {"keep": 1}, "to": {"here": 3, "went": 2}},
    ),
    (
        "A.7 move an item",
        {"args": ["b", "c", "d", "a"]},
        [op("move", "/args/0", source="/args/3")],
        {"args": ["a", "b", "c", "d"]},
    ),
    (
        "A.8 test",
        {"a": "x", "b": ["y", 2, None]},
        [op("test", "/a", "x"), op("test", "/b/1", 2), op("test", "/b/2", None)],
        {"a": "x", "b": ["y", 2, None]},
    ),
    ("A.10 nested", {"a": 1}, [op("add", "/b", {"c": {"d": 1}})], {"a": 1, "b": {"c": {"d": 1}}}),
    ("A.14 escapes", {"/": 1, "~1": 2}, [op("test", "/~01", 2), op("test", "/~1", 1)], {"/": 1, "~1": 2}),
    ("A.16 item that is a list", {"a": ["b"]}, [op("add", "/a/-", ["c", "d"])], {"a": ["b", ["c", "d"]]}),
    ("add replaces", {"a": 1}, [op("add", "/a", 2)], {"a": 2}),
    ("null is a value", {"a": 1}, [op("replace", "/a", None)], {"a": None}),
    ("append", {"a": [1]}, [op("add", "/a/-", 2), op("add", "/a/-", 3)], {"a": [1, 2, 3]}),
    ("append to nothing", {"a": []}, [op("add", "/a/-", 1)], {"a": [1]}),
    ("copy", {"a": {"b": 1}}, [op("copy", "/c", source="/a"), op("add", "/c/b", 2)], {"a": {"b": 1}, "c": {"b": 2}}),
    ("move onto itself", {"a": 1}, [op("move", "/a", source="/a")], {"a": 1}),
    ("move up", {"a": {"b": {"c": 1}}}, [op("move", "/a", source="/a/b")], {"a": {"c": 1}}),
    ("a common beginning is no parent", {"a": 1, "ab": {}}, [op("move", "/ab/c", source="/a")], {"ab": {"c": 1}}),
    ("the whole document", {"a": 1}, [op("replace", "", {"b": 2})], {"b": 2}),
    ("the whole document by add", {"a": 1}, [op("add", "", [1])], [1]),
    ("the empty key", {"": 1, "a": 2}, [op("replace", "/", 3)], {"": 3, "a": 2}),
    ("digits are a key in a mapping", {"0": "a"}, [op("replace", "/0", "b")], {"0": "b"}),
    ("a dash is a key in a mapping", {"-": "a"}, [op("remove", "/-")], {}),
    ("~1", {"a/b": 1}, [op("replace", "/a~1b", 2)], {"a/b": 2}),
    ("~0", {"a~b": 1}, [op("replace", "/a~0b", 2)], {"a~b": 2}),
    ("~01 is ~1", {"~1": 1, "/": 2}, [op("remove", "/~01")], {"/": 2}),
    ("~10 is /0", {"/0": 1}, [op("remove", "/~10")], {}),
    ("a label", {"app.io/x": "y"}, [op("remove", "/app.io~1x")], {}),
    ("numbers are equal by value", {"a": 1}, [op("test", "/a", 1.0)], {"a": 1}),
    ("order of keys", {"a": {"b": 1, "c": [2]}}, [op("test", "/a", {"c": [2], "b": 1})], {"a": {"b": 1, "c": [2]}}),
    ("no operation", {"a": 1}, [], {"a": 1}),
]


@pytest.mark.parametrize(("document", "operations", "result"), [case[1:] for case in FITS], ids=[c[0] for c in FITS])
def test_what_fits(document: Any, operations: list[PatchOperation], result: Any) -> None:
    before = copy.deepcopy(document)
    assert apply_patch(document, operations) == result
    assert document == before


FAILS = [
    ("A.9 test", {"a": "x"}, op("test", "/a", "y"), "test /a: the value is not the one that the test expects"),
    ("A.12 no parent", {"a": 1}, op("add", "/b/c", 2), "add /b/c: there is no 'b' (there is a)"),
    ("A.15 text is no number", {"~1": 10}, op("test", "/~01", "10"), "is not the one"),
    ("remove nothing", {"a": 1}, op("remove", "/b"), "remove /b: there is no 'b' (there is a)"),
    ("replace nothing", {}, op("replace", "/b", 1), "replace /b: there is no 'b' (there is nothing)"),
    ("test nothing", {"a": 1}, op("test", "/b", None), "there is no 'b'"),
    ("beyond the end", {"a": [1]}, op("add", "/a/2", 2), "there is no position 2 in a list of 2"),
    ("remove beyond the end", {"a": [1]}, op("remove", "/a/1"), "there is no position 1 in a list of 1"),
    ("remove the end", {"a": [1]}, op("remove", "/a/-"), "'-' is not a position in a list"),
    ("replace the end", {"a": [1]}, op("replace", "/a/-", 1), "'-' is not a position in a list"),
    ("negative", {"a": [1]}, op("remove", "/a/-1"), "'-1' is not a position in a list"),
    ("leading zero", {"a": [1, 2]}, op("remove", "/a/01"), "'01' is not a position in a list"),
    ("not a number", {"a": [1]}, op("remove", "/a/x"), "'x' is not a position in a list"),
    ("not an ASCII digit", {"a": [1]}, op("remove", "/a/\u00b2"), "is not a position in a list"),
    ("empty", {"a": [1]}, op("remove", "/a/"), "'' is not a position in a list"),
    ("into text", {"a": "x"}, op("add", "/a/b", 1), "'b' cannot be added to a plain value"),
    ("through text", {"a": "x"}, op("remove", "/a/b/c"), "'b' is looked for in a plain value"),
    ("remove everything", {"a": 1}, op("remove", ""), "the whole document cannot be removed"),
    ("move into itself", {"a": {"b": 1}}, op("move", "/a/c", source="/a"), "/a cannot be moved into itself"),
    ("move nothing", {"a": 1}, op("move", "/b", source="/c"), "move /c: there is no 'c'"),
    ("copy nothing", {"a": 1}, op("copy", "/b", source="/c"), "copy /c: there is no 'c'"),
    ("true is not 1", {"a": 1}, op("test", "/a", True), "is not the one"),
    ("false is not 0", {"a": [0]}, op("test", "/a", [False]), "is not the one"),
    ("null is not missing", {"a": {}}, op("test", "/a", {"b": None}), "is not the one"),
    ("order of items", {"a": [1, 2]}, op("test", "/a", [2, 1]), "is not the one"),
]


@pytest.mark.parametrize(("document", "operation", "message"), [c[1:] for c in FAILS], ids=[c[0] for c in FAILS])
def test_what_does_not_fit_is_explained_and_changes_nothing(
    document: Any, operation: PatchOperation, message: str
) -> None:
    before = copy.deepcopy(document)
    with pytest.raises(PatchError) as caught:
        apply_patch(document, [op("add", "", copy.deepcopy(document)), operation])
    assert message in str(caught.value)
    assert document == before


def test_all_or_nothing() -> None:
    document: dict[str, Any] = {"spec": {"replicas": 1, "items": []}}
    operations = [op("replace", "/spec/replicas", 5), op("add", "/spec/items/-", 1), op("remove", "/spec/nothing")]
    with pytest.raises(PatchError, match="remove /spec/nothing"):
        apply_patch(document, operations)
    assert document == {"spec": {"replicas": 1, "items": []}}


def test_the_value_of_a_patch_is_copied() -> None:
    value: dict[str, Any] = {"a": []}
    first = apply_patch({}, [op("add", "/x", value), op("add", "/x/a/-", 1)])
    assert first == {"x": {"a": [1]}}
    assert value == {"a": []}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.text(max_size=3), JSON, max_size=4)


def pointers(value: Any, path: str = "") -> list[str]:
    """The pointer of everything in a document, the document included."""
    found = [path]
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in steps:
        found += pointers(item, f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}")
    return found


def at(document: Any, pointer: str) -> Any:
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        document = document[int(key) if isinstance(document, list) else key]
    return document


@STEADY
@given(st.data(), DOCUMENTS, JSON)
def test_add_then_remove_is_identity(data: st.DataObject, document: dict[str, Any], value: Any) -> None:
    parents = [p for p in pointers(document) if isinstance(at(document, p), (dict, list))]
    parent = data.draw(st.sampled_from(parents))
    holder = at(document, parent)
    if isinstance(holder, dict):
        key = data.draw(st.text(max_size=3).filter(lambda k: k not in holder))
        path = f"{parent}/{key.replace('~', '~0').replace('/', '~1')}"
    else:
        path = f"{parent}/{data.draw(st.integers(0, len(holder)))}"
    added = apply_patch(document, [op("add", path, value)])
    assert added != document
    assert apply_patch(document, [op("add", path, value), op("remove", path)]) == document


@STEADY
@given(st.data(), DOCUMENTS, JSON)
def test_every_place_can_be_tested_replaced_and_set_back(
    data: st.DataObject, document: dict[str, Any], value: Any
) -> None:
    path = data.draw(st.sampled_from(pointers(document)))
    old = at(document, path)
    operations = [op("test", path, old), op("replace", path, value), op("test", path, value), op("replace", path, old)]
    assert apply_patch(document, operations) == document


@STEADY
@given(st.data(), DOCUMENTS)
def test_a_move_is_a_copy_and_a_remove(data: st.DataObject, document: dict[str, Any]) -> None:
    sources = [p for p in pointers(document) if p]
    if sources:
        source = data.draw(st.sampled_from(sources))
        key = "a new key"
        moved = apply_patch(document, [op("move", f"/{key}", source=source)])
        copied = apply_patch(document, [op("copy", f"/{key}", source=source), op("remove", source)])
        assert moved == copied
