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

from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster, Taint
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
    with_members,
    with_present_names,
    with_recorded_facts,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

TEXT = st.text(max_size=8)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
TAINTS = st.lists(st.builds(Taint, TEXT, TEXT, TEXT, TEXT), max_size=3).map(tuple)
ENTRIES = st.builds(
    MemberEntry, TEXT, TEXT, TEXT, TEXTS, TEXT, TEXTS, st.dictionaries(TEXT, TEXT, max_size=3), TAINTS, TEXT
)
FLEET_RECORDS = st.builds(FleetRecord, TEXT, TEXT, st.integers(0, 2**53), st.dictionaries(TEXT, ENTRIES, max_size=4))
RESOURCE_RECORDS = st.builds(
    ResourceRecord,
    TEXT,
    st.frozensets(st.builds(GroupKind, TEXT, TEXT), max_size=4),
    st.frozensets(TEXT, max_size=4),
    st.dictionaries(TEXT, st.none() | st.integers(0, 1000), max_size=4),
    TEXT,
    st.integers(0, 2**53),
    st.booleans(),
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
    assert not record.same_as(replace(record, kept=not record.kept))


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


# what older releases did not write


def test_records_of_before_there_were_renames_and_stored_templates() -> None:
    fleet, shop = json.loads(FLEET.dump()), json.loads(RESOURCE.dump())
    assert "formerly" not in fleet["members"]["a"]
    assert "kept" not in shop
    assert load_fleet_record(json.dumps(fleet)).members["a"].formerly == ()
    assert load_resource(json.dumps(shop)).kept is False


@pytest.mark.parametrize("members", [None, [], 5, {"a": None}, {"a": []}, {"a": {"uid": "k"}}])
def test_a_fleet_record_with_odd_members_is_damaged(members: object) -> None:
    with pytest.raises(MemberError, match="the fleet record is damaged"):
        load_fleet_record(json.dumps({**json.loads(FLEET.dump()), "members": members}))


@pytest.mark.parametrize(
    "part", [{"kinds": [["apps"]]}, {"kinds": 5}, {"placement": 5}, {"epoch": "x"}, {"epoch": None}]
)
def test_a_resource_record_with_odd_parts_is_damaged(part: dict[str, object]) -> None:
    with pytest.raises(MemberError, match="the record of resource shop is damaged"):
        load_resource(json.dumps({**json.loads(RESOURCE.dump()), **part}))


# who joins, and under which name


def joined(record: FleetRecord, **uids: str) -> FleetRecord:
    return with_members(record, {name: MemberEntry(uid) for name, uid in uids.items()})


EMPTY = FleetRecord("acme", "u-1")


def test_members_are_added_at_the_next_epoch() -> None:
    one = joined(EMPTY, ams="k-ams")
    assert (one.epoch, dict(one.members)) == (1, {"ams": MemberEntry("k-ams")})
    two = joined(one, bom="k-bom", cdg="k-cdg")
    assert (two.epoch, sorted(two.members)) == (2, ["ams", "bom", "cdg"])
    assert EMPTY.members == {}


def test_joining_again_changes_nothing() -> None:
    one = joined(EMPTY, ams="k-ams", bom="k-bom")
    assert joined(one, ams="k-ams") == one
    assert joined(one) == one


def test_facts_are_brought_up_to_date() -> None:
    one = joined(EMPTY, ams="k-ams")
    two = with_members(one, {"ams": MemberEntry("k-ams", "v1.34.4", "eu")})
    assert (two.epoch, two.members["ams"].region) == (2, "eu")


def test_a_cluster_under_a_new_name_is_renamed() -> None:
    old = joined(EMPTY, ams="k-ams", bom="k-bom")
    new = joined(old, amsterdam="k-ams")
    assert {name: entry.formerly for name, entry in new.members.items()} == {"amsterdam": ("ams",), "bom": ()}
    assert new.epoch == old.epoch + 1
    # and that is not forgotten when it joins again, nor with the next name
    assert joined(new, amsterdam="k-ams") == new
    assert joined(new, nl="k-ams").members["nl"].formerly == ("ams", "amsterdam")


def test_a_member_that_takes_its_old_name_again() -> None:
    back = joined(joined(joined(EMPTY, ams="k-ams"), new="k-ams"), ams="k-ams")
    assert sorted(back.members) == ["ams"]
    assert "new" in back.members["ams"].formerly
    assert with_present_names({"ams": 1}, back) == {"ams": 1}
    assert with_present_names({"new": 1}, back) == {"ams": 1}


NAMES = st.sampled_from(["ams", "bom", "cdg", "del"])
JOINS = st.lists(st.dictionaries(NAMES, st.sampled_from(["k-1", "k-2", "k-3"]), max_size=2), max_size=6)


@STEADY
@given(JOINS)
def test_whatever_joins_each_cluster_has_one_name(joins: list[dict[str, str]]) -> None:
    record = EMPTY
    for uids in joins:
        uids = {name: uid for name, uid in uids.items() if list(uids.values()).count(uid) == 1}
        before, record = record, joined(record, **uids)
        assert record.epoch == before.epoch + (record.members != before.members)
        assert {name: entry.uid for name, entry in record.members.items()}.items() >= uids.items()
        found = [entry.uid for entry in record.members.values()]
        assert len(found) == len(set(found))
        assert joined(record, **uids) == record
        assert load_fleet_record(record.dump()) == record


# placements of before a rename


RENAMED = FleetRecord(
    "acme", "u-1", 5, {"new": MemberEntry("k-1", formerly=("old", "older")), "b": MemberEntry("k-2", formerly=("x",))}
)


@pytest.mark.parametrize(
    ("placement", "today"),
    [
        ({"old": 3}, {"new": 3}),
        ({"older": None, "x": 2}, {"new": None, "b": 2}),
        ({"new": 3, "b": 1}, {"new": 3, "b": 1}),
        ({"gone": 3}, {"gone": 3}),
        ({}, {}),
    ],
)
def test_a_placement_under_the_names_of_today(placement: dict[str, int | None], today: dict[str, int | None]) -> None:
    assert with_present_names(placement, RENAMED) == today


def test_a_former_name_that_another_member_has_now_is_that_members() -> None:
    record = FleetRecord("acme", "u-1", 5, {"new": MemberEntry("k-1", formerly=("ams",)), "ams": MemberEntry("k-2")})
    assert with_present_names({"ams": 4}, record) == {"ams": 4}


def test_without_a_fleet_record_a_placement_is_what_it_says() -> None:
    assert with_present_names({"a": 1}, None) == {"a": 1}


@STEADY
@given(FLEET_RECORDS, st.dictionaries(TEXT, st.none() | st.integers(0, 9), max_size=4))
def test_translating_twice_is_translating_once(record: FleetRecord, placement: dict[str, int | None]) -> None:
    once = with_present_names(placement, record)
    assert with_present_names(once, record) == once
    assert set(once.values()) <= set(placement.values())
    # what has the name of a member is never given away
    assert set(placement) & set(record.members) <= set(once)


def test_equal_texts_are_read_once() -> None:
    text = replace(FLEET, epoch=4711).dump()
    assert load_fleet_record(text) is load_fleet_record(text)
    assert load_resource_record(RESOURCE.dump(), "shop") is load_resource_record(RESOURCE.dump(), "shop")


def test_what_operators_said_of_a_member_outlives_a_join_and_a_new_name() -> None:
    said = MemberEntry("k-1", labels={"tier": "gold"}, taints=(Taint("a", "", "NoExecute", "t"),), cordoned="t")
    before = FleetRecord("acme", "u-1", 3, {"a": said})
    joined = MemberEntry("k-1", "v1.35.0")
    after = with_members(before, {"b": joined})
    assert after.members == {"b": replace(said, version="v1.35.0", formerly=("a",))}
    assert with_members(before, {"a": joined}).members == {"a": replace(said, version="v1.35.0")}


def test_what_the_record_knows_is_added_to_the_inventory() -> None:
    taint = Taint("drill", "1", "NoExecute", "2026-11-23T12:00:00Z")
    own = Taint("own", "", "NoSchedule")
    entry = MemberEntry("k", "", "eu", ("z",), "aws", (), {"tier": "gold"}, (taint, replace(own, since="t")), "t")
    record = FleetRecord("acme", "u", 1, {"a": entry})
    cluster = Cluster("a", {"tier": "prod", "size": "s"}, "us", taints=(own,))
    found = with_recorded_facts(cluster, record)
    assert (found.labels, found.region, found.zones) == ({"tier": "gold", "size": "s"}, "us", ("z",))
    assert (found.taints, found.cordoned) == ((own, taint), True)
    renamed = with_recorded_facts(replace(cluster, name="b", renamed_from="a"), record)
    assert renamed.cordoned
    assert with_recorded_facts(replace(cluster, name="b"), record).taints == (own,)
