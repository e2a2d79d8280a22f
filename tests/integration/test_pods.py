# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stateful applications of the catalog in real pods: their data survive what happens to pods and nodes.

Two members with real nodes: containerd, kubelet, cluster DNS, volumes. Skipped, with the reason, where a machine cannot have them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import images, node_main
from ansible_collections.multicluster.federation.tests.integration.pods_stage import SPACE, Stage, control, leftovers
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.pods,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(node_main.lacking()), reason=f"real nodes need {', '.join(node_main.lacking())}"),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    found = Stage(tmp_path_factory.mktemp("pods"))
    before = leftovers()
    try:
        found.up()
        yield found
    finally:
        control(found.folder, **found.where, state="absent")
    assert not found.sandbox.folder.exists()
    until(lambda: leftovers() <= before, "nothing is left of the nodes", 20)


STORAGE = {"storage": {"size": "1Gi"}}
STORAGE2 = {"storage": {"size": "2Gi"}}


def test_redis_keeps_what_was_written_and_a_replica_takes_over(stage: Stage) -> None:
    roles = [{"id": "redis-server", **STORAGE}, {"id": "redis-replica", "members": 1, **STORAGE}]
    done = stage.made("cache", app="redis", members=["eu-1"], roles=roles)
    assert [text.partition(":")[0] for text in done.result["stages"]] == ["redis-server", "redis-replica"]
    server, replica = "cache-redis-server-0", "cache-redis-replica-0"
    assert stage.run("eu-1", server, "redis-cli set key one") == "OK"
    assert "NOAUTH" in stage.run("eu-1", server, "unset REDISCLI_AUTH; redis-cli get key")
    until(lambda: stage.run("eu-1", replica, "redis-cli get key") == "one", "the replica has it")
    stage.replaced("eu-1", server)
    assert stage.run("eu-1", server, "redis-cli get key") == "one"

    # the node's kubelet dies and comes back: pods go on meanwhile
    pods = {pod: stage.uid("eu-1", pod) for pod in (server, replica)}
    stage.component("eu-1", "kubelet", "killed")
    stage.component("eu-1", "kubelet", "started")
    until(lambda: stage.run("eu-1", server, "redis-cli set key two") == "OK", "the kubelet answers again")
    assert {pod: stage.uid("eu-1", pod) for pod in pods} == pods

    stage.made("cache", roles=[{"id": "redis-replica", "members": 2}])
    until(lambda: stage.run("eu-1", "cache-redis-replica-1", "redis-cli get key") == "two", "the new replica has it")
    stage.made("cache", roles=[{"id": "redis-replica", "members": 1}])
    until(lambda: len(stage.claims("eu-1")) == 2, "its volume went with it")

    # a change of configuration replaces the pods, one role after the other
    stage.made("cache", parameters={"maxmemory_policy": "allkeys-lru"})
    assert stage.run("eu-1", server, "redis-cli config get maxmemory-policy").split() == [
        "maxmemory-policy",
        "allkeys-lru",
    ]
    assert stage.run("eu-1", server, "redis-cli get key") == "two"
    assert not stage.cluster("cache").result["changed"]

    # the whole node loses its power
    stage.component("eu-1", "sandbox-node", "killed")
    stage.component("eu-1", "sandbox-node", "started")
    until(lambda: stage.run("eu-1", server, "redis-cli get key") == "two", "the server is back with its data", 180)

    stage.gone("cache", retain=True)
    assert len(stage.claims("eu-1")) == 2
    stage.made("cache", app="redis", members=["eu-1"], roles=roles)
    assert stage.run("eu-1", server, "redis-cli get key") == "two"
    stage.gone("cache", retain=False)
    assert stage.claims("eu-1") == []


def test_mysql_keeps_its_rows(stage: Stage) -> None:
    done = stage.made("db", app="mysql", members=["us-1"], roles=[{"id": "mysql-server", **STORAGE2}])
    pod = "db-mysql-server-0"
    client = 'mariadb --host=127.0.0.1 --user=app --password="$(cat /run/secrets/mysql-user/password)" --skip-column-names app'
    stage.run("us-1", pod, f"{client} -e 'create table t (n int); insert into t values (1), (2)'")
    assert stage.run("us-1", pod, f"{client} -e 'select sum(n) from t'") == "3"
    secret = stage.run("us-1", pod, "cat /run/secrets/mysql-user/password")
    assert secret
    assert secret not in json.dumps(done.result)
    assert secret not in done.output
    stage.replaced("us-1", pod)
    assert stage.run("us-1", pod, f"{client} -e 'select sum(n) from t'") == "3"
    stage.made("db", parameters={"max_connections": 77})
    assert stage.run("us-1", pod, f"{client} -e 'select @@max_connections'") == "77"
    assert stage.run("us-1", pod, f"{client} -e 'select sum(n) from t'") == "3"
    assert stage.run("us-1", pod, "cat /run/secrets/mysql-user/password") == secret
    stage.gone("db")
    assert stage.claims("us-1") == []


def test_rabbitmq_is_one_cluster_and_forgets_who_leaves(stage: Stage) -> None:
    size = {"resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "250m", "memory": "512Mi"}}}
    stage.made("queue", app="rabbitmq", members=["us-1"], roles=[{"id": "rabbitmq-node", "members": 2, **size}])
    first, second = "queue-rabbitmq-node-0", "queue-rabbitmq-node-1"

    def nodes() -> set[str]:
        said = stage.run("us-1", first, "rabbitmqctl --longnames --formatter=json cluster_status")
        return {name.partition("@")[2].partition(".")[0] for name in json.loads(said)["disk_nodes"]}

    assert nodes() == {first, second}
    declare = (
        "rabbitmqctl --longnames eval 'rabbit_amqqueue:declare("
        'rabbit_misc:r(<<"/">>, queue, <<"orders">>), true, false, [], none, <<"app">>).\''
    )
    stage.run("us-1", first, declare)
    assert "orders" in stage.run("us-1", second, "rabbitmqctl --longnames -q list_queues name durable")
    told = stage.made("queue", roles=[{"id": "rabbitmq-node", "members": 1}])
    assert f"leave in {second}" in told.output
    assert nodes() == {first}
    stage.replaced("us-1", first)
    assert "orders" in stage.run("us-1", first, "rabbitmqctl --longnames -q list_queues name durable")
    stage.gone("queue")


def test_what_never_becomes_ready_says_why(stage: Stage) -> None:
    broken = stage.cluster(
        "broken", app="redis", members=["us-1"], images={"redis-server": "sandbox.local/nothing:1"}, wait_timeout=15
    )
    assert broken.result["failed"]
    assert "role redis-server, broken-redis-server-0: " in broken.message
    assert "sandbox.local/nothing:1" in broken.message
    stage.gone("broken")
    crashing = stage.cluster(
        "crash", app="redis", members=["us-1"], images={"redis-server": images.name_of("mysql")}, wait_timeout=20
    )
    assert crashing.result["failed"]
    assert "last lines: " in crashing.message
    assert "redis-server: not found" in crashing.message
    stage.gone("crash")


def test_pods_of_two_members_reach_each_other(stage: Stage) -> None:
    stage.made("near", app="redis", members=["eu-1"])
    stage.made("far", app="redis", members=["us-1"])
    far = stage.kube["us-1"].get("v1", "Pod", "far-redis-server-0", SPACE)
    assert far is not None
    address = far["status"]["podIP"]
    assert "NOAUTH" in stage.run("eu-1", "near-redis-server-0", f"unset REDISCLI_AUTH; redis-cli -h {address} ping")
    # its own Service by name
    assert stage.run("eu-1", "near-redis-server-0", f"redis-cli -h near-redis-server.{SPACE} ping") == "PONG"
    stage.gone("near")
    stage.gone("far")
