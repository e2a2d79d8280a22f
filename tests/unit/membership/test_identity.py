# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which cluster is which."""

from __future__ import annotations

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.membership.identity import (
    Seen,
    federation_uid,
    refusal,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.plugins.module_utils.model.records import FleetRecord, MemberEntry

UID = "federation-1"


def record(uid: str = UID, **members: str) -> FleetRecord:
    """A fleet record with the kube-system UID of each member."""
    return FleetRecord("acme", uid, 1, {name: MemberEntry(found) for name, found in members.items()})


RECORD = record(ams="k-ams", bom="k-bom")


@pytest.mark.parametrize(
    ("uids", "expected"),
    [([], ""), (["a"], "a"), (["a", "a", "b"], "a"), (["b", "a", "a"], "a"), (["a", "b", "c", "c"], "c")],
)
def test_the_federation_is_the_one_that_most_members_hold(uids: list[str], expected: str) -> None:
    assert federation_uid(record(uid) for uid in uids) == expected


@pytest.mark.parametrize("uids", [["a", "b"], ["b", "a"], ["a", "b", "b", "a", "c"]])
def test_a_tie_is_refused(uids: list[str]) -> None:
    with pytest.raises(MemberError, match="two federations of one name") as caught:
        federation_uid(record(uid) for uid in uids)
    assert caught.value.kind == Kind.REFUSED
    assert "UIDs a and b" in str(caught.value) or "UIDs b and a" in str(caught.value)
    assert "leave it first" in caught.value.hint


def refused(
    name: str,
    seen: dict[str, Seen],
    known: FleetRecord | None = RECORD,
    inventory: tuple[str, ...] = ("ams", "bom"),
    share: bool = False,
    renamed_from: str = "",
) -> MemberError | None:
    found = refusal(name, seen, known, known.uid if known else "", inventory, share, renamed_from)
    if found is not None:
        assert found.kind == Kind.REFUSED
        assert found.hint
    return found


def text(found: MemberError | None) -> str:
    assert found is not None
    return str(found)


@pytest.mark.parametrize(
    ("name", "seen", "known"),
    [
        ("ams", {"ams": Seen("k-ams")}, None),
        ("ams", {"ams": Seen("k-ams", RECORD, "ams")}, RECORD),
        # its record was lost: the others still know it
        ("ams", {"ams": Seen("k-ams"), "bom": Seen("k-bom", RECORD, "bom")}, RECORD),
        ("cdg", {"cdg": Seen("k-cdg"), "ams": Seen("k-ams", RECORD, "ams")}, RECORD),
    ],
)
def test_who_may_join(name: str, seen: dict[str, Seen], known: FleetRecord | None) -> None:
    assert refused(name, seen, known) is None


def test_another_federation_of_the_same_name() -> None:
    message = text(refused("cdg", {"cdg": Seen("k-cdg", record("federation-2"), "cdg")}))
    assert "belongs to another federation named acme (UID federation-2)" in message
    assert "leave that federation first" in message


def test_another_federation_of_another_name() -> None:
    seen = {"cdg": Seen("k-cdg", others=("beta", "gamma"))}
    message = text(refused("cdg", seen))
    assert "is a member of federation beta, gamma already" in message
    assert "set share: true" in message
    assert refused("cdg", seen, share=True) is None


def test_sharing_is_not_for_a_federation_of_the_same_name() -> None:
    assert refused("cdg", {"cdg": Seen("k-cdg", record("federation-2"), "cdg")}, share=True)


def test_two_new_hosts_that_are_one_cluster_are_both_refused() -> None:
    seen = {"cdg": Seen("k-cdg"), "del": Seen("k-cdg"), "ewr": Seen("k-cdg")}
    assert "this is the same cluster as del, ewr (both have kube-system UID k-cdg)" in text(refused("cdg", seen))
    assert "this is the same cluster as cdg, ewr" in text(refused("del", seen, None))


def test_the_host_that_joined_stays_and_its_double_is_refused() -> None:
    seen = {"ams": Seen("k-ams", RECORD, "ams"), "cdg": Seen("k-ams", RECORD, "ams")}
    assert refused("ams", seen) is None
    assert "this is the same cluster as ams" in text(refused("cdg", seen))


@pytest.mark.parametrize(
    ("inventory", "where"),
    [(("ams", "new"), "which is still in the inventory"), (("new",), "which is not in the inventory any more")],
)
def test_a_host_that_was_renamed(inventory: tuple[str, ...], where: str) -> None:
    message = text(refused("new", {"new": Seen("k-ams", RECORD, "ams")}, inventory=inventory))
    assert f"this cluster joined as ams, {where}" in message
    assert "name the host ams again, or say cluster_renamed_from: ams if its host was renamed" in message


def test_a_host_that_says_what_it_was_called() -> None:
    seen = {"new": Seen("k-ams", RECORD, "ams")}
    assert refused("new", seen, inventory=("new", "bom"), renamed_from="ams") is None
    # that name is another host's still, or never was this cluster's
    assert refused("new", seen, inventory=("new", "ams"), renamed_from="ams")
    assert refused("new", seen, inventory=("new", "bom"), renamed_from="bom")


def test_a_host_that_was_renamed_long_ago_may_say_so_still() -> None:
    known = record(new="k-ams", bom="k-bom")
    assert refused("new", {"new": Seen("k-ams", known, "new")}, known, ("new", "bom"), renamed_from="ams") is None


def test_a_name_that_another_cluster_joined_with() -> None:
    message = text(refused("ams", {"ams": Seen("k-new")}))
    assert "another cluster joined as ams (kube-system UID k-ams, this one has k-new)" in message
    assert "if the cluster was built anew" in message


def test_two_hosts_whose_kubeconfigs_were_swapped_are_both_refused() -> None:
    seen = {"ams": Seen("k-bom", RECORD, "bom"), "bom": Seen("k-ams", RECORD, "ams")}
    assert "this cluster joined as bom" in text(refused("ams", seen))
    assert "this cluster joined as ams" in text(refused("bom", seen))
