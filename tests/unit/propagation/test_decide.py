# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who gets what, decided once for the whole fleet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.budget import Budget, parse_budget
from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import ObjectName
from ansible_collections.multicluster.federation.plugins.module_utils.model.records import (
    FleetRecord,
    MemberEntry,
    ResourceRecord,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.resource import Resource, parse_resource
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.decide import (
    Decisions,
    decide,
    over_budget,
    records_of,
)
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.plan import Action, MemberPlan, Step
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.store import Memory, Stored
from ansible_collections.multicluster.federation.tests.unit.helpers import CONFIG_MAP, STEADY, config_map, member

Placed = Mapping[str, int | None]


def resource(name: str = "shop", **raw: Any) -> Resource:
    return parse_resource({"name": name, **raw}, [config_map()])


def fleet(*names: str, **facts: Any) -> dict[str, Cluster]:
    return {name: member(name, **facts) for name in names}


def record(epoch: int, *placed: str, name: str = "shop") -> ResourceRecord:
    return ResourceRecord(name, placement=dict.fromkeys(placed), epoch=epoch)


def memory(*records: ResourceRecord, known: FleetRecord | None = None) -> Memory:
    return Memory("", known, {}, {found.resource: Stored(found, {}) for found in records})


def members_of(epoch: int = 1, **entries: MemberEntry) -> FleetRecord:
    return FleetRecord("acme", "u-1", epoch, entries)


def entry(uid: str, *formerly: str, region: str = "") -> MemberEntry:
    return MemberEntry(uid, region=region, formerly=formerly)


def decided(
    members: Mapping[str, Cluster], memories: Mapping[str, Memory] | None = None, asked: Resource | None = None
) -> Decisions:
    return decide(members, [asked or resource()], memories or {})


def test_a_first_run() -> None:
    found = decided(fleet("bom", "ams"))
    assert found.reports["shop"].selected == ["ams", "bom"]
    assert found.placements == {"shop": {"ams": None, "bom": None}}
    assert found.epochs == {"shop": 1}
    assert found.missing == ()


def test_each_resource_is_decided_by_itself() -> None:
    memories = {"ams": memory(record(7, "ams"), record(2, "ams", name="blog"))}
    asked = [resource(), resource("blog", placement={"members": ["bom"]}), resource("new")]
    found = decide(fleet("ams", "bom"), asked, memories)
    assert found.epochs == {"shop": 8, "blog": 3, "new": 1}
    assert found.placements["blog"] == {"bom": None}
    assert found.reports["blog"].reasons.keys() == {"ams"}


def test_the_newest_record_says_where_a_resource_is() -> None:
    """NoSchedule keeps new resources away, and takes none that is there already."""
    tainted = fleet("ams", "bom", taints=[{"key": "full", "effect": "NoSchedule"}])
    memories = {"ams": memory(record(3, "ams")), "bom": memory(record(2, "bom"))}
    found = decided(tainted, memories)
    assert found.reports["shop"].selected == ["ams"]
    assert "taint full" in found.reports["shop"].reasons["bom"]
    assert found.epochs == {"shop": 4}


def test_a_resource_that_is_to_go() -> None:
    found = decided(fleet("ams", "bom"), {"ams": memory(record(3, "ams", "bom"))}, resource(state="absent"))
    assert found.reports["shop"].reasons == {"ams": "state is absent", "bom": "state is absent"}
    assert (found.reports["shop"].error, found.placements) == (None, {"shop": {}})


# nobody


def test_nobody_is_an_error_that_says_why() -> None:
    found = decided(fleet("ams", "bom", region="eu"), asked=resource(placement={"region": "us"}))
    error = found.reports["shop"].error
    assert error is not None
    assert "its placement selects no member (ams: " in str(error)
    assert "bom: " in str(error)
    assert "allow_empty" in error.hint


def test_nobody_is_told_in_short_in_a_large_fleet() -> None:
    found = decided(fleet(*(f"m-{n:03}" for n in range(500))), asked=resource(placement={"members": []}))
    text = str(found.reports["shop"].error)
    assert "m-009" in text
    assert "m-010" not in text


def test_nobody_may_be_meant() -> None:
    found = decided(fleet("ams"), asked=resource(placement={"members": []}, allow_empty=True))
    assert found.reports["shop"].error is None
    assert found.placements == {"shop": {}}


# members that the inventory does not have


KNOWN = members_of(ams=entry("k-1"), bom=entry("k-2"), cdg=entry("k-3"))


@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_a_missing_member_has_stays_there(state: str) -> None:
    """A fleet that shrank by mistake must not make the others forget where the resource is."""
    memories = {"ams": memory(record(3, "ams", "bom"), known=KNOWN)}
    found = decided(fleet("ams"), memories, resource(state=state))
    assert found.missing == ("bom", "cdg")
    assert found.reports["shop"].stays == ["bom"]
    assert found.placements["shop"] == {"bom": None, **({"ams": None} if state == "present" else {})}
    assert "bom" not in found.reports["shop"].reasons


def test_an_incomplete_inventory_is_told_unless_it_is_meant() -> None:
    memories = {"ams": memory(record(3, "ams", "bom"), known=KNOWN)}
    assert decided(fleet("ams"), memories).incomplete.startswith("the inventory does not have bom, cdg, which joined")
    meant = decide(fleet("ams"), [resource()], memories, partial=True)
    assert (meant.incomplete, meant.missing) == ("", ("bom", "cdg"))
    assert not decided(fleet("ams", "bom", "cdg"), memories).incomplete


def test_a_member_that_the_federation_let_go_is_told_apart() -> None:
    memories = {"ams": memory(known=members_of(4, ams=entry("k-1"))), "bom": memory(known=KNOWN)}
    assert decided(fleet("ams", "bom"), memories).forgotten == {"bom": 4}
    renamed = {
        "ams": memory(known=members_of(4, ams=entry("k-1"), west=entry("k-2", "bom"))),
        "bom": memory(known=KNOWN),
    }
    assert not decided(fleet("ams", "bom"), renamed).forgotten


def test_a_missing_member_counts_as_no_place() -> None:
    found = decided(fleet("ams"), {"ams": memory(record(3, "bom"), known=KNOWN)}, resource(placement={"members": []}))
    assert found.reports["shop"].error is not None


def test_a_member_that_left_is_not_missing() -> None:
    left = members_of(epoch=5, ams=entry("k-1"))
    memories = {"ams": memory(record(3, "ams", "bom"), known=left), "bom": memory(known=KNOWN)}
    found = decided(fleet("ams", "bom"), memories)
    assert found.missing == ()
    found = decided(fleet("ams"), {"ams": memories["ams"]})
    assert (found.missing, found.placements["shop"]) == ((), {"ams": None})


def test_replicas_of_missing_members_are_remembered() -> None:
    divided = ResourceRecord("shop", placement={"ams": 3, "bom": 4}, epoch=2)
    assert decided(fleet("ams"), {"ams": memory(divided, known=KNOWN)}).placements["shop"] == {"ams": None, "bom": 4}


# renamed hosts


def test_a_renamed_host_has_what_it_had_under_its_old_name() -> None:
    known = members_of(new=entry("k-1", "ams"), bom=entry("k-2"))
    tainted = fleet("new", "bom", taints=[{"key": "full", "effect": "NoSchedule"}])
    found = decided(tainted, {"bom": memory(record(3, "ams"), known=known)})
    assert found.reports["shop"].selected == ["new"]
    assert found.missing == ()


def test_a_missing_member_that_was_renamed_stays_under_its_new_name() -> None:
    known = members_of(new=entry("k-1", "ams"), bom=entry("k-2"))
    found = decided(fleet("bom"), {"bom": memory(record(3, "ams", "bom"), known=known)})
    assert (found.missing, found.reports["shop"].stays) == (("new",), ["new"])
    assert found.placements["shop"] == {"new": None, "bom": None}


def test_a_host_that_was_renamed_in_the_inventory_only_is_missing() -> None:
    found = decided(fleet("new", "bom", "cdg"), {"bom": memory(record(3, "ams"), known=KNOWN)})
    assert (found.missing, found.reports["shop"].stays) == (("ams",), ["ams"])


# renamed resources


def test_a_renamed_resource_is_where_it_was_under_its_former_name() -> None:
    asked = resource("boutique", renamed_from="shop")
    memories = {"ams": memory(record(6, "ams")), "bom": memory(record(5, "bom"), record(9, "bom", name="other"))}
    tainted = fleet("ams", "bom", taints=[{"key": "full", "effect": "NoSchedule"}])
    found = decided(tainted, memories, asked)
    assert found.reports["boutique"].selected == ["ams"]
    assert found.epochs == {"boutique": 7}


def test_a_rename_that_was_interrupted_goes_on_from_the_new_name() -> None:
    asked = resource("boutique", renamed_from="shop")
    memories = {"ams": memory(record(7, "ams", "bom", name="boutique")), "bom": memory(record(6, "bom"))}
    assert [found.resource for found in records_of(asked, memories.values())] == ["boutique"]
    assert decided(fleet("ams", "bom"), memories, asked).epochs == {"boutique": 8}


def test_a_resource_without_a_former_name_has_no_other_records() -> None:
    assert records_of(resource("blog"), [memory(record(1, "ams")), Memory()]) == []


# what the members remember of each other


def test_facts_that_only_the_record_has() -> None:
    known = members_of(ams=entry("k-1", region="eu"), bom=entry("k-2", region="us"))
    found = decided(fleet("ams", "bom"), {"ams": memory(known=known)}, resource(placement={"region": "eu"}))
    assert found.reports["shop"].selected == ["ams"]
    assert found.clusters["bom"].region == "us"


def test_two_truths_stop_the_run() -> None:
    other = members_of(ams=entry("k-9"))
    with pytest.raises(MemberError, match="ams and bom hold different fleet records") as caught:
        decided(fleet("ams", "bom"), {"ams": memory(known=KNOWN), "bom": memory(known=other)})
    assert caught.value.kind == Kind.CONFLICT


NAMES = ["ams", "bom", "cdg", "del"]
RECORDS = st.builds(
    lambda epoch, placed: record(epoch, *placed), st.integers(0, 5), st.lists(st.sampled_from(NAMES), unique=True)
)
MEMORIES = st.dictionaries(
    st.sampled_from(NAMES), st.builds(lambda found: memory(*found, known=KNOWN), st.lists(RECORDS, max_size=1))
)
PLACEMENTS = st.none() | st.builds(lambda names: {"members": names}, st.lists(st.sampled_from(NAMES[:2]), unique=True))


@STEADY
@given(st.data(), MEMORIES, PLACEMENTS, st.booleans())
def test_every_member_is_selected_or_told_why_not(
    data: st.DataObject, memories: dict[str, Memory], placement: dict[str, Any] | None, present: bool
) -> None:
    asked = resource(placement=placement, state="present" if present else "absent", allow_empty=True)
    inventory = ["ams", "bom", *data.draw(st.sets(st.sampled_from(NAMES[2:])))]
    found = decided(fleet(*inventory), memories, asked)
    report = found.reports["shop"]
    assert sorted([*report.selected, *report.reasons]) == sorted(inventory)
    assert set(found.placements["shop"]) == {*report.selected, *report.stays}
    assert not set(report.stays) & set(inventory)
    assert set(report.stays) <= set(found.missing)
    epochs = [stored.record.epoch for known in memories.values() for stored in known.resources.values()]
    assert all(found.epochs["shop"] > epoch for epoch in epochs)


@STEADY
@given(st.permutations(NAMES), st.permutations(NAMES))
def test_the_order_of_the_inventory_and_of_the_answers_does_not_matter(one: list[str], other: list[str]) -> None:
    kept = {name: memory(record(n, name), known=KNOWN) for n, name in enumerate(NAMES)}
    shuffled = decided(fleet(*one), {name: kept[name] for name in other})
    assert shuffled.reports == decided(fleet(*NAMES), kept).reports
    assert list(shuffled.placements["shop"].items()) == [(name, None) for name in NAMES]


# how much may be deleted


def steps(action: str, count: int) -> list[Step]:
    return [Step("shop", ObjectName(CONFIG_MAP, "default", f"{action}-{n}"), action) for n in range(count)]


def planned(asked: Resource, **counts: int) -> MemberPlan:
    return MemberPlan(asked, tuple(step for action, count in counts.items() for step in steps(action, count)), None)


def test_deletions_of_all_members_count_together() -> None:
    asked = resource()
    plans = [planned(asked, delete=6, none=1), planned(asked, delete=6, create=2, change=1, repair=1)]
    error = over_budget(asked, plans, parse_budget("50%"))
    assert error is not None
    assert "would delete 12 of its 17 objects, more than max_deletions (50%): nothing of it was changed" in str(error)
    assert "raise max_deletions" in error.hint
    assert over_budget(asked, plans[:1], parse_budget("50%")) is None
    assert over_budget(asked, plans, parse_budget("12")) is None
    assert over_budget(asked, plans, parse_budget("11")) is not None


def test_what_the_run_does_not_touch_does_not_count() -> None:
    asked = resource()
    plans = [planned(asked, delete=12, none=11, keep=50, going=50, blocked=50)]
    assert "12 of its 23 objects" in str(over_budget(asked, plans, Budget("50%")))


def test_no_plan_is_no_deletion() -> None:
    assert over_budget(resource(), [], Budget("0")) is None


def test_a_resource_that_goes_as_a_whole_has_no_budget() -> None:
    asked = resource(state="absent")
    assert over_budget(asked, [planned(asked, delete=500)], Budget("0")) is None


@STEADY
@given(st.lists(st.integers(0, 30), min_size=1, max_size=4), st.integers(0, 60), st.integers(0, 100))
def test_the_budget_decides(deletions: list[int], others: int, share: int) -> None:
    asked, budget = resource(), Budget(f"{share}%")
    plans = [planned(asked, **{Action.DELETE: count, Action.NONE: others}) for count in deletions]
    allowed = budget.allows(sum(deletions), sum(deletions) + others * len(deletions))
    assert (over_budget(asked, plans, budget) is None) is allowed
