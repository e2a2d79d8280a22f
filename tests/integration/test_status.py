# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`federated_resource_info` and `fleet_report` on real API servers: what another hand did is found, named, and gone after a run."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.tests.integration.browser import Browser, find_browser
from ansible_collections.multicluster.federation.tests.integration.manifests import (
    config_map,
    custom_kind,
    manifest,
    workload,
)
from ansible_collections.multicluster.federation.tests.integration.proxy import (
    Answer,
    Forward,
    Proxy,
    Request,
    Reset,
    refusal,
)
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation, Played

pytestmark = pytest.mark.integration

SECRET = "correct-horse-battery"
EU, EU2, US = MEMBERS


def app(group: str) -> list[dict[str, Any]]:
    claim = {"accessModes": ["ReadWriteOnce"], "storageClassName": group, "resources": {"requests": {"storage": "1Gi"}}}
    return [
        custom_kind(group, "Till", "tills", subresources={"status": {}}),
        manifest(f"{group}/v1", "Till", "one", spec={"size": 1}),
        config_map("settings", color="blue", size="1"),
        manifest("v1", "Secret", "keys", stringData={"password": SECRET, "user": "bob"}),
        workload("web", {"containers": [{"name": "main", "image": "registry.example.com/app:1"}]}, replicas=2),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]},
        },
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": claim},
    ]


def volume(group: str, namespace: str) -> dict[str, Any]:
    """A volume that the claim of `app` is bound to."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": group},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": group,
            "hostPath": {"path": "/nowhere"},
            "claimRef": {"namespace": namespace, "name": "data"},
        },
    }


def info(federation: Federation, *arguments: str, **options: Any) -> Played:
    return federation.player.task("federated_resource_info", options, *arguments, inventory=federation.inventory)


def patch_status(federation: Federation, member: str, path: str, status: dict[str, Any]) -> None:
    federation.kube[member].client.request(
        "patch",
        f"{path}/status",
        body={"status": status},
        content_type="application/merge-patch+json",
        header_params={"Content-Type": "application/merge-patch+json"},
    )


@pytest.fixture
def group(group: str, federation: Federation) -> Iterator[str]:
    """With the API group of the test, its volumes are taken away, which no run does either."""
    yield group
    for client in federation.kube.values():
        if client.get("v1", "PersistentVolume", group):
            client.delete("v1", "PersistentVolume", group)


def by_member(entries: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        found.setdefault(entry["member"], []).append(entry)
    return found


class Texts(HTMLParser):
    """The text of a page, and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def test_what_another_hand_did_is_told(federation: Federation, group: str, tmp_path: Path) -> None:
    kube, space = federation.kube, federation.namespace
    eu, eu2, us = (kube[member] for member in MEMBERS)
    eu.create(volume(group, space))
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "lone"}}
    federation.propagate(name="app", definition=app(group), keep_template=True)
    federation.propagate(name="lone", definition=[config_map("lone", a="b"), account])

    # what controllers and cloud providers do
    services, tills = f"/api/v1/namespaces/{space}/services/web", f"/apis/{group}/v1/namespaces/{space}/tills/one"
    patch_status(federation, EU, services, {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}})
    ready = {"type": "Ready", "status": "True"}
    patch_status(federation, EU, tills, {"observedGeneration": 1, "conditions": [ready]})
    broken = {"type": "Ready", "status": "False", "reason": "NoPaper", "message": "the roll is empty"}
    patch_status(federation, EU2, tills, {"conditions": [broken]})

    def settled() -> bool:
        claim = eu.get("v1", "PersistentVolumeClaim", "data", space) or {}
        return claim["status"].get("phase") == "Bound" and all(
            ((c.get("apps/v1", "Deployment", "web", space) or {}).get("status") or {}).get("availableReplicas") == 2
            for c in kube.values()
        )

    until(settled, "the claim is bound and the pods are ready")
    before = {member: (len(federation.sandbox.audit(member)), federation.sandbox.writes(member)) for member in MEMBERS}
    clean = info(federation, name=["app"]).result
    shop = clean["resources"]["app"]
    assert shop["drift"] == []
    assert shop["orphans"] == []
    assert (shop["ready"], shop["desired"]) == (6, 6)
    assert shop["kinds"] == {
        "ConfigMap": {"total": 3, "healthy": 3},
        "CustomResourceDefinition": {"total": 3, "healthy": 3},
        "Deployment": {"total": 3, "healthy": 3},
        "PersistentVolumeClaim": {"total": 3, "healthy": 1},
        "Secret": {"total": 3, "healthy": 3},
        "Service": {"total": 3, "healthy": 1},
        "Till": {"total": 3, "healthy": 2},
    }
    assert shop["members"][EU]["healthy"]
    assert not shop["healthy"]
    assert shop["addresses"] == [{"member": EU, "service": f"Service {space}/web", "address": "203.0.113.7"}]
    assert [(entry["member"], entry["reasons"]) for entry in shop["behind"]] == [
        (EU2, ["unhealthy"]),
        (US, ["unhealthy"]),
    ]
    assert f"Till {space}/one (Ready is False (NoPaper: the roll is empty))" in shop["behind"][0]["msg"]
    assert shop["plan"]["placement"] == dict.fromkeys(MEMBERS)
    assert shop["plan"]["epoch"] == 1
    # few requests, no write, and the template from one member only
    requests = {}
    for member, (number, writes) in before.items():
        assert federation.sandbox.writes(member) == writes
        events = federation.sandbox.audit(member)[number:]
        requests[member] = [e["requestURI"].split("?")[0] for e in events if e["user"]["username"] == "admin"]
        assert {e["verb"] for e in events if e["user"]["username"] == "admin"} <= {"get", "list"}
    template = f"/api/v1/namespaces/federation-{federation.name}/configmaps/template-app"
    assert sum(uris.count(template) for uris in requests.values()) == 1
    lists = [
        "/api",
        "/apis",
        "/api/v1/configmaps",
        f"/api/v1/namespaces/{space}/secrets",
        f"/api/v1/namespaces/federation-{federation.name}/configmaps",
        "/api/v1/persistentvolumeclaims",
        "/api/v1/services",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        "/apis/apps/v1/deployments",
        f"/apis/{group}/v1/tills",
    ]
    for uris in requests.values():
        assert sorted(uri for uri in uris if uri != template) == sorted(lists)

    records = [
        client.get("v1", "ConfigMap", "resource-app", f"federation-{federation.name}") or {} for client in kube.values()
    ]
    # each member dates its own; the last of them counts
    assert shop["plan"]["at"] == max(record["metadata"]["managedFields"][0]["time"] for record in records)
    assert {json.loads(record["data"]["record"])["template"] for record in records} == {shop["plan"]["template"]}

    # another hand: a changed field, a changed Secret, a deleted object, objects whose records are gone
    eu.merge("v1", "ConfigMap", "settings", space, {"data": {"color": "red", "extra": "theirs"}})
    eu2.merge("v1", "Secret", "keys", space, {"stringData": {"password": "another"}})
    us.delete("apps/v1", "Deployment", "web", space)
    for client in kube.values():
        client.delete("v1", "ConfigMap", "resource-lone", f"federation-{federation.name}")
    # a copy with our marks that nobody of us applied is nobody's orphan
    copy = config_map("lone-copy", a="b")
    found = us.get("v1", "ConfigMap", "lone", space)
    assert found is not None
    copy["metadata"].update({key: found["metadata"][key] for key in ("labels", "annotations")})
    us.create(copy, space)

    seen = info(federation, show=True)
    drift = by_member(seen.result["resources"]["app"]["drift"])
    assert {m: [entry["object"] for entry in entries] for m, entries in drift.items()} == {
        EU: [f"ConfigMap {space}/settings"],
        EU2: [f"Secret {space}/keys"],
        US: [f"Deployment {space}/web"],
    }
    assert ".data.color" in drift[EU][0]["msg"] or ".data" in drift[EU][0]["msg"]
    assert "by " in drift[EU][0]["msg"]
    assert "extra" not in drift[EU][0]["msg"]
    assert ".data.password" in drift[EU2][0]["msg"]
    assert "missing" in drift[US][0]["msg"]
    behind = {entry["member"]: entry for entry in seen.result["resources"]["app"]["behind"]}
    assert behind[US]["reasons"] == ["missing", "unhealthy"]
    assert behind[US]["msg"].startswith(f"1 object is missing: Deployment {space}/web")
    assert EU not in behind
    assert [entry["drift"] for entry in seen.result["members"].values()] == [1, 1, 1]
    assert {(o["member"], o["resource"], o["object"]) for o in seen.result["orphans"]} == {
        (member, "lone", f"ConfigMap {space}/lone") for member in MEMBERS
    }
    # a kind that no record names any more is found by looking everywhere
    everywhere = info(federation, search="everything").result
    assert [(o["member"], o["object"]) for o in everywhere["orphans"]] == [
        (member, f"{kind} {space}/lone") for member in MEMBERS for kind in ("ConfigMap", "ServiceAccount")
    ]
    assert everywhere["resources"]["app"]["drift"] == seen.result["resources"]["app"]["drift"]
    assert "~ app: 3 drifted objects on eu-1, eu-2, us-1" in seen.output
    assert "~ 3 objects of no recorded resource on eu-1, eu-2, us-1" in seen.output
    assert SECRET not in json.dumps(seen.result)

    check_the_report(federation, tmp_path, space)

    # a run puts it right, and what was drift is told no more
    federation.propagate(name="app", definition=app(group), keep_template=True, wait=True)
    after = info(federation, name=["app"]).result["resources"]["app"]
    assert after["drift"] == []
    assert [entry["reasons"] for entry in after["behind"]] == [["unhealthy"], ["unhealthy"]]


def check_the_report(federation: Federation, folder: Path, space: str) -> None:
    """The playbook prints both tables and writes the page; a second run that finds the same says so; a check writes nothing."""
    target = folder / "fleet.html"
    arguments = ("multicluster.federation.status", "-e", json.dumps({"status_report": str(target)}))
    checked = federation.player.run(*arguments, "--check", inventory=federation.inventory)
    assert checked.returncode == 0, checked.stdout
    assert not target.exists()
    done = federation.player.run(*arguments, inventory=federation.inventory)
    assert done.returncode == 0, done.stdout
    assert "ready (writes unproven)" in done.stdout
    assert "~ app: 3 drifted objects" in done.stdout
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in folder.glob(".report-*")] == []

    page = target.read_text("utf-8")
    seen = Texts(page)
    for text in (f"Deployment {space}/web", f"ConfigMap {space}/lone", "203.0.113.7", *MEMBERS, federation.name):
        assert text in seen.words, text
    assert "script" not in seen.tags
    assert SECRET not in page
    record = federation.kube[EU].get("v1", "ConfigMap", "fleet", f"federation-{federation.name}")
    assert record is not None
    fleet = json.loads(record["data"]["record"])
    assert f"UID {fleet['uid']}" in seen.words
    assert f"epoch {fleet['epoch']}" in seen.words

    options = {"dest": str(target), "mode": "0644", "title": "The same again"}
    renamed = federation.player.task("fleet_report", options, inventory=federation.inventory)
    assert renamed.result["changed"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    again = federation.player.task("fleet_report", options, inventory=federation.inventory)
    assert not again.result["changed"], again.result
    assert again.result["summary"] == {
        "members": 3,
        "ready": 3,
        "resources": 1,
        "healthy": 0,
        "drift": 3,
        "orphans": 3,
        "behind": 1,
        "attention": again.result["summary"]["attention"],
    }
    clusters = [
        {"name": member, "kubeconfig": str(federation.sandbox.kubeconfig(member)), "context": member}
        for member in MEMBERS
    ]
    listed = federation.player.task(
        "fleet_report", {**options, "clusters": clusters, "federation": federation.name}, inventory=federation.inventory
    )
    assert listed.result["summary"]["ready"] == 3
    there = federation.player.task("fleet_report", {"dest": str(folder)}, inventory=federation.inventory)
    assert there.result["failed"]
    assert "is a directory" in there.message


async def away(_request: Request, _forward: Forward) -> Answer:
    raise Reset


async def slow(request: Request, forward: Forward) -> Answer:
    """Late with its first answer, so that the others have decided what to look for."""
    if request.path == "/api":
        await asyncio.sleep(2)
    return await forward()


async def closed(request: Request, forward: Forward) -> Answer:
    """One kind may not be listed."""
    return refusal(403, "configmaps is forbidden") if request.path == "/api/v1/configmaps" else await forward()


def seconds_of(proxy: Proxy, since: int) -> dict[str, float]:
    """When each member had answered the last of its lists, counted from the first request to anyone. A template is read afterwards,
    when all records are known."""
    seen = [one for one in proxy.seen[since:] if "/configmaps/template-" not in one.request.path]
    begun = min(one.request.at for one in seen)
    return {member: max(one.at for one in seen if one.request.member == member) - begun for member in MEMBERS}


@pytest.mark.long
def test_sick_members_hide_and_delay_nobody(proxied: Federation, proxy: Proxy, tmp_path: Path) -> None:
    proxied.propagate(name="app", definition=[config_map("settings", color="blue")], keep_template=True)
    calm = info(proxied).result

    proxy.faults, before = {US: slow}, len(proxy.seen)
    late = info(proxied).result
    taken = seconds_of(proxy, before)
    assert late == calm  # who is late is told of as fully as the others
    assert taken[US] >= 2
    assert max(taken[EU], taken[EU2]) < 1.8

    proxy.faults = {US: closed}
    found = info(proxied).result["resources"]["app"]
    assert [(entry["member"], entry["reasons"]) for entry in found["behind"]] == [(US, ["unread"])]
    assert "ConfigMap cannot be read" in found["behind"][0]["msg"]
    assert (found["drift"], found["orphans"], found["healthy"]) == ([], [], False)
    assert found["kinds"] == {"ConfigMap": {"total": 2, "healthy": 2}}

    proxy.faults = {US: away}
    target = tmp_path / "fleet.html"
    done = proxied.player.task("fleet_report", {"dest": str(target)}, inventory=proxied.inventory)
    assert not done.result["failed"], done.message
    assert done.result["summary"]["unreachable"] == 1
    words = Texts(target.read_text("utf-8")).words
    assert "us-1 is unreachable" in words
    assert "not read" in words


@pytest.mark.long
def test_members_that_were_away_are_behind_and_keep_orphans(proxied: Federation, proxy: Proxy) -> None:
    options: dict[str, Any] = {"name": "app", "keep_template": True}
    proxied.propagate(definition=[config_map("settings", color="blue"), config_map("old", a="b")], **options)

    # an update that one member misses; told while it is away, and when it is back
    proxy.faults[US] = away
    proxied.propagate(definition=[config_map("settings", color="green")], **options)
    gone = info(proxied)
    proxy.faults = {}
    found = gone.result["resources"]["app"]
    assert gone.member(US)["reason"] == "unreachable"
    assert gone.member(EU)["status"] == "ok"
    assert [(entry["member"], entry["reasons"]) for entry in found["behind"]] == [(US, ["unread"])]
    assert sorted(found["members"]) == [EU, EU2]
    assert not found["healthy"]
    assert found["plan"]["epoch"] == 2

    back = info(proxied).result["resources"]["app"]
    assert [(entry["member"], entry["reasons"]) for entry in back["behind"]] == [(US, ["outdated"])]
    assert back["behind"][0]["msg"] == "it holds an older template (epoch 1, the newest is 2)"
    assert back["drift"] == []  # it is as it was applied there, from the template of before
    assert back["plan"]["placement"] == dict.fromkeys(MEMBERS)

    # the resource moves away from a member that does not answer
    proxy.faults[US] = away
    proxied.propagate(definition=[config_map("settings", color="green")], placement={"members": [EU, EU2]}, **options)
    proxy.faults = {}
    moved = info(proxied).result
    found = moved["resources"]["app"]
    assert found["plan"]["placement"] == dict.fromkeys([EU, EU2])
    space = proxied.namespace
    assert [(o["member"], o["object"]) for o in found["orphans"]] == [
        (US, f"ConfigMap {space}/old"),
        (US, f"ConfigMap {space}/settings"),
    ]
    assert moved["orphans"] == []
    assert [(entry["member"], entry["reasons"]) for entry in found["behind"]] == [(US, ["outdated"])]

    # without the template, what managedFields tell is told
    proxied.propagate(name="plain", definition=[config_map("plain", color="blue")])
    proxied.kube[EU].merge("v1", "ConfigMap", "plain", space, {"data": {"color": "red"}})
    plain = info(proxied, name=["plain"]).result["resources"]["plain"]
    assert plain["drift"] is None
    assert plain["drift_msg"] == "unknown (keep_template is off)"
    assert [(entry["member"], entry["reasons"]) for entry in plain["behind"]] == [(EU, ["drifted"])]
    unknown = info(proxied, name=["nothing"]).result["resources"]["nothing"]
    assert not unknown["healthy"]
    assert unknown["members"] == {}

    # a run over the whole fleet takes the orphans away
    proxied.propagate(definition=[config_map("settings", color="green")], placement={"members": [EU, EU2]}, **options)
    after = info(proxied, name=["app"]).result["resources"]["app"]
    assert (after["orphans"], after["behind"], after["drift"], after["healthy"]) == ([], [], [], True)


MEASURE = """({
  page: page.documentElement.scrollWidth,
  view: view.innerWidth,
  boxes: [...page.querySelectorAll('.box.wide')].map(box => [box.scrollWidth, box.clientWidth]),
  sideways: [...page.querySelectorAll('body *')].filter(
    found => !found.closest('.box') && found.getBoundingClientRect().right > view.innerWidth + 0.5).map(f => f.outerHTML),
  title: page.title,
  scripts: page.scripts.length,
  asked: view.performance.getEntriesByType('resource').map(entry => entry.name),
  text: page.body.innerText.length,
})"""


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_in_a_real_browser(width: int, tmp_path: Path) -> None:
    from ansible_collections.multicluster.federation.plugins.plugin_utils.fleet_report import TEMPLATE
    from ansible_collections.multicluster.federation.plugins.plugin_utils.report_page import render_page
    from ansible_collections.multicluster.federation.plugins.plugin_utils.report_view import Facts, build
    from ansible_collections.multicluster.federation.tests.unit.samples import large_fleet

    view = build(*large_fleet(), Facts("", "2026-11-23T12:00:00Z", {"ansible-core": "2.19"}))
    browser = Browser(find_browser(), tmp_path)
    found = browser.measure(render_page(TEMPLATE, view), width, MEASURE)
    assert found["view"] == width
    assert found["page"] <= width, "the page scrolls sideways"
    assert found["sideways"] == []
    assert len(found["boxes"]) == 2
    assert found["boxes"][1][0] > found["boxes"][1][1], "fourteen members do not fit: the matrix scrolls in its box"
    assert found["title"] == "Federation acme"
    assert found["scripts"] == 0
    assert found["asked"] == []
    assert found["text"] > 1000
    assert set(browser.asked) <= {"/", "/page.html", "/favicon.ico"}
