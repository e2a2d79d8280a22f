# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real API servers and real ansible-playbook processes for the tests.

One sandbox of three members serves all tests of a session; each test has a federation and a namespace of its own on it, and leaves
nothing behind. What the tests believe comes from the API servers, asked with the official client, and from their audit logs.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from ansible_collections.multicluster.federation.tests.integration.manifests import CRD
from ansible_collections.multicluster.federation.tests.integration.proxy import Backend, Proxy, certificate
from ansible_collections.multicluster.federation.tests.integration.stage import (
    MEMBERS,
    Federation,
    Kube,
    Player,
    Sandbox,
    membership,
    user_of,
)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Three members for all tests; FEDERATION_TEST_SANDBOX=<folder of a running sandbox> uses that one instead (with `-n 0`)."""
    given = os.environ.get("FEDERATION_TEST_SANDBOX")
    if given:
        yield Sandbox(Path(given).parent, Path(given).name)
        return
    root = tmp_path_factory.mktemp("sandboxes")
    found = Sandbox(root, f"tests-{os.getpid()}")
    variables = json.dumps({"sandbox_name": found.name, "sandbox_root": str(root)})

    def play(playbook: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ansible-playbook", f"multicluster.federation.{playbook}", "-e", variables],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=3000,
            check=False,
        )

    try:
        up = play("sandbox_up")
        assert up.returncode == 0, up.stdout
        yield found
    finally:
        down = play("sandbox_down")
    assert down.returncode == 0, down.stdout
    assert not found.folder.exists()


@pytest.fixture(scope="session")
def kube(sandbox: Sandbox) -> dict[str, Kube]:
    """The official client for each member."""
    return {member: Kube(sandbox.kubeconfig(member)) for member in MEMBERS}


@pytest.fixture
def player(sandbox: Sandbox, tmp_path: Path) -> Player:
    """Runs playbooks over the sandbox's own inventory."""
    return Player(tmp_path, sandbox.inventory)


_numbers = itertools.count(1)


@pytest.fixture
def unjoined(sandbox: Sandbox, kube: dict[str, Kube], player: Player) -> Iterator[Federation]:
    """A federation that nobody has joined yet; whatever joins it leaves when the test ends."""
    with unjoined_federation(sandbox, kube, player) as found:
        yield found


@contextmanager
def unjoined_federation(sandbox: Sandbox, kube: dict[str, Kube], player: Player) -> Iterator[Federation]:
    """A federation of its own; whatever joins it leaves in the end, and its namespaces go."""
    name = f"t{os.getpid()}-{next(_numbers)}"
    body = yaml.safe_load(sandbox.inventory.read_text())
    body["clusters"].setdefault("vars", {})["federation_name"] = name
    inventory = player.folder / "inventory.yml"
    inventory.write_text(yaml.safe_dump(body))
    try:
        yield Federation(name, f"{name}-apps", inventory, player, sandbox, kube)
    finally:
        _leave(name, sandbox, kube)


def _leave(name: str, sandbox: Sandbox, kube: dict[str, Kube]) -> None:
    if not any(client.get("v1", "Namespace", f"federation-{name}") for client in kube.values()):
        return  # nothing joined, nothing to leave
    membership(name, sandbox, state="absent", workloads="delete")
    for client in kube.values():
        for namespace in client.names("v1", "Namespace"):
            if namespace.startswith(f"{name}-"):
                client.delete("v1", "Namespace", namespace)


@pytest.fixture
def federation(unjoined: Federation) -> Federation:
    """A federation with all three members joined."""
    membership(unjoined.name, unjoined.sandbox)
    return unjoined


@pytest.fixture
def group(federation: Federation) -> Iterator[str]:
    """An API group of the test's own; CRDs of it, which the collection never deletes, go with the test."""
    name = f"{federation.name}.example.com"
    yield name
    for client in federation.kube.values():
        for found in client.names(*CRD):
            if found.endswith(f".{name}"):
                client.delete(*CRD, found)


@pytest.fixture(scope="session")
def proxy_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("proxy"))


@pytest.fixture
def proxy(sandbox: Sandbox, proxy_certificate: Path) -> Iterator[Proxy]:
    """A proxy before each member, which lets everything through until the test says otherwise."""
    with running_proxy(sandbox, proxy_certificate) as running:
        yield running


@contextmanager
def running_proxy(sandbox: Sandbox, proxy_certificate: Path) -> Iterator[Proxy]:
    """As the fixture `proxy`."""
    backends = {}
    for member in MEMBERS:
        cluster = yaml.safe_load(sandbox.kubeconfig(member).read_text())["clusters"][0]["cluster"]
        address = urlsplit(cluster["server"])
        assert address.hostname
        assert address.port
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        backends[member] = Backend(address.hostname, address.port, ca)
    running = Proxy(backends, proxy_certificate)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def proxied(proxy: Proxy, federation: Federation) -> Iterator[Federation]:
    """A joined federation whose inventory goes through the proxy, with tokens: client certificates end where TLS ends."""
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    with ExitStack() as users:
        inventory = federation.inventory_with(
            **{
                member.replace("-", "_"): {
                    "cluster_host": proxy.address(member),
                    "cluster_api_key": users.enter_context(user_of(client, federation.name, rules)),
                    "cluster_ca_cert": str(proxy.certificate),
                    "cluster_kubeconfig": None,
                    "cluster_context": None,
                }
                for member, client in federation.kube.items()
            }
        )
        yield replace(federation, inventory=inventory)
