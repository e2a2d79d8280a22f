# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The short form of articles."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.app import App, parse_app
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.cluster import parse_cluster
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.faults import Faulty
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.short import from_short, is_short
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import VA, app_manifest

REDIS = parse_app(
    {
        **app_manifest(
            services=[],
            roles=[
                {"id": "redis-server", "cardinality": "1", "minResources": {"memory": "64Mi", "cpu": "100m"}},
                {"id": "replica", "cardinality": "0+"},
            ],
            config={"selectedRoles": ["redis-server", "replica"], "roleServices": []},
        ),
        "metadata": {"name": "redis"},
    }
)
CATALOG = {"redis": REDIS, "va": VA}


def short(**spec: Any) -> dict[str, Any]:
    body = {
        "app": "redis",
        "appCatalog": "local",
        "roles": [{"id": "redis-server", "count": 1, "resources": {"cpu": "0.5", "memory": "1Gi"}}],
        **spec,
    }
    return {
        "apiVersion": "director.kubedirector.io/v1",
        "kind": "KubeDirectorApp",
        "metadata": {"name": "redis-app"},
        "spec": {key: value for key, value in body.items() if value is not None},
    }


def entry(**fields: Any) -> dict[str, Any]:
    return {"id": "redis-server", "resources": {"cpu": "1", "memory": "1Gi"}, **fields}


def test_as_it_stands_in_articles() -> None:
    amounts = {"cpu": "0.5", "memory": "1Gi"}
    manifest = short()
    found = from_short(manifest, CATALOG)
    assert is_short(manifest)
    assert not is_short(found)
    assert found == {
        "apiVersion": "kubedirector.hpe.com/v1beta1",
        "kind": "KubeDirectorCluster",
        "metadata": {"name": "redis-app"},
        "spec": {
            "app": "redis",
            "appCatalog": "local",
            "roles": [{"id": "redis-server", "members": 1, "resources": {"limits": amounts, "requests": amounts}}],
        },
    }
    assert parse_cluster(found, REDIS).members == 1


def test_a_real_app_is_not_taken_for_it() -> None:
    assert not is_short(app_manifest())


def test_what_it_does_not_say_comes_from_the_app() -> None:
    found = from_short(short(roles=None, appCatalog=None), CATALOG.get)
    amounts = {"memory": "64Mi", "cpu": "100m"}
    assert found["spec"] == {
        "app": "redis",
        "roles": [{"id": "redis-server", "members": 1, "resources": {"limits": amounts, "requests": amounts}}],
    }


def test_storage_where_a_role_cannot_do_without() -> None:
    some = {"cpu": "1", "memory": "1Gi"}
    found = from_short(
        short(app="va", roles=[{"id": "r2", "resources": some}, {"id": "r3", "count": 1, "resources": some}]), CATALOG
    )
    assert [role["id"] for role in found["spec"]["roles"]] == ["r2", "r3", "r1"]
    assert [role.get("storage") for role in found["spec"]["roles"]] == [{"size": "5Gi"}, None, None]
    assert parse_cluster(found, VA).members == 4
    own = from_short(short(app="va", roles=[{"id": "r2", "resources": some, "storage": {"size": "9Gi"}}]), CATALOG)
    assert own["spec"]["roles"][0]["storage"] == {"size": "9Gi"}


@pytest.mark.parametrize(
    ("resources", "limits", "requests"),
    [
        ({"cpu": 0.5, "memory": "1Gi"}, {"cpu": "0.5", "memory": "1Gi"}, {"cpu": "0.5", "memory": "1Gi"}),
        ({"cpu": "2"}, {"cpu": "2", "memory": "64Mi"}, {"cpu": "2", "memory": "64Mi"}),
        ({"limits": {"cpu": "2"}}, {"cpu": "2", "memory": "64Mi"}, {"cpu": "2", "memory": "64Mi"}),
        ({"requests": {"cpu": "2"}}, {"cpu": "2", "memory": "64Mi"}, {"cpu": "2", "memory": "64Mi"}),
        (
            {"limits": {"cpu": "2", "memory": "2Gi"}, "requests": {"cpu": "1"}},
            {"cpu": "2", "memory": "2Gi"},
            {"cpu": "1", "memory": "64Mi"},
        ),
    ],
)
def test_resources(resources: dict[str, Any], limits: dict[str, str], requests: dict[str, str]) -> None:
    found = from_short(short(roles=[entry(resources=resources)]), CATALOG)
    assert found["spec"]["roles"][0]["resources"] == {"limits": limits, "requests": requests}
    parse_cluster(found, REDIS)


def test_the_rest_is_handed_on_and_judged_as_in_the_long_form() -> None:
    env = [{"name": "A", "value": "1"}]
    found = from_short(short(serviceType="ClusterIP", roles=[entry(env=env)]), CATALOG)
    cluster = parse_cluster(found, REDIS)
    assert (cluster.service_type, cluster.roles[0].env) == ("ClusterIP", (("A", "1"),))
    wrong = from_short(short(serviceType="Nothing", roles=[entry(env="A=1", resources={"memory": "1Mi"})]), CATALOG)
    with pytest.raises(Faulty) as caught:
        parse_cluster(wrong, REDIS)
    assert sorted(fault.path for fault in caught.value.faults) == [
        "spec.roles[0].env",
        "spec.roles[0].resources.requests.memory",
        "spec.serviceType",
    ]


@pytest.mark.parametrize(
    ("manifest", "path", "words"),
    [
        (short(app="redos"), "spec.app", "did you mean 'redis'?"),
        (short(app="mysql"), "spec.app", "there are redis, va"),
        (short(app=None), "spec.app", "missing"),
        (short(appCatalog="remote"), "spec.appCatalog", "local, system"),
        (short(roles=[entry(), {"id": "zz"}]), "spec.roles[1].id", "redis-server, replica"),
        (short(roles=[entry(count=2)]), "spec.roles[0].count", "ask for 1"),
        (short(roles=[entry(count=-1)]), "spec.roles[0].count", "0 or more"),
        (short(roles=[entry(count="1")]), "spec.roles[0].count", "whole number"),
        (short(roles=[entry(), entry()]), "spec.roles[1].id", "twice"),
        (short(roles=[entry(members=1)]), "spec.roles[0].members", "unknown field"),
        (short(roles=[entry(resources={"cpu": "much"})]), "spec.roles[0].resources.cpu", "quantity"),
        (short(roles=[entry(resources="much")]), "spec.roles[0].resources", "must be a mapping"),
        (short(roles=[entry(), {"id": "replica", "resources": {"cpu": "1"}}]), "spec.roles[1].resources.memory", "missing"),
        (short(apps="redis"), "spec.apps", "unknown field"),
        ({**short(), "metadata": {}}, "metadata.name", "missing"),
        ({**short(), "apiVersion": "director.kubedirector.io/v2"}, "apiVersion", "director.kubedirector.io/v1"),
        ({**short(), "spec": None}, "spec", "missing"),
    ],
)  # fmt: skip
def test_bad_short_forms(manifest: dict[str, Any], path: str, words: str) -> None:
    with pytest.raises(Faulty) as caught:
        from_short(manifest, CATALOG)
    assert [fault.path for fault in caught.value.faults] == [path]
    assert words in str(caught.value)


def test_an_unknown_app_of_a_lookup_that_cannot_be_listed() -> None:
    def nothing(name: str) -> App | None:
        return None

    with pytest.raises(Faulty, match="the catalog has no app 'redis'"):
        from_short(short(), nothing)


def test_what_is_no_manifest() -> None:
    with pytest.raises(Faulty, match="must be a mapping"):
        from_short(["list"], CATALOG)  # type: ignore[arg-type]
