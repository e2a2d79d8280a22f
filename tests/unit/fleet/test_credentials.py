# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Credentials, and real exec plugins: small scripts that answer, hang, fail and talk rubbish."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.credentials import (
    Credential,
    credential_for,
)
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.deadline import Deadline
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.kubeconfig import Endpoint, ExecPlugin
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.tests.unit.helpers import at_most

VERSION = "client.authentication.k8s.io/v1"


def plugin(folder: Path, body: str, **more: Any) -> Endpoint:
    """An endpoint whose exec plugin is a shell script."""
    script = folder / "plugin"
    script.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
    script.chmod(0o755)
    return Endpoint(
        "https://x", exec_plugin=ExecPlugin(str(script), ("arg",), (("FROM_CONFIG", "yes"),), VERSION, **more)
    )


def credential(**status: Any) -> str:
    """Shell that prints an ExecCredential."""
    return f"echo '{json.dumps({'apiVersion': VERSION, 'kind': 'ExecCredential', 'status': status})}'"


def refused(endpoint: Endpoint, seconds: float = 10.0) -> str:
    with pytest.raises(MemberError) as caught:
        credential_for(endpoint, Deadline(seconds))
    assert caught.value.kind == Kind.CREDENTIALS
    return str(caught.value)


def wait_until_gone(pid: int) -> bool:
    """Whether the process ends (a killed one may need a moment, and a zombie of another parent counts as gone)."""
    limit = Deadline(5)
    while not limit.expired():
        try:
            if Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(pid, 0)
        except OSError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("endpoint", "authorization"),
    [
        (Endpoint("x", token="t"), "Bearer t"),
        (Endpoint("x", token="t", username="u", password="p"), "Bearer t"),
        (Endpoint("x", username="u", password="p:q"), "Basic " + base64.b64encode(b"u:p:q").decode()),
        (Endpoint("x"), ""),
    ],
)
def test_what_needs_no_call(endpoint: Endpoint, authorization: str) -> None:
    assert credential_for(endpoint, Deadline(1)) == Credential(authorization)


def test_a_client_certificate_goes_along() -> None:
    assert credential_for(Endpoint("x", client_cert="c", client_key="k"), Deadline(1)) == Credential("", "c", "k")


def test_token_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n", "utf-8")
    assert credential_for(Endpoint("x", token_file=str(tmp_path / "token")), Deadline(1)).authorization == (
        "Bearer from a file"
    )
    assert "cannot be read: No such file" in refused(Endpoint("x", token_file=str(tmp_path / "none")))


def test_an_auth_provider_is_gone() -> None:
    assert "auth-provider 'gcp', which Kubernetes removed in 1.26" in refused(Endpoint("x", auth_provider="gcp"))


def test_a_plugin_gives_a_token(tmp_path: Path) -> None:
    check = 'test "$1$FROM_CONFIG" = argyes || exit 9'
    found = credential_for(plugin(tmp_path, f"{check}\n{credential(token='hunter2')}"), Deadline(10))
    assert found == Credential("Bearer hunter2")
    assert "hunter2" not in repr(found)


def test_a_plugin_gives_a_certificate(tmp_path: Path) -> None:
    status = {"clientCertificateData": "CERT", "clientKeyData": "KEY"}
    assert credential_for(plugin(tmp_path, credential(**status)), Deadline(10)) == Credential("", "CERT", "KEY")


def test_what_a_plugin_is_told(tmp_path: Path) -> None:
    told = tmp_path / "told"
    body = f'echo "$KUBERNETES_EXEC_INFO" > {told}\n{credential(token="t")}'
    credential_for(plugin(tmp_path, body), Deadline(10))
    spec = {"interactive": False}
    assert json.loads(told.read_text("utf-8")) == {"apiVersion": VERSION, "kind": "ExecCredential", "spec": spec}
    endpoint = plugin(tmp_path, body, provide_cluster_info=True)
    credential_for(Endpoint("https://x", ca="PEM", exec_plugin=endpoint.exec_plugin), Deadline(10))
    cluster = {"server": "https://x", "certificate-authority-data": base64.b64encode(b"PEM").decode()}
    assert json.loads(told.read_text("utf-8"))["spec"] == {**spec, "cluster": cluster}


def test_a_plugin_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    endpoint = plugin(tmp_path, f"sleep 60 &\necho $$ $! > {pids}\nwait")
    with at_most(6, at_least=0.9):
        assert "did not answer in time" in refused(endpoint, 1.0)
    found = [int(pid) for pid in pids.read_text("utf-8").split()]
    assert len(found) == 2
    assert all(wait_until_gone(pid) for pid in found)


def test_a_plugin_that_leaves_a_child_with_its_output_is_ended_too(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    endpoint = plugin(tmp_path, f"sleep 60 &\necho $! > {pids}\nexit 0")
    with at_most(6):
        assert "did not answer in time" in refused(endpoint, 1.0)
    assert wait_until_gone(int(pids.read_text("utf-8")))


def test_a_plugin_that_fails(tmp_path: Path) -> None:
    message = refused(plugin(tmp_path, "echo first >&2; echo 'please log in' >&2; echo hunter2; exit 3"))
    assert message.endswith("plugin ended with status 3: please log in")
    assert refused(plugin(tmp_path, "exit 4")).endswith("ended with status 4")
    assert len(refused(plugin(tmp_path, "head -c 5000 /dev/zero | tr '\\0' x >&2; exit 1"))) < 500


def test_a_plugin_that_is_not_there() -> None:
    missing = ExecPlugin("/nowhere/login", (), (), VERSION, install_hint="install it with foo")
    message = refused(Endpoint("x", exec_plugin=missing))
    assert "cannot be started: No such file" in message
    assert "install it with foo" in message


@pytest.mark.parametrize(
    "output",
    [
        "hunter2",
        "",
        "[]",
        "null",
        '"hunter2"',
        "5",
        "{}",
        '{"status": null}',
        '{"status": {"token": "hunter2", "expirationTimestamp": "soon"}}',
        '{"status": {"token": "hunter2", "expirationTimestamp": 5}}',
        '{"status": {"token": "hunter2"}',
    ],
)
def test_a_plugin_that_talks_rubbish(tmp_path: Path, output: str) -> None:
    message = refused(plugin(tmp_path, f"echo '{output}'"))
    assert "did not print an ExecCredential" in message
    assert "hunter2" not in message


@pytest.mark.parametrize("status", [{}, {"token": ""}, {"token": None}, {"clientKeyData": "KEY"}])
def test_a_plugin_that_gives_nothing(tmp_path: Path, status: dict[str, Any]) -> None:
    assert "printed no credential" in refused(plugin(tmp_path, credential(**status)))


def counted(folder: Path, **status: Any) -> Endpoint:
    return plugin(folder, f"echo called >> {folder}/calls\nsleep 0.1\n{credential(**status)}")


def calls(folder: Path) -> int:
    return len((folder / "calls").read_text("utf-8").splitlines())


def at_once(endpoints: list[Endpoint]) -> list[Credential]:
    found: list[Credential] = []
    threads = [threading.Thread(target=lambda e=e: found.append(credential_for(e, Deadline(20)))) for e in endpoints]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_a_plugin_is_called_once_for_many_members(tmp_path: Path) -> None:
    shared = counted(tmp_path, token="t").exec_plugin
    found = at_once([Endpoint(f"https://{n}", exec_plugin=shared) for n in range(8)])
    assert found == [Credential("Bearer t")] * 8
    assert calls(tmp_path) == 1


def test_a_plugin_that_asks_for_the_cluster_is_called_for_each(tmp_path: Path) -> None:
    shared = counted(tmp_path, token="t").exec_plugin
    assert shared is not None
    asking = ExecPlugin(shared.command, shared.args, shared.env, VERSION, provide_cluster_info=True)
    at_once([Endpoint(f"https://{n}", exec_plugin=asking) for n in range(3)])
    assert calls(tmp_path) == 3


@pytest.mark.parametrize(
    ("stamp", "expected"), [("2020-01-01T00:00:00Z", 2), ("2999-01-01T00:00:00Z", 1), ("2999-01-01T00:00:00+02:00", 1)]
)
def test_a_credential_is_used_until_it_expires(tmp_path: Path, stamp: str, expected: int) -> None:
    endpoint = counted(tmp_path, token="t", expirationTimestamp=stamp)
    for _number in range(2):
        credential_for(endpoint, Deadline(10))
    assert calls(tmp_path) == expected


def test_a_plugin_is_not_started_when_the_time_is_over(tmp_path: Path) -> None:
    assert "did not answer in time" in refused(counted(tmp_path, token="t"), 0.0)
    assert not (tmp_path / "calls").exists()


def test_when_it_ends_is_kept_as_the_plugin_says_it(tmp_path: Path) -> None:
    (tmp_path / "said").mkdir()
    (tmp_path / "unsaid").mkdir()
    said = counted(tmp_path / "said", token="t", expirationTimestamp="2999-01-01T00:00:00Z")
    assert credential_for(said, Deadline(10)).expires == 32472144000.0
    assert credential_for(counted(tmp_path / "unsaid", token="t"), Deadline(10)).expires is None


def test_waiting_for_another_members_call_ends_at_the_deadline(tmp_path: Path) -> None:
    endpoint = plugin(tmp_path, "sleep 60")
    slow = threading.Thread(target=refused, args=(endpoint, 1.5))
    slow.start()
    time.sleep(0.2)
    with at_most(1.2):
        assert "did not answer in time" in refused(endpoint, 0.2)
    slow.join(20)
    assert not slow.is_alive()


def test_a_plugin_that_failed_is_asked_again(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    endpoint = plugin(tmp_path, f"test -e {flag} || {{ touch {flag}; exit 1; }}\n{credential(token='t')}")
    refused(endpoint)
    assert credential_for(endpoint, Deadline(10)).authorization == "Bearer t"
