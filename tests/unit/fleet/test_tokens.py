# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a token says of itself, and kubeconfigs that keep one."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.fleet import files
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.kubeconfig import Endpoint
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.own import with_token
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.tokens import Life, claims, life_of
from ansible_collections.multicluster.federation.plugins.module_utils.model.access import FILE, Access
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError


def jwt(**said: object) -> str:
    def part(data: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(said)}.x"


@pytest.mark.parametrize("token", ["", "abc", "a.b", "a.b.c", "a.%%%.c", "a.bnVsbA.c", "a.W10.c"])
def test_a_token_of_another_form_says_nothing(token: str) -> None:
    assert claims(token) == {}
    assert life_of(token) is None


def test_the_life_of_a_token() -> None:
    assert life_of(jwt(sub="x")) is None
    assert life_of(jwt(iat="1", exp=2)) is None
    life = life_of(jwt(iat=1000, exp=1300))
    assert life == Life(1000.0, 1300.0)
    assert [life.in_last_third(now) for now in (1000, 1200, 1201, 1400)] == [False, False, True, True]
    assert life.left(1400) == -100


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(FILE, True, "acme", str(tmp_path / "kept"))


ENDPOINT = Endpoint(
    "https://one.example.com:6443",
    "PEM",
    True,
    "name",
    "http://proxy:3128",
    client_cert="c",
    client_key="k",
    impersonate_user="u",
)


def test_a_kept_credential_is_for_its_owner_only_and_reads_as_it_was(access: Access) -> None:
    umask = os.umask(0)
    try:
        path = Path(files.write(access, "eu-1", ENDPOINT, "token-1"))
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert files.read(access, "eu-1") == with_token(ENDPOINT, "token-1")
    files.write(access, "eu-1", ENDPOINT, "token-2")
    assert files.read(access, "eu-1") == with_token(ENDPOINT, "token-2")
    assert [entry.name for entry in path.parent.iterdir()] == ["eu-1.kubeconfig"]  # nothing half written stays
    assert files.read(access, "eu-2") is None
    assert [files.forget(access, "eu-1"), files.forget(access, "eu-1")] == [True, False]
    assert not path.parent.exists()


def test_a_folder_that_cannot_be_written(access: Access) -> None:
    Path(access.folder).write_text("a file")
    with pytest.raises(MemberError, match=r"its credential cannot be kept in .*eu-1\.kubeconfig") as caught:
        files.write(access, "eu-1", ENDPOINT, "token-1")
    assert caught.value.kind == Kind.CREDENTIALS
    assert "token-1" not in str(caught.value)


def test_an_identity_takes_the_place_of_another_whole() -> None:
    changed = with_token(ENDPOINT, "t")
    assert (changed.token, changed.client_cert, changed.client_key, changed.impersonate_user) == ("t", "", "", "")
    assert (changed.server, changed.ca, changed.tls_server_name, changed.proxy) == (
        ENDPOINT.server,
        ENDPOINT.ca,
        ENDPOINT.tls_server_name,
        ENDPOINT.proxy,
    )
