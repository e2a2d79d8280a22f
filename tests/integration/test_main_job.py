# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The main job as a user runs it: the playbook site.yml, from the checkout and from an installed archive."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation

pytestmark = pytest.mark.integration

SITE = "multicluster.federation.site"


def demo(federation: Federation, checkout: Path) -> list[str]:
    """Arguments for the demonstration app, with absolute paths and the test's own namespace."""
    variables = yaml.safe_load((checkout / "examples/demo/vars.yml").read_text())
    for resource in variables["federated_app_resources"]:
        resource["src"] = [str(checkout / path) for path in resource["src"]]
        resource["namespace"] = federation.namespace
    for instance in variables["kubedirector_instances"]:
        instance["namespace"] = federation.namespace
    path = federation.player.folder / "demo.yml"
    path.write_text(yaml.safe_dump(variables))
    return ["-e", f"@{path}"]


def test_the_demonstration_from_nothing_to_ready_and_again(unjoined: Federation, checkout: Path) -> None:
    inventory = unjoined.inventory_with(
        eu_2={"cluster_taints": [{"key": "tier", "value": "batch", "effect": "NoSchedule"}]}
    )
    arguments = demo(unjoined, checkout)
    first = unjoined.player.run(SITE, *arguments, inventory=inventory)
    assert first.returncode == 0, first.stdout
    lines = [" ".join(line.split()) for line in first.stdout.splitlines()]
    assert "member eu-1 eu-2 us-1" in lines
    assert "Deployment web 3/3 - 5/5" in lines
    assert "Deployment reports 1/1 1/1 1/1" in lines
    web = unjoined.kube["eu-1"].get("apps/v1", "Deployment", "web", unjoined.namespace)
    assert web is not None
    assert web["status"]["readyReplicas"] == 3
    container = web["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "mirror.eu.example.com/shop/web:1.4.0"
    assert {"name": "CURRENCY", "value": "EUR"} in container["env"]
    cache = unjoined.kube["us-1"].get("apps/v1", "StatefulSet", "cache-redis-server", unjoined.namespace)
    assert cache is not None
    assert cache["status"]["readyReplicas"] == 1
    assert f"{unjoined.namespace}/cache on us-1 (ready)" in first.stdout
    ingress = unjoined.kube["us-1"].get("networking.k8s.io/v1", "Ingress", "shop", unjoined.namespace)
    assert ingress is not None
    assert ingress["spec"]["rules"][0]["host"] == "us.shop.example.com"

    before = {member: unjoined.sandbox.writes(member) for member in MEMBERS}
    versions = unjoined.versions()
    second = unjoined.player.run(SITE, *arguments, inventory=inventory)
    assert second.returncode == 0, second.stdout
    assert "changed=0" in second.stdout
    assert {member: unjoined.sandbox.writes(member) for member in MEMBERS} == before
    assert unjoined.versions() == versions


def test_an_application_given_by_flat_variables(unjoined: Federation) -> None:
    app = unjoined.player.folder / "app.yaml"
    app.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n")
    flat = [
        "-e",
        "federated_app_name=app",
        "-e",
        "federated_app_src=app.yaml",
        "-e",
        f"federated_app_namespace={unjoined.namespace}",
    ]
    predicted = unjoined.player.run(SITE, *flat, "--check", inventory=unjoined.inventory)
    assert predicted.returncode == 0, predicted.stdout
    assert "check mode, nothing was written; 3 members: 3 created, 3 predicted" in predicted.stdout
    assert "not a member yet" in predicted.stdout
    assert unjoined.kube["eu-1"].get("v1", "Namespace", f"federation-{unjoined.name}") is None
    run = unjoined.player.run(SITE, *flat, inventory=unjoined.inventory)
    assert run.returncode == 0, run.stdout
    assert "3 members: 6 created" in run.stdout
    assert all("settings" in k.names("v1", "ConfigMap", unjoined.namespace) for k in unjoined.kube.values())


def test_without_an_application_the_clusters_are_only_joined(unjoined: Federation) -> None:
    run = unjoined.player.run(SITE, inventory=unjoined.inventory)
    assert run.returncode == 0, run.stdout
    assert "3 members: 18 created" in run.stdout


def test_an_installed_archive_works_without_the_checkout(unjoined: Federation, checkout: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=checkout,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout.split(b"\0")
    for name in filter(None, map(os.fsdecode, listed)):
        if (checkout / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(checkout / name, copy / name)
    environment = {**os.environ, "HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "installed")}

    def galaxy(*arguments: str) -> None:
        done = subprocess.run(
            ["ansible-galaxy", "collection", *arguments],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    galaxy("build", str(copy), "--output-path", str(tmp_path))
    archive = next(tmp_path.glob("multicluster-federation-*.tar.gz"))
    galaxy("install", "--offline", "-p", str(tmp_path / "installed"), str(archive))
    shutil.rmtree(copy)
    run = unjoined.player.run(SITE, inventory=unjoined.inventory, ANSIBLE_COLLECTIONS_PATH=str(tmp_path / "installed"))
    assert run.returncode == 0, run.stdout
    assert "3 members: 18 created" in run.stdout


@pytest.mark.parametrize("file", ["online-boutique.yaml", "guestbook.yaml"])
def test_real_manifests(federation: Federation, checkout: Path, file: str) -> None:
    source = checkout.parent / "shared" / "real" / file
    if not source.exists():
        pytest.skip(f"{file} is not at hand")
    overrides = [
        {"where": {"region": "us"}, "image": {"registry": "mirror.us.example.com"}},
        {"where": {"members": ["eu-1"]}, "target": {"kind": "Deployment", "name": "frontend"}, "replicas": 2},
    ]
    first = federation.propagate(name="app", src=[str(source)], overrides=overrides, wait=True, wait_timeout=120)
    assert not first.result["failed"], first.message
    before = {member: federation.sandbox.writes(member) for member in MEMBERS}
    second = federation.propagate(name="app", src=[str(source)], overrides=overrides, wait=True)
    assert second.message == "3 members: nothing to do"
    assert {member: federation.sandbox.writes(member) for member in MEMBERS} == before
    gone = federation.propagate(name="app", state="absent", delete_namespaces=True)
    assert not gone.result["failed"], gone.message
    for client in federation.kube.values():
        assert client.names("apps/v1", "Deployment", federation.namespace) == []
