# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stateful applications of the catalog in real pods: their data survive what happens to pods and nodes.

Two members with real nodes: containerd, kubelet, cluster DNS, volumes. Skipped, with the reason, where a machine cannot have them.
"""

from __future__ import annotations

import json
import shlex
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import images
from ansible_collections.multicluster.federation.tests.integration.pods_stage import (
    CATALOG,
    SPACE,
    Stage,
    edition,
    standing,
    without_kubelet,
    without_power,
)
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import in_real_pods, until

pytestmark = in_real_pods("redis", "mysql", "rabbitmq")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with standing(Stage(tmp_path_factory.mktemp("pods"))) as found:
        yield found


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

    without_kubelet(stage, "eu-1", {server: "redis-cli set key two | grep -x OK", replica: "echo there"})

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

    without_power(stage, "eu-1", {server: "redis-cli get key | grep -x two"})

    stage.gone("cache", retain=True)
    assert len(stage.claims("eu-1")) == 2
    stage.made("cache", app="redis", members=["eu-1"], roles=roles)
    assert stage.run("eu-1", server, "redis-cli get key") == "two"
    stage.gone("cache", retain=False)
    assert stage.claims("eu-1") == []


#: the image of the sandbox, in the place of the one that the definition names
REDIS = ("docker.io/library/redis:7.4-bookworm", images.name_of("redis"))


def keepalive(number: int) -> tuple[tuple[str, str], ...]:
    """A new version of redis, with another setting in the files of both roles."""
    return REDIS, ('version: "7.4"', f'version: "7.4.{number}"'), ("tcp-keepalive 60", f"tcp-keepalive {number}")


def test_an_upgrade_goes_role_by_role_stops_at_the_first_that_fails_and_goes_back(stage: Stage, tmp_path: Path) -> None:
    first, second = edition(tmp_path / "1", "redis", REDIS), edition(tmp_path / "2", "redis", *keepalive(71))
    nowhere = (
        "- id: redis-replica\n      card",
        "- id: redis-replica\n      imageRepoTag: sandbox.local/no:1\n      card",
    )
    third = edition(tmp_path / "3", "redis", *keepalive(72), nowhere)
    server, replica = "shop-redis-server-0", "shop-redis-replica-0"
    roles = [{"id": "redis-server", **STORAGE}, {"id": "redis-replica", "members": 1, **STORAGE}]

    def settings(pod: str) -> list[str]:
        return stage.run("eu-1", pod, "redis-cli config get tcp-keepalive; redis-cli get key").split()

    stage.made("shop", app="redis", images={}, catalog=[first], members=["eu-1"], roles=roles)
    assert stage.run("eu-1", server, "redis-cli set key kept") == "OK"
    told = stage.made("shop", catalog=[second])
    assert "(7.4 -> 7.4.71): upgrade: true takes it" in told.result["warnings"][0]
    assert not told.result["changed"]

    done = stage.made("shop", catalog=[second], upgrade=True)
    assert [text.partition(":")[0] for text in done.result["stages"]] == ["redis-server", "redis-replica"]
    assert done.result["instance"]["version"] == "7.4.71"
    assert settings(server) == settings(replica) == ["tcp-keepalive", "71", "kept"]

    wish = {"catalog": [third], "upgrade": True, "wait_timeout": 25}
    back = stage.cluster("shop", **wish, rollback=True)
    assert back.result["failed"]
    assert "everything is as it was before" in back.message
    assert settings(server) == settings(replica) == ["tcp-keepalive", "71", "kept"]
    assert not stage.made("shop", catalog=[second]).result["changed"]

    failed = stage.cluster("shop", **wish)
    assert failed.result["failed"]
    assert f"eu-1, role redis-replica, {replica}: " in failed.message
    assert "sandbox.local/no:1" in failed.message
    assert [text.partition(":")[0] for text in failed.result["stages"]] == ["redis-server", "redis-replica"]
    assert settings(server) == ["tcp-keepalive", "72", "kept"]
    stage.made("shop", catalog=[second], upgrade=True)
    assert settings(server) == settings(replica) == ["tcp-keepalive", "71", "kept"]

    # a replica is made the first one by hand, and stays it
    runtime = yaml.safe_load((CATALOG / "redis" / "runtime.yaml").read_text())
    (hook,) = (role["hooks"]["promote"]["command"] for role in runtime["spec"]["roles"] if "hooks" in role)
    assert stage.run("eu-1", replica, "redis-cli set key new").startswith("READONLY")
    assert stage.run("eu-1", replica, shlex.join(hook)) == "OK"
    assert stage.run("eu-1", replica, "redis-cli set key new") == "OK"
    stage.replaced("eu-1", replica)
    assert stage.run("eu-1", replica, "redis-cli role | head -n 1; redis-cli get key").split() == ["master", "new"]
    stage.gone("shop")
    assert stage.claims("eu-1") == []


def test_mysql_keeps_its_rows(stage: Stage, tmp_path: Path) -> None:
    roles = [{"id": "mysql-server", **STORAGE2}]
    done = stage.made("db", app="mysql", members=["us-1"], roles=roles)
    pod = "db-mysql-server-0"
    client = 'mariadb --host=127.0.0.1 --user=app --password="$(cat /run/secrets/mysql-user/password)" --skip-column-names app'
    rows = f"{client} -e 'select sum(n) from t'"
    stage.run("us-1", pod, f"{client} -e 'create table t (n int); insert into t values (1), (2)'")
    assert stage.run("us-1", pod, rows) == "3"
    secret = stage.run("us-1", pod, "cat /run/secrets/mysql-user/password")
    assert secret
    assert secret not in json.dumps(done.result)
    assert secret not in done.output
    stage.replaced("us-1", pod)
    assert stage.run("us-1", pod, rows) == "3"
    without_kubelet(stage, "us-1", {pod: rows})
    stage.run("us-1", pod, f"{client} -e 'insert into t values (3)'")
    without_power(stage, "us-1", {pod: f"{rows} | grep ^6"})

    newer = edition(
        tmp_path,
        "mysql",
        ('version: "8.4"', 'version: "8.4.1"'),
        ("--character-set", "--wait-timeout=4321 --character-set"),
    )
    upgraded = stage.made("db", catalog=[newer], upgrade=True, parameters={"max_connections": 77})
    assert upgraded.result["instance"]["version"] == "8.4.1"
    assert stage.run("us-1", pod, f"{client} -e 'select @@max_connections, @@global.wait_timeout'").split() == [
        "77",
        "4321",
    ]
    assert stage.run("us-1", pod, rows) == "6"
    assert stage.run("us-1", pod, "cat /run/secrets/mysql-user/password") == secret

    stage.gone("db", retain=True)
    assert stage.claims("us-1") == ["p-db-mysql-server-0"]
    stage.made("db", app="mysql", members=["us-1"], roles=roles)
    assert stage.run("us-1", pod, rows) == "6"
    stage.gone("db", retain=False)
    assert stage.claims("us-1") == []


class Broker:
    """The queue ``orders`` of a RabbitMQ instance ``queue`` as its clients see it, by the management API of one of its pods."""

    def __init__(self, stage: Stage, member: str, pod: str) -> None:
        self.stage, self.member, self.pod = stage, member, pod

    def call(self, method: str, path: str, body: Any = None) -> Any:
        kube = self.stage.kube[self.member]
        found, secret = kube.get("v1", "Pod", self.pod, SPACE), kube.get("v1", "Secret", "queue-user", SPACE)
        assert found is not None
        assert secret is not None
        user = b":".join(b64decode(secret["data"][key]) for key in ("username", "password"))
        headers = {"Authorization": f"Basic {b64encode(user).decode()}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://{found['status']['podIP']}:15672/api/{path}", data, headers, method=method
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def declare(self, queue: str) -> None:
        self.call("PUT", f"queues/%2F/{queue}", {"durable": True})

    def publish(self, queue: str, text: str) -> None:
        """A persistent message; returns when the broker has confirmed it."""
        body = {"routing_key": queue, "payload": text, "payload_encoding": "string", "properties": {"delivery_mode": 2}}
        assert self.call("POST", "exchanges/%2F/amq.default/publish", body) == {"routed": True}

    def messages(self, queue: str) -> list[str]:
        """What is in a queue, which stays there; [] while nobody answers."""
        body = {"count": 10, "ackmode": "ack_requeue_true", "encoding": "auto"}
        try:
            return sorted(found["payload"] for found in self.call("POST", f"queues/%2F/{queue}/get", body))
        except OSError:
            return []


def test_rabbitmq_is_one_cluster_that_keeps_its_messages_and_forgets_who_leaves(stage: Stage) -> None:
    size = {"resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "250m", "memory": "512Mi"}}}
    roles = [{"id": "rabbitmq-node", "members": 1, **size}]
    stage.made("queue", app="rabbitmq", members=["us-1"], roles=roles)
    first, second = "queue-rabbitmq-node-0", "queue-rabbitmq-node-1"
    broker, other = Broker(stage, "us-1", first), Broker(stage, "us-1", second)

    def nodes() -> set[str]:
        said = stage.run("us-1", first, "rabbitmqctl --longnames --formatter=json cluster_status")
        return {name.partition("@")[2].partition(".")[0] for name in json.loads(said)["disk_nodes"]}

    broker.declare("orders")
    broker.publish("orders", "one")
    stage.replaced("us-1", first)
    assert broker.messages("orders") == ["one"]
    broker.publish("orders", "two")
    without_kubelet(stage, "us-1", {first: "echo there"})
    assert broker.messages("orders") == ["one", "two"]
    without_power(stage, "us-1", {first: "rabbitmq-diagnostics --longnames -q check_running >/dev/null && echo there"})
    until(lambda: broker.messages("orders") == ["one", "two"], "the messages after the power cut")

    stage.made("queue", roles=[{"id": "rabbitmq-node", "members": 2}])
    assert nodes() == {first, second}
    assert other.messages("orders") == ["one", "two"]
    # a queue that is on the node that is to go: nobody loses its message
    other.declare("late")
    other.publish("late", "three")
    fewer = {"roles": [{"id": "rabbitmq-node", "members": 1}]}
    refused = stage.cluster("queue", **fewer)
    assert refused.result["failed"]
    assert f"leave in {second} ended with exit code 1: messages of classic queues would be lost" in refused.message
    assert "late in / (1)" in refused.message
    assert other.messages("late") == ["three"]
    other.call("DELETE", "queues/%2F/late/contents")
    told = stage.made("queue", **fewer)
    assert f"leave in {second}" in told.output
    assert nodes() == {first}
    assert broker.messages("orders") == ["one", "two"]
    assert {queue["name"] for queue in broker.call("GET", "queues")} == {"orders", "late"}

    stage.gone("queue", retain=True)
    assert stage.claims("us-1") == [f"p-{first}"]
    stage.made("queue", app="rabbitmq", members=["us-1"], roles=roles)
    assert broker.messages("orders") == ["one", "two"]
    stage.gone("queue", retain=False)
    assert stage.claims("us-1") == []


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
