# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The federation's memory: round trips, damage, and which of several records is the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import GroupKind
from ansible_collections.multicluster.federation.plugins.module_utils.model.records import (
    FleetRecord,
    MemberEntry,
    ResourceRecord,
    load_fleet_record,
    load_resource_record,
    newest_fleet_record,
    newest_placement,
    with_recorded_facts,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

TEXT = st.text(max_size=8)
ENTRIES = st.builds(MemberEntry, TEXT, TEXT, TEXT, st.lists(TEXT, max_size=3).map(tuple), TEXT)
FLEET_RECORDS = st.builds(FleetRecord, TEXT, TEXT, st.integers(0, 2**53), st.dictionaries(TEXT, ENTRIES, max_size=4))
RESOURCE_RECORDS = st.builds(
    ResourceRecord,
    TEXT,
    st.frozensets(st.builds(GroupKind, TEXT, TEXT), max_size=4),
    st.frozensets(TEXT, max_size=4),
    st.dictionaries(TEXT, st.none() | st.integers(0, 1000), max_size=4),
    TEXT,
    st.integers(0, 2**53),
)

FLEET = FleetRecord("acme", "u-1", 3, {"a": MemberEntry("k-1", "v1.34.4", "eu", ("eu-1",), "aws")})
RESOURCE = ResourceRecord(
    "shop", frozenset({GroupKind("apps", "Deployment")}), frozenset({"shop"}), {"a": None, "b": 4}, "1:abc", 7
)


@STEADY
@given(FLEET_RECORDS)
def test_a_fleet_record_survives_its_text(record: FleetRecord) -> None:
    assert load_fleet_record(record.dump()) == record


@STEADY
@given(RESOURCE_RECORDS)
def test_a_resource_record_survives_its_text(record: ResourceRecord) -> None:
    assert load_resource_record(record.dump(), record.resource) == record


@STEADY
@given(RESOURCE_RECORDS)
def test_one_record_has_one_text(record: ResourceRecord) -> None:
    shuffled = replace(record, placement=dict(reversed(list(record.placement.items()))))
    assert shuffled.dump() == record.dump()


@STEADY
@given(RESOURCE_RECORDS, st.integers(0, 9))
def test_the_epoch_is_not_what_a_record_says(record: ResourceRecord, epoch: int) -> None:
    assert record.same_as(replace(record, epoch=epoch))
    assert not record.same_as(replace(record, template=record.template + "x"))


def load_resource(text: str) -> Any:
    return load_resource_record(text, "shop")


LOADERS = [(load_fleet_record, FLEET), (load_resource, RESOURCE)]


@pytest.mark.parametrize(("load", "record"), LOADERS, ids=["fleet", "resource"])
def test_a_newer_form_is_refused(load: Callable[[str], Any], record: FleetRecord | ResourceRecord) -> None:
    body = json.loads(record.dump())
    assert body["form"] == 1
    with pytest.raises(MemberError, match="was written by a newer release") as caught:
        load(json.dumps({**body, "form": 2}))
    assert caught.value.hint == "update the collection"


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "5", '"form"', "{}", '{"form"', '{"form": 1}'])
@pytest.mark.parametrize(("load", "record"), LOADERS, ids=["fleet", "resource"])
def test_damaged_text_is_one_clear_error(load: Callable[[str], Any], record: object, text: str) -> None:
    with pytest.raises(MemberError, match="is damaged"):
        load(text)


@pytest.mark.parametrize(
    ("load", "record", "key"),
    [(load, record, key) for load, record in LOADERS for key in json.loads(record.dump()) if key != "form"],
)
def test_a_record_with_a_hole_is_damaged(
    load: Callable[[str], Any], record: FleetRecord | ResourceRecord, key: str
) -> None:
    body = json.loads(record.dump())
    del body[key]
    with pytest.raises(MemberError, match="is damaged"):
        load(json.dumps(body))


def test_the_damaged_record_is_named() -> None:
    with pytest.raises(MemberError, match="the record of resource shop is damaged"):
        load_resource_record("", "shop")


def test_the_highest_epoch_is_the_truth() -> None:
    old, new = FLEET, replace(FLEET, epoch=4, members={})
    assert newest_fleet_record({"a": old, "b": new, "c": old}) == new
    assert newest_fleet_record({"a": new, "b": old}) == new
    assert newest_fleet_record({"a": old, "b": replace(old)}) == old
    assert newest_fleet_record({}) is None


def test_two_contents_at_one_epoch_are_refused() -> None:
    with pytest.raises(MemberError, match="a and c hold different fleet records of the same epoch 3") as caught:
        newest_fleet_record({"c": replace(FLEET, members={}), "a": FLEET})
    assert caught.value.kind == Kind.CONFLICT
    assert caught.value.hint


def test_an_old_quarrel_does_not_matter_once_it_is_settled() -> None:
    newer = replace(FLEET, epoch=9)
    assert newest_fleet_record({"z": newer, "b": replace(FLEET, members={}), "a": newer}) == newer


def test_an_old_quarrel_does_not_matter_whoever_is_read_first() -> None:
    newer = replace(FLEET, epoch=9)
    assert newest_fleet_record({"a": FLEET, "b": replace(FLEET, members={}), "z": newer}) == newer


def test_the_newest_placement() -> None:
    assert newest_placement([RESOURCE, replace(RESOURCE, epoch=8, placement={"c": 1})]) == {"c": 1}
    assert newest_placement([]) == {}


def test_the_inventory_wins_over_recorded_facts() -> None:
    given_ = Cluster("a", region="us")
    found = with_recorded_facts(given_, FLEET)
    assert (found.region, found.zones, found.provider) == ("us", ("eu-1",), "aws")
    assert with_recorded_facts(Cluster("b"), FLEET) == Cluster("b")
    assert with_recorded_facts(given_, None) == given_
