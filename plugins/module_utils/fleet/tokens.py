# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tokens of service accounts: asked for, and read for what they say of themselves."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ..model.access import LEAST_SECONDS
from ..model.errors import Kind, MemberError
from ..model.names import SERVICE_ACCOUNT, federation_namespace
from .api import MemberApi


class Life(NamedTuple):
    """When a credential was made and when it ends, in seconds since 1970."""

    issued: float
    expires: float

    def left(self, now: float) -> float:
        """Seconds until it ends, below 0 once it has."""
        return self.expires - now

    def in_last_third(self, now: float) -> bool:
        return self.left(now) < (self.expires - self.issued) / 3


def rfc3339(moment: float) -> str:
    """Seconds since 1970 as the API writes a time; "" for one that no calendar has."""
    try:
        return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return ""


def claims(token: str) -> Mapping[str, Any]:
    """What a JWT says of itself, unverified; {} for a token of another form."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return found if isinstance(found, dict) else {}


def life_of(token: str) -> Life | None:
    """The life of a JWT; None for a token that does not say."""
    said = claims(token)
    issued, expires = said.get("iat"), said.get("exp")
    if not isinstance(issued, (int, float)) or not isinstance(expires, (int, float)):
        return None
    return Life(float(issued), float(expires))


def account_name(federation: str) -> str:
    """The user name of the federation's service account on each of its members."""
    return f"system:serviceaccount:{federation_namespace(federation)}:{SERVICE_ACCOUNT}"


def request_token(api: MemberApi, federation: str, seconds: float) -> str:
    """A new token of the federation's service account. MemberError: ``not_found`` where there is none, ``forbidden`` where the
    credential of ``api`` may not make one. The server decides how long it lives."""
    path = f"/api/v1/namespaces/{federation_namespace(federation)}/serviceaccounts/{SERVICE_ACCOUNT}/token"
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": int(max(LEAST_SECONDS, seconds))},
    }
    answer = api.decoded(api.call("POST", path, body=body, again=True), secret=True)
    token = (answer.get("status") or {}).get("token")
    if not isinstance(token, str) or not token:
        raise MemberError(Kind.FAILED, "the API server made no token", "run again")
    return token
