# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The keys and certificates of one member: each member trusts its own authority only, as clusters do."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import shutil
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..model.errors import MissingLibrary
from . import files
from .layout import LOOPBACK

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

_YEARS = 10
#: clocks of the machine may be set back a little between two starts
_BEFORE = dt.timedelta(days=1)

AUTHORITY = "ca"
SERVER = "apiserver"
ETCD_SERVER = "etcd"
ETCD_CLIENT = "etcd-client"
SERVICE_ACCOUNTS = "service-accounts"


@dataclass(frozen=True)
class Identity:
    """Who a client certificate says its bearer is: the name of its files, the user name and its groups."""

    file: str
    user: str
    groups: tuple[str, ...] = ()


ADMIN = Identity("admin", "admin", ("system:masters",))
#: An ordinary user: bound to nothing, and not exempt from priority and fairness as system:masters is.
ORDINARY = Identity("ordinary", "ordinary")
#: The sandbox itself. Not the admin, so that the audit log tells what users did from what the sandbox did.
OPERATOR = Identity("operator", "system:sandbox", ("system:masters",))
CONTROLLER_MANAGER = Identity("controller-manager", "system:kube-controller-manager")
SCHEDULER = Identity("scheduler", "system:kube-scheduler")
KWOK = Identity("kwok", "system:kwok", ("system:masters",))
IDENTITIES = (ADMIN, ORDINARY, OPERATOR, CONTROLLER_MANAGER, SCHEDULER, KWOK)


def kubelet_of(member: str) -> Identity:
    """Who the kubelet of a member is: the name of its node is in it, for the authorizer of nodes."""
    return Identity("kubelet", f"system:node:{member}-1", ("system:nodes",))


def ensure(folder: str, member: str) -> bool:
    """Make the folder of keys of a member, complete or not at all. Returns whether it was not there yet.

    Files: ``NAME.crt`` and ``NAME.key`` for each, all PEM, readable by their owner alone. Raises ``MissingLibrary``.
    """
    if os.path.isdir(folder):
        return False
    parent = os.path.dirname(folder)
    os.makedirs(parent, mode=0o700, exist_ok=True)
    scratch = tempfile.mkdtemp(prefix=".pki-", dir=parent)
    try:
        _Authority(scratch, member).issue_all()
        os.rename(scratch, folder)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return True


class _Authority:
    def __init__(self, folder: str, member: str) -> None:
        try:
            from cryptography import x509
            from cryptography.hazmat.primitives import hashes, serialization
            from cryptography.hazmat.primitives.asymmetric import ec
            from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
        except ImportError:
            raise MissingLibrary(
                "the Python library cryptography is not installed", "pip install cryptography; ansible-core has it"
            ) from None
        self._x509, self._ec, self._hashes, self._serialization = x509, ec, hashes, serialization
        self._usage, self._oid = ExtendedKeyUsageOID, NameOID
        self._folder = folder
        self._member = member
        self._now = dt.datetime.now(dt.timezone.utc)
        self._key = self._new_key(AUTHORITY)
        self._name = self._subject(f"sandbox-{member}", ())
        builder = self._builder(self._name, self._key.public_key())
        self._write(AUTHORITY, builder.add_extension(x509.BasicConstraints(True, None), critical=True))

    def issue_all(self) -> None:
        """Everything that the components and the users of one member need."""
        usage = self._usage
        loopback = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
        both = [usage.SERVER_AUTH, usage.CLIENT_AUTH]
        self._issue(SERVER, "kube-apiserver", (), [usage.SERVER_AUTH], loopback)
        self._issue(ETCD_SERVER, "etcd", (), both, ["localhost"])
        self._issue(ETCD_CLIENT, "kube-apiserver-etcd-client", (), [usage.CLIENT_AUTH], [])
        for identity in (*IDENTITIES, kubelet_of(self._member)):
            self._issue(identity.file, identity.user, identity.groups, [usage.CLIENT_AUTH], [])
        # tokens of service accounts are signed by a bare key
        public = self._new_key(SERVICE_ACCOUNTS).public_key()
        encoded = public.public_bytes(
            self._serialization.Encoding.PEM, self._serialization.PublicFormat.SubjectPublicKeyInfo
        )
        files.write(os.path.join(self._folder, f"{SERVICE_ACCOUNTS}.pub"), encoded.decode())

    def _issue(self, file: str, user: str, groups: tuple[str, ...], usages: list[Any], names: list[str]) -> None:
        x509 = self._x509
        key = self._new_key(file)
        builder = self._builder(self._subject(user, groups), key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if names:
            addresses = [
                x509.IPAddress(ipaddress.ip_address(LOOPBACK)),
                x509.IPAddress(ipaddress.ip_address("10.96.0.1")),
            ]
            alternatives = [*(x509.DNSName(name) for name in names), *addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        self._write(file, builder)

    def _subject(self, user: str, groups: tuple[str, ...]) -> x509.Name:
        attribute, oid = self._x509.NameAttribute, self._oid
        parts = [attribute(oid.ORGANIZATION_NAME, group) for group in groups]
        return self._x509.Name([*parts, attribute(oid.COMMON_NAME, user)])

    def _builder(self, subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            self._x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(self._x509.random_serial_number())
            .not_valid_before(self._now - _BEFORE)
            .not_valid_after(self._now + dt.timedelta(days=365 * _YEARS))
        )

    def _new_key(self, file: str) -> ec.EllipticCurvePrivateKey:
        key = self._ec.generate_private_key(self._ec.SECP256R1())
        form = self._serialization
        encoded = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        files.write(os.path.join(self._folder, f"{file}.key"), encoded.decode())
        return key

    def _write(self, file: str, builder: x509.CertificateBuilder) -> None:
        certificate = builder.sign(self._key, self._hashes.SHA256())
        encoded = certificate.public_bytes(self._serialization.Encoding.PEM)
        files.write(os.path.join(self._folder, f"{file}.crt"), encoded.decode())
