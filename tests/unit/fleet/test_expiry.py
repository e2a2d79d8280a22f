# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose a credential is and until when, out of the credential itself."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.fleet import expiry
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.credentials import Credential
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.expiry import (
    Identity,
    identity_of,
    read_certificate,
    rfc3339,
)
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.kubeconfig import Endpoint, ExecPlugin
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

SERVER = "https://a:6443"
ENDS = dt.datetime(2031, 2, 3, 4, 5, 6, tzinfo=dt.timezone.utc)
PLUGIN = ExecPlugin("aws", ("token",), (), "client.authentication.k8s.io/v1")


def jwt(**claims: Any) -> str:
    parts = ({"alg": "RS256"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + ".c2ln"


def certificate(name: str = "admin") -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ENDS - dt.timedelta(days=1))
        .not_valid_after(ENDS)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


SUBJECT = "system:serviceaccount:ops:fleet"
TOKEN = jwt(sub=SUBJECT, exp=1900000000, iat=1)
PEM = certificate()


@pytest.mark.parametrize(
    ("endpoint", "credential", "wanted"),
    [
        (Endpoint(SERVER, token=TOKEN), Credential(f"Bearer {TOKEN}"), Identity("token", SUBJECT, 1900000000.0)),
        (Endpoint(SERVER, token=TOKEN), None, Identity("token", SUBJECT, 1900000000.0)),
        (Endpoint(SERVER, token="opaque"), Credential("Bearer opaque"), Identity("token")),
        (Endpoint(SERVER, token_file="/t"), Credential(f"Bearer {TOKEN}"), Identity("token_file", SUBJECT, 1.9e9)),
        (Endpoint(SERVER, token_file="/t"), None, Identity("token_file")),
        (Endpoint(SERVER, username="u", password="p"), Credential("Basic dTpw"), Identity("basic", "u")),
        (Endpoint(SERVER, exec_plugin=PLUGIN), None, Identity("exec")),
        (
            Endpoint(SERVER, exec_plugin=PLUGIN),
            Credential("Bearer k8s-aws-v1.x", expires=5.0),
            Identity("exec", "", 5.0),
        ),
        (
            Endpoint(SERVER, exec_plugin=PLUGIN),
            Credential(f"Bearer {TOKEN}", expires=5.0),
            Identity("exec", SUBJECT, 5.0),
        ),
        (Endpoint(SERVER, exec_plugin=PLUGIN), Credential("", PEM, "key"), Identity("exec", "admin", ENDS.timestamp())),
        (
            Endpoint(SERVER, client_cert=PEM),
            Credential("", PEM, "key"),
            Identity("certificate", "admin", ENDS.timestamp()),
        ),
        (Endpoint(SERVER, client_cert=PEM), None, Identity("certificate", "admin", ENDS.timestamp())),
        (Endpoint(SERVER), Credential(), Identity("none")),
        (
            Endpoint(SERVER, token=TOKEN, impersonate_user="jane"),
            Credential(f"Bearer {TOKEN}"),
            Identity("token", f"jane (by {SUBJECT})", 1900000000.0),
        ),
    ],
)
def test_identities(endpoint: Endpoint, credential: Credential | None, wanted: Identity) -> None:
    assert identity_of(endpoint, credential) == wanted


@pytest.mark.parametrize("exp", ["soon", None, 1e30, -1e30, float("nan"), {}])
def test_an_end_that_no_calendar_has_is_none(exp: object) -> None:
    token = jwt(sub=["a"], exp=exp)
    assert identity_of(Endpoint(SERVER, token=token), None) == Identity("token")


@STEADY
@given(st.text())
def test_no_token_stops_us(token: str) -> None:
    found = identity_of(Endpoint(SERVER, token=token), Credential(f"Bearer {token}"))
    assert found.kind in ("token", "none")


@pytest.mark.parametrize("pem", ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_certificate_that_is_none_tells_nothing(pem: str) -> None:
    assert read_certificate(pem) == ("", None)


def test_a_certificate_without_a_name_ends_all_the_same() -> None:
    assert read_certificate(certificate("")) == ("", ENDS.timestamp())


def test_without_the_library_certificates_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "x509", None)
    assert identity_of(Endpoint(SERVER, client_cert=PEM), None) == Identity("certificate")


@pytest.mark.parametrize(
    ("identity", "soon"),
    [
        (Identity("token", "", 1000.0), True),
        (Identity("token", "", 900.0), True),  # over already
        (Identity("token", "", 1100.0), False),
        (Identity("certificate", "", 1050.0), True),
        (Identity("token"), False),
        (Identity("exec", "", 1000.0), False),  # renewed by the plugin
        (Identity("token_file", "", 1000.0), False),
    ],
)
def test_what_ends_soon(identity: Identity, soon: bool) -> None:
    assert identity.ends_soon(999.5, 100) is soon


def test_times_as_the_api_writes_them() -> None:
    assert rfc3339(ENDS.timestamp()) == "2031-02-03T04:05:06Z"
    assert rfc3339(1e30) == ""


def test_nothing_secret_is_shown() -> None:
    assert TOKEN not in repr(identity_of(Endpoint(SERVER, token=TOKEN), Credential(f"Bearer {TOKEN}")))
