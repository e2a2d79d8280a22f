# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Replicas moved between groups until no group has too many more than another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster
from ansible_collections.multicluster.federation.plugins.module_utils.model.spread import SpreadRule
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.levelling import Levelled, level
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

EU_US = [Cluster("a", region="eu"), Cluster("b", region="eu"), Cluster("c", region="us"), Cluster("d", region="us")]
THREE = [Cluster("a", region="eu"), Cluster("b", region="us"), Cluster("c", region="ap")]
ZONES = [Cluster("a", zones=("z1", "z2")), Cluster("b", zones=("z2",)), Cluster("c", zones=("z3",))]
FOUR = [Cluster("a", region="eu"), Cluster("b", region="us"), Cluster("c", region="ap"), Cluster("d", region="sa")]
LOOSE = [
    Cluster("a", region="eu", provider="aws"),
    Cluster("b", region="us", provider="gcp"),
    Cluster("c", provider="gcp"),
    Cluster("d", provider="own"),
]
GRID = [
    Cluster("a", region="eu", provider="aws"),
    Cluster("b", region="eu", provider="gcp"),
    Cluster("c", region="us", provider="aws"),
    Cluster("d", region="us", provider="gcp"),
]


def skew(by: str, most: int = 1) -> SpreadRule:
    return SpreadRule(by, max_skew=most)


@pytest.mark.parametrize(
    ("asked", "clusters", "before", "ceilings", "floors", "after", "note"),
    [
        pytest.param([skew("region")], EU_US, "5500", "", "", "2332", "", id="from the members with most"),
        pytest.param([skew("region")], EU_US, "6200", "", "", "2222", "", id="one by one"),
        pytest.param([skew("region", 4)], EU_US, "5500", "", "", "3421", "", id="no more than needed"),
        pytest.param([skew("region")], EU_US, "4332", "", "", "3333", "", id="one too many"),
        pytest.param([skew("region")], EU_US, "4333", "", "", "4333", "", id="a skew that is allowed"),
        pytest.param([SpreadRule("region")], EU_US, "9900", "", "", "9900", "", id="a rule without skew"),
        pytest.param([], EU_US, "9900", "", "", "9900", "", id="no rule"),
        pytest.param([skew("region")], THREE, "900", "", "", "333", "", id="three groups"),
        pytest.param(
            [skew("region")], THREE, "901", "9939", "", "433", "", id="unbounded by a ceiling that is not met"
        ),
        pytest.param([skew("region")], EU_US, "5500", "9905", "", "2305", "", id="only one has room"),
        pytest.param([skew("region")], EU_US, "5500", "9999", "5000", "5032", "", id="only one may lose some"),
        pytest.param(
            [skew("region")],
            THREE,
            "900",
            "911",
            "",
            "711",
            "spread by region: max_skew is 1, the replicas allow 6",
            id="too little room elsewhere: as small as can be",
        ),
        pytest.param(
            [skew("region")],
            THREE,
            "930",
            "990",
            "",
            "660",
            "spread by region: max_skew is 1, the replicas allow 6",
            id="one group can take none",
        ),
        pytest.param(
            [skew("region")],
            THREE,
            "930",
            "990",
            "900",
            "930",
            "spread by region: max_skew is 1, the replicas allow 9",
            id="nothing moves where it does not help",
        ),
        pytest.param(
            [skew("region", 5)], THREE, "990", "", "900", "954", "", id="the fullest cannot give: another does"
        ),
        pytest.param(
            [skew("region", 5)], THREE, "900", "990", "", "540", "", id="the emptiest cannot take: another does"
        ),
        pytest.param(
            [skew("region")],
            FOUR,
            "5501",
            "5505",
            "5000",
            "5501",
            "spread by region: max_skew is 1, the replicas allow 5",
            id="one of two fullest groups would be lowered for nothing",
        ),
        pytest.param([skew("region", 6)], FOUR, "9750", "", "9000", "9543", "", id="the next fullest give"),
        pytest.param(
            [skew("region"), skew("provider")],
            LOOSE,
            "4043",
            "",
            "",
            "3224",
            "",
            id="through a member that is in no region",
        ),
        pytest.param(
            [skew("provider", 2), skew("zone")],
            [
                Cluster("a", zones=("z1",), provider="own"),
                Cluster("b", zones=("z3",), provider="own"),
                Cluster("c", zones=("z2",), provider="aws"),
            ],
            "454",
            "495",
            "050",
            "454",
            "spread by provider: max_skew is 2, the replicas allow 5",
            id="a skew that holds is not given up for another",
        ),
        pytest.param([skew("member")], EU_US, "7100", "", "", "2222", "", id="members"),
        pytest.param([skew("zone")], ZONES, "400", "", "", "202", "", id="a replica counts for both of its zones"),
        pytest.param([skew("zone")], ZONES, "040", "", "", "112", "", id="out of a shared zone"),
        pytest.param([skew("region"), skew("provider")], GRID, "8000", "", "", "4004", "", id="two rules at once"),
    ],
)
def test_who_gives_to_whom(
    asked: list[SpreadRule],
    clusters: list[Cluster],
    before: str,
    ceilings: str,
    floors: str,
    after: str,
    note: str,
) -> None:
    """Numbers of replicas are the digits of a text, member by member."""
    assert level(asked, clusters, digits(before), digits(ceilings), digits(floors)) == Levelled(digits(after), note)


def digits(text: str) -> dict[str, int]:
    return dict(zip("abcdef", map(int, text), strict=False))


def spreads(asked: Sequence[SpreadRule], clusters: Sequence[Cluster], replicas: Mapping[str, int]) -> list[int]:
    """By rule, what the fullest group has more than the emptiest."""
    found = []
    for rule in asked:
        totals: dict[str, int] = {}
        for cluster in clusters:
            for group in rule.groups(cluster) if cluster.name in replicas else ():
                totals[group] = totals.get(group, 0) + replicas[cluster.name]
        found.append(max(totals.values(), default=0) - min(totals.values(), default=0))
    return found


NAMES = "abcdef"
CLUSTERS = st.lists(
    st.builds(
        Cluster,
        name=st.sampled_from(NAMES),
        region=st.sampled_from(["eu", "us", "ap", ""]),
        zones=st.lists(st.sampled_from(["z1", "z2", "z3"]), max_size=2, unique=True).map(tuple),
        provider=st.sampled_from(["aws", "gcp"]),
    ),
    max_size=6,
    unique_by=lambda cluster: cluster.name,
)
RULES = st.lists(
    st.builds(
        SpreadRule,
        by=st.sampled_from(["region", "zone", "provider", "member"]),
        max_skew=st.none() | st.integers(1, 3),
    ),
    max_size=3,
    unique_by=lambda rule: rule.by,
)
BOUNDS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 12))
COUNTS = st.fixed_dictionaries({name: st.integers(0, 12) for name in NAMES})


@settings(STEADY, max_examples=400)
@given(RULES, CLUSTERS, COUNTS, BOUNDS, BOUNDS)
def test_what_holds_for_every_answer(
    asked: list[SpreadRule],
    clusters: list[Cluster],
    counts: dict[str, int],
    ceilings: dict[str, int],
    floors: dict[str, int],
) -> None:
    before = {cluster.name: counts[cluster.name] for cluster in clusters}
    answer = level(asked, clusters, before, ceilings, floors)
    assert list(answer.replicas) == sorted(before)
    assert sum(answer.replicas.values()) == sum(before.values())
    for name, count in answer.replicas.items():
        assert count == before[name] or (
            min(before[name], floors.get(name, 0)) <= count <= max(before[name], ceilings.get(name, count))
        )
    was, now = (spreads(asked, clusters, replicas) for replicas in (before, answer.replicas))
    broken = False
    for rule, old, new in zip(asked, was, now, strict=True):
        if rule.max_skew is not None:
            assert new <= max(old, rule.max_skew)
            broken = broken or new > rule.max_skew
    assert bool(answer.note) is broken
    assert level(asked, clusters, answer.replicas, ceilings, floors) == answer
    assert level(asked[::-1], clusters[::-1], dict(reversed(before.items())), ceilings, floors) == answer


def every_division(
    before: Mapping[str, int], ceilings: Mapping[str, int], floors: Mapping[str, int]
) -> Iterator[list[int]]:
    total = sum(before.values())
    ranges = [
        range(min(count, floors.get(name, 0)), min(total, max(count, ceilings.get(name, total))) + 1)
        for name, count in before.items()
    ]
    yield from (list(counts) for counts in product(*ranges) if sum(counts) == total)


@settings(STEADY, max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from(["eu", "us", "ap"]), st.integers(0, 6)), min_size=1, max_size=4),
    st.integers(1, 3),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 6)),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 6)),
)
def test_as_few_moves_as_any_division_needs(
    members: list[tuple[str, int]], most: int, ceilings: dict[str, int], floors: dict[str, int]
) -> None:
    """For one rule with one group for each member: held where it can be held, and with the fewest moves."""
    asked = [skew("region", most)]
    clusters = [Cluster(name, region=region) for name, (region, _count) in zip("abcd", members, strict=False)]
    before = {name: count for name, (_region, count) in zip("abcd", members, strict=False)}
    answer = level(asked, clusters, before, ceilings, floors)
    needed: list[int] = []
    smallest = spreads(asked, clusters, before)[0]
    for counts in every_division(before, ceilings, floors):
        after = dict(zip(before, counts, strict=True))
        gap = spreads(asked, clusters, after)[0]
        smallest = min(smallest, gap)
        if gap <= most:
            needed.append(sum(max(0, before[name] - after[name]) for name in before))
    moves = sum(max(0, before[name] - answer.replicas[name]) for name in before)
    assert bool(answer.note) is (not needed)
    if needed:
        assert moves == min(needed)
    else:
        assert spreads(asked, clusters, answer.replicas)[0] == smallest
