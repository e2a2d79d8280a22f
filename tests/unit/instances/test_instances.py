# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How instances stand, and the way of a change through the roles: pure functions over plain objects."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.instances import naming, retention, rollout
from ansible_collections.multicluster.federation.plugins.module_utils.instances.status import (
    Heard,
    Objects,
    by_instance,
    pod_status,
    status_of,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.definition import parse_definition
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import (
    Instance,
    build_instance,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.render import render
from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Fleet
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.resource import Resource
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.member import Options

CLUSTER, ROLE = "kubedirector.hpe.com/kdcluster", "kubedirector.hpe.com/role"


def instance(first: int = 2, second: int = 1) -> Instance:
    roles = [{"id": name, "cardinality": "0+", "imageRepoTag": f"{name}:1"} for name in ("first", "second")]
    app = {
        "apiVersion": "kubedirector.hpe.com/v1beta1",
        "kind": "KubeDirectorApp",
        "metadata": {"name": "app"},
        "spec": {
            "label": {"name": "App"},
            "distroID": "x",
            "version": "1",
            "configSchemaVersion": 8,
            "defaultConfigPackage": None,
            "services": [],
            "roles": roles,
            "config": {"selectedRoles": ["first", "second"], "roleServices": []},
        },
    }
    runtime = {
        "apiVersion": "multicluster.federation/v1",
        "kind": "AppRuntime",
        "metadata": {"name": "app"},
        "spec": {"roles": [{"id": "first"}, {"id": "second", "after": ["first"]}]},
    }
    size = {"limits": {"cpu": "1", "memory": "1Gi"}}
    manifest = {
        "apiVersion": "kubedirector.hpe.com/v1beta1",
        "kind": "KubeDirectorCluster",
        "metadata": {"name": "one", "namespace": "space"},
        "spec": {
            "app": "app",
            "roles": [
                {"id": "first", "members": first, "resources": size},
                {"id": "second", "members": second, "resources": size},
            ],
        },
    }
    return build_instance(manifest, parse_definition([app, runtime], "here"), {})


def pod(name: str, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "space", "labels": {CLUSTER: "one", ROLE: "first"}},
        "spec": {},
        "status": status,
    }


def stateful_set(ready: int, desired: int = 2, **status: Any) -> dict[str, Any]:
    found = {"replicas": desired, "readyReplicas": ready, "updatedReplicas": desired, "observedGeneration": 1, **status}
    template = {"spec": {"containers": [{"image": "first:1"}]}}
    return {
        "metadata": {
            "name": "one-first",
            "namespace": "space",
            "generation": 1,
            "labels": {CLUSTER: "one", ROLE: "first"},
        },
        "spec": {"replicas": desired, "template": template},
        "status": found,
    }


READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


@pytest.mark.parametrize(
    ("status", "problem", "final"),
    [
        (READY, "", False),
        ({"phase": "Pending"}, "it is being started", False),
        (
            {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]},
            "it runs, and is not ready yet",
            False,
        ),
        (
            {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]},
            "no node takes it: 0/3 nodes are available",
            True,
        ),
        (
            {"containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}]},
            "ErrImagePull: not found",
            True,
        ),
        (
            {"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]},
            "it is being started",
            False,
        ),
        (
            {
                "containerStatuses": [
                    {
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}},
                        "restartCount": 4,
                    }
                ]
            },
            "CrashLoopBackOff (ended with exit code 3, Error)",
            True,
        ),
        (
            {"initContainerStatuses": [{"state": {"terminated": {"exitCode": 2}}}]},
            "ended with exit code 2, Error",
            True,
        ),
        ({"phase": "Failed", "message": "The node was low on memory"}, "The node was low on memory", True),
    ],
)
def test_why_a_pod_is_not_ready(status: dict[str, Any], problem: str, final: bool) -> None:
    found = pod_status(pod("one-first-0", **status), {"one-first-0": Heard(("a line",))})
    assert (found.problem, found.final, found.ready) == (problem, final, not problem)
    assert found.log == (("a line",) if problem else ())


def _running(changed: str) -> dict[str, Any]:
    """A pod that runs since 12:00 and is not ready; ``changed`` is when it became so."""
    return {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": f"2026-01-01T{changed}Z"}],
        "containerStatuses": [{"state": {"running": {"startedAt": "2026-01-01T12:00:00Z"}}}],
    }


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (_running("11:59:58"), "it runs, and is not ready yet: disk full"),
        (_running("12:00:00"), "it runs, and is not ready yet: disk full"),
        (_running("12:30:00"), "it runs, and is no longer ready: disk full"),
        ({"phase": "Pending"}, "it is being started: disk full"),
        ({"containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull"}}}]}, "ErrImagePull"),
        (READY, ""),
    ],
)
def test_the_newest_warning_is_the_reason_where_there_is_no_better_one(status: dict[str, Any], problem: str) -> None:
    assert pod_status(pod("one-first-0", **status), {"one-first-0": Heard(warning="disk full")}).problem == problem


def test_an_instance_whose_only_pod_is_no_longer_ready_is_not_being_created() -> None:
    found = Objects(sets=[stateful_set(0, 1)], pods=[pod("one-first-0", **_running("12:30:00"))], stored={})
    assert status_of(found, ["first"])["state"] == "degraded"


def test_a_pod_on_its_way_out_is_not_ready() -> None:
    going = pod("one-first-0", **READY)
    going["metadata"]["deletionTimestamp"] = "now"
    assert pod_status(going, {}).problem == "is being removed"


@pytest.mark.parametrize(
    ("objects", "state"),
    [
        (Objects(sets=[stateful_set(2)], stored={}), "ready"),
        (Objects(sets=[stateful_set(1)], stored={}), "creating"),
        (Objects(sets=[stateful_set(1)], pods=[pod("one-first-0", **READY)], stored={}), "degraded"),
        (Objects(sets=[stateful_set(1, currentRevision="a", updateRevision="b")], stored={}), "updating"),
        (Objects(sets=[stateful_set(2, observedGeneration=0)], stored={}), "creating"),
        (Objects(sets=[stateful_set(1)], pods=[pod("one-first-0", phase="Failed")], stored={}), "failed"),
        (Objects(stored={}), "creating"),
        (Objects(pods=[pod("one-first-0")]), "going"),
        (Objects(claims=[{"metadata": {"name": "p-one-first-0"}, "spec": {}}]), "retained"),
        (Objects(), "unknown"),
    ],
)
def test_the_state_of_an_instance(objects: Objects, state: str) -> None:
    assert status_of(objects, ["first"])["state"] == state


def test_a_role_that_is_not_there_is_a_problem() -> None:
    found = status_of(Objects(sets=[stateful_set(2)], stored={}), ["first", "second"])
    assert found["state"] == "creating"
    assert found["problems"] == ["role second: its StatefulSet is not there"]


def test_objects_are_sorted_by_instance() -> None:
    other = {"metadata": {"name": "x", "namespace": "space", "labels": {}}}
    found = by_instance({"sets": [stateful_set(1), other], "pods": [pod("one-first-0")], "stored": []})
    assert list(found) == [("space", "one")]
    assert len(found["space", "one"].sets) == 1


def test_endpoints_are_those_of_clients() -> None:
    headless = {
        "metadata": {"name": "one-pods", "namespace": "space"},
        "spec": {"clusterIP": "None", "ports": [{"port": 1}]},
    }
    outside = {
        "metadata": {"name": "one-first", "namespace": "space", "labels": {ROLE: "first"}},
        "spec": {"type": "LoadBalancer", "ports": [{"name": "a", "port": 80, "nodePort": 30080}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    }
    (found,) = status_of(Objects(services=[outside, headless]), [])["endpoints"]
    assert (found["host"], found["port"], found["external"]) == ("one-first.space.svc", 80, ["192.0.2.1"])


# what stays with volumes


def test_generated_secrets_stay_where_there_are_volumes() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "one-user", "labels": {"multicluster.federation/part": "credentials"}},
    }
    keys = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one-first-keys"}}
    claims = {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "p"}}]}}
    stores = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "one-first"}, **claims}
    with_volumes = Resource("kd", (secret, keys, stores), namespace="space")
    assert [str(name) for name in retention.credentials(with_volumes)] == ["Secret space/one-user"]
    assert retention.credentials(Resource("kd", (secret, keys))) == frozenset()


# a change, role by role


def _names(stage: rollout.Stage) -> list[str]:
    return sorted(f"{m['kind']} {m['metadata']['name']}" for m in stage.manifests)


def test_a_new_instance_comes_up_role_by_role() -> None:
    found = rollout.stages(render(instance()), [], ("first", "second"))
    assert [stage.role for stage in found] == ["first", "second"]
    assert "StatefulSet one-second" not in _names(found[0])
    assert "StatefulSet one-first" in _names(found[0])
    assert _names(found[1]) == _names(rollout.Stage("", tuple(render(instance()))))


def test_what_does_not_change_has_no_stage() -> None:
    old, new = render(instance()), render(instance(3, 1))
    assert [stage.role for stage in rollout.stages(new, old, ("first", "second"))] == ["first"]
    assert [stage.role for stage in rollout.stages(new, new, ("first", "second"))] == [""]


def test_a_later_role_stays_as_it_is_and_what_goes_goes_last() -> None:
    old, new = render(instance(2, 2)), render(instance(3, 3))
    first, last = rollout.stages(new, old, ("first", "second"))
    kept = next(m for m in first.manifests if m["metadata"]["name"] == "one-second")
    assert kept["spec"]["replicas"] == 2
    assert {m["metadata"]["name"] for m in last.manifests} == {m["metadata"]["name"] for m in new}
    # which may be broken, and must not keep the first one from being mended
    assert "StatefulSet space/one-second" in [str(name) for name in first.later]
    assert "StatefulSet space/one-first" not in [str(name) for name in first.later]
    assert last.later == frozenset()
    removed = rollout.stages(render(instance(3, 0)), old, ("first", "second"))
    assert [stage.role for stage in removed] == ["first"]
    assert "StatefulSet one-second" not in _names(removed[-1])


def _rolled(results: list[dict[str, Any]], **options: Any) -> tuple[dict[str, Any], int]:
    answers = itertools.chain(results, itertools.repeat({"changed": True, "failed": False, "msg": "back"}))
    calls = []

    def run(_fleet: Fleet, resources: Any, _options: Options) -> dict[str, Any]:
        calls.append(resources)
        return dict(next(answers))

    resource = Resource("kd", tuple(render(instance(3, 3))))
    old = Resource("kd", tuple(render(instance(2, 2))))
    fleet = Fleet("f", {}, frozenset())
    done = rollout.roll_out(fleet, resource, old, ("first", "second"), Options(wait=True), run=run, **options)
    return done, len(calls)


FINE = {"changed": True, "failed": False, "msg": "1 changed"}
BAD = {"changed": True, "failed": True, "msg": "not healthy"}


def test_it_stops_at_the_first_role_that_fails_and_goes_back_if_asked() -> None:
    done, calls = _rolled([FINE, FINE])
    assert (done["failed"], done["changed"], calls) == (False, True, 2)
    done, calls = _rolled([BAD])
    assert (done["failed"], calls) == (True, 1)
    assert done["stages"] == ["first: not healthy"]
    done, calls = _rolled([BAD], back=True)
    assert (done["failed"], calls) == (True, 2)
    assert done["msg"] == "not healthy; everything is as it was before"


def test_what_must_not_be_applied_is_not() -> None:
    done, calls = _rolled([FINE], before=lambda manifests: "no")
    assert (done["failed"], done["msg"], calls) == (True, "no", 0)


# names


def test_names_of_resources() -> None:
    assert naming.instance_resource("shop", "cache") == "kd--shop--cache"
    long = naming.instance_resource("a" * 40, "b" * 40)
    assert len(long) in (53, 54)
    assert long != naming.instance_resource("a" * 40, "b" * 39 + "c")
    assert naming.is_instance(long)
    assert naming.app_resource("redis") == "kdapp--redis"
    with pytest.raises(ConfigError, match="use lower-case letters"):
        naming.instance_resource("shop", "Cache")
