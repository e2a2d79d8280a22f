# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances of KubeDirector apps on real API servers: made, scaled, upgraded, removed; and everything that goes wrong with it."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest

from ansible_collections.multicluster.federation.tests.integration.killing import killed_run
from ansible_collections.multicluster.federation.tests.integration.proxy import Proxy
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation, Played

pytestmark = pytest.mark.integration

BROKER: dict[str, Any] = {
    "id": "broker",
    "cardinality": "1+",
    "imageRepoTag": "registry.example.com/broker:1",
    "persistDirs": ["/data"],
    "minResources": {"cpu": "100m", "memory": "64Mi"},
    "minStorage": {"size": "1Gi", "ephemeralModeSupported": True},
}
WORKER: dict[str, Any] = {
    "id": "worker",
    "cardinality": "0+",
    "imageRepoTag": "registry.example.com/worker:1",
    "minResources": {"cpu": "50m", "memory": "32Mi"},
}
APP: dict[str, Any] = {
    "apiVersion": "kubedirector.hpe.com/v1beta1",
    "kind": "KubeDirectorApp",
    "metadata": {"name": "orders"},
    "spec": {
        "label": {"name": "Orders"},
        "distroID": "example/orders",
        "version": "1.0",
        "configSchemaVersion": 8,
        "defaultConfigPackage": None,
        "services": [{"id": "broker", "endpoint": {"port": 5672, "urlScheme": "amqp"}}],
        "roles": [BROKER, WORKER],
        "config": {
            "selectedRoles": ["broker", "worker"],
            "roleServices": [{"roleID": "broker", "serviceIDs": ["broker"]}],
        },
    },
}
RUNTIME: dict[str, Any] = {
    "apiVersion": "multicluster.federation/v1",
    "kind": "AppRuntime",
    "metadata": {"name": "orders"},
    "spec": {
        "parameters": [{"name": "depth", "type": "integer", "default": 100, "minimum": 1}],
        "secrets": [{"id": "auth", "generate": {"password": 24}, "values": {"username": "orders"}}],
        "roles": [
            {
                "id": "broker",
                "seed": False,
                "files": [
                    {"path": "/etc/orders/orders.conf", "content": "depth=@{param:depth}\npeers=@{pods:broker}\n"}
                ],
                "secrets": {"auth": "/etc/orders/secret"},
            },
            {
                "id": "worker",
                "after": ["broker"],
                "container": {"env": [{"name": "BROKER", "value": "@{service:broker}"}]},
            },
        ],
    },
}


#: a run that writes more than this has a fault of another sort
MOST = 80


def catalog(
    federation: Federation,
    name: str = "catalog",
    app: dict[str, Any] | None = None,
    runtime: dict[str, Any] | None = None,
) -> str:
    """A catalog of the user's own with one app in it."""
    folder = federation.player.folder / name / "orders"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.json").write_text(json.dumps(app or APP))
    (folder / "runtime.json").write_text(json.dumps(runtime or RUNTIME))
    return str(folder.parent)


def with_defaults(federation: Federation, options: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "queue",
        "namespace": federation.namespace,
        "catalog": [str(federation.player.folder / "catalog")],
        "wait_timeout": 60,
        **options,
    }


def cluster(federation: Federation, *arguments: str, **options: Any) -> Played:
    options = with_defaults(federation, options)
    return federation.player.task("kubedirector_cluster", options, *arguments, inventory=federation.inventory)


def made(federation: Federation, **options: Any) -> Played:
    catalog(federation)
    done = cluster(federation, app="orders", **{"members": ["eu-1"], **options})
    assert not done.result["failed"], done.message
    return done


def info(federation: Federation) -> list[dict[str, Any]]:
    found = federation.player.task(
        "kubedirector_info", {"namespace": federation.namespace}, inventory=federation.inventory
    )
    assert not found.result["failed"], found.message
    return list(found.result["instances"])


def password(federation: Federation, member: str = "eu-1", name: str = "queue-auth") -> str:
    secret = federation.kube[member].get("v1", "Secret", name, federation.namespace)
    assert secret is not None
    assert base64.b64decode(secret["data"]["username"]).decode() == "orders"
    return base64.b64decode(secret["data"]["password"]).decode()


def stateful_set(federation: Federation, role: str, member: str = "eu-1") -> dict[str, Any]:
    found = federation.kube[member].get("apps/v1", "StatefulSet", f"queue-{role}", federation.namespace)
    assert found is not None
    return found


def claims(federation: Federation, member: str = "eu-1") -> list[str]:
    return federation.kube[member].names("v1", "PersistentVolumeClaim", federation.namespace)


def test_from_nothing_to_ready_scaled_and_gone(federation: Federation) -> None:
    done = made(
        federation, roles=[{"id": "broker", "members": 2, "storage": {"size": "1Gi"}}, {"id": "worker", "members": 1}]
    )
    assert f"{federation.namespace}/queue on eu-1 (ready)" in done.message
    assert [stage.partition(":")[0] for stage in done.result["stages"]] == ["broker", "worker"]
    assert done.result["instance"]["addresses"] == {"broker": f"queue-broker.{federation.namespace}.svc.cluster.local"}
    secret = password(federation)
    assert len(secret) == 24
    assert secret not in done.output
    broker = stateful_set(federation, "broker")
    assert broker["status"]["readyReplicas"] == 2
    worker = stateful_set(federation, "worker")["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "BROKER", "value": f"queue-broker.{federation.namespace}.svc.cluster.local"} in worker["env"]
    files = federation.kube["eu-1"].get("v1", "ConfigMap", "queue-broker-files", federation.namespace)
    assert files is not None
    assert "depth=100" in files["data"]["etc_orders_orders.conf"]

    versions = federation.versions()
    again = cluster(federation)
    assert not again.result["changed"], again.message
    assert federation.versions() == versions
    assert password(federation) == secret

    before = stateful_set(federation, "worker")["metadata"]["generation"]
    grown = cluster(federation, roles=[{"id": "broker", "members": 3}])
    assert not grown.result["failed"], grown.message
    assert stateful_set(federation, "broker")["status"]["readyReplicas"] == 3
    assert stateful_set(federation, "worker")["metadata"]["generation"] == before
    assert len(claims(federation)) == 3
    (entry,) = info(federation)
    assert (entry["state"], entry["app"], entry["version"], entry["member"]) == ("ready", "orders", "1.0", "eu-1")
    assert entry["secrets"] == ["queue-auth"]
    assert [pod["name"] for pod in entry["roles"]["broker"]["pods"]] == [f"queue-broker-{n}" for n in range(3)]

    shrunk = cluster(federation, roles=[{"id": "broker", "members": 1}, {"id": "worker", "members": 0}])
    assert not shrunk.result["failed"], shrunk.message
    assert until(lambda: claims(federation) == ["p-queue-broker-0"], "one volume is left")
    assert federation.kube["eu-1"].get("apps/v1", "StatefulSet", "queue-worker", federation.namespace) is None
    assert password(federation) == secret

    gone = cluster(federation, state="absent")
    assert not gone.result["failed"], gone.message
    assert claims(federation) == []
    assert info(federation) == []
    assert not cluster(federation, state="absent").result["changed"]


@pytest.mark.long
def test_check_mode_and_diff_show_it_and_write_nothing(federation: Federation) -> None:
    catalog(federation)
    versions = federation.versions()
    planned = cluster(federation, "--check", "--diff", app="orders", members=["eu-1"])
    assert planned.result["changed"], planned.message
    assert federation.versions() == versions
    made(federation)
    versions = federation.versions()
    planned = cluster(federation, "--check", "--diff", roles=[{"id": "broker", "members": 2}])
    assert planned.result["changed"]
    assert "replicas" in planned.output
    assert federation.versions() == versions


def test_volumes_are_kept_and_taken_up_again(federation: Federation) -> None:
    role = {"id": "broker", "members": 2, "storage": {"size": "1Gi"}}
    made(federation, roles=[role])
    uids = {name: _uid(federation, name) for name in claims(federation)}
    kept = cluster(federation, state="absent", retain=True)
    assert not kept.result["failed"], kept.message
    assert {name: _uid(federation, name) for name in claims(federation)} == uids
    assert [entry["state"] for entry in info(federation)] == ["retained"]
    back = made(federation, roles=[role])
    assert "(ready)" in back.message
    assert {name: _uid(federation, name) for name in claims(federation)} == uids
    # made without retain, so that these volumes go with it now
    assert not cluster(federation, state="absent").result["failed"]
    assert until(lambda: claims(federation) == [], "the volumes are gone")


def _uid(federation: Federation, claim: str) -> str:
    found = federation.kube["eu-1"].get("v1", "PersistentVolumeClaim", claim, federation.namespace)
    return str(found["metadata"]["uid"]) if found is not None else ""


def test_an_upgrade_is_asked_for_and_goes_role_by_role_or_back(federation: Federation) -> None:
    made(federation, roles=[{"id": "worker", "members": 1}])
    secret = password(federation)
    newer = copy.deepcopy(APP)
    newer["spec"]["version"] = "1.1"
    for role in newer["spec"]["roles"]:
        role["imageRepoTag"] = role["imageRepoTag"].replace(":1", ":2")
    catalog(federation, app=newer)
    told = cluster(federation)
    assert not told.result["changed"]
    assert "orders has changed" in told.output
    assert "1.0 -> 1.1" in told.output
    done = cluster(federation, upgrade=True)
    assert [stage.partition(":")[0] for stage in done.result["stages"]] == ["broker", "worker"]
    assert _images(federation) == {"broker": "2", "worker": "2"}
    assert password(federation) == secret

    broken = copy.deepcopy(RUNTIME)
    broken["spec"]["roles"][0]["pod"] = {"nodeSelector": {"disk": "none"}}
    for role in newer["spec"]["roles"]:
        role["imageRepoTag"] = role["imageRepoTag"].replace(":2", ":3")
    catalog(federation, app=newer, runtime=broken)
    failed = cluster(federation, upgrade=True, rollback=True, wait_timeout=5)
    assert failed.result["failed"]
    assert "role broker, queue-broker-0: no node takes it" in failed.message
    assert "everything is as it was before" in failed.message
    assert _images(federation) == {"broker": "2", "worker": "2"}
    assert until(lambda: [entry["state"] for entry in info(federation)] == ["ready"], "it is ready again")


def _images(federation: Federation) -> dict[str, str]:
    return {
        role: stateful_set(federation, role)["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
        for role in ("broker", "worker")
    }


@pytest.mark.long
def test_one_home_or_an_instance_on_each(federation: Federation) -> None:
    catalog(federation)
    one = cluster(federation, app="orders")
    assert len(one.result["instance"]["placed"]) == 1
    home = one.result["instance"]["placed"]
    assert cluster(federation).result["instance"]["placed"] == home
    each = cluster(federation, name="local", app="orders", instances="each")
    assert each.result["instance"]["placed"] == list(MEMBERS)
    assert len({password(federation, member, "local-auth") for member in MEMBERS}) == 3
    assert sorted((entry["name"], entry["member"]) for entry in info(federation)) == sorted(
        [("local", member) for member in MEMBERS] + [("queue", home[0])]
    )


@pytest.mark.long
def test_connection_details_follow_on_request(federation: Federation) -> None:
    done = made(federation, connect=["us-1"])
    kube, space = federation.kube["us-1"], federation.namespace
    details = kube.get("v1", "ConfigMap", "queue-connection", space)
    assert details is not None
    assert details["data"]["broker.amqp-broker"] == f"queue-broker.{space}.svc.cluster.local:5672"
    assert details["data"]["member"] == "eu-1"
    assert password(federation, "us-1") == password(federation)
    assert password(federation) not in done.output
    assert "the address of queue-broker is known inside of eu-1 only" in done.output
    assert federation.kube["eu-2"].get("v1", "Secret", "queue-auth", space) is None
    assert not cluster(federation).result["changed"]
    moved = cluster(federation, connect=["eu-2"])
    assert not moved.result["failed"], moved.message
    assert kube.get("v1", "Secret", "queue-auth", space) is None
    assert password(federation, "eu-2") == password(federation)
    refused = cluster(federation, connect=["eu-1"])
    assert "connect names eu-1, where queue runs" in refused.message
    assert not cluster(federation, state="absent").result["failed"]
    assert federation.kube["eu-2"].get("v1", "Secret", "queue-auth", space) is None


def test_a_lost_home_is_left_only_where_data_may_be_left_behind(federation: Federation) -> None:
    storage = {"storage": {"size": "1Gi"}}
    kept = made(federation, name="kept", members=["us-1", "eu-2"], roles=[{"id": "broker", **storage}])
    free = made(federation, name="free", members=["us-1", "eu-2"], roles=[{"id": "broker", **storage}], data="none")
    (home,) = kept.result["instance"]["placed"]
    assert free.result["instance"]["placed"] == [home]
    (other,) = {"us-1", "eu-2"} - {home}
    old = password(federation, home, "free-auth")
    federation.sandbox.kill(home, "kube-apiserver")
    try:
        declared = _on(federation, "cluster", home, lost=True, fenced=True)
        assert not declared.result["failed"], declared.message
        moved = federation.player.task("failover", {"wait": True, "wait_timeout": 60}, inventory=federation.inventory)
        assert not moved.result["failed"], moved.message
        assert federation.kube[other].get("apps/v1", "StatefulSet", "free-broker", federation.namespace) is not None
        assert federation.kube[other].get("apps/v1", "StatefulSet", "kept-broker", federation.namespace) is None
        assert "failover: never" in moved.output
        assert password(federation, other, "free-auth") not in ("", old)
    finally:
        federation.sandbox.mend()
    back = _on(federation, "failback", home, wait=True, wait_timeout=60)
    assert not back.result["failed"], back.message
    assert federation.kube[home].get("apps/v1", "StatefulSet", "free-broker", federation.namespace) is None
    assert federation.kube[home].get("apps/v1", "StatefulSet", "kept-broker", federation.namespace) is not None


def _on(federation: Federation, module: str, member: str, **options: Any) -> Played:
    return federation.player.task(module, options, "--limit", member, inventory=federation.inventory)


def test_a_member_that_cannot_take_it_is_not_chosen(federation: Federation) -> None:
    catalog(federation)
    done = cluster(
        federation, app="orders", roles=[{"id": "broker", "members": 1, "resources": {"cpu": "64", "memory": "64Mi"}}]
    )
    assert done.result["failed"]
    assert "too small: role broker needs 1 pods, and 0 fit (no node has enough free cpu)" in done.message
    assert info(federation) == []
    storage = {"size": "1Gi", "storageClassName": "fast"}
    done = cluster(federation, app="orders", roles=[{"id": "broker", "storage": storage}])
    assert done.result["failed"]
    assert "there is no StorageClass 'fast' on the member; there are standard" in done.message


BAD: list[tuple[dict[str, Any], str]] = [
    ({"app": "ordres"}, "there is no app 'ordres'"),
    ({}, "instance queue does not exist yet: say which app it is to run"),
    (
        {"app": "orders", "roles": [{"id": "brokers"}]},
        "roles[0].id: app orders has no role 'brokers'; there are broker, worker",
    ),
    (
        {"app": "orders", "roles": [{"id": "broker", "members": 0}]},
        "cannot have 0 (its cardinality is 1+): ask for 1 or more",
    ),
    ({"app": "orders", "parameters": {"deepth": 3}}, "parameters.deepth: is unknown; there are depth"),
    ({"app": "orders", "parameters": {"depth": 0}}, "parameters.depth: must be 1 or more, not 0"),
    ({"app": "orders", "images": {"x": "y"}}, "images.x: the app has no such role"),
    ({"app": "orders", "failover": "automatic"}, "would move to another member without its data"),
    ({"app": "orders", "members": ["eu-9"]}, "placement names eu-9, which the fleet does not have"),
    (
        {"app": "orders", "name": "a-name-that-is-very-much-too-long-for-a-stateful-set"},
        "which has 59 letters where 52 are the most: give the instance a shorter name",
    ),
    ({"app": "orders", "name": "1st"}, "must start with a letter"),
    ({"app": "orders", "catalog": ["nowhere"]}, "the catalog"),
    ({"state": "absent", "app": "orders"}, "app does not go with state: absent"),
    (
        {"app": "orders", "definition": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {}}},
        "app does not go with src or definition",
    ),
    (
        {"definition": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"app": "orders"}}},
        "apiVersion: must be kubedirector.hpe.com/v1beta1, not 'v1'",
    ),
]


def test_bad_input_is_one_clear_message(federation: Federation) -> None:
    catalog(federation)
    versions = federation.versions()
    several = [with_defaults(federation, options) for options, _message in BAD]
    runs = federation.player.tasks("kubedirector_cluster", several, inventory=federation.inventory)
    for (options, message), refused in zip(BAD, runs, strict=True):
        assert refused.result["failed"], options
        assert message in refused.message
    assert "Traceback" not in runs[0].output
    assert info(federation) == []
    assert federation.versions() == versions


def test_changes_that_would_lose_data_are_refused(federation: Federation) -> None:
    made(federation, roles=[{"id": "broker", "storage": {"size": "1Gi"}}])
    refused = cluster(federation, roles=[{"id": "broker", "storage": {"size": "2Gi"}}])
    assert refused.result["failed"]
    assert "storage: of role broker cannot change while it has members (it is 1Gi)" in refused.message
    other = copy.deepcopy(APP)
    other["metadata"]["name"] = "other"
    catalog(federation, "more", other, {**RUNTIME, "metadata": {"name": "other"}})
    refused = cluster(federation, app="other", catalog=[str(federation.player.folder / "more")])
    assert "app: is read-only: it runs 'orders' and cannot become 'other'" in refused.message


@pytest.mark.long
def test_two_instances_whose_objects_would_have_one_name(federation: Federation) -> None:
    made(federation)
    federation.kube["eu-1"].create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine-kubedirector"}, "data": {"a": "b"}},
        federation.namespace,
    )
    refused = cluster(federation, name="mine", app="orders", members=["eu-1"], wait=False)
    assert refused.result["failed"]
    assert "ConfigMap" in refused.message
    assert "it exists already and belongs to something else" in refused.message
    assert cluster(federation).result["changed"] is False


def test_the_short_form_and_manifests(federation: Federation) -> None:
    catalog(federation)
    short = {
        "apiVersion": "director.kubedirector.io/v1",
        "kind": "KubeDirectorApp",
        "metadata": {"name": "orders-app"},
        "spec": {
            "app": "orders",
            "appCatalog": "local",
            "roles": [{"id": "broker", "count": 1, "resources": {"cpu": "0.5", "memory": "1Gi"}}],
        },
    }
    done = cluster(federation, name="orders-app", definition=short, members=["us-1"])
    assert not done.result["failed"], done.message
    path = federation.player.folder / "cluster.yaml"
    long = {
        "apiVersion": "kubedirector.hpe.com/v1beta1",
        "kind": "KubeDirectorCluster",
        "metadata": {"name": "queue"},
        "spec": {
            "app": "orders",
            "roles": [
                {
                    "id": "broker",
                    "members": 1,
                    "resources": {
                        "requests": {"cpu": "100m", "memory": "64Mi"},
                        "limits": {"cpu": "200m", "memory": "128Mi"},
                    },
                }
            ],
        },
    }
    path.write_text(json.dumps(long))
    done = cluster(federation, src=str(path), members=["us-1"])
    assert not done.result["failed"], done.message
    assert cluster(federation, src=str(path), members=["us-1"]).result["changed"] is False


@pytest.mark.long
def test_apps_are_registered_and_cannot_be_taken_from_those_who_use_them(federation: Federation) -> None:
    folder = catalog(federation)

    def app(**options: Any) -> Played:
        options = {"name": "orders", "namespace": f"{federation.name}-kd", "catalog": [folder], **options}
        return federation.player.task("kubedirector_app", options, inventory=federation.inventory)

    assert not app().result["failed"]
    done = federation.player.task(
        "kubedirector_cluster",
        {"name": "queue", "namespace": federation.namespace, "app": "orders", "members": ["eu-2"]},
        inventory=federation.inventory,
    )
    assert not done.result["failed"], done.message
    used = f"{federation.namespace}/queue (on eu-2)"
    refused = app(state="absent", catalog=[])
    assert f"cannot be removed while instances use it: {used}" in refused.message
    newer = copy.deepcopy(APP)
    newer["spec"]["version"] = "2"
    catalog(federation, app=newer)
    refused = app()
    assert f"cannot be changed while instances use it: {used}" in refused.message
    catalog(federation)
    assert app().result["changed"] is False
    listed = federation.player.task("kubedirector_info", {"apps": True}, inventory=federation.inventory).result["apps"]
    (entry,) = [entry for entry in listed if entry["name"] == "orders"]
    assert entry["used_by"] == [used]
    assert entry["members"] == list(MEMBERS)
    assert not cluster(federation, state="absent", catalog=[]).result["failed"]
    assert not app(state="absent", catalog=[]).result["failed"]


def test_killed_at_a_write_it_converges(proxied: Federation, proxy: Proxy) -> None:
    """A sample: a Secret half made, a StatefulSet whose answer is lost, a second role on its way."""
    for number, lose_answer in ((3, True), (8, False), (12, True)):
        assert killed_and_again(proxied, proxy, number, lose_answer)


@pytest.mark.long
@pytest.mark.timeout(3 * 3600)
@pytest.mark.parametrize("lose_answer", [False, True])
def test_killed_at_every_write_it_converges(proxied: Federation, proxy: Proxy, lose_answer: bool) -> None:
    kills = 0
    for number in range(1, MOST):
        if not killed_and_again(proxied, proxy, number, lose_answer):
            break
        kills += 1
    assert 10 < kills < MOST - 1


def killed_and_again(federation: Federation, proxy: Proxy, number: int, lose_answer: bool) -> bool:
    """An instance is made by a run that is killed at one write, then by another; returns whether it was killed. Nothing is left."""
    catalog(federation)
    wish: dict[str, Any] = {
        "name": "queue",
        "namespace": federation.namespace,
        "app": "orders",
        "catalog": [str(federation.player.folder / "catalog")],
        "members": ["eu-1"],
        "roles": [{"id": "broker", "storage": {"size": "1Gi"}}, {"id": "worker", "members": 1}],
        "wait_timeout": 60,
        "lock_timeout": 10,
    }
    sprung = killed_run(federation, proxy, "kubedirector_cluster", wish, lambda n, _r, _s: n == number, lose_answer)
    before = _values(federation)
    done = cluster(federation, **wish)
    assert not done.result["failed"], f"killed at {sprung}: {done.message}"
    assert before in (None, _values(federation)), f"killed at {sprung}: the password changed"
    assert len(password(federation)) == 24
    again = cluster(federation, **wish)
    assert again.result["changed"] is False, f"killed at {sprung}: {again.message}"
    assert not cluster(federation, state="absent").result["failed"]
    assert claims(federation) == []
    return sprung is not None


def _values(federation: Federation) -> dict[str, str] | None:
    secret = federation.kube["eu-1"].get("v1", "Secret", "queue-auth", federation.namespace)
    return dict(secret["data"]) if secret is not None else None
