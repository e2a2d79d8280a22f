# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connection options and kubeconfig files into endpoints."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.credentials import credential_for
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.deadline import Deadline
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.kubeconfig import (
    Endpoint,
    ExecPlugin,
    check_connection,
    resolve,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import (
    ConfigError,
    Kind,
    MemberError,
)

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def config(*contexts: str, current: str = "", cluster: Any = None, user: Any = None) -> dict[str, Any]:
    """A kubeconfig with these contexts, each with a cluster and a user of its name."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        **({"current-context": current} if current else {}),
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in contexts],
        "clusters": [{"name": n, "cluster": {"server": f"https://{n}:6443", **(cluster or {})}} for n in contexts],
        "users": [{"name": n, "user": {"token": f"token-of-{n}"} if user is None else user} for n in contexts],
    }


def write(path: Path, data: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data), "utf-8")
    return str(path)


def refused(options: dict[str, Any], environ: dict[str, str] | None = None) -> str:
    with pytest.raises(MemberError) as caught:
        resolve("ams", options, environ or {})
    assert caught.value.kind == Kind.CREDENTIALS
    return str(caught.value)


def test_the_current_context_of_a_kubeconfig_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "config", config("one", "two", current="two"))
    found = resolve("ams", {"kubeconfig": path}, {})
    assert (found.server, found.token) == ("https://two:6443", "token-of-two")
    assert resolve("ams", {"kubeconfig": path, "context": "one"}, {}).server == "https://one:6443"


def test_relative_paths_start_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "sub" / "pki" / "ca.pem", PEM)
    for name in ("cert", "key"):
        write(tmp_path / "sub" / f"{name}.pem", name)
    write(tmp_path / "token", "t")
    cluster = {"certificate-authority": "pki/ca.pem"}
    user = {"client-certificate": "cert.pem", "client-key": "./key.pem", "tokenFile": "../token"}
    path = write(tmp_path / "sub" / "config", config("a", current="a", cluster=cluster, user=user))
    monkeypatch.chdir(tmp_path.parent)
    found = resolve("ams", {"kubeconfig": os.path.relpath(path)}, {})
    assert (found.ca, found.client_cert, found.client_key) == (PEM, "cert", "key")
    assert Path(found.token_file).resolve() == tmp_path / "token"
    assert credential_for(found, Deadline(1)).authorization == "Bearer t"


def test_a_relative_plugin_starts_at_the_file_too(tmp_path: Path) -> None:
    """As kubectl does: a command with a slash is relative to the kubeconfig, one without is looked for in PATH."""
    for command, expected in (("./bin/login", str(tmp_path / "bin" / "login")), ("login", "login")):
        user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command}}
        path = write(tmp_path / f"config-{len(command)}", config("a", current="a", user=user))
        plugin = resolve("ams", {"kubeconfig": path}, {}).exec_plugin
        assert plugin is not None
        assert os.path.normpath(plugin.command) == expected


def test_several_files_are_merged_and_the_first_wins(tmp_path: Path) -> None:
    first = config("one", current="one")
    second = config("one", "two", current="two", user={"token": "second"})
    paths = [write(tmp_path / "1", first), str(tmp_path / "missing"), write(tmp_path / "2", second)]
    together = os.pathsep.join(paths)
    assert resolve("ams", {"kubeconfig": together}, {}).token == "token-of-one"
    found = resolve("ams", {"kubeconfig": together, "context": "two"}, {})
    assert (found.server, found.token) == ("https://two:6443", "second")


def test_parts_of_one_context_may_be_in_several_files(tmp_path: Path) -> None:
    first, second = config("one", current="one"), config("one")
    del first["users"]
    del second["clusters"]
    together = os.pathsep.join([write(tmp_path / "1", first), write(tmp_path / "2", second)])
    found = resolve("ams", {"kubeconfig": together}, {})
    assert (found.server, found.token) == ("https://one:6443", "token-of-one")


def test_inline_data() -> None:
    cluster = {
        "certificate-authority-data": encoded(PEM),
        "tls-server-name": "kubernetes",
        "proxy-url": "http://proxy:3128",
        "insecure-skip-tls-verify": True,
    }
    user = {
        "client-certificate-data": encoded("cert"),
        "client-key-data": encoded("key"),
        "username": "u",
        "password": "p",
        "as": "admin",
        "as-groups": ["a", "b"],
    }
    assert resolve("ams", {"kubeconfig": config("a", current="a", cluster=cluster, user=user)}, {}) == Endpoint(
        "https://a:6443",
        PEM,
        verify=False,
        tls_server_name="kubernetes",
        proxy="http://proxy:3128",
        client_cert="cert",
        client_key="key",
        username="u",
        password="p",
        impersonate_user="admin",
        impersonate_groups=("a", "b"),
    )


def test_data_wins_over_a_file_and_may_have_line_breaks() -> None:
    """Go's base64 skips line breaks, so kubectl takes what YAML block text makes of them."""
    broken = "\n".join(encoded(PEM)[i : i + 20] for i in range(0, 200, 20)) + "\n"
    cluster = {"certificate-authority-data": broken, "certificate-authority": "/nowhere"}
    assert resolve("ams", {"kubeconfig": config("a", current="a", cluster=cluster)}, {}).ca == PEM


def test_a_kubeconfig_as_text() -> None:
    text = yaml.safe_dump(config("a", current="a"))
    assert resolve("ams", {"kubeconfig_data": text}, {}).token == "token-of-a"
    assert "kubeconfig_data is not valid YAML" in refused({"kubeconfig_data": "a: [hunter2"})
    assert "hunter2" not in refused({"kubeconfig_data": "a: [hunter2"})


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"contexts": []}, "has no context 'a' (there is none)"),
        ({"contexts": None}, "has no context 'a'"),
        ({"clusters": []}, "has no cluster 'a' (there is none)"),
        ({"users": []}, "has no user 'a' (there is none)"),
        ({"current-context": ""}, "has no current-context (set cluster_context for this host)"),
        ({"clusters": [{"name": "a", "cluster": {"server": ""}}]}, "cluster 'a' has no server"),
        ({"clusters": [{"name": "a", "cluster": {"server": "a:6443"}}]}, "is not a URL that starts with https://"),
        ({"users": [{"name": "a", "user": {"exec": {}}}]}, "the exec entry of the kubeconfig names no command"),
        (
            {"users": [{"name": "a", "user": {"client-key-data": "%%%"}}]},
            "client-key-data in the kubeconfig is not base64",
        ),
        # shapes that nobody means: each has to be a failure of this member that names the kubeconfig, never a crash
        ({"users": [{"name": "a", "user": {"client-key-data": 5}}]}, ""),
        ({"users": [{"name": "a", "user": {"exec": {"command": "x", "env": [{"name": "A"}]}}}]}, ""),
        ({"contexts": 5}, ""),
        ({"clusters": [{"name": "a", "cluster": {"server": "https://a", "certificate-authority": 5}}]}, ""),
    ],
)
def test_what_is_wrong_with_a_kubeconfig(broken: dict[str, Any], message: str) -> None:
    assert message in refused({"kubeconfig": {**config("a", current="a"), **broken}})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [", "is not valid YAML"),
        ("- a", "is not a kubeconfig"),
        ("", "is not a kubeconfig"),
    ],
)
def test_a_file_that_is_no_kubeconfig(tmp_path: Path, content: str, message: str) -> None:
    path = write(tmp_path / "config", content)
    assert message in refused({"kubeconfig": path})
    assert path in refused({"kubeconfig": path})


def test_missing_files(tmp_path: Path) -> None:
    assert "none cannot be read: No such file" in refused({"kubeconfig": str(tmp_path / "none")})
    cluster = {"certificate-authority": "none.pem"}
    path = write(tmp_path / "config", config("a", current="a", cluster=cluster))
    assert f"{tmp_path}/none.pem cannot be read" in refused({"kubeconfig": path})
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert "is not text" in refused({"kubeconfig": str(tmp_path / "binary")})


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "config", config("a", current="a"))
    assert resolve("ams", {"kubeconfig": path}, {}).token == "token-of-a"
    write(tmp_path / "config", config("a", current="a", user={"token": "new and longer"}))
    assert resolve("ams", {"kubeconfig": path}, {}).token == "new and longer"


def test_options_win_over_the_kubeconfig_they_are_used_with(tmp_path: Path) -> None:
    given = {
        "kubeconfig": config("a", current="a", cluster={"proxy-url": "http://one"}),
        "host": "https://other:6443",
        "api_key": "mine",
        "proxy": "http://two",
        "ca_cert": PEM,
        "client_cert": write(tmp_path / "cert", "cert"),
        "client_key": write(tmp_path / "key", "key"),
        "validate_certs": False,
        "tls_server_name": "name",
        "impersonate_user": "u",
        "impersonate_groups": ["g"],
    }
    assert resolve("ams", given, {}) == Endpoint(
        "https://other:6443",
        PEM,
        verify=False,
        tls_server_name="name",
        proxy="http://two",
        token="mine",
        client_cert="cert",
        client_key="key",
        impersonate_user="u",
        impersonate_groups=("g",),
    )


def test_a_user_name_given_as_an_option_wins_over_the_token_of_the_kubeconfig() -> None:
    given = {"kubeconfig": config("a", current="a"), "username": "u", "password": "p"}
    found = credential_for(resolve("ams", given, {}), Deadline(1))
    assert found.authorization == f"Basic {encoded('u:p')}"


def test_options_without_a_kubeconfig_need_none() -> None:
    found = resolve("ams", {"host": "https://x", "api_key": "t", "kubeconfig": "", "context": None}, {})
    assert found == Endpoint("https://x", token="t")


def test_an_option_that_names_a_missing_file() -> None:
    assert "the ca_cert /nowhere/ca cannot be read" in refused({"host": "https://x", "ca_cert": "/nowhere/ca"})


@pytest.mark.parametrize("variable", ["KUBECONFIG", "K8S_AUTH_KUBECONFIG"])
def test_a_kubeconfig_of_the_environment_is_used_with_the_context_called_like_the_member(
    tmp_path: Path, variable: str
) -> None:
    path = write(tmp_path / "config", config("ams", "bom", current="bom"))
    assert resolve("ams", {}, {variable: path}).server == "https://ams:6443"
    assert resolve("bom", {}, {variable: path}).server == "https://bom:6443"
    with pytest.raises(MemberError, match=r"has no context 'cdg' \(there is ams, bom\)"):
        resolve("cdg", {}, {variable: path})
    # a member may say which context it is
    assert resolve("cdg", {"context": "bom"}, {variable: path}).server == "https://bom:6443"


def test_the_kubeconfig_of_the_user_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / ".kube" / "config", config("ams", current="ams"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve("ams", {}, {}).server == "https://ams:6443"
    with pytest.raises(MemberError, match="has no context 'bom'"):
        resolve("bom", {}, {})


def test_the_environment_of_kubernetes_core(tmp_path: Path) -> None:
    environ = {
        "K8S_AUTH_HOST": "https://env",
        "K8S_AUTH_API_KEY": "env-token",
        "K8S_AUTH_VERIFY_SSL": "false",
        "K8S_AUTH_SSL_CA_CERT": write(tmp_path / "ca", PEM),
        "K8S_AUTH_PROXY": "http://proxy",
        "K8S_AUTH_IMPERSONATE_USER": "u",
        "K8S_AUTH_IMPERSONATE_GROUPS": "a,b",
    }
    assert resolve("ams", {}, environ) == Endpoint(
        "https://env",
        PEM,
        verify=False,
        proxy="http://proxy",
        token="env-token",
        impersonate_user="u",
        impersonate_groups=("a", "b"),
    )
    assert resolve("ams", {"api_key": "mine"}, environ).token == "mine"


@pytest.mark.parametrize("own", [{"host": "https://mine"}, {"kubeconfig": config("a", current="a")}])
def test_the_environment_never_mixes_into_a_member_that_says_where_it_is(own: dict[str, Any]) -> None:
    environ = {"K8S_AUTH_API_KEY": "env", "K8S_AUTH_HOST": "https://env", "K8S_AUTH_VERIFY_SSL": "no"}
    found = resolve("ams", own, environ)
    assert "env" not in (found.server + found.token)
    assert found.verify


@pytest.mark.parametrize(
    ("value", "verify"),
    [("true", True), ("yes", True), ("1", True), ("false", False), ("No", False), ("0", False), ("off", False)],
)
def test_flags_of_the_environment_are_text(value: str, verify: bool) -> None:
    assert resolve("a", {}, {"K8S_AUTH_HOST": "https://x", "K8S_AUTH_VERIFY_SSL": value}).verify is verify


def test_an_endpoint_never_shows_a_secret() -> None:
    hidden = dict.fromkeys(("token", "password", "client_key", "client_cert", "ca", "username"), "hunter2")
    plugin = ExecPlugin("login", ("--password", "hunter2"), (("KEY", "hunter2"),), "v1")
    found = Endpoint("https://x", proxy="http://u:hunter2@proxy", exec_plugin=plugin, **hidden)
    assert "hunter2" not in repr(found)
    assert "https://x" in repr(found)


@pytest.mark.parametrize("wrong", [5, ["a"], True])
def test_shapes_that_no_member_can_have(wrong: Any) -> None:
    with pytest.raises(ConfigError, match="ams: kubeconfig must be a path or the contents"):
        check_connection("ams", {"kubeconfig": wrong})
    check_connection("ams", {"kubeconfig": {}})
    check_connection("ams", {})
