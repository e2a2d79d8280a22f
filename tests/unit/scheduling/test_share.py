# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option ``replicas``: what is read, and what is refused with its place; and the question that is remembered."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster, Taint
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.placement import ANYWHERE
from ansible_collections.multicluster.federation.plugins.module_utils.model.replicas import (
    ReplicaPolicy,
    parse_replicas,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.resource import Resource
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.workload import (
    share_of,
    with_share,
    workloads_of,
)
from ansible_collections.multicluster.federation.plugins.module_utils.scheduling.share import Standing, candidate, share


def parse(**raw: Any) -> ReplicaPolicy:
    found = parse_replicas(raw, "replicas")
    assert found is not None
    return found


def test_nothing_said_is_by_weight_from_the_manifests() -> None:
    assert parse_replicas(None, "replicas") is None
    assert parse() == ReplicaPolicy()
    assert parse(divide="available").capacity
    assert parse(divide="weighted", capacity=True).capacity


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"total": -1}, "replicas.total"),
        ({"totl": 1}, "totl"),
        ({"divide": "fair"}, "replicas.divide 'fair' is not one of duplicated, weighted"),
        ({"algorithm": "x"}, "replicas.algorithm 'x'"),
        ({"rebalance": True}, "replicas.rebalance True is not one of never"),
        ({"min": 3, "max": 2}, "replicas: min 3 is more than max 2"),
        ({"max": 2, "members": {"a": {"min": 3}}}, "replicas.members.a: min 3 is more than max 2"),
        ({"members": {"a": {"size": 3}}}, "size"),
        ({"weights": [{"where": {"region": "eu"}}]}, r"replicas.weights\[0\] has no weight"),
        ({"weights": [{"weight": 1_000_001}]}, "is more than 1000000"),
        ({"divide": "available", "capacity": False}, "goes by free capacity, so capacity cannot be false"),
        ({"paths": [{"kind": "Cache"}]}, r"replicas.paths\[0\] needs a kind and a path"),
        ({"paths": [{"kind": "Cache", "path": "spec.size"}]}, "is not a JSON pointer"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_replicas(raw, "replicas")


def test_the_weight_of_a_member_is_the_nearest_that_is_said() -> None:
    policy = parse(
        weights=[{"weight": 2}, {"where": {"region": "eu"}, "weight": 3}], members={"eu-9": {"weight": 7}}, max=5
    )

    def weight(cluster: Cluster, asked: ReplicaPolicy = policy) -> int:
        return candidate(asked, ANYWHERE, cluster, Standing()).weight

    assert weight(Cluster("us-1", region="us")) == 2
    assert weight(Cluster("eu-1", region="eu", weight=9)) == 3
    assert weight(Cluster("eu-9", region="eu")) == 7
    assert weight(Cluster("us-1", weight=9), ReplicaPolicy()) == 9
    assert weight(Cluster("us-1"), ReplicaPolicy()) == 1


def test_a_cordon_and_a_taint_keep_a_member_from_growing() -> None:
    def frozen(cluster: Cluster) -> str:
        return candidate(ReplicaPolicy(), ANYWHERE, cluster, Standing(2)).frozen

    assert frozen(Cluster("a")) == ""
    assert frozen(Cluster("a", cordoned=True)) == "cordoned"
    assert frozen(Cluster("a", taints=(Taint("k", "v", "NoSchedule"),))) == "taint k=v:NoSchedule is not tolerated"


def ask(policy: ReplicaPolicy, before: str, **now: int) -> tuple[dict[str, int], str]:
    found = [candidate(policy, ANYWHERE, Cluster(name), Standing(count)) for name, count in now.items()]
    shares = share(policy, 9, "shop/web", found, before)
    return dict(shares.outcome.replicas), shares.question


def test_replicas_move_when_the_question_changes_and_not_otherwise() -> None:
    first, question = ask(ReplicaPolicy(), "", a=0, b=0)
    assert first == {"a": 5, "b": 4}
    assert ask(ReplicaPolicy(), question, a=8, b=1)[0] == {"a": 8, "b": 1}
    assert ask(ReplicaPolicy(), question, a=5, b=4, c=0)[0] == {"a": 3, "b": 3, "c": 3}
    assert ask(parse(rebalance="never"), question, a=5, b=4, c=0)[0] == {"a": 5, "b": 4, "c": 0}
    assert ask(parse(rebalance="always"), question, a=8, b=1)[0] == {"a": 5, "b": 4}
    assert ask(parse(total=3), question, a=5, b=4)[1] == question, "how many there are is no part of it"
    assert ask(parse(max=6), question, a=5, b=4)[1] != question


def test_a_member_that_is_away_takes_part_once_it_answers() -> None:
    away = [Standing(4), Standing(5), Standing(0, None, False)]
    policy = ReplicaPolicy()
    found = [candidate(policy, ANYWHERE, Cluster(n), s) for n, s in zip("abc", away, strict=True)]
    without = share(policy, 9, "k", found, "")
    assert without.question == share(policy, 9, "k", found[:2], "").question
    back = [*found[:2], candidate(policy, ANYWHERE, Cluster("c"), Standing(0))]
    assert dict(share(policy, 9, "k", back, without.question).outcome.replicas) == {"a": 3, "b": 3, "c": 3}


def manifest(kind: str = "Deployment", group: str = "apps/v1", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": group, "kind": kind, "metadata": {"name": "web"}, "spec": spec}


def resource(*manifests: dict[str, Any], **replicas: Any) -> Resource:
    return Resource("shop", manifests, namespace="shop", replicas=parse(**replicas))


def test_workloads_and_where_their_number_is() -> None:
    job = manifest("Job", "batch/v1", parallelism=4)
    cache = manifest("Cache", "example.com/v1", size=3)
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    found = workloads_of(resource(manifest(), service, job, cache, paths=[{"kind": "Cache", "path": "/spec/size"}]))
    assert [(w.key, w.replicas) for w in found] == [
        ("Deployment shop/web", 1),
        ("Job shop/web", 4),
        ("Cache shop/web", 3),
    ]
    written = with_share(cache, found[2], 7)
    assert written["spec"]["size"] == 7
    assert share_of(written["metadata"]) == 7
    assert cache["spec"]["size"] == 3
    assert share_of({}) is None


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (resource({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}), "replicas fits none"),
        (resource(manifest(), target={"name": "api"}), "replicas fits none"),
        (resource(manifest(replicas="three")), "has 'three' at /spec/replicas, not a number"),
    ],
)
def test_what_cannot_be_divided_is_refused(found: Resource, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        workloads_of(found)
