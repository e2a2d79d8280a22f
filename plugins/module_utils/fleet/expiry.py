# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a credential says of itself: whose it is, and until when. Nothing is verified, and nothing secret leaves this room."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timezone
from typing import Any

from .credentials import Credential
from .kubeconfig import Endpoint
from .tokens import claims, rfc3339

x509: Any = None
with suppress(ImportError):  # without it the life of certificates is not told
    from cryptography import x509

CERTIFICATE, TOKEN, TOKEN_FILE, EXEC, BASIC, NONE = "certificate", "token", "token_file", "exec", "basic", "none"
#: kinds that somebody else renews in time, so that their end is no news
_RENEWED = (TOKEN_FILE, EXEC)


@dataclass(frozen=True)
class Identity:
    """``expires`` is in seconds since 1970; None where it does not end, or does not say when."""

    kind: str = NONE
    user: str = ""
    expires: float | None = None

    def left(self, now: float) -> int | None:
        """Whole seconds until it ends, below 0 once it has."""
        return None if self.expires is None else int(self.expires - now)

    def ends_soon(self, now: float, seconds: float) -> bool:
        """Whether somebody has to do something about it within ``seconds``."""
        left = self.left(now)
        return self.kind not in _RENEWED and left is not None and left < seconds


def identity_of(endpoint: Endpoint, credential: Credential | None) -> Identity:
    """Who an endpoint is asked as. ``credential`` is what its requests carry; None when it could not be had."""
    found = _identity(endpoint, credential)
    if endpoint.impersonate_user:
        by = f" (by {found.user})" if found.user else ""
        return Identity(found.kind, f"{endpoint.impersonate_user}{by}", found.expires)
    return found


def _identity(endpoint: Endpoint, credential: Credential | None) -> Identity:
    kind = _kind(endpoint)
    if kind == BASIC:
        return Identity(kind, endpoint.username)
    carried = credential or Credential(f"Bearer {endpoint.token}" if endpoint.token else "", endpoint.client_cert)
    user, expires = "", carried.expires
    if carried.client_cert:  # an API server looks at it first
        user, ends = read_certificate(carried.client_cert)
        return Identity(kind, user, ends if expires is None else expires)
    said = claims(carried.authorization.removeprefix("Bearer "))
    subject, ends_at = said.get("sub"), said.get("exp")
    if expires is None and isinstance(ends_at, (int, float)) and rfc3339(ends_at):
        expires = float(ends_at)
    return Identity(kind, subject if isinstance(subject, str) else user, expires)


def _kind(endpoint: Endpoint) -> str:
    order: Sequence[tuple[object, str]] = (
        (endpoint.client_cert, CERTIFICATE),
        (endpoint.token, TOKEN),
        (endpoint.token_file, TOKEN_FILE),
        (endpoint.username, BASIC),
        (endpoint.exec_plugin, EXEC),
    )
    return next((kind for given, kind in order if given), NONE)


def read_certificate(pem: str) -> tuple[str, float | None]:
    """The common name of a certificate (the first of a chain) and when it ends; ("", None) where that cannot be read."""
    if x509 is None:
        return "", None
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        name = found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        # in UTC in any case; only cryptography 42 and later says so
        ends = getattr(found, "not_valid_after_utc" if hasattr(found, "not_valid_after_utc") else "not_valid_after")
    except ValueError:
        return "", None
    return str(name[0].value) if name else "", ends.replace(tzinfo=timezone.utc).timestamp()
