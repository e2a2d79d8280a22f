# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The federation's own credentials: what they may do, tokens for one run, kubeconfigs that renew themselves, rotation."""

from __future__ import annotations

import json
import re
import stat
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration.manifests import CRD, custom_kind
from ansible_collections.multicluster.federation.tests.integration.matrix import forged
from ansible_collections.multicluster.federation.tests.integration.sandbox_tools import until
from ansible_collections.multicluster.federation.tests.integration.stage import MEMBERS, Federation, Played

pytestmark = pytest.mark.integration

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"word": "open-sesame"}}
BOATS = custom_kind("rights.example.com", "Boat", "boats")
BOAT = {"apiVersion": "rights.example.com/v1", "kind": "Boat", "metadata": {"name": "one"}, "spec": {"sails": 2}}
RBAC = "rbac.authorization.k8s.io"
ROLES = [
    {
        "apiVersion": f"{RBAC}/v1",
        "kind": "Role",
        "metadata": {"name": "worker"},
        "rules": [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}],
    },
    {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "viewer"},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}],
    },
]


def join(stage: Federation, *arguments: str, inventory: Any = None, **options: Any) -> Played:
    return stage.player.task("cluster", options, *arguments, inventory=inventory or stage.inventory)


def account(stage: Federation) -> str:
    return f"system:serviceaccount:federation-{stage.name}:federation"


def since(stage: Federation, member: str, before: int) -> list[dict[str, Any]]:
    """What was asked of a member after its first ``before`` requests."""
    return stage.sandbox.audit(member)[before:]


def done(played: Played) -> str:
    assert not played.result["failed"], played.message
    return played.message


def told_task(played: Played, member: str) -> dict[str, Any]:
    """The options of the task that the message of a member tells to run."""
    found = re.search(r"multicluster\.federation\.cluster: (\{.*\})\)", played.member(member)["msg"])
    assert found, played.member(member)["msg"]
    return dict(yaml.safe_load(found[1]))


def test_a_token_for_one_run_and_the_rights_that_messages_name(federation: Federation, tmp_path: Path) -> None:
    before = {member: len(federation.sandbox.audit(member)) for member in MEMBERS}
    done(federation.propagate(name="app", definition=[CONFIG], credentials="per_run"))
    for member in MEMBERS:
        asked = since(federation, member, before[member])
        others = {e["user"]["username"] for e in asked if "/serviceaccounts/federation/token" not in e["requestURI"]}
        assert others == {account(federation)}
        assert len([e for e in asked if e["requestURI"].endswith("/token")]) == 1
    assert not list(tmp_path.rglob("*.kubeconfig"))
    # in a job of AWX, nobody has to ask for it; where what is given is no administrator's, it is used as it is
    before = {member: len(federation.sandbox.audit(member)) for member in MEMBERS}
    assert "nothing to do" in done(federation.propagate("-e", "awx_job_id=7", name="app", definition=[CONFIG]))
    assert {e["user"]["username"] for e in since(federation, "eu-1", before["eu-1"])} > {account(federation)}

    # what is missing is named, with the task that adds it; that task is run as it is told, until nothing is missing
    app = [CONFIG, SECRET, BOATS, BOAT]
    options = {"name": "app", "definition": app, "credentials": "per_run"}
    told = []
    for _attempt in range(4):
        run = federation.propagate(**options)
        if not run.result["failed"]:
            break
        assert {run.member(member)["reason"] for member in MEMBERS} == {"forbidden"}, run.message
        told.append(told_task(run, "eu-1"))
        done(join(federation, **told[-1]))
    done(run)
    assert {"secret_namespaces": [federation.namespace]} in [task["rights"] for task in told]
    for member in MEMBERS:
        listed = [e["requestURI"] for e in since(federation, member, before[member]) if e["verb"] == "list"]
        assert not [path for path in listed if path.startswith("/api/v1/secrets")]
    federation.propagate(name="app", state="absent")
    for client in federation.kube.values():
        client.delete(*CRD, BOATS["metadata"]["name"])


@pytest.mark.long
def test_rights_worked_out_from_manifests(unjoined: Federation) -> None:
    app = [SECRET, BOATS, BOAT, *ROLES]
    rights = {"profile": "minimal", "definition": app, "namespace": unjoined.namespace}
    done(join(unjoined, rights=rights))
    space = f"federation-{unjoined.name}"
    role = unjoined.kube["eu-1"].get(f"{RBAC}/v1", "ClusterRole", space)
    assert role is not None
    granted = {(group, r) for rule in role["rules"] for group in rule["apiGroups"] for r in rule["resources"]}
    assert ("rights.example.com", "boats") in granted
    assert not {("", "secrets"), ("", "services"), ("apps", "deployments")} & granted
    assert unjoined.kube["eu-1"].names(f"{RBAC}/v1", "Role", unjoined.namespace) == [space]
    options: dict[str, Any] = {"name": "app", "credentials": "per_run"}
    done(unjoined.propagate(definition=app, **options))
    assert not unjoined.propagate(definition=app, **options).result["changed"]
    assert not join(unjoined).result["changed"]  # what was said is remembered
    smaller = unjoined.propagate(definition=[SECRET, BOATS, BOAT], **options)
    assert done(smaller).startswith("3 members: 6 deleted")
    # exactly what is said, and what is there takes still
    done(join(unjoined, rights={"profile": "minimal", "exact": True}))
    role = unjoined.kube["eu-1"].get(f"{RBAC}/v1", "ClusterRole", space)
    assert role is not None
    granted = {(group, r) for rule in role["rules"] for group in rule["apiGroups"] for r in rule["resources"]}
    assert ("rights.example.com", "boats") in granted
    assert (RBAC, "roles") not in granted
    admin = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": unjoined.name}}
    admin |= {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}}
    noted = join(unjoined, rights={"definition": admin})
    assert "which only rights: {profile: cluster_admin} can give" in noted.output
    done(join(unjoined, "--limit", "eu-1", rights={"profile": "cluster_admin"}))
    role = unjoined.kube["eu-1"].get(f"{RBAC}/v1", "ClusterRole", space)
    assert role is not None
    assert {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]} in role["rules"]
    done(unjoined.propagate(state="absent", delete_namespaces=True, **{**options, "credentials": "given"}))
    for client in unjoined.kube.values():
        client.delete(*CRD, BOATS["metadata"]["name"])


def token_in(path: Path) -> str:
    return str(yaml.safe_load(path.read_text())["users"][0]["user"]["token"])


def put(path: Path, token: str) -> None:
    body = yaml.safe_load(path.read_text())
    body["users"][0]["user"]["token"] = token
    path.write_text(yaml.safe_dump(body))


def accepted(path: Path) -> bool:
    """Whether the API server takes the credential in a kubeconfig."""
    from kubernetes import client, config
    from kubernetes.client.exceptions import ApiException

    try:
        client.CoreV1Api(config.new_client_from_config(str(path))).list_node()
    except ApiException as error:
        if error.status != 401:
            raise
        return False
    return True


@pytest.mark.long
def test_a_kubeconfig_that_is_kept_renews_itself_and_can_be_rotated(unjoined: Federation, tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    kept: dict[str, Any] = {"credentials": "file", "credentials_dir": str(folder), "credentials_days": 10}
    assert join(unjoined, "--check", **kept).result["changed"]
    assert not folder.exists()
    joined = join(unjoined, **kept)
    done(joined)
    paths = {member: folder / unjoined.name / f"{member}.kubeconfig" for member in MEMBERS}
    for member, path in paths.items():
        told = joined.member(member)["credential"]
        assert told["file"] == str(path)
        assert 9.9 < told["seconds_left"] / 86400 <= 10
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert accepted(path)  # the official client reads it, too
    assert not join(unjoined, **kept).result["changed"]
    tokens = {member: token_in(path) for member, path in paths.items()}

    # without the kubeconfig of an administrator
    nothing = {"cluster_kubeconfig": str(tmp_path / "gone"), "cluster_context": None}
    alone = unjoined.inventory_with(eu_1=nothing, eu_2=nothing, us_1=nothing)
    options = {"name": "app", "definition": [CONFIG], **kept}
    before = len(unjoined.sandbox.audit("eu-1"))
    done(unjoined.propagate(inventory=alone, **options))
    assert {e["user"]["username"] for e in since(unjoined, "eu-1", before)} == {account(unjoined)}
    assert {member: token_in(path) for member, path in paths.items()} == tokens

    # in the last third of its life it is renewed, by itself; not in check mode
    now = time.time()
    put(paths["eu-1"], old := forged(unjoined, "eu-1", tokens["eu-1"], now - 700, now + 300))
    done(unjoined.propagate("--check", inventory=alone, **options))
    assert token_in(paths["eu-1"]) == old
    done(unjoined.propagate(inventory=alone, **options))
    assert token_in(paths["eu-1"]) not in (old, tokens["eu-1"])
    assert accepted(paths["eu-1"])
    assert stat.S_IMODE(paths["eu-1"].stat().st_mode) == 0o600

    # an expired one: nothing to fall back to, and then there is
    put(paths["eu-2"], forged(unjoined, "eu-2", tokens["eu-2"], now - 2000, now - 1000))
    lost = unjoined.propagate(inventory=alone, **options)
    assert (lost.member("eu-2")["reason"], lost.member("us-1")["status"]) == ("credentials", "ok")
    assert f"the credential in {paths['eu-2']} ended on " in lost.member("eu-2")["msg"]
    assert "run rotate_credentials with the kubeconfig of an administrator" in lost.member("eu-2")["msg"]
    done(unjoined.propagate(**options))
    assert accepted(paths["eu-2"])

    # rotated: what was stolen ends
    stolen = tmp_path / "stolen.kubeconfig"
    stolen.write_bytes(paths["us-1"].read_bytes())
    rotated = join(unjoined, "--limit", "us-1", rotate=True, **kept)
    done(rotated)
    assert token_in(paths["us-1"]) != tokens["us-1"]
    assert accepted(paths["us-1"])
    assert accepted(paths["eu-1"])
    until(lambda: not accepted(stolen), "the token of before ends", 60)
    done(unjoined.propagate(inventory=alone, **options))
    own = unjoined.inventory_with(us_1={"cluster_kubeconfig": str(paths["us-1"]), "cluster_context": "us-1"})
    refused = join(unjoined, "--limit", "us-1", inventory=own, rotate=True)
    assert refused.result["failed"]
    assert not [text for text in tokens.values() if text in joined.output + rotated.output]
    done(join(unjoined, "--limit", "us-1", state="absent", **kept))
    assert sorted(path.name for path in folder.rglob("*.kubeconfig")) == ["eu-1.kubeconfig", "eu-2.kubeconfig"]


def test_the_playbooks(unjoined: Federation, tmp_path: Path) -> None:
    folder = tmp_path / "credentials"
    variables = {"federation_credentials": "file", "federation_credentials_dir": str(folder)}

    def play(name: str, **more: Any) -> str:
        given = json.dumps({**variables, **more})
        run = unjoined.player.run(f"multicluster.federation.{name}", "-e", given, inventory=unjoined.inventory)
        assert ("failed=0" in run.stdout) is (run.returncode == 0)
        return run.stdout

    assert "3 members: 18 created" in play("join")
    old = token_in(folder / unjoined.name / "eu-1.kubeconfig")
    assert "failed=0" in play("rotate_credentials")
    assert token_in(folder / unjoined.name / "eu-1.kubeconfig") != old
    assert "say which members are to leave" in play("leave")
    assert "1 member" not in play("leave", members="eu-2,us-1")
    assert sorted(path.name for path in folder.rglob("*.kubeconfig")) == ["eu-1.kubeconfig"]
