# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is run in pods follows from how they stand and what their journals say: pure functions over plain objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.command import Ran
from ansible_collections.multicluster.federation.plugins.module_utils.instances import events
from ansible_collections.multicluster.federation.plugins.module_utils.instances.events import Scene
from ansible_collections.multicluster.federation.plugins.module_utils.instances.inside import Outcome, read_outcome
from ansible_collections.multicluster.federation.plugins.module_utils.instances.journal import (
    DONE,
    FAILED,
    STARTED,
    Entry,
    Journal,
    problem_of,
    read_journal,
)
from ansible_collections.multicluster.federation.plugins.module_utils.instances.status import Objects, status_of
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.definition import parse_definition
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import (
    Instance,
    build_instance,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.render import render
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.setup import write_command
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.runtime import HOOKS
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError, MemberError

CLUSTER, ROLE = "kubedirector.hpe.com/kdcluster", "kubedirector.hpe.com/role"
HOOKS_AT = "multicluster.federation/hooks"
DOMAIN = "one-pods.space.svc.cluster.local"
PACKAGE = {"packageURL": "http://packages/x.tgz"}
ALL = {name: {"command": [name]} for name in HOOKS}


def definition(hooks: Mapping[str, Any], package: Mapping[str, Any] | None = None, **role: Any) -> list[dict[str, Any]]:
    """An app with roles ``first``, which has hooks, and ``second``, which may have a setup package."""
    first = {"id": "first", "cardinality": "0+", "imageRepoTag": "x:1"}
    app = {
        "apiVersion": "kubedirector.hpe.com/v1beta1",
        "kind": "KubeDirectorApp",
        "metadata": {"name": "app"},
        "spec": {
            "label": {"name": "App"},
            "distroID": "x",
            "version": "1",
            "configSchemaVersion": 8,
            "services": [],
            "roles": [
                {**first, "configPackage": None},
                {**first, "id": "second", "configPackage": package, **role},
            ],
            "config": {"selectedRoles": ["first", "second"], "roleServices": []},
        },
    }
    runtime = {
        "apiVersion": "multicluster.federation/v1",
        "kind": "AppRuntime",
        "metadata": {"name": "app"},
        "spec": {"roles": [{"id": "first", "hooks": dict(hooks)}, {"id": "second", "after": ["first"]}]},
    }
    return [app, runtime]


def instance(
    first: int = 2,
    second: int = 0,
    hooks: Mapping[str, Any] = ALL,
    package: Mapping[str, Any] | None = None,
    **role: Any,
) -> Instance:
    size = {"limits": {"cpu": "1", "memory": "1Gi"}}
    counts = (("first", first), ("second", second))
    manifest = {
        "apiVersion": "kubedirector.hpe.com/v1beta1",
        "kind": "KubeDirectorCluster",
        "metadata": {"name": "one", "namespace": "space"},
        "spec": {"app": "app", "roles": [{"id": n, "members": count, "resources": size} for n, count in counts]},
    }
    return build_instance(manifest, parse_definition(definition(hooks, package, **role), "here"), {})


def stateful_set(role: str, count: int, **status: Any) -> dict[str, Any]:
    metadata = {"name": f"one-{role}", "generation": 1, "labels": {CLUSTER: "one", ROLE: role}}
    return {
        "metadata": metadata,
        "spec": {"replicas": count, "template": {"spec": {"containers": [{}]}}},
        "status": {"observedGeneration": 1, "updateRevision": "r", **status},
    }


def pod(
    role: str, number: int, journal: Journal | None = None, container: str = "c1", **metadata: Any
) -> dict[str, Any]:
    """A pod that runs; with a container "" one that does not."""
    name = f"one-{role}-{number}"
    labels = {CLUSTER: "one", ROLE: role, "controller-revision-hash": "r"}
    state = {"running": {}} if container else {"waiting": {}}
    body: dict[str, Any] = {
        "metadata": {"name": name, "namespace": "space", "uid": f"u-{name}", "labels": labels, **metadata},
        "spec": {},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "app", "containerID": f"containerd://{container}", "state": state}],
        },
    }
    if journal is not None:
        body["metadata"]["annotations"] = {HOOKS_AT: journal.dump()}
    return body


def told(connections: str = "", container: str = "c1", **counts: int) -> Journal:
    """The journal of a pod that was configured, and knows of so many pods of each role."""
    entry = Entry(DONE, 1, container, told={"first": 0, "second": 0, **counts}, connections=connections)
    return Journal().with_entry("configure", entry)


def seen(*pods: dict[str, Any], connections: str = "", **counts: int) -> Scene:
    return events.scene([stateful_set(role, count) for role, count in counts.items()], pods, connections)


def said(calls: list[events.Call]) -> list[str]:
    return [f"{call} {' '.join(call.command.words)}" if call.command else f"{call} -" for call in calls]


# once pods are there


def test_each_pod_is_configured_once_in_a_container() -> None:
    found = seen(
        pod("first", 0, told(first=4)),
        pod("first", 1),
        pod("first", 2, told(first=4, container="c0")),
        pod("first", 3, container=""),
        pod("first", 4),
        first=4,
    )
    calls = events.to_configure(instance(4), found)
    assert said(calls) == ["configure in one-first-1 configure", "configure in one-first-2 configure"]
    assert all(call.told == {"first": 4, "second": 0} for call in calls)


@pytest.mark.parametrize("state", [STARTED, FAILED])
def test_what_did_not_end_well_is_to_be_run_again(state: str) -> None:
    journal = Journal().with_entry("configure", Entry(state, 3, "c1"))
    assert journal.configured is False
    found = seen(pod("first", 0, journal), first=1)
    assert [call.event for call in events.to_configure(instance(1), found)] == ["configure"]


def test_pods_that_are_to_be_replaced_or_go_are_left_alone() -> None:
    old, going = pod("first", 0), pod("first", 1, deletionTimestamp="now")
    old["metadata"]["labels"]["controller-revision-hash"] = "old"
    assert events.to_configure(instance(2), seen(old, going, first=2)) == []
    late = events.scene([stateful_set("first", 1, observedGeneration=0)], [pod("first", 0)])
    assert events.to_configure(instance(1), late) == []


def test_those_who_are_there_hear_of_those_who_came_once_these_are_configured() -> None:
    wanted, old = instance(3), told(first=1)
    waiting = seen(pod("first", 0, old), pod("first", 1, told(first=3)), pod("first", 2), first=3)
    assert events.events(wanted, waiting) == []
    ready = seen(pod("first", 0, old), pod("first", 1, told(first=3)), pod("first", 2, told(first=3)), first=3)
    (call,) = events.events(wanted, ready)
    assert said([call]) == [f"addnodes in one-first-0 addnodes first one-first-1.{DOMAIN} one-first-2.{DOMAIN}"]
    assert call.told == {"first": 3}
    knows = old.with_entry("addnodes", Entry(DONE, 2, "c1", told=call.told))
    assert knows.told == {"first": 3, "second": 0}
    assert events.events(wanted, seen(pod("first", 0, knows), pod("first", 1), first=2)) == []


def test_a_role_that_comes_later_is_no_news() -> None:
    found = seen(pod("first", 0, told(first=1, second=2)), first=1)
    assert events.events(instance(1, 2), found) == []


def test_whoever_missed_that_pods_went_hears_of_it() -> None:
    found = seen(pod("first", 0, told(first=3)), first=1)
    calls = events.events(instance(1), found)
    assert said(calls) == [f"delnodes in one-first-0 delnodes first one-first-1.{DOMAIN} one-first-2.{DOMAIN}"]
    assert calls[0].told == {"first": 1}


def test_a_changed_connection_comes_last() -> None:
    pods = [pod("first", 0, told("x", first=1)), pod("first", 1, told("y", first=2))]
    calls = events.events(instance(2), seen(*pods, first=2, connections="y"))
    assert [str(call) for call in calls] == ["addnodes in one-first-0", "reconnect in one-first-0"]
    knows = told("x").with_entry("reconnect", Entry(DONE, 2, "c1", connections="y"))
    assert (knows.connections, knows.told) == ("y", told().told)


def test_pods_without_a_configure_start_with_what_there_is() -> None:
    wanted = instance(2, hooks={"addnodes": {"command": ["x"]}})
    found = seen(pod("first", 0, told(first=1)), pod("first", 1), first=2)
    assert events.to_configure(wanted, found) == []
    assert [new.name for new in events.introduced(wanted, found)] == ["one-first-1"]
    assert events.introduced(instance(2), found) == []
    assert events.events(wanted, found) == []


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (seen(pod("first", 0), first=1), ""),
        (seen(pod("first", 0), first=2), "1 of 2 pods of role first are there"),
        (seen(pod("first", 0, container=""), first=1), "the container of one-first-0 does not run"),
        (seen(pod("first", 0, deletionTimestamp="now"), first=1), "one-first-0 is still to be replaced"),
        (
            events.scene([stateful_set("first", 1, observedGeneration=0)], []),
            "the StatefulSet of role first was not looked at yet",
        ),
        (seen(second=3), ""),
    ],
)
def test_there_may_be_more_to_do_in_a_moment(found: Scene, why: str) -> None:
    assert events.unsettled(instance(2), found) == why


# before pods go


@pytest.mark.parametrize(
    ("live", "wanted", "pods"),
    [(3, 1, ["one-first-2", "one-first-1"]), (2, 2, []), (1, 3, []), (2, 0, [])],
)
def test_who_takes_leave(live: int, wanted: int, pods: list[str]) -> None:
    found = seen(*(pod("first", number, told(first=live)) for number in range(live)), first=live)
    assert [call.pod.name for call in events.leaving(instance(wanted), found, {"first": wanted})] == pods


def test_who_has_left_or_never_came_takes_no_leave() -> None:
    gone = told(first=3).with_entry("leave", Entry(DONE, 2, "c1"))
    found = seen(pod("first", 0, told()), pod("first", 1, gone), pod("first", 2), first=3)
    assert events.leaving(instance(1), found, {"first": 1}) == []
    plain = instance(1, hooks={"leave": {"command": ["leave"]}})
    assert [call.pod.name for call in events.leaving(plain, found, {"first": 1})] == ["one-first-2"]


def test_those_who_stay_are_told_of_those_who_go_and_whom_they_know() -> None:
    pods = [pod("first", 0, told(first=3)), pod("first", 1, told(first=2)), pod("first", 2, told(first=3))]
    found = seen(*pods, first=3)
    calls = events.parting(instance(2), found, {"first": 2})
    assert said(calls) == [f"delnodes in one-first-0 delnodes first one-first-2.{DOMAIN}"]
    assert calls[0].told == {"first": 2}
    assert not events.shrinks({"first": 2}, {"first": 2, "second": 1})
    assert events.shrinks({"first": 2, "second": 1}, {"first": 2})


def test_what_would_be_run_is_what_is_run() -> None:
    found = seen(pod("first", 0, told(first=2)), pod("first", 1, told(first=2)), first=2)
    assert events.foreseen(instance(3), found, {"first": 3}) == [
        "configure in one-first-2",
        "addnodes in one-first-0",
        "addnodes in one-first-1",
    ]
    assert events.foreseen(instance(1), found, {"first": 1}) == ["leave in one-first-1", "delnodes in one-first-0"]
    assert events.foreseen(instance(2), found, {"first": 2}) == []
    assert events.foreseen(instance(1), Scene(), {"first": 1}) == ["configure in one-first-0"]


# setup packages


def test_a_package_hears_events_as_from_the_operator() -> None:
    wanted = instance(0, 2, package=PACKAGE)
    found = seen(pod("second", 0, told(second=1)), pod("second", 1, told(second=2)), second=2)
    (call,) = events.events(wanted, found)
    assert call.command is not None
    assert call.command.patient
    added = ["--addnodes", "--nodegroup", "1", "--role", "second", "--fqdns", f"one-second-1.{DOMAIN}"]
    assert list(call.command.words[3:]) == ["startscript", *added]
    (first,) = events.to_configure(wanted, seen(pod("second", 0), second=1))
    assert first.command is not None
    assert first.command.words[3:] == ("setup", "http://packages/x.tgz", "c1", "256", "yes")


def test_events_that_a_role_does_not_want_only_change_what_it_knows() -> None:
    wanted = instance(0, 2, package=PACKAGE, eventList=["delnodes"])
    (first,) = events.to_configure(wanted, seen(pod("second", 0), second=1))
    assert first.command is not None
    assert first.command.words[-1] == "no"
    found = seen(pod("second", 0, told("x", second=1)), pod("second", 1, told(second=2)), second=2)
    calls = events.events(wanted, found)
    assert [(call.event, call.command is None) for call in calls] == [("addnodes", True), ("reconnect", False)]
    assert calls[0].told == {"second": 2}


def test_one_event_has_one_listener() -> None:
    body = definition({}, PACKAGE)
    body[1]["spec"]["roles"][1]["hooks"] = {"configure": {"command": ["x"]}, "leave": {"command": ["y"]}}
    said = (
        "spec.roles\\[1\\].hooks.configure: is what the setup package of this role is called for: remove one of both$"
    )
    with pytest.raises(ConfigError, match=said):
        parse_definition(body, "here")


def test_contents_are_no_words_of_a_command() -> None:
    assert write_command(17)[-1] == "17"


def test_it_is_seen_that_pods_are_to_be_configured() -> None:
    made = render(instance(1, 1, hooks={"addnodes": {"command": ["x"]}}, package=PACKAGE))
    noted = {m["metadata"]["name"]: m["metadata"]["annotations"] for m in made if m["kind"] == "StatefulSet"}
    assert noted["one-second"].get("multicluster.federation/setup") == "configure"
    assert "multicluster.federation/setup" not in noted["one-first"]


# the journal


def test_a_journal_comes_back_as_it_was_written() -> None:
    entry = Entry(FAILED, 4, "c1", "now", 3, ("a", "b"), "ended with exit code 3", {"first": 2}, "x")
    journal = replace(told("y", first=2), meta="m").with_entry("addnodes", entry)
    assert read_journal(pod("first", 0, journal)) == journal
    assert journal.number == 4
    assert journal.told == {"first": 2, "second": 0}
    assert journal.without("addnodes").entries.keys() == {"configure"}
    assert read_journal(pod("first", 0)) == Journal()
    assert read_journal(pod("first", 0, told())).configured


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "3", '{"configure": 1}', '{"knows": {"told": {"a": "b"}}}', '{"a": {}}']
)
def test_a_damaged_journal_counts_as_none(text: str) -> None:
    assert read_journal(pod("first", 0, annotations={HOOKS_AT: text})) == Journal()


def test_what_belongs_to_another_container_is_over() -> None:
    journal = Journal().with_entry("configure", Entry(STARTED, 1, "c0"))
    assert journal.running("c0").keys() == {"configure"}
    assert journal.running("c1") == {}
    assert journal.entry("configure", "c1") is None


@pytest.mark.parametrize(
    ("journal", "problem", "final"),
    [
        (Journal(), "it was not configured yet", False),
        (told(first=1), "", False),
        (told(container="c0"), "it was not configured yet", False),
        (Journal().with_entry("configure", Entry(STARTED, 1, "c1", "then")), "configure runs since then", False),
        (
            Journal().with_entry("configure", Entry(FAILED, 1, "c1", "", 3, ("a", "b"), "ended with exit code 3")),
            "configure ended with exit code 3 (a | b)",
            True,
        ),
        (told().with_entry("addnodes", Entry(FAILED, 2, "c1", problem="was killed")), "addnodes was killed", False),
        (told().with_entry("leave", Entry(FAILED, 2, "c1", problem="was killed")), "", False),
    ],
)
def test_what_is_wrong_with_a_pod_by_its_journal(journal: Journal, problem: str, final: bool) -> None:
    assert problem_of(pod("first", 0, journal), "app", True) == (problem, final)


def test_an_instance_is_ready_when_its_pods_are_configured() -> None:
    numbers = {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1}
    sets = [stateful_set("first", 1, **numbers)]
    sets[0]["metadata"]["annotations"] = {"multicluster.federation/setup": "configure"}

    def state(journal: Journal | None) -> tuple[str, list[str]]:
        found = status_of(Objects(sets=sets, pods=[pod("first", 0, journal)], stored={}), ["first"])
        return found["state"], found["problems"]

    assert state(told(first=1)) == ("ready", [])
    assert state(None) == ("degraded", ["role first: one-first-0: it was not configured yet"])
    failed = Journal().with_entry("configure", Entry(FAILED, 1, "c1", problem="was killed"))
    assert state(failed) == ("failed", ["role first: one-first-0: configure was killed"])
    lost = told(first=1).with_entry("addnodes", Entry(FAILED, 2, "c1", problem="was killed"))
    assert state(lost) == ("degraded", ["role first: one-first-0: addnodes was killed"])


# in the pod


@pytest.mark.parametrize(
    ("output", "outcome"),
    [
        ("ended 0\n", Outcome("ended", 0)),
        ("ended 3\na\n\nb\n", Outcome("ended", 3, ("a", "b"))),
        ("ended killed\n", Outcome("ended", None)),
        ("late\nx\n", Outcome("late", None, ("x",))),
        ("running\n", Outcome("running")),
        ("none\n", Outcome("none")),
        ("ended 0\nended 3\n", Outcome("ended", 0, ("ended 3",))),
    ],
)
def test_how_a_command_stands(output: str, outcome: Outcome) -> None:
    assert read_outcome(Ran(0, output), "p") == outcome
    assert outcome.well == (output.startswith("ended 0"))


@pytest.mark.parametrize(
    ("code", "output", "text"),
    [
        (0, "nowhere\n", "pod p has no directory that can be written to"),
        (127, "sh: date: not found\n", "no command could be run in pod p: sh: date: not found"),
        (0, "", "no command could be run in pod p: exit code 0"),
    ],
)
def test_a_pod_that_cannot_run_it_says_so(code: int, output: str, text: str) -> None:
    with pytest.raises(MemberError, match=text):
        read_outcome(Ran(code, output), "p")


def test_a_journal_is_small_and_plain() -> None:
    body = json.loads(told(first=1).dump())
    assert body["knows"] == {"connections": "", "meta": "", "number": 1, "told": {"first": 1, "second": 0}}
    assert body["configure"]["state"] == DONE
