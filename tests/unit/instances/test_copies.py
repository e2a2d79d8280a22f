# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances with a copy of their data: who leads, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.instances.mirror import (
    Mirror,
    Position,
    problems,
    read_position,
    told,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import Instance
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.lead import (
    Lead,
    load_lead,
    overrides,
    state_text,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster, Fleet
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.member import Options
from ansible_collections.multicluster.federation.tests.unit.kubedirector.shipped import shipped

HOME, COPY = Position("home", 3, 100, copies=1), Position("copy", 3, 90, True, 1)
LEAD = Lead("eu-1", 3, {"eu-1": ("10.0.0.1", 31000), "us-1": ("10.1.0.1", 31001)})


class Answering(Mirror):
    """A mirror whose members say what a test wants them to say."""

    said: dict[str, Position]

    def positions(self, members: Any) -> dict[str, Position]:
        return {name: self.said.get(name, Position(problem="refused")) for name in members}


def redis() -> Instance:
    return shipped("redis", data="redis-replication").instance()


def mirror(**said: Position) -> Answering:
    instance = redis()
    assert instance.replication is not None
    names = ("eu-1", "eu-2", "us-1")
    fleet = Fleet("f", {name: Cluster(name) for name in names}, frozenset(names))
    found = Answering(fleet, instance, instance.replication, Options())
    found.said = {name.replace("_", "-"): position for name, position in said.items()}
    return found


def test_positions_are_read() -> None:
    text = "epoch 4\nrole copy\noffset 17\nlink up\nage 2\nwhy it waits\n"
    assert read_position(text) == Position("copy", 4, 17, True, 2, why="it waits")
    assert read_position("epoch 1\nrole home\noffset 9\ncopies 2") == Position("home", 1, 9, copies=2)
    for wrong in ("", "role home", "epoch 1\nrole home\noffset much", "NOAUTH Authentication required."):
        with pytest.raises(ConfigError, match="not told as it should be"):
            read_position(wrong)


def test_the_first_home() -> None:
    new = mirror()
    assert new.choose_home(["us-1", "eu-1"], Lead(), "", []) == "us-1"
    assert new.choose_home(["us-1", "eu-1"], Lead(), "eu-1", []) == "eu-1"
    # one that runs already without a copy has the data
    assert new.choose_home(["us-1", "eu-1"], Lead(), "", ["eu-1"]) == "eu-1"
    with pytest.raises(ConfigError, match="eu-2 does not get the instance; it is for us-1, eu-1"):
        new.choose_home(["us-1", "eu-1"], Lead(), "eu-2", [])
    with pytest.raises(ConfigError, match="would become a copy of another member"):
        new.choose_home(["us-1", "eu-1"], Lead(), "us-1", ["eu-1"])


def test_who_takes_over() -> None:
    both = ["eu-1", "us-1"]
    found = mirror(us_1=COPY, eu_2=replace(COPY, offset=95))
    assert found.choose_home(both, LEAD, "", both) == "eu-1", "without need nobody takes over"
    assert found.choose_home(both, LEAD, "us-1", both) == "us-1"
    assert found.choose_home(["eu-2", "us-1"], LEAD, "", [*both, "eu-2"]) == "eu-2", "it has more"
    assert found.notes[-1] == "eu-2 takes over from eu-1, which last heard of eu-1 1 s ago, at offset 95"
    with pytest.raises(ConfigError, match="no other member has a copy: nobody could lead"):
        found.choose_home(["eu-2"], LEAD, "", ["eu-1"])
    with pytest.raises(ConfigError, match=r"no copy answers \(us-1: refused\)"):
        mirror().choose_home(["us-1"], LEAD, "", both)


def test_what_pods_agreed_on_wins_over_what_is_remembered() -> None:
    newer = mirror(eu_1=replace(COPY, epoch=4), us_1=replace(HOME, epoch=4))
    assert newer.as_pods_say(LEAD, ["eu-1", "us-1"]) == replace(LEAD, home="us-1", epoch=4)
    assert newer.notes == ["us-1 is the home since epoch 4, which was not remembered"]
    older = mirror(eu_1=COPY, us_1=replace(HOME, epoch=2))
    assert older.as_pods_say(LEAD, ["eu-1", "us-1"]) == LEAD
    assert mirror(us_1=HOME).as_pods_say(Lead(), ["us-1"]) == Lead(), "of one without a copy nothing is to be learned"


def test_what_a_result_says() -> None:
    body = told(LEAD, {"eu-1": HOME, "us-1": COPY})
    assert body["home"] == "eu-1"
    assert body["members"]["us-1"] == {"role": "copy", "offset": 90, "linked": True, "age": 1, "behind": 10}
    assert problems(LEAD, {"eu-1": HOME, "us-1": COPY}) == []
    found = problems(LEAD, {"eu-1": replace(COPY, why="it waits"), "us-1": replace(HOME)})
    assert found == [
        "eu-1 is to take writes, and does not yet: it waits",
        "us-1 takes writes although eu-1 is the home: it has not heard of it yet",
    ]
    cut = problems(LEAD, {"eu-1": HOME, "us-1": replace(COPY, linked=False, age=12)})
    assert cut == ["the copy in us-1 is cut off from eu-1 since 12 s: writes since then are in eu-1 only"]
    silent = problems(LEAD, {"eu-1": Position(problem="refused"), "us-1": COPY})
    assert silent == ["eu-1 does not say how far it is: refused"]


def test_what_pods_are_told() -> None:
    assert state_text(LEAD, "us-1") == (
        "epoch 3\nhome eu-1\npeer eu-1 10.0.0.1 31000\npeer us-1 10.1.0.1 31001\nself us-1\n"
    )
    assert "self" not in state_text(LEAD), "a pod that does not know where it is takes no writes"
    first, second = overrides(LEAD, "cache-state", ["us-1", "eu-1"])
    assert (first["where"], second["where"]) == ({"members": ["eu-1"]}, {"members": ["us-1"]})
    assert load_lead(LEAD.dump()) == LEAD
    assert load_lead(None) == Lead()


def test_a_copy_needs_a_volume_and_an_app_that_can() -> None:
    sample = shipped("redis", data="redis-replication")
    for role in sample.manifest["spec"]["roles"]:
        del role["storage"]
    with pytest.raises(ConfigError, match="needs a volume"):
        sample.instance()
    with pytest.raises(ConfigError, match="'mirror' is not what redis can do; there are none, redis-replication"):
        shipped("redis", data="mirror").instance()
