# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What operators say of members: labels, taints and cordons, also of a member that is down; and letting one go that never answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation, Played

pytestmark = pytest.mark.integration

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}
#: nobody listens there
NOWHERE = {
    "cluster_host": "https://127.0.0.1:9",
    "cluster_kubeconfig": None,
    "cluster_context": None,
    "cluster_api_key": "x",
}


def operate(stage: Federation, *arguments: str, inventory: Any = None, **options: Any) -> Played:
    return stage.player.task("cluster", options, *arguments, inventory=inventory or stage.inventory)


def entries(stage: Federation, member: str) -> dict[str, Any]:
    """What a member's fleet record says of all members."""
    found = stage.kube[member].get("v1", "ConfigMap", "fleet", f"federation-{stage.name}")
    assert found is not None
    return dict(json.loads(found["data"]["record"])["members"])


def holders(stage: Federation) -> list[str]:
    """The members that have the test's object."""
    return [m for m, client in stage.kube.items() if client.get("v1", "ConfigMap", "settings", stage.namespace)]


def test_what_operators_say_steers_placement_and_lasts(federation: Federation) -> None:
    said = operate(federation, "--limit", "eu-2", cordon=True, labels={"tier": "gold"})
    assert "eu-2: label tier=gold, cordoned" in said.message
    first = federation.propagate(name="app", definition=[CONFIG])
    assert first.result["resources"]["app"]["not_placed"] == {"eu-2": "cordoned"}
    assert holders(federation) == ["eu-1", "us-1"]
    # what is there stays under a cordon; a label of the inventory is covered, and shows again once ours is gone
    operate(federation, "--limit", "us-1", cordon=True)
    operate(federation, "--limit", "eu-2", cordon=False)
    gold = {"selector": {"matchLabels": {"tier": "gold"}}}
    assert federation.propagate("--check", name="other", definition=[CONFIG], namespace="other", placement=gold).result[
        "resources"
    ]["other"]["members"] == ["eu-2"]
    assert not federation.propagate(name="app", definition=[CONFIG]).result["resources"]["app"]["not_placed"]
    assert holders(federation) == list(MEMBERS)
    # a taint that drives away; its time is kept when it is set again, and a join keeps all of it
    drill = {"key": "drill", "value": "1", "effect": "NoExecute"}
    operate(federation, "--limit", "us-1", taints=[drill], labels={"tier": "silver"})
    known = entries(federation, "eu-1")["us-1"]
    assert known["taints"] == [{**drill, "since": known["taints"][0]["since"]}]
    assert known["taints"][0]["since"].startswith("20")
    assert known["cordoned"]
    again = operate(federation, taints=["drill=1:NoExecute"], inventory=federation.inventory_with(eu_1=None, eu_2=None))
    assert again.message.endswith("nothing to do")
    assert not operate(federation).result["changed"]
    assert entries(federation, "eu-2")["us-1"] == known
    moved = federation.propagate(name="app", definition=[CONFIG])
    assert "taint drill=1:NoExecute is not tolerated" in moved.result["resources"]["app"]["not_placed"]["us-1"]
    assert holders(federation) == ["eu-1", "eu-2"]
    # taken back; a taint of the inventory is not in reach
    stands = federation.inventory_with(us_1={"cluster_taints": ["own:NoSchedule"]})
    options: dict[str, Any] = {"remove_taints": ["drill", "own:NoSchedule"], "labels": {"tier": None}, "cordon": False}
    back = operate(federation, "--limit", "us-1", inventory=stands, **options)
    assert "us-1: label tier removed, taint drill=1:NoExecute removed, uncordoned" in back.message
    assert "taint own:NoSchedule is in the inventory, which has to be changed for it to go" in back.output
    kept = federation.propagate(name="app", definition=[CONFIG], inventory=stands)
    assert "taint own:NoSchedule" in kept.result["resources"]["app"]["not_placed"]["us-1"]
    federation.propagate(name="app", definition=[CONFIG])
    assert holders(federation) == list(MEMBERS)


@pytest.mark.long
def test_a_member_that_is_down_can_be_operated_and_let_go(federation: Federation) -> None:
    federation.propagate(name="app", definition=[CONFIG])
    down = federation.inventory_with(eu_2=NOWHERE)
    predicted = operate(federation, "--limit", "eu-2", "--check", inventory=down, cordon=True)
    assert predicted.result["changed"]
    assert "cordoned" not in entries(federation, "eu-1")["eu-2"]
    said = operate(federation, "--limit", "eu-2", inventory=down, cordon=True)
    assert (said.result["failed"], said.member("eu-2")["status"]) == (False, "changed")
    assert "kept in the fleet record; the member itself cannot be reached" in said.output
    assert entries(federation, "eu-1")["eu-2"]["cordoned"]
    assert "cordoned" not in entries(federation, "eu-2")["eu-2"]
    operate(federation, "--limit", "eu-1")  # any run that reaches it brings it up to date
    assert entries(federation, "eu-2") == entries(federation, "us-1")

    refused = operate(federation, "--limit", "eu-2", inventory=down, state="absent")
    assert refused.result["failed"]
    assert "force: true" in refused.message
    assert "eu-2" in entries(federation, "eu-1")
    gone = operate(federation, "--limit", "eu-2", inventory=down, state="absent", force=True)
    assert not gone.result["failed"], gone.message
    assert "what is on it runs on" in gone.output
    assert sorted(entries(federation, "eu-1")) == ["eu-1", "us-1"]
    assert holders(federation) == list(MEMBERS)
    # without it in the inventory, nothing is missing: a placement may change
    rest = federation.inventory_with(eu_2=None)
    smaller = federation.propagate(name="app", definition=[CONFIG], placement={"members": ["eu-1"]}, inventory=rest)
    assert smaller.member("us-1")["objects"]["deleted"] == 1, smaller.message
    # it comes back, with what it remembers
    back = federation.propagate(name="app", definition=[CONFIG])
    assert back.member("eu-2")["reason"] == "not_joined"
    assert "let this member go while it was away" in back.member("eu-2")["msg"]
    assert holders(federation) == list(MEMBERS)
    assert not operate(federation).result["failed"]
    again = federation.propagate(name="app", definition=[CONFIG])
    assert not again.result["failed"], again.message
    assert again.member("eu-2")["objects"]["created"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"taints": ["drill"]}, "taints[0] 'drill' is not of the form key=value:Effect"),
        ({"remove_taints": ["a:NoWay"]}, "effect 'NoWay' is not one of NoSchedule, NoExecute"),
        ({"force": True}, "force goes with state: absent, or with lost: true"),
        ({"state": "absent", "cordon": True}, "labels, taints, cordon, lost or fenced does not go with state: absent"),
        (
            {"rights": {"rules": [{"verbs": ["get"]}]}},
            "rights.rules[0] needs verbs, and either apiGroups and resources",
        ),
    ],
)
def test_wishes_that_cannot_be(unjoined: Federation, options: dict[str, Any], message: str) -> None:
    run = operate(unjoined, **options)
    assert run.result["failed"]
    assert message in run.message
