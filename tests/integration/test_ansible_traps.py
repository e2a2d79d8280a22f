# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One call for the whole fleet, inside Ansible: what every keyword, strategy and option of ansible-playbook makes of it."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.tests.integration.manifests import config_map, workload
from ansible_collections.multicluster.federation.tests.integration.recording import (
    Recording,
    play,
    run,
    say,
    task,
)
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation

pytestmark = pytest.mark.integration

DONE = "3 members: nothing to do"


def holders(federation: Federation, name: str) -> list[str]:
    """The members that have this ConfigMap in the test's namespace."""
    found = {m: k.get("v1", "ConfigMap", name, federation.namespace) for m, k in federation.kube.items()}
    return sorted(member for member, body in found.items() if body is not None)


def test_who_sees_the_result_and_how_often_the_task_runs(federation: Federation) -> None:
    """register, when, loop, delegate_to, throttle, retries, other names of the module, module_defaults: all in one run."""
    app = {"name": "app", "definition": config_map("settings")}
    short = task(federation, "Short name", **app)
    short["federated_resource"] = short.pop("multicluster.federation.federated_resource")
    defaults = task(federation, "Defaults", name="app")
    del defaults["multicluster.federation.federated_resource"]["namespace"]
    seen = play(
        federation,
        [
            {
                "tasks": [
                    task(federation, "Predicted", {"check_mode": True, "diff": True}, **app),
                    task(federation, "Once", {"register": "once", "diff": False}, **app),
                    say("Once, by host", "[once.members[inventory_hostname].status, once.changed]"),
                    task(federation, "Without run_once", {"register": "bare", "run_once": False}, **app),
                    say("Without run_once, by host", "bare is defined"),
                    task(federation, "When true for the first", {"when": "inventory_hostname == 'eu-1'"}, **app),
                    task(federation, "When false for the first", {"when": "inventory_hostname == 'us-1'"}, **app),
                    task(
                        federation,
                        "Loop",
                        {"loop": ["blue", "green"]},
                        name="{{ item }}",
                        definition=config_map("{{ item }}"),
                    ),
                    task(federation, "Delegated", {"delegate_to": "localhost", "register": "delegated"}, **app),
                    say("Delegated, by host", "delegated.msg"),
                    task(federation, "Throttled", {"throttle": 1, "become": True}, **app),
                    task(
                        federation,
                        "Retried",
                        {"register": "again", "until": "again is success", "retries": 2, "delay": 0},
                        **app,
                    ),
                ]
            },
            {"collections": ["multicluster.federation"], "tasks": [short]},
            {
                "module_defaults": {
                    "group/multicluster.federation.all": {"fleet_group": "clusters", "federation": federation.name},
                    "multicluster.federation.federated_resource": {
                        "namespace": federation.namespace,
                        "definition": config_map("settings"),
                    },
                },
                "vars": {"federation_name": "never-read"},
                "tasks": [defaults],
            },
        ],
        "--diff",
    )
    assert seen.rc == 0, seen.output
    assert seen.one("Predicted").message.startswith("check mode, nothing was written; 3 members: ")
    assert len(seen.one("Predicted").result["diff"]) == 6
    assert seen.one("Once").message == "3 members: 6 created"
    assert "diff" not in seen.one("Once").result
    told = {host: event.result["msg"] for host, event in seen.hosts("Once, by host").items()}
    assert told == {member: ["changed", True] for member in MEMBERS}
    # one call all the same, but only the host it ran for learns of it
    assert seen.one("Without run_once").message == DONE
    told = {host: event.result["msg"] for host, event in seen.hosts("Without run_once, by host").items()}
    assert told == {"eu-1": True, "eu-2": False, "us-1": False}
    # "when" is asked for the first host, and holds for the fleet
    assert seen.one("When true for the first").message == DONE
    assert seen.one("When false for the first").status == "skipped"
    looped = seen.one("Loop").result["results"]
    assert [each["msg"] for each in looped] == ["3 members: 3 created"] * 2
    assert {host: e.message for host, e in seen.hosts("Delegated, by host").items()} == dict.fromkeys(MEMBERS, DONE)
    for name in ("Delegated", "Throttled", "Retried", "Short name", "Defaults"):
        assert seen.one(name).message == DONE, name
    assert holders(federation, "blue") == holders(federation, "green") == list(MEMBERS)


def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def changed_kubeconfig(federation: Federation, member: str, **changes: dict[str, Any]) -> str:
    """A kubeconfig of the member with its cluster or user replaced (``user={"token": "x"}``) or added to (``cluster``)."""
    body = yaml.safe_load(federation.sandbox.kubeconfig(member).read_text())
    body["clusters"][0]["cluster"].update(changes.get("cluster", {}))
    body["users"][0]["user"] = changes.get("user", body["users"][0]["user"])
    path = federation.player.folder / f"{member}.kubeconfig"
    path.write_text(yaml.safe_dump(body))
    return str(path)


@pytest.fixture
def two_sick(federation: Federation) -> Path:
    """The inventory with a wrong token for eu-2 and a dead port for us-1."""
    dead = {"server": f"https://127.0.0.1:{closed_port()}"}
    return federation.inventory_with(
        eu_2={"cluster_kubeconfig": changed_kubeconfig(federation, "eu-2", user={"token": "no-such-token-4711"})},
        us_1={"cluster_kubeconfig": changed_kubeconfig(federation, "us-1", cluster=dead)},
    )


#: fail_on -> whether two failing members of three are too many
POLICIES = {
    "any": True, "1": True, 2: True, "3": False, "all": False, "none": False, "66%": True, "67%": False, "100%": False, "1%": True,
}  # fmt: skip
BAD_POLICIES = ("often", "0", "0%", "101%", "-1", "2.5", "%")


def test_how_many_failing_members_fail_the_task(federation: Federation, two_sick: Path) -> None:
    app = {"name": "app", "definition": config_map("settings")}
    loop = {"loop": [*POLICIES, *BAD_POLICIES], "ignore_errors": True}
    partial = {"register": "partial"}
    of_this_host = "partial.members[inventory_hostname].status"
    seen = play(
        federation,
        [
            {
                "tasks": [
                    task(federation, "Policies", loop, fail_on="{{ item }}", **app),
                    {
                        "name": "A failure is caught",
                        "block": [task(federation, "In a block", **app)],
                        "rescue": [say("Rescued", "[ansible_failed_result.summary.failed, ansible_play_batch]")],
                    },
                    {"name": "Clear", "ansible.builtin.meta": "clear_host_errors"},
                ]
            },
            {
                "tasks": [
                    task(federation, "Partial failure as data", partial, fail_on="none", **app),
                    {
                        "name": "Each host for itself",
                        "ansible.builtin.assert": {
                            "that": of_this_host + " != 'failed'",
                            "fail_msg": "{{ partial.members[inventory_hostname].msg }}",
                        },
                    },
                    say("Only the healthy", of_this_host),
                ]
            },
        ],
        inventory=two_sick,
    )
    results = seen.one("Policies").result["results"]
    told = {each["item"]: each for each in results}
    assert {policy: told[policy]["failed"] for policy in POLICIES} == POLICIES
    for policy in POLICIES:
        members = told[policy]["members"]
        assert {n: m["reason"] for n, m in members.items()} == {
            "eu-1": "",
            "eu-2": "unauthorized",
            "us-1": "unreachable",
        }
        assert "no-such-token-4711" not in json.dumps(told[policy])
        assert not told[policy].get("unreachable"), "that would take only the first host out of the play"
    for policy in BAD_POLICIES:
        assert told[policy]["failed"]
        assert (
            f"fail_on {policy!r} is not any, all, none, a number of members (2), or a share of them (25%)"
            in told[policy]["msg"]
        )
        assert "members" not in told[policy], "nobody was asked"
    assert "[WARNING]: us-1: " in seen.output, "what is no failure is a warning all the same"
    assert holders(federation, "settings") == ["eu-1"]
    # the failure took the other hosts out of the play, as Ansible has it; whoever rescues has to bring them back for the next
    assert seen.one("Rescued").result["msg"] == [2, ["eu-1"]]
    assert sorted(seen.one("Partial failure as data").result["members"]) == list(MEMBERS)
    assert {host: e.status for host, e in seen.hosts("Each host for itself").items()} == {
        "eu-1": "ok", "eu-2": "failed", "us-1": "failed",
    }  # fmt: skip
    assert list(seen.hosts("Only the healthy")) == ["eu-1"]
    assert seen.rc == 2


@pytest.mark.parametrize(
    "keywords",
    [{}, {"any_errors_fatal": True}, {"max_fail_percentage": 100}],
    ids=["plain", "any_errors_fatal", "max_fail_percentage"],
)
def test_a_failed_task_stops_the_play_for_every_host(unjoined: Federation, keywords: dict[str, Any]) -> None:
    """A federation that nobody joined: all members fail."""
    broken = task(unjoined, "Fails", name="app", definition=config_map("settings"))
    seen = play(
        unjoined,
        [
            {**keywords, "tasks": [broken, say("Not reached", "inventory_hostname")]},
            {"tasks": [say("Not reached in the next play", "inventory_hostname")]},
        ],
    )
    assert seen.rc == 2
    assert seen.one("Fails").status == "failed"
    assert "not a member of federation" in seen.one("Fails").message
    assert not seen.all("Not reached")
    assert not seen.all("Not reached in the next play")


def test_play_vars_host_vars_and_templates(federation: Federation) -> None:
    """Arguments are templated once, for the first host; what differs by member comes from its host variables and nowhere else."""
    base = federation.sandbox.folder / "members"
    body = yaml.safe_load(federation.inventory.read_text())
    for host, variables in body["clusters"]["hosts"].items():
        variables["members_at"] = str(base)
        variables["here"] = host
        variables["cluster_region"] = "{{ region_by_play | default('of-' ~ here) }}"
        variables["cluster_kubeconfig"] = "{{ members_at }}/{{ inventory_hostname }}/admin.kubeconfig"
    body["clusters"]["hosts"]["eu-1"]["cluster_provider"] = "{{ 'a' ~ 'ws' }}"
    inventory = federation.player.folder / "templated.yml"
    inventory.write_text(yaml.safe_dump(body))
    body["clusters"]["hosts"]["us-1"]["cluster_provider"] = "{{ no_such_variable }}"
    undefined = federation.player.folder / "undefined.yml"
    undefined.write_text(yaml.safe_dump(body))
    tasks = [
        task(federation, "Once", name="app", definition=config_map("settings", host="{{ inventory_hostname }}")),
        task(federation, "By region", {"vars": {"cluster_region": "mars", "region_by_play": "mars"}}, name="by-region",
             definition=config_map("by-region"), placement={"region": "of-us-1"}),
        task(federation, "By provider", name="by-provider", definition=config_map("by-provider"),
             placement={"provider": "aws"}),
        task(federation, "A number", {"ignore_errors": True, "vars": {"count": 3}}, name="number",
             definition=config_map("number", count="{{ count }}")),
        task(federation, "A number as text", {"vars": {"count": 3}}, name="text",
             definition=config_map("text", count="{{ count | string }}")),
    ]  # fmt: skip
    variables = {"cluster_region": "mars", "cluster_kubeconfig": "/nonexistent", "region_by_play": "mars"}
    seen = play(federation, [{"vars": variables, "tasks": tasks}], inventory=inventory)
    assert seen.rc == 0, seen.output
    for client in federation.kube.values():
        found = client.get("v1", "ConfigMap", "settings", federation.namespace)
        assert found is not None
        assert found["data"] == {"host": "eu-1"}
    assert holders(federation, "by-region") == ["us-1"]
    assert holders(federation, "by-provider") == ["eu-1", "us-1"]
    assert "data.count" in seen.one("A number").message
    assert "quote it, or use `| string`" in seen.one("A number").message
    assert holders(federation, "text") == list(MEMBERS)
    seen = play(federation, [{"tasks": tasks[:1]}], inventory=undefined)
    assert seen.rc == 2
    assert "a cluster_ variable of host us-1 cannot be read" in seen.one("Once").message
    assert "no_such_variable" in seen.one("Once").message
    assert "Traceback" not in seen.output


def test_serial_and_limit_plan_for_the_whole_fleet_and_never_lose_a_copy(federation: Federation) -> None:
    """A resource moves from eu-1 to us-1 by batches, and back: each batch sees the fleet, none proves the other's increase."""
    there, everywhere = {"members": ["us-1"]}, {"name": "all", "definition": config_map("everywhere")}
    app = {"name": "app", "definition": config_map("settings")}
    here = {"tasks": [task(federation, "Here", placement={"members": ["eu-1"]}, **app)]}
    one = {"serial": 1, "tasks": [task(federation, "One by one", placement=there, **app)]}
    two = {"serial": 2, "tasks": [task(federation, "In twos", placement=there, **app)]}
    limit = {"tasks": [task(federation, "Limited", placement=there, **app), task(federation, "All", **everywhere)]}

    seen = play(federation, [here, one, two])
    assert [e.host for e in seen.all("One by one")] == list(MEMBERS)
    assert [list(e.result["members"]) for e in seen.all("One by one")] == [["eu-1"], ["eu-2"], ["us-1"]]
    for event in seen.all("One by one"):
        assert event.result["resources"]["app"]["members"] == ["us-1"], "planned for the whole fleet each time"
    first = seen.all("One by one")[0]
    assert first.member("eu-1")["objects"]["deferred"] == 1
    assert first.member("eu-1")["objects"]["deleted"] == 0
    deferred = next(o for o in first.result["objects"] if o["action"] == "deferred")
    assert deferred["object"] == f"ConfigMap {federation.namespace}/settings"
    assert "us-1, which is to have it, is not part of this run" in deferred["msg"]
    assert [list(e.result["members"]) for e in seen.all("In twos")] == [["eu-1", "eu-2"], ["us-1"]]
    assert not any(e.result["changed"] for e in seen.all("In twos"))
    assert holders(federation, "settings") == ["eu-1", "us-1"]

    seen = play(federation, [limit], "--limit", "eu-1")
    assert list(seen.one("Limited").result["members"]) == ["eu-1"]
    assert seen.one("Limited").result["summary"]["members"] == 1
    assert "1 deferred" in seen.one("Limited").message
    assert seen.one("All").result["resources"]["all"]["members"] == list(MEMBERS)
    assert holders(federation, "everywhere") == ["eu-1"], "only hosts in play are written to"
    assert holders(federation, "settings") == ["eu-1", "us-1"]

    again = task(federation, "Again", placement=there, **app)
    seen = play(federation, [limit, {"tasks": [again]}])
    assert seen.one("Limited").member("eu-1")["objects"]["deleted"] == 1
    assert holders(federation, "settings") == ["us-1"]
    assert not seen.one("Again").result["changed"]
    assert holders(federation, "everywhere") == list(MEMBERS)

    # "absent" has nothing to prove: the hosts in play give it up, the others keep it until a run has them in play
    play(federation, [limit])
    seen = play(
        federation, [{"serial": 1, "tasks": [task(federation, "Gone", name="all", state="absent")]}], "--limit", "eu-*"
    )
    assert [e.member(e.host)["objects"]["deleted"] for e in seen.all("Gone")] == [1, 1]
    assert holders(federation, "everywhere") == ["us-1"]


def test_a_host_that_failed_before_is_out_of_play_and_keeps_what_it_has(federation: Federation) -> None:
    """The first host fails or cannot be reached in an earlier task: the fleet call moves on to the next host."""
    app = {"name": "app", "definition": config_map("settings")}
    federation.propagate(**app)
    fail = {"name": "Fails", "ansible.builtin.fail": {"msg": "on purpose"}, "when": "inventory_hostname == 'eu-1'"}
    ping = {"name": "Ping", "ansible.builtin.ping": {}}
    elsewhere = {"members": ["eu-2", "us-1"]}
    inventory = federation.inventory_with(
        eu_1={"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": closed_port()}
    )
    seen = play(
        federation,
        [
            {
                "tasks": [
                    fail,
                    task(federation, "Without the first", {"register": "moved"}, placement=elsewhere, **app),
                    say("Who sees it", "moved.members.keys() | sort"),
                    {"name": "Clear", "ansible.builtin.meta": "clear_host_errors"},
                ]
            },
            {"tasks": [task(federation, "With all again", **app)]},
        ],
    )
    moved = seen.one("Without the first")
    assert moved.host == "eu-2"
    assert sorted(moved.result["members"]) == ["eu-2", "us-1"]
    assert moved.result["resources"]["app"]["members"] == ["eu-2", "us-1"], "the plan knows the whole fleet"
    assert "eu-1" in moved.result["resources"]["app"]["not_placed"]
    assert moved.message == DONE.replace("3", "2")
    assert sorted(seen.hosts("Who sees it")) == ["eu-2", "us-1"]
    assert sorted(seen.one("With all again").result["members"]) == list(MEMBERS)
    assert holders(federation, "settings") == list(MEMBERS)

    only_first = {"members": ["eu-1"]}
    seen = play(
        federation,
        [{"tasks": [ping, task(federation, "Unreachable first", placement=only_first, **app)]}],
        inventory=inventory,
    )
    assert seen.hosts("Ping")["eu-1"].status == "unreachable"
    moved = seen.one("Unreachable first")
    assert moved.host == "eu-2"
    assert [m["objects"]["deferred"] for m in moved.result["members"].values()] == [1, 1], moved.message
    assert "eu-1, which is to have it, is not part of this run" in str(moved.result["objects"])
    assert holders(federation, "settings") == list(MEMBERS)


@pytest.mark.long
def test_strategies_that_know_no_fleet_and_keywords_that_cannot_work(federation: Federation) -> None:
    app = {"name": "app", "definition": config_map("settings")}
    for strategy in ("free", "host_pinned"):
        seen = play(federation, [{"strategy": strategy, "tasks": [task(federation, "Refused", **app)]}])
        assert seen.rc != 0
        assert "federated_resource' module bypasses the host loop" in seen.output
        assert "not supported in the free strategy" in seen.output
        assert "Traceback" not in seen.output
        assert not seen.events
    seen = play(
        federation,
        [{"tasks": [task(federation, "Background", {"async": 30, "poll": 0, "ignore_errors": True}, **app)]}],
    )
    assert seen.one("Background").status == "ignored"
    assert "async" in seen.one("Background").message
    assert "Traceback" not in seen.output
    assert not holders(federation, "settings")


def test_a_task_that_runs_out_of_time_gives_its_lock_back(federation: Federation) -> None:
    """The keyword ``timeout`` ends the whole task, while it waits for pods that no node can hold."""
    pod = {"nodeSelector": {"no-such-node": "true"}, "containers": [{"name": "main", "image": "example.com/app:1"}]}
    stuck = workload("stuck", pod)
    begun = time.monotonic()
    seen = play(
        federation,
        [
            {
                "tasks": [
                    task(federation, "Too long", {"timeout": 8, "ignore_errors": True}, name="app",
                         definition=[stuck], wait=True, wait_timeout=200),
                    task(federation, "Next", name="app", definition=config_map("settings"), lock_timeout=0),
                ]
            }
        ],
    )  # fmt: skip
    assert seen.one("Too long").status == "ignored"
    assert "8" in seen.one("Too long").message
    assert "Traceback" not in seen.output
    assert seen.one("Next").status == "ok", seen.output
    assert seen.one("Next").result["changed"]
    assert time.monotonic() - begun < 100
    assert holders(federation, "settings") == list(MEMBERS)
    for client in federation.kube.values():
        assert not client.get("apps/v1", "Deployment", "stuck", federation.namespace), (
            "what was begun is known and taken away"
        )


KEY = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "key"},
    "stringData": {"password": "swordfish-4711", "other": "tuna-0815"},
}
CHANGED_KEY = {**KEY, "stringData": {"password": "swordfish-4711", "other": "trout-2342"}}
_VALUES = ("swordfish-4711", "tuna-0815", "trout-2342")


def inline_kubeconfig(federation: Federation, member: str) -> dict[str, Any]:
    return dict(yaml.safe_load(federation.sandbox.kubeconfig(member).read_text()))


def secret_texts(federation: Federation) -> list[str]:
    """What must never be shown: the values above, plain and encoded, and the private keys of the sandbox."""
    found = [*_VALUES, *(base64.b64encode(value.encode()).decode() for value in _VALUES)]
    for member in MEMBERS:
        key = inline_kubeconfig(federation, member)["users"][0]["user"]["client-key-data"]
        found += [key[:60], base64.b64decode(key).decode().splitlines()[1]]
    return found


def shown(secrets: list[str], federation: Federation, seen: Recording) -> list[str]:
    """Which of the secrets are in the output, in a result, or in a file that the run left in its HOME."""
    home = federation.player.folder / "home"
    texts = [seen.output, json.dumps([event.result for event in seen.events])]
    texts += [path.read_text(errors="replace") for path in home.rglob("*") if path.is_file()]
    return [secret for secret in secrets if any(secret in text for text in texts)]


def test_no_secret_in_any_output(federation: Federation) -> None:
    """Kubeconfigs inline and from vaults, a Secret from a vault: no value and no key at -vvvv with --diff."""
    folder = federation.player.folder
    password = folder / "vault-password"
    password.write_text("open-sesame-99\n")

    def encrypt(text: str) -> str:
        command = ["ansible-vault", "encrypt", "--vault-password-file", str(password), "--output", "-"]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout

    (folder / "files").mkdir()
    (folder / "files" / "secret.yaml").write_text(encrypt(yaml.safe_dump(KEY)))
    body = yaml.safe_load(federation.inventory.read_text())
    hosts = body["clusters"]["hosts"]
    for variables in hosts.values():
        del variables["cluster_kubeconfig"], variables["cluster_context"]
    hosts["us-1"]["cluster_kubeconfig"] = inline_kubeconfig(federation, "us-1")
    # all host variables of eu-1 from a vault file, one value of eu-2 encrypted
    beside = folder / "vaulted" / "host_vars"
    beside.mkdir(parents=True)
    (beside / "eu-1.yml").write_text(
        encrypt(yaml.safe_dump({"cluster_kubeconfig": inline_kubeconfig(federation, "eu-1")}))
    )
    lines = "".join(f"  {line}\n" for line in encrypt(str(federation.sandbox.kubeconfig("eu-2"))).splitlines())
    (beside / "eu-2.yml").write_text(f"cluster_kubeconfig: !vault |\n{lines}")
    inventory = beside.parent / "inventory.yml"
    inventory.write_text(yaml.safe_dump(body))

    damaged = {**KEY, "stringData": {"password": 471147114711}}
    tasks = [
        task(federation, "From a vault", name="app", src=["secret.yaml"]),
        task(federation, "Changed", name="app", definition="{{ [changed] }}"),
        task(federation, "Damaged", {"ignore_errors": True}, name="bad", definition="{{ damaged }}"),
    ]
    # as variables: Ansible itself shows the lines of a playbook around a task that fails
    (folder / "secrets.yml").write_text(yaml.safe_dump({"changed": CHANGED_KEY, "damaged": damaged}))
    arguments = ["-vvvv", "--diff", "--vault-password-file", str(password), "-e", "@secrets.yml"]
    seen = play(federation, [{"tasks": tasks}], *arguments, inventory=inventory)
    assert seen.one("From a vault").message == "3 members: 6 created", seen.output
    assert seen.one("Changed").message == "3 members: 3 changed"
    assert "Secret" in str(seen.one("Changed").result["diff"])
    assert "stringData.password" in seen.one("Damaged").message
    assert not shown([*secret_texts(federation), "open-sesame-99", "471147114711"], federation, seen)
    found = federation.kube["us-1"].get("v1", "Secret", "key", federation.namespace)
    assert found is not None
    assert found["data"]["other"] == base64.b64encode(b"trout-2342").decode()


def test_the_module_elsewhere_shows_no_secret_and_blanks_nothing_else(federation: Federation) -> None:
    """With ``clusters`` the verb runs as a module on another host; a token that is a part of common words is in a kubeconfig."""
    kubeconfig = inline_kubeconfig(federation, "us-1")
    kubeconfig["users"].append({"name": "other", "user": {"token": "us", "password": "created"}})
    refused = inline_kubeconfig(federation, "us-1")
    refused["users"][0]["user"] = {"token": "wrong-token-1234"}
    delegated = {"delegate_to": "localhost", "ignore_errors": True}
    space = f"{federation.name}-b"
    federation.kube["us-1"].create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
    federation.kube["us-1"].create(config_map("taken", a="theirs"), space)
    # as variables: Ansible itself shows the lines of a playbook around a task that fails
    given = {"key": KEY, "changed": CHANGED_KEY, "us_1": kubeconfig, "refused": refused}
    (federation.player.folder / "secrets.yml").write_text(yaml.safe_dump(given))
    fine, taken = config_map("fine"), config_map("taken")

    def over(name: str, definition: list[Any], kubeconfig: str = "{{ us_1 }}") -> dict[str, Any]:
        clusters = [{"name": "us-1", "kubeconfig": kubeconfig, "region": "us"}]
        return task(federation, name, delegated, name="app", namespace=space, clusters=clusters, definition=definition)

    tasks = [
        over("Module", ["{{ key }}", fine]),
        over("Again", ["{{ key }}", fine]),
        over("Changed", ["{{ changed }}", fine]),
        over("Conflict", ["{{ changed }}", fine, taken]),
        over("Refused", ["{{ key }}", fine], "{{ refused }}"),
    ]
    seen = play(federation, [{"tasks": tasks}], "-vvvv", "--diff", "-e", "@secrets.yml")
    assert [seen.one(name).status for name in ("Module", "Again", "Changed", "Conflict", "Refused")] == [
        "ok", "ok", "ok", "ignored", "ignored",
    ], seen.output  # fmt: skip
    assert seen.one("Module").message == "1 member: 2 created"
    assert list(seen.one("Module").result["members"]) == ["us-1"]
    assert seen.one("Module").member("us-1")["objects"]["created"] == 2
    assert seen.one("Again").message == "1 member: nothing to do"
    assert seen.one("Changed").message == "1 member: 1 changed"
    assert "us-1: ConfigMap" in seen.one("Conflict").message
    assert seen.one("Refused").member("us-1")["reason"] == "unauthorized"
    assert not shown([*secret_texts(federation), "wrong-token-1234"], federation, seen)


@pytest.mark.long
def test_roles_with_tags_and_the_texts_of_a_survey(unjoined: Federation) -> None:
    """AWX sends every answer of a survey as text, and as an extra variable."""
    app = unjoined.player.folder / "app.yaml"
    app.write_text(yaml.safe_dump(config_map("settings")))
    roles = [
        {"role": "multicluster.federation.federation", "tags": ["join"]},
        {"role": "multicluster.federation.federated_app", "tags": ["app"]},
    ]
    answers = {
        "federated_app_name": "app",
        "federated_app_src": "app.yaml",
        "federated_app_namespace": unjoined.namespace,
        "federated_app_wait": "true",
        "federated_app_wait_timeout": "30",
        "federated_app_fail_on": "3",
        "federated_app_show": "false",
        "federated_app_strict": "no",
        "federated_app_delete_namespaces": "false",
        "federated_app_request_timeout": "10",
        "federated_app_placement": '{"members": ["eu-1", "us-1"]}',
        "federation_share": "false",
        "federation_check": "true",
    }
    texts = ["-e", json.dumps(answers)]
    for arguments, ran in (
        (["--tags", "never-said"], (0, 0)),
        (["--skip-tags", "app"], (1, 0)),
        (["--tags", "app"], (0, 1)),
    ):
        seen = play(unjoined, [{"roles": roles}], *texts, *arguments)
        assert seen.rc == 0, seen.output
        tasks = [event.task.rpartition(" : ")[2] for event in seen.events]
        assert (tasks.count("Join the federation, or leave it"), tasks.count("Propagate the application")) == ran
    assert holders(unjoined, "settings") == ["eu-1", "us-1"]
    # an extra variable beats the inventory, the option of the task beats both, and a variable of the play beats the inventory
    ask = {"name": "app", "definition": config_map("settings")}
    seen = play(
        unjoined,
        [
            {"tasks": [task(unjoined, "Extra", {"ignore_errors": True}, **ask), task(unjoined, "Option", federation=unjoined.name, **ask)]},
            {"vars": {"federation_name": "of-the-play"}, "tasks": [task(unjoined, "Still extra", {"ignore_errors": True}, **ask)]},
        ],
        "-e", "federation_name=extra",
    )  # fmt: skip
    for name in ("Extra", "Still extra"):
        assert "not a member of federation extra" in seen.one(name).message
    assert seen.one("Option").status == "ok"
    seen = play(unjoined, [{"vars": {"federation_name": "of-the-play"}, "tasks": [task(unjoined, "Play", **ask)]}])
    assert "not a member of federation of-the-play" in seen.one("Play").message


def test_an_empty_answer_is_no_path(unjoined: Federation) -> None:
    """An optional question of a survey that nobody answered arrives as "". As a path that would be the folder of the playbook, and
    every manifest in it."""
    stray = unjoined.player.folder / "stray.yaml"
    stray.write_text(yaml.safe_dump(config_map("stray")))
    told = {"ignore_errors": True}
    tasks = [
        task(unjoined, "Empty src", told, name="app", src=""),
        task(unjoined, "Empty template", told, name="app", template=""),
        task(unjoined, "Empty item", told, name="app", src=["stray.yaml", ""]),
        task(unjoined, "No clusters", told, name="app", definition=config_map("settings"), clusters=[]),
    ]
    seen = play(unjoined, [{"tasks": tasks}])
    assert "has no manifests" in seen.one("Empty src").message
    assert "has no manifests" in seen.one("Empty template").message
    assert "members" not in seen.one("Empty item").result, seen.one("Empty item").message
    assert "the fleet has no members" in seen.one("No clusters").message, "an empty list is not the inventory"


def test_every_playbook_of_the_collection_is_sound(unjoined: Federation, checkout: Path) -> None:
    books = [f"multicluster.federation.{path.stem}" for path in sorted((checkout / "playbooks").glob("*.yml"))]
    assert "multicluster.federation.site" in books
    for option in ("--syntax-check", "--list-tasks", "--list-tags"):
        seen = run(unjoined, option, *books)
        assert seen.rc == 0, seen.output
        assert seen.output.count("playbook: ") == len(books)
        assert "Traceback" not in seen.output
        assert "WARNING" not in seen.output


@pytest.mark.long
def test_groups_hosts_and_who_is_in_play(federation: Federation) -> None:
    """The fleet is a group, whoever is in play; each host of it is one member, in however many groups it is."""
    body = yaml.safe_load(federation.inventory.read_text())["clusters"]
    hosts = body.pop("hosts")
    first, second = {h: hosts[h] for h in ("eu-1", "eu-2")}, {h: hosts[h] for h in ("eu-1", "us-1")}
    children = {"europe": {"hosts": first}, "aws": {"hosts": second}}
    local = {"ansible_connection": "local"}
    inventory = federation.player.folder / "groups.yml"
    inventory.write_text(
        yaml.safe_dump(
            {
                "another": {"hosts": {"a-bastion": local}, "vars": {"federation_name": federation.name}},
                "clusters": {**body, "children": children},
                "nobody": {},
            }
        )
    )
    app = {"name": "app", "definition": config_map("settings")}
    seen = play(
        federation,
        [
            {"tasks": [task(federation, "Nested", **app)]},
            {"hosts": "eu-1", "tasks": [task(federation, "One host", name="one", definition=config_map("one"))]},
            {"hosts": "another,clusters", "tasks": [task(federation, "With others", **app)]},
            {
                "tasks": [
                    task(federation, "Empty", {"ignore_errors": True}, **app, fleet_group="nobody"),
                    task(federation, "No such group", {"ignore_errors": True}, **app, fleet_group="martians"),
                ]
            },
            {"hosts": "another", "tasks": [task(federation, "Only others", {"ignore_errors": True}, **app)]},
            {"hosts": "nobody", "tasks": [task(federation, "No host at all", **app)]},
        ],
        inventory=inventory,
    )
    assert seen.rc == 0, seen.output
    assert seen.one("Nested").message == "3 members: 6 created"
    assert list(seen.one("One host").result["members"]) == ["eu-1"]
    assert seen.one("One host").result["resources"]["one"]["members"] == list(MEMBERS)
    assert holders(federation, "one") == ["eu-1"]
    assert seen.one("With others").host == "a-bastion"
    assert seen.one("With others").message == DONE
    assert "the inventory has no hosts in the group 'nobody'" in seen.one("Empty").message
    assert "the inventory has no hosts in the group 'martians'" in seen.one("No such group").message
    assert "no host of this play is in the group 'clusters'" in seen.one("Only others").message
    assert not seen.all("No host at all")
    # a group that is a part of the fleet is no smaller fleet: what it would take away is put off
    moved = federation.propagate(**app, fleet_group="aws", placement={"members": ["us-1"]}, inventory=inventory)
    assert "eu-2" in str(moved.result["warnings"])
    assert holders(federation, "settings") == list(MEMBERS)


def test_a_host_name_that_no_label_can_hold_is_refused_before_anything_is_written(unjoined: Federation) -> None:
    """The name of a member is a label on it. A name with capitals, dots and underscores is fine; that of an EKS context is not."""
    hosts = unjoined.sandbox.hosts()
    odd = "arn:aws:eks:eu-1:cluster/one"
    body = yaml.safe_load(unjoined.inventory.read_text())
    body["clusters"]["hosts"] = {"EU_1.Example.com": hosts["eu-1"], odd: hosts["eu-2"], "x" * 70: hosts["us-1"]}
    inventory = unjoined.player.folder / "odd.yml"
    inventory.write_text(yaml.safe_dump(body))
    del body["clusters"]["hosts"][odd], body["clusters"]["hosts"]["x" * 70]
    good = unjoined.player.folder / "good.yml"
    good.write_text(yaml.safe_dump(body))
    before = {member: unjoined.sandbox.writes(member) for member in MEMBERS}
    try:
        refused = unjoined.player.task("cluster", {}, inventory=inventory)
        assert refused.result["failed"]
        assert odd in refused.message
        assert {member: unjoined.sandbox.writes(member) for member in MEMBERS} == before
        assert not unjoined.player.task("cluster", {}, inventory=good).result["failed"]
    finally:
        away = f"federation-{unjoined.name}"
        for joined, member in ((inventory, "eu-2"), (good, "eu-1")):
            if unjoined.kube[member].get("v1", "Namespace", away):
                unjoined.player.task("cluster", {"state": "absent"}, inventory=joined)


def test_two_federations_in_one_member_never_touch_each_other(federation: Federation) -> None:
    """The same resource of the same objects in two namespaces, and one object of the same name in one namespace."""
    other, space = f"{federation.name}-x", f"{federation.name}-other"
    mine = {"name": "app", "definition": [config_map("settings", who="first"), config_map("more")]}
    theirs = {"name": "app", "definition": [config_map("settings", who="second"), config_map("more")]}
    there = {"federation": other, "namespace": space}
    join = {"name": "Join", "multicluster.federation.cluster": {"federation": other, "share": True}, "run_once": True}
    leave = {"federation": other, "state": "absent", "workloads": "delete"}
    tasks = [
        join,
        task(federation, "Mine", **mine),
        task(federation, "Theirs", **{**theirs, **there}),
        task(federation, "Rival", {"ignore_errors": True}, **{**theirs, **there, "namespace": federation.namespace}),
        task(federation, "Mine again", **mine),
    ]
    try:
        seen = play(federation, [{"tasks": tasks}])
        assert seen.rc == 0, seen.output
        assert seen.one("Mine").message == seen.one("Theirs").message == "3 members: 9 created"
        rival = seen.one("Rival")
        assert {m["reason"] for m in rival.result["members"].values()} == {"conflict"}
        assert f"belongs to federation {federation.name}" in rival.message
        assert seen.one("Mine again").message == DONE
        for client in federation.kube.values():
            found = client.get("v1", "ConfigMap", "settings", federation.namespace)
            assert found is not None
            assert found["data"] == {"who": "first"}
        # what conflicted holds back the prune: the copies in the other namespace are still there
        assert federation.kube["eu-1"].get("v1", "ConfigMap", "settings", space) is not None
        versions = federation.versions()
        gone = task(federation, "Gone", **{"name": "app", "state": "absent", **there})
        seen = play(federation, [{"tasks": [gone, task(federation, "Back", **{**theirs, **there})]}])
        assert seen.one("Gone").message.startswith("3 members: 6 deleted"), seen.output
        assert federation.versions() == versions, "nothing of the first federation was touched"
    finally:
        left = federation.player.task("cluster", leave, inventory=federation.inventory)
    assert not left.result["failed"], left.message
    assert federation.versions() == versions
    assert federation.propagate(**mine).message == DONE


def test_a_copy_with_our_labels_is_neither_changed_nor_pruned(federation: Federation) -> None:
    """Copies as `kubectl get -o yaml | kubectl create` makes them: beside the original, and in another namespace."""
    space, copy_space = federation.namespace, f"{federation.name}-copy"
    wish = {"name": "app", "definition": [config_map("settings"), config_map("more")]}
    federation.propagate(**wish)
    client = federation.kube["eu-2"]
    original = client.get("v1", "ConfigMap", "settings", space)
    assert original is not None
    marks = {key: original["metadata"][key] for key in ("labels", "annotations")}
    client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": copy_space}})
    client.create({**original, "metadata": {**marks, "name": "settings"}}, copy_space)
    client.create({**original, "metadata": {**marks, "name": "beside"}}, space)

    def copies() -> list[Any]:
        found = [client.get("v1", "ConfigMap", "settings", copy_space), client.get("v1", "ConfigMap", "beside", space)]
        return [body and body["metadata"]["resourceVersion"] for body in found]

    before = copies()
    assert all(before)
    shrunk, beside = [config_map("settings", now="changed")], [config_map("settings"), config_map("beside")]
    seen = play(
        federation,
        [
            {
                "tasks": [
                    task(federation, "Again", **wish),
                    task(federation, "Shrunk", name="app", definition=shrunk),
                    task(federation, "In its place", {"ignore_errors": True}, name="app", definition=beside),
                    task(federation, "Gone", name="app", state="absent", delete_namespaces=True),
                ]
            }
        ],
    )
    assert seen.rc == 0, seen.output
    assert seen.one("Again").message == DONE
    objects = seen.one("Shrunk").member("eu-2")["objects"]
    assert (objects["changed"], objects["deleted"]) == (1, 1)
    # the copy stands where an object of the resource is to go: a conflict, and still untouched
    assert seen.one("In its place").member("eu-2")["reason"] == "conflict"
    assert seen.one("In its place").member("eu-1")["reason"] == ""
    assert seen.one("Gone").member("eu-2")["objects"]["deleted"] == 1
    assert copies() == before
    assert client.get("v1", "ConfigMap", "settings", space) is None


def test_an_old_record_that_a_limited_run_goes_on_from_leaves_no_orphan(federation: Federation) -> None:
    """One member's record is restored from a backup and forgets a kind; then a run with only this member in play brings its epoch
    up to that of the others, so that it does not look old any more. And a restored placement takes nothing away."""
    space = names.federation_namespace(federation.name)
    worker = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "worker"}}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "worker"}, "rules": []}
    client = federation.kube["us-1"]
    assert not federation.propagate(name="app", definition=[config_map("settings"), worker]).result["failed"]
    for name, old in (
        ("resource-app", lambda body: {"kinds": [["", "ConfigMap"]], "placement": {"us-1": None}}),
        ("fleet", lambda body: {"members": {"us-1": body["members"]["us-1"]}}),
    ):
        found = client.get("v1", "ConfigMap", name, space)
        assert found is not None
        body = json.loads(found["data"]["record"])
        stale = json.dumps({**body, **old(body), "epoch": body["epoch"] - 1})
        client.merge("v1", "ConfigMap", name, space, {"data": {"record": stale}})

    wish = {"name": "app", "definition": [config_map("settings"), role]}
    limited = federation.propagate("--limit", "us-1", **wish)
    assert not limited.result["failed"], limited.message
    assert holders(federation, "settings") == list(MEMBERS)
    tasks = [
        task(federation, "Predicted", {"check_mode": True}, **wish),
        task(federation, "Whole", **wish),
        task(federation, "Again", **wish),
    ]
    seen = play(federation, [{"tasks": tasks}])
    assert seen.rc == 0, seen.output
    # the prediction takes no lock: a second look, after another run had the lock a moment ago, would find the orphan by chance
    doomed = [o["member"] for o in seen.one("Predicted").result["objects"] if o["object"].startswith("ServiceAccount")]
    assert doomed == list(MEMBERS), seen.one("Predicted").message
    left = {
        m: k.get("v1", "ServiceAccount", "worker", federation.namespace) is not None for m, k in federation.kube.items()
    }
    assert left == dict.fromkeys(MEMBERS, False)
    assert holders(federation, "settings") == list(MEMBERS)
    assert seen.one("Again").message == DONE
