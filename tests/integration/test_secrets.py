# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No token, key or value of a Secret in anything that a run says or leaves behind: one scenario for each kind of run."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration.stage import (
    MEMBERS,
    Federation,
    Played,
    user_of,
)

pytestmark = pytest.mark.integration

WORDS = ("mackerel-4417", "halibut-9921", "sturgeon-3365")
KEY = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"word": WORDS[0]}}
PLAIN = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}
EVERYTHING = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]


class Watch:
    """Runs tasks at -vvvv with --diff, with a log file and temporary folders of their own, and searches all of it."""

    def __init__(self, federation: Federation, secrets: list[str]) -> None:
        self.federation = federation
        self.secrets = [form for secret in secrets for form in _forms(secret)]
        self.places = {name: federation.player.folder / name for name in ("temporary", "local", "home")}
        for folder in self.places.values():
            folder.mkdir(exist_ok=True)
        self.log = federation.player.folder / "ansible.log"

    def task(
        self, module: str, options: dict[str, Any], *arguments: str, inventory: Path | None = None, **task: Any
    ) -> Played:
        # as variables: Ansible itself shows the lines of a playbook around a task that fails
        given = self.federation.player.folder / "given.yml"
        given.write_text(yaml.safe_dump({"given": options}))
        given.chmod(stat.S_IRUSR | stat.S_IWUSR)
        options = {key: f"{{{{ given['{key}'] }}}}" for key in options}
        player = self.federation.player
        book, target = player.book(module, options, task=task)
        settings = {
            "TMPDIR": str(self.places["temporary"]),
            "ANSIBLE_LOCAL_TEMP": str(self.places["local"]),
            "ANSIBLE_LOG_PATH": str(self.log),
        }
        chosen = inventory or self.federation.inventory
        done = player.run(str(book), "-vvvv", "--diff", "-e", f"@{given}", *arguments, inventory=chosen, **settings)
        assert target.exists(), done.stdout
        result = json.loads(target.read_text())
        self.search(done.stdout, target.read_text())
        return Played(done.returncode, done.stdout, result)

    def search(self, *texts: str) -> None:
        files = [self.log, *(path for folder in self.places.values() for path in folder.rglob("*") if path.is_file())]
        held = {str(path): path.read_text(errors="replace") for path in files if path.exists()}
        held.update({f"text {number}": text for number, text in enumerate(texts)})
        found = [(place, secret) for place, text in held.items() for secret in self.secrets if secret in text]
        assert not [(place, secret[:12]) for place, secret in found]
        left = [path for path in self.places["temporary"].rglob("*") if path.is_file()]
        assert not [path for path in left if "ansible" not in str(path)], left


def _forms(secret: str) -> list[str]:
    """A secret as it is, and in base64."""
    return [secret, base64.b64encode(secret.encode()).decode().rstrip("=")]


def keys_of(federation: Federation) -> list[str]:
    """The private keys of the sandbox: a line of each, and the beginning of what stands in the kubeconfig."""
    found = []
    for member in MEMBERS:
        body = yaml.safe_load(federation.sandbox.kubeconfig(member).read_text())
        key = body["users"][0]["user"]["client-key-data"]
        found += [key[:60], base64.b64decode(key).decode().splitlines()[1]]
    return found


@pytest.fixture
def tokens(federation: Federation) -> Iterator[dict[str, str]]:
    with ExitStack() as users:
        yield {
            member: users.enter_context(user_of(client, federation.name, EVERYTHING))
            for member, client in federation.kube.items()
        }


def test_runs_over_the_inventory(federation: Federation, tokens: dict[str, str], tmp_path: Path) -> None:
    watch = Watch(federation, [*WORDS, *tokens.values(), *keys_of(federation), "bearer-of-nothing-77", "plug-out-5150"])
    # the token as a variable of the inventory, one host with a plugin that prints it
    plugin = tmp_path / "plugin"
    body = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": tokens["us-1"]},
    }
    plugin.write_text(f"#!/bin/sh\necho '{json.dumps(body)}'\n")
    plugin.chmod(0o700)
    kubeconfig = yaml.safe_load(federation.sandbox.kubeconfig("us-1").read_text())
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
    kubeconfig["users"][0]["user"] = {"exec": command}
    variables = {"cluster_kubeconfig": kubeconfig}
    inventory = federation.inventory_with(
        eu_1={"cluster_api_key": tokens["eu-1"]}, eu_2={"cluster_api_key": tokens["eu-2"]}, us_1=variables
    )
    options: dict[str, Any] = {"name": "app", "namespace": federation.namespace, "definition": [KEY, PLAIN]}
    over = {
        "where": {"region": "us"},
        "target": {"kind": "Secret"},
        "patch": [{"op": "replace", "path": "/stringData/word", "value": WORDS[1]}],
    }
    options["overrides"] = [over]
    for module, wish, *arguments in (
        ("federated_resource", {**options, "keep_template": True}, "--check"),
        ("federated_resource", {**options, "keep_template": True}),
        ("federated_resource", {**options, "definition": [{**KEY, "stringData": {"word": WORDS[2]}}, PLAIN]}),
        ("federated_resource_info", {"show": True}),
        ("cluster_info", {"show": True, "probe": "write"}),
        ("federated_resource", {"name": "app", "state": "absent"}, "--limit", "us-1"),
        ("cluster", {"rights": {"definition": [KEY], "namespace": federation.namespace}}),
    ):
        played = watch.task(module, wish, *arguments, inventory=inventory)
        assert not played.result["failed"], played.message

    # and every kind of failure
    damaged = [{**KEY, "data": {"bad key!": base64.b64encode(WORDS[2].encode()).decode()}}]
    odd = [{**KEY, "stringData": {"word": {"deep": WORDS[2]}}}]
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho 'plug-out-5150 is no credential'\n")
    broken.chmod(0o700)
    command["command"] = str(broken)
    half = tmp_path / "half.kubeconfig"
    half.write_text(f"users: [{{name: x, user: {{token: {tokens['eu-1']}")
    bad = {
        "refused": {"cluster_api_key": "bearer-of-nothing-77"},
        "dead": {"cluster_host": "https://127.0.0.1:9"},
        "half": {"cluster_kubeconfig": str(half), "cluster_api_key": None},
        "plugin": {"cluster_kubeconfig": kubeconfig, "cluster_api_key": None},
    }
    for wish in ({**options, "definition": damaged, "overrides": []}, {**options, "definition": odd, "overrides": []}):
        assert watch.task("federated_resource", wish, inventory=inventory).result["failed"]
    for name, changed in bad.items():
        wrong = federation.inventory_with(us_1={**variables, **changed}, eu_1={"cluster_api_key": tokens["eu-1"]})
        for module, wish in (("federated_resource", options), ("cluster_info", {"show": True})):
            played = watch.task(module, wish, inventory=wrong)
            assert played.member("us-1")["status"] not in ("ok", "changed", "ready"), (name, played.message)


def test_runs_with_credentials_of_their_own(federation: Federation, tmp_path: Path) -> None:
    """The only place of a kept token is its file."""
    kept = {"credentials": "file", "credentials_dir": str(tmp_path / "kept")}
    watch = Watch(federation, keys_of(federation))
    wish = {"name": "app", "namespace": federation.namespace, "definition": [PLAIN]}
    runs: list[tuple[str, dict[str, Any]]] = [("cluster", kept), ("cluster", {**kept, "rotate": True})]
    for module, options in [*runs, ("federated_resource", {**wish, **kept}), ("cluster_info", {**kept, "show": True})]:
        played = watch.task(module, options)
        assert not played.result["failed"], played.message
        for path in (tmp_path / "kept").rglob("*.kubeconfig"):
            watch.secrets.append(yaml.safe_load(path.read_text())["users"][0]["user"]["token"])
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        watch.search(played.output, json.dumps(played.result))
    played = watch.task("federated_resource", {**wish, "credentials": "per_run"})
    assert not played.result["failed"], played.message
    assert "eyJ" not in played.output  # the beginning of every token


@pytest.mark.long
def test_modules_elsewhere_with_long_and_short_secrets(federation: Federation, tokens: dict[str, str]) -> None:
    """With ``clusters`` the options travel; short secrets must not blank the words that they are parts of."""
    watch = Watch(federation, [*WORDS, *tokens.values(), *keys_of(federation), "a-long-password-8472"])
    address = yaml.safe_load(federation.sandbox.kubeconfig("us-1").read_text())["clusters"][0]["cluster"]
    ca = base64.b64decode(address["certificate-authority-data"]).decode()
    reached = {"name": "us-1", "host": address["server"], "ca_cert": ca, "region": "us"}
    inline = yaml.safe_load(federation.sandbox.kubeconfig("us-1").read_text())
    text = federation.sandbox.kubeconfig("us-1").read_text()
    user = inline["users"][0]["user"]
    pem = {
        "client_cert": base64.b64decode(user["client-certificate-data"]).decode(),
        "client_key": base64.b64decode(user["client-key-data"]).decode(),
    }
    over = {"target": {"kind": "Secret"}, "patch": [{"op": "replace", "path": "/stringData/word", "value": WORDS[1]}]}
    wish = {"name": "app", "namespace": federation.namespace, "definition": [KEY, PLAIN], "overrides": [over]}
    ways: dict[str, tuple[dict[str, Any], bool]] = {
        "token": ({**reached, "api_key": tokens["us-1"]}, True),
        "kubeconfig": ({"name": "us-1", "kubeconfig": inline}, True),
        "kubeconfig as text": ({"name": "us-1", "kubeconfig_data": text}, True),
        "client certificate": ({**reached, **pem}, True),
        "a short token": ({**reached, "api_key": "us"}, False),
        "a short password": ({**reached, "username": "admin", "password": "region"}, False),
        "a long password": ({**reached, "username": "admin", "password": "a-long-password-8472"}, False),
    }
    for way, (cluster, works) in ways.items():
        for module, options in (("federated_resource", wish), ("cluster_info", {})):
            played = watch.task(module, {**options, "clusters": [cluster]}, delegate_to="localhost")
            assert list(played.result["members"]) == ["us-1"], (way, played.output)
            assert "********" not in json.dumps(played.result), way
            if module == "federated_resource":
                assert played.result["failed"] is not works, (way, played.message)
                assert '"module_args"' in played.output
                assert "(not shown)" in played.output
    assert watch.task("federated_resource", {"name": "app", "state": "absent"}).result["changed"]
