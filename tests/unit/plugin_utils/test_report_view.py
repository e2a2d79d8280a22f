# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the fleet report shows of the results of the two verbs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.plugin_utils.report_view import (
    BAD,
    NONE,
    OK,
    SYMBOLS,
    UNKNOWN,
    WARN,
    Facts,
    build,
    moment,
    plural,
    some,
)
from ansible_collections.multicluster.federation.tests.unit.samples import (
    DAY,
    cluster,
    cluster_info,
    on_member,
    resource,
    resource_info,
    unreachable,
)

FACTS = Facts("", "2026-11-23T12:00:00Z", {"ansible-core": "2.19.0"})


def view(
    clusters: dict[str, Any], resources: dict[str, Any], failed: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    return build(cluster_info(clusters), resource_info(resources, sorted(clusters), failed, **more), FACTS)


def cell(found: dict[str, Any], name: str = "shop", member: str = "ams") -> dict[str, Any]:
    row = next(row for row in found["resources"] if row["name"] == name)
    return next(dict(entry) for entry in row["cells"] if entry["member"] == member)


def test_a_healthy_fleet_has_nothing_to_look_at() -> None:
    found = view({"ams": cluster("ams")}, {"shop": resource({"ams": on_member()})})
    assert found["attention"] == []
    assert found["tone"] == OK
    assert {tile["tone"] for tile in found["tiles"]} == {OK}
    assert [tile["value"] for tile in found["tiles"]] == ["1/1", "1/1", "2/2", "0", "0", "0"]
    assert cell(found) == {"member": "ams", "tone": OK, "text": "2/2", "flags": [], "why": ""}
    assert found["title"] == "Federation acme"
    assert found["at"] == "2026-11-23 12:00 UTC"


def test_every_tone_has_a_symbol_of_its_own() -> None:
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)
    assert set(SYMBOLS) == {OK, WARN, BAD, UNKNOWN, NONE}


@pytest.mark.parametrize(
    ("entry", "changed", "expected"),
    [
        (on_member(1, 2), {}, (WARN, "1/2", [])),
        (on_member(0, 2), {}, (BAD, "0/2", [])),
        (on_member(0, 0), {}, (OK, "2 objects", [])),
        (on_member(drift=2), {}, (WARN, "2/2", ["2 drifted"])),
        (on_member(drift=None), {"drift": None}, (OK, "2/2", [])),
        (on_member(orphans=1), {}, (WARN, "2/2", ["1 orphan"])),
        (
            on_member(),
            {"behind": [{"member": "ams", "reasons": ["outdated"], "msg": "old"}]},
            (WARN, "2/2", ["behind"]),
        ),
        (
            on_member(),
            {"behind": [{"member": "ams", "reasons": ["missing"], "msg": "x"}]},
            (WARN, "2/2", ["incomplete"]),
        ),
    ],
)
def test_cells(entry: dict[str, Any], changed: dict[str, Any], expected: tuple[Any, ...]) -> None:
    found = cell(view({"ams": cluster("ams")}, {"shop": resource({"ams": entry}, **changed)}))
    assert (found["tone"], found["text"], found["flags"]) == expected


def test_cells_of_members_without_the_resource() -> None:
    clusters = {name: cluster(name) for name in ("ams", "bom", "cdg", "dub")}
    shop = resource({"ams": on_member()})
    shop["plan"]["placement"].update(bom=None, cdg=None)
    shop["orphans"] = [{"member": "dub", "resource": "shop", "object": "Secret a/b", "msg": "x"}]
    found = view(clusters, {"shop": shop, "api": resource({"ams": on_member()})}, failed=("bom",))
    assert (cell(found, member="bom")["tone"], cell(found, member="bom")["text"]) == (UNKNOWN, "not read")
    assert (cell(found, member="cdg")["tone"], cell(found, member="cdg")["text"]) == (BAD, "not there")
    assert (cell(found, member="dub")["tone"], cell(found, member="dub")["flags"]) == (WARN, ["1 orphan"])
    assert cell(found, "api", "dub")["tone"] == NONE


def test_members_and_credentials_that_need_attention() -> None:
    clusters = {
        "ams": unreachable("ams"),
        "bom": cluster("bom", credential={"kind": "token", "user": "", "expires": "", "seconds_left": 2 * DAY}),
        "cdg": cluster("cdg", credential={"kind": "token", "user": "", "expires": "", "seconds_left": -5}),
        "dub": cluster("dub", credential={"kind": "exec", "user": "", "expires": "", "seconds_left": 60}),
        "eze": cluster("eze", status="degraded", msg="its etcd is full"),
    }
    found = view(clusters, {}, failed=("ams", "dub"))
    assert [(entry["tone"], entry["who"], entry["what"]) for entry in found["attention"]] == [
        (BAD, "ams", "is unreachable: 10.0.0.3:6443 refuses connections"),
        (BAD, "dub", "could not be read: it is away"),
        (BAD, "cdg", "its credential has expired"),
        (WARN, "eze", "is degraded: its etcd is full"),
        (WARN, "bom", "its credential ends in 2 d"),
    ]
    assert found["attention_words"] == "5 things"
    assert found["tone"] == BAD
    members = {entry["name"]: entry for entry in found["members"]}
    assert members["dub"]["credential"]["tone"] == OK  # its plugin renews it
    assert members["ams"]["bars"] == [None, None, None]
    assert members["ams"]["credential"]["tone"] == NONE


def test_bars_are_marked_where_room_is_short() -> None:
    def three(requested: int) -> dict[str, int]:
        return {"allocatable": 100, "requested": requested, "free": 100 - requested}

    capacity = {"cpu": three(84), "memory": three(85), "pods": three(120)}
    member = view({"ams": cluster("ams", capacity=capacity)}, {})["members"][0]
    assert [(found["tone"], found["percent"]) for found in member["bars"]] == [(OK, 84), (WARN, 85), (BAD, 120)]
    empty = {key: {"allocatable": 0, "requested": 0, "free": 0} for key in capacity}
    assert view({"ams": cluster("ams", capacity=empty)}, {})["members"][0]["bars"][0]["tone"] == BAD


def test_clocks() -> None:
    def clock(skew: int | None) -> dict[str, str]:
        return dict(view({"ams": cluster("ams", clock_skew=skew)}, {})["members"][0]["clock"])

    assert clock(0) == {"text": "in step", "tone": OK}
    assert clock(-42) == {"text": "-42 s", "tone": WARN}
    assert clock(3) == {"text": "+3 s", "tone": OK}
    assert clock(None)["tone"] == NONE


def test_everything_that_is_wrong_has_its_list() -> None:
    drift = [{"member": "ams", "object": "ConfigMap a/b", "msg": "changed"}]
    orphan = {"member": "ams", "resource": "shop", "object": "Secret a/b", "msg": "x"}
    behind = [{"member": "ams", "reasons": ["outdated"], "msg": "old"}]
    address = {"member": "ams", "service": "Service a/b", "address": "192.0.2.1"}
    shop = resource({"ams": on_member()}, drift=drift, orphans=[orphan], behind=behind, addresses=[address])
    api = resource({"ams": on_member()}, drift=None, drift_msg="unknown")
    found = view({"ams": cluster("ams")}, {"shop": shop, "api": api}, orphans=[{**orphan, "resource": "gone"}])
    assert [entry["resource"] for entry in found["drift"]] == ["shop"]
    assert found["blind"] == [{"resource": "api", "msg": "unknown"}]
    assert [entry["resource"] for entry in found["orphans"]] == ["shop", "gone"]
    assert found["behind"][0]["msg"] == "old"
    assert found["addresses"] == [{"resource": "shop", **address}]
    assert [plan["resource"] for plan in found["plans"]] == ["api", "shop"]
    assert found["plans"][0]["placement"] == [{"member": "ams", "replicas": ""}]
    whats = [entry["what"] for entry in found["attention"]]
    assert whats == [
        "is behind on ams",
        "1 object drifted on ams",
        "1 orphan on ams",
        "1 object of no recorded resource on ams",
    ]


def test_words() -> None:
    assert [plural(n, "object") for n in (0, 1, 2)] == ["0 objects", "1 object", "2 objects"]
    assert some([str(n) for n in range(9)]) == "0, 1, 2, 3, 4, 5 and 3 more"
    assert moment("") == ""
    assert moment("soon") == "soon"
