# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files appear whole or not at all; locks let one in at a time; ports are not given twice."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import FederationError
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import certificates, files, ports
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox.locks import locked


def test_a_file_is_private_and_written_only_when_it_differs(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    assert files.write(str(path), "a")
    assert not files.write(str(path), "a")
    assert files.write(str(path), "b")
    assert path.read_text("utf-8") == "b"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("text", ["", "{", "\x00"])
def test_a_broken_json_file_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(text, "utf-8")
    assert files.read_json(str(path)) is None
    assert files.read_json(str(path / "below")) is None


def test_a_lock_is_held_by_one_and_leaves_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "x.lock")
    with locked(path, "x", 1), pytest.raises(FederationError, match="busy with x"), locked(path, "x", 0.1):
        pass
    assert list(tmp_path.iterdir()) == []
    with locked(path, "x", 0):
        pass


def test_those_who_wait_get_the_lock_one_by_one(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with locked(str(tmp_path / "x.lock"), "x", 30):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8


def test_ports_are_held_until_they_are_released() -> None:
    reservation = ports.Reservation()
    try:
        first, second = reservation.choose(), reservation.choose()
        assert first != second
        assert not ports.is_free(first)
        reservation.release(first)
        assert ports.is_free(first)
        reservation.release(first)
    finally:
        reservation.release_all()
    assert ports.is_free(second)


def test_remembered_ports_are_not_given_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "PORTS", range(20000, 20001))
    with pytest.raises(FederationError, match="no port"):
        ports.Reservation(taken=[20000]).choose()


def test_keys_are_private_and_made_once(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    folder = tmp_path / "pki"
    assert certificates.ensure(str(folder), "eu-1")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert not certificates.ensure(str(folder), "eu-1")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}
    assert {"ca.crt", "ca.key", "admin.crt", "admin.key", "ordinary.crt", "service-accounts.pub"} <= set(before)
    assert [entry.name for entry in tmp_path.iterdir()] == ["pki"]


def test_certificates_say_who_their_bearer_is(tmp_path: Path) -> None:
    x509 = pytest.importorskip("cryptography.x509")
    folder = tmp_path / "pki"
    certificates.ensure(str(folder), "eu-1")

    def subject(identity: certificates.Identity) -> str:
        certificate = x509.load_pem_x509_certificate((folder / f"{identity.file}.crt").read_bytes())
        return str(certificate.subject.rfc4514_string())

    assert subject(certificates.ADMIN) == "CN=admin,O=system:masters"
    assert subject(certificates.ORDINARY) == "CN=ordinary"
