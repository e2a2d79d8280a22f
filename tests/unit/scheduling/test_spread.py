# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which members get a resource that is to be spread, and why the others do not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster
from ansible_collections.multicluster.federation.plugins.module_utils.model.spread import SpreadRule, parse_spread
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling import spread
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.spread import Chosen, choose
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

UNLIMITED = 10**12


def fleet(text: str) -> list[Cluster]:
    """Members as ``name region zone+zone provider tier``, separated by commas; "-" for what a member does not say."""
    members = []
    for line in text.split(","):
        name, region, zones, provider, tier = (*line.split(), "-", "-", "-", "-")[:5]
        region, provider = region.strip("-"), provider.strip("-")
        labels = {} if tier == "-" else {"tier": tier}
        members.append(
            Cluster(name, labels, region, tuple(zones.strip("-").split("+")) if zones != "-" else (), provider)
        )
    return members


def rules(*raw: dict[str, Any]) -> tuple[SpreadRule, ...]:
    return parse_spread(list(raw), "placement.spread")


def region(**more: Any) -> dict[str, Any]:
    return {"by": "region", **more}


def count(least: int = 1, most: int | None = None) -> dict[str, Any]:
    return {"by": "member", "min": least, "max": most}


REGIONS = fleet("a eu, b eu, c eu, d us, e us, f ap, g")
GRID = fleet("a eu - aws, b eu - gcp, c us - aws, d us - gcp, e ap - own")
ZONES = fleet("a - z1+z2, b - z2, c - z3, d - z1+z3, e - z4")


@pytest.mark.parametrize(
    ("asked", "clusters", "more", "members"),
    [
        pytest.param([], REGIONS, {}, "abcdefg", id="no rule, every member"),
        pytest.param([region()], REGIONS, {}, "abcdef", id="no bound, every member that has a region"),
        pytest.param([region(min=3)], REGIONS, {}, "abcdef", id="a minimum leaves nobody out"),
        pytest.param([region(max=2)], REGIONS, {}, "abcde", id="the regions with most members, where room is unknown"),
        pytest.param([region(max=1)], REGIONS, {"rooms": dict.fromkeys("abcdef", 0) | {"f": 9}}, "f", id="most room"),
        pytest.param([region(max=1)], REGIONS, {"rooms": dict.fromkeys("abcdef", 0)}, "f", id="name at last"),
        pytest.param([region(max=1)], REGIONS, {"rooms": dict.fromkeys("abcdf", 50)}, "de", id="unknown room is any"),
        pytest.param([region(max=1)], REGIONS, {"placed": "f"}, "f", id="what is placed stays"),
        pytest.param([region(max=2)], REGIONS, {"placed": "f"}, "abcf", id="what is placed first, then room"),
        pytest.param([region(max=2)], REGIONS, {"placed": "adf"}, "abcde", id="more placed, then more room"),
        pytest.param([region(max=2)], REGIONS, {"placed": "af"}, "abcf", id="a member may come besides"),
        pytest.param([region(max=1)], REGIONS, {"placed": "gx"}, "abc", id="placed where it may not be any more"),
        # the number of members
        pytest.param([count(1, 2)], REGIONS, {}, "ab", id="so many members, by name"),
        pytest.param([count(1, 2)], REGIONS, {"rooms": {**dict.fromkeys("abcdef", 1), "e": 2}}, "eg", id="by room"),
        pytest.param([count(1, 2)], REGIONS, {"placed": "cf"}, "cf", id="those placed"),
        pytest.param([count(1, 3)], REGIONS, {"placed": "f"}, "abf", id="one placed, two by name"),
        pytest.param([count(3)], REGIONS, {}, "abcdefg", id="at least so many: all"),
        # several rules
        pytest.param([region(min=3), count(1, 4)], REGIONS, {}, "abdf", id="one of each needed region, then by name"),
        pytest.param([region(min=2), count(1, 2)], REGIONS, {"placed": "ab"}, "ad", id="a placed one makes way"),
        pytest.param([count(1, 3), region(max=2)], REGIONS, {}, "abc", id="groups first: the largest two"),
        pytest.param([count(1, 3), region(max=2, min=2)], REGIONS, {}, "abd", id="groups first, both needed"),
        pytest.param([region(min=2), {"by": "provider", "min": 2}, count(2, 2)], GRID, {}, "ad", id="a diagonal"),
        pytest.param([region(max=1), {"by": "provider", "max": 1}], GRID, {}, "a", id="coarsest first"),
        pytest.param(
            [region(max=1), {"by": "provider", "min": 2}], GRID, {"placed": "e"}, "ab", id="not where too few"
        ),
        pytest.param([region(min=3), {"by": "provider", "max": 2}], GRID, {}, "ace", id="providers that reach all"),
        # zones
        pytest.param([{"by": "zone", "min": 4}], ZONES, {}, "abcde", id="each zone of a member counts"),
        pytest.param([{"by": "zone", "max": 1}], ZONES, {}, "b", id="a member in two zones is in two"),
        pytest.param([{"by": "zone", "max": 2}], ZONES, {}, "ab", id="both of its zones fit"),
        pytest.param([{"by": "zone", "min": 4}, count(1, 3)], ZONES, {}, "ace", id="few members in many zones"),
        pytest.param([{"by": "zone", "min": 3}, count(1, 2)], ZONES, {}, "ac", id="two members in three zones"),
        # a label
        pytest.param(
            [{"by": "label", "key": "tier", "max": 1}],
            fleet("a - - - x, b - - - y, c - - - y, d"),
            {},
            "bc",
            id="label",
        ),
        # room
        pytest.param(
            [region(max=2)],
            REGIONS,
            {"needed": 25, "rooms": {"a": 1, "b": 1, "c": 1, "d": 10, "e": 5, "f": 15}, "placed": "ad"},
            "def",
            id="placed regions too small: the least preferred goes",
        ),
        pytest.param(
            [count(1, 2)],
            REGIONS[:4],
            {"needed": 11, "rooms": {"a": 1, "b": 2, "c": 10, "d": 9}, "placed": "ab"},
            "bc",
            id="the placed one with the least room goes",
        ),
        pytest.param(
            [region(min=2), count(1, 2)],
            REGIONS,
            {"needed": 12, "rooms": {"a": 1, "b": 7, "c": 9, "d": 5, "e": 6, "f": 5}, "placed": "bd"},
            "bd",
            id="what holds stays, though others hold more",
        ),
        pytest.param(
            [count(1, 5)],
            fleet("a, b, c, d, e, f, g, h"),
            {"needed": 20, "rooms": dict(zip("abcdefgh", (1, 2, 3, 4, 5, 9, 9, 9), strict=True)), "placed": "abcde"},
            "bcdef",
            id="no more placed ones go than must",
        ),
        # duplicated, with a skew
        pytest.param([region(max_skew=1)], REGIONS, {}, "abdef", id="one more than the emptiest"),
        pytest.param([region(max_skew=2)], REGIONS, {}, "abcdef", id="nothing to do"),
        pytest.param([region(max_skew=1)], REGIONS, {"placed": "cf"}, "acdef", id="those placed are in"),
        pytest.param([region(max_skew=1), count(5)], REGIONS[:5], {}, "abcde", id="within the skew"),
        pytest.param([region(max_skew=1), count(3)], fleet("a eu, b eu, c eu, d us"), {}, "abd", id="just enough"),
        pytest.param(
            [region(max_skew=1), count(3)], fleet("a eu, b eu, c eu, d us"), {"placed": "abc"}, "abc", id="kept"
        ),
        pytest.param(
            [region(max_skew=1)], fleet("a eu, b eu, c eu, d eu, e us"), {"placed": "abc"}, "abcd", id="none lost"
        ),
        pytest.param(
            [region(max_skew=1), count(4)], fleet("a eu, b eu, c eu, d eu, e us"), {}, "abcd", id="one region"
        ),
        pytest.param(
            [region(max_skew=1), count(1, 5)], fleet("a eu, b eu, c eu, d us, e us, f us"), {}, "abcde", id="turns"
        ),
        pytest.param(
            [region(min=2, max_skew=1), {"by": "provider", "max_skew": 1}, count(7)],
            fleet("a ap - r, b us - r, c us - r, d eu - q, e eu - p, f eu - q, g ap - p"),
            {},
            "abcdefg",
            id="two skews and no simpler way than to look at every set",
        ),
        pytest.param([region(max_skew=1)], REGIONS, {"needed": 0}, "abcdef", id="divided: replicas are levelled later"),
    ],
)
def test_who_is_chosen(
    asked: list[dict[str, Any]], clusters: list[Cluster], more: dict[str, Any], members: str
) -> None:
    answer = choose(rules(*asked), clusters, **more)
    assert (answer.error, answer.note) == ("", "")
    assert "".join(answer.members) == "".join(sorted(members))
    assert sorted([*answer.members, *answer.reasons]) == [cluster.name for cluster in clusters]


@pytest.mark.parametrize(
    ("asked", "clusters", "error"),
    [
        ([region(min=4)], REGIONS, "spread by region needs 4 regions, the eligible members are in 3: ap, eu, us"),
        ([region(min=2)], REGIONS[:3], "spread by region needs 2 regions, the eligible members are in 1: eu"),
        ([region()], REGIONS[6:], "spread by region needs 1 region, the eligible members are in none"),
        ([region()], [], "spread by region needs 1 region, the eligible members are in none"),
        ([region(min=0)], REGIONS[6:], ""),
        ([count(8)], REGIONS, "spread by member needs 8 members, 7 can be chosen"),
        ([count(7), region()], REGIONS, "spread by member needs 7 members, 6 can be chosen"),
        ([count(1)], [], "spread by member needs 1 member, none can be chosen"),
        ([], [], ""),
        (
            [{"by": "label", "key": "tier", "min": 2}],
            fleet("a - - - x"),
            "spread by label tier needs 2 values, the eligible members have 1: x",
        ),
        (
            [{"by": "zone", "min": 9}],
            [Cluster(f"m{i}", zones=(f"z{i}",)) for i in range(7)],
            "spread by zone needs 9 zones, the eligible members are in 7: z0, z1, z2, z3, z4, 2 more",
        ),
        (
            [region(min=3), count(1, 2)],
            REGIONS,
            "spread by region needs 3 regions, 2 members at most cannot be in so many",
        ),
        (
            [region(max=1), {"by": "provider", "min": 3, "max_skew": 1}],
            GRID,
            "no choice of members keeps spread by provider (at least 3, max_skew 1) and by region (at least 1, at most 1)",
        ),
        (
            [region(min=2, max_skew=1), count(4)],
            fleet("a eu, b eu, c eu, d us"),
            "no choice of members keeps spread by region (at least 2, max_skew 1) and by member (at least 4)",
        ),
    ],
)
def test_no_choice(asked: list[dict[str, Any]], clusters: list[Cluster], error: str) -> None:
    answer = choose(rules(*asked), clusters)
    assert (answer.members, answer.error, answer.note) == ((), error, "")
    assert list(answer.reasons) == [cluster.name for cluster in clusters]
    for cluster in clusters:
        assert answer.reasons[cluster.name] in ("has no region", "the rules of spread cannot be kept")


def test_too_little_room_is_noted() -> None:
    rooms = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2, "f": -7}
    answer = choose(rules(region(max=1)), REGIONS, 5, rooms, "a")
    assert answer.members == ("d", "e")
    assert answer.note == "the chosen members have room for 4 of 5 replicas"
    assert choose(rules(region(max=1)), REGIONS, 5, rooms, "de").members == ("d", "e")


def test_the_group_with_most_room_is_not_the_one_whose_members_have_most() -> None:
    rooms = {"a": 5, "b": 5, "c": 5, "d": 8, "e": 1}
    answer = choose(rules(region(max=1), count(1, 1)), REGIONS[:5], 9, rooms)
    assert (answer.members, answer.note) == (("d",), "the chosen members have room for 8 of 9 replicas")


def test_placed_stays_where_others_have_no_more_room() -> None:
    rooms = {"a": 1, "b": 1, "c": 2, "d": 2, "e": 2}
    answer = choose(rules(region(max=1)), REGIONS[:5], 9, rooms, "d")
    assert (answer.members, answer.note) == (("d", "e"), "the chosen members have room for 4 of 9 replicas")


@pytest.mark.parametrize(
    ("asked", "clusters", "placed", "reasons"),
    [
        (
            [region(max=2)],
            REGIONS,
            "",
            {"f": "region ap is not among the chosen: eu, us", "g": "has no region"},
        ),
        ([count(1, 5)], REGIONS, "", dict.fromkeys("fg", "5 members at most, and others come first")),
        (
            [region(max_skew=1)],
            REGIONS[:4],
            "",
            {"c": "region eu has its share: max_skew is 1"},
        ),
        (
            [region(max_skew=1)],
            REGIONS[:4],
            "abc",
            {"d": "region us would be too far behind: max_skew is 1"},
        ),
        ([{"by": "zone", "max": 1}], ZONES[:2], "", {"a": "zone z1,z2 is not among the chosen: z2"}),
        ([{"by": "label", "key": "tier"}], fleet("a - - - x, b"), "", {"b": "has no label tier"}),
    ],
)
def test_reasons(asked: list[dict[str, Any]], clusters: list[Cluster], placed: str, reasons: dict[str, str]) -> None:
    assert choose(rules(*asked), clusters, placed=placed).reasons == reasons


# Against every set of members, judged by nothing of the code


def keeps(asked: Sequence[SpreadRule], members: Sequence[Cluster], skews: bool) -> bool:
    for rule in asked:
        counts: dict[str, int] = {}
        for cluster in members:
            for group in rule.groups(cluster):
                counts[group] = counts.get(group, 0) + 1
        if not rule.minimum <= len(counts) <= (rule.maximum or UNLIMITED):
            return False
        if skews and rule.max_skew and max(counts.values()) - min(counts.values()) > rule.max_skew:
            return False
    return True


def room_of(members: Collection[str], rooms: Mapping[str, int | None]) -> int:
    found = [rooms.get(name) for name in members]
    return sum(UNLIMITED if room is None else room for room in found)


NAMES = "abcdef"
CLUSTERS = st.lists(
    st.builds(
        Cluster,
        name=st.sampled_from(NAMES),
        labels=st.fixed_dictionaries({}, optional={"tier": st.sampled_from("xyz")}),
        region=st.sampled_from(["eu", "eu", "us", "ap", ""]),
        zones=st.lists(st.sampled_from(["z1", "z2", "z3", "z4"]), max_size=3, unique=True).map(tuple),
        provider=st.sampled_from(["aws", "gcp", "aws", "own"]),
    ),
    max_size=6,
    unique_by=lambda cluster: cluster.name,
)


@st.composite
def rule_sets(draw: st.DrawFn) -> tuple[SpreadRule, ...]:
    kinds = draw(st.lists(st.sampled_from(["region", "zone", "provider", "label", "member"]), max_size=3, unique=True))
    found = []
    for by in kinds:
        least = draw(st.integers(0, 3))
        most = draw(st.none() | st.integers(max(1, least), 4))
        skew = draw(st.none() | st.integers(1, 2))
        found.append(SpreadRule(by, "tier" if by == "label" else "", least, most, skew))
    return tuple(found)


ROOMS = st.dictionaries(st.sampled_from(NAMES), st.none() | st.integers(0, 6))
PLACED = st.frozensets(st.sampled_from(NAMES))
NEEDED = st.none() | st.integers(0, 20)


def check(
    asked: tuple[SpreadRule, ...],
    clusters: list[Cluster],
    needed: int | None,
    rooms: dict[str, int | None],
    placed: frozenset[str],
) -> Chosen:
    answer = choose(asked, clusters, needed, rooms, placed)
    by_name = {cluster.name: cluster for cluster in clusters}
    eligible = [cluster for cluster in clusters if all(rule.groups(cluster) for rule in asked)]
    sets = chain.from_iterable(combinations(eligible, size) for size in range(1, len(eligible) + 1))
    fine = [some for some in sets if keeps(asked, some, needed is None)]
    most = max((room_of([cluster.name for cluster in some], rooms) for some in fine), default=0)
    assert list(answer.members) == sorted(set(answer.members))
    assert sorted([*answer.members, *answer.reasons]) == sorted(by_name)
    if not answer.members:
        assert not fine
        assert bool(answer.error) is (bool(eligible) or any(rule.minimum for rule in asked))
        return answer
    members = [by_name[name] for name in answer.members]
    assert keeps(asked, members, needed is None)
    assert answer.error == ""
    if needed is not None:
        held = room_of(answer.members, rooms)
        assert held >= min(needed, most)
        assert bool(answer.note) is (held < needed)
    for more in eligible:
        assert more in members or not keeps(asked, [*members, more], needed is None), "a member left out without need"
    standing = [cluster for cluster in eligible if cluster.name in placed]
    names = {cluster.name for cluster in standing}
    if standing and keeps(asked, standing, needed is None) and room_of(names, rooms) >= (needed or 0):
        assert names <= set(answer.members)
    again = choose(asked, clusters, needed, rooms, answer.members)
    assert (again.members, again.note) == (answer.members, answer.note)
    return answer


@settings(STEADY, max_examples=600)
@given(rule_sets(), CLUSTERS, NEEDED, ROOMS, PLACED)
def test_as_good_as_every_set(
    asked: tuple[SpreadRule, ...],
    clusters: list[Cluster],
    needed: int | None,
    rooms: dict[str, int | None],
    placed: frozenset[str],
) -> None:
    check(asked, clusters, needed, rooms, placed)


@settings(STEADY, max_examples=600)
@given(rule_sets(), CLUSTERS, st.integers(0, 20), ROOMS, PLACED)
@example(rules(region(min=2), {"by": "provider", "min": 2}, count(2, 2)), GRID, 9, {}, frozenset())
def test_the_search_by_groups_is_exact_where_it_divides(
    asked: tuple[SpreadRule, ...],
    clusters: list[Cluster],
    needed: int,
    rooms: dict[str, int | None],
    placed: frozenset[str],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spread, "_EVERY_SET", 0)
        answer = check(asked, clusters, needed, rooms, placed)
    assert "was found" not in answer.error


@settings(STEADY, max_examples=200)
@given(
    rule_sets(), CLUSTERS.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))), NEEDED, ROOMS, PLACED
)
def test_order_does_not_matter(
    asked: tuple[SpreadRule, ...],
    clusters: tuple[list[Cluster], list[Cluster]],
    needed: int | None,
    rooms: dict[str, int | None],
    placed: frozenset[str],
) -> None:
    one = choose(asked, clusters[0], needed, rooms, placed)
    other = choose(asked[::-1], clusters[1], needed, dict(reversed(rooms.items())), sorted(placed, reverse=True))
    assert one == other
    assert list(one.reasons.items()) == list(other.reasons.items())


@pytest.mark.parametrize(
    ("asked", "needed"),
    [
        ([region(min=2, max=15)], 100),
        ([region(min=2, max=15), count(20, 40)], 100),
        ([region(min=2, max=15), count(20, 40)], 10**6),
        ([region(min=10, max=15, max_skew=1), {"by": "provider", "min": 3, "max_skew": 2}, count(20, 40)], None),
        ([region(min=25), {"by": "zone", "min": 40, "max": 60}, count(25, 45)], 100),
    ],
)
def test_a_large_fleet(asked: list[dict[str, Any]], needed: int | None) -> None:
    """Too many groups to look at every choice: what is answered still keeps the rules, and stays."""
    clusters = [
        Cluster(f"m{i:03}", region=f"r{i % 30}", zones=(f"z{i % 90}", f"z{i * 7 % 90}"), provider=f"p{i % 4}")
        for i in range(400)
    ]
    rooms: dict[str, int | None] = {cluster.name: i * 37 % 100 for i, cluster in enumerate(clusters)}
    answer = choose(rules(*asked), clusters, needed, rooms)
    assert answer.members
    assert keeps(rules(*asked), [c for c in clusters if c.name in answer.members], needed is None)
    assert choose(rules(*asked), clusters, needed, rooms, answer.members) == answer
