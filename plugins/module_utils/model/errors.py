# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One tree of errors. Each says what happened and what to do; none ever carries a credential."""

from __future__ import annotations

import sys


class FederationError(Exception):
    """Anything this collection raises on purpose. ``hint`` is what the user can do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class ConfigError(FederationError):
    """What the user gave cannot be right, whatever the clusters say: nothing was sent to any member."""


class MissingLibrary(FederationError):
    """A Python library that the collection needs is not installed for this interpreter."""


def internal_error(error: Exception) -> FederationError:
    """A defect of ours, as an error of the member where it showed."""
    return FederationError(f"internal error: {type(error).__name__}: {error}", "please report this")


def missing(library: str) -> MissingLibrary:
    """The error for a library that this interpreter does not have."""
    return MissingLibrary(
        f"the Python library {library} is not installed for {sys.executable}", f"pip install {library}"
    )


class Kind:
    """Classes of failure of a member. TLS and authentication failures are never "down": they must not move anything."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    UNTRUSTED = "untrusted"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    INVALID = "invalid"
    NOT_FOUND = "not_found"
    BUSY = "busy"
    LOCKED = "locked"
    NOT_JOINED = "not_joined"
    REFUSED = "refused"
    CREDENTIALS = "credentials"
    FAILED = "failed"


class MemberError(FederationError):
    """Something failed on one member.

    ``kind``: one of `Kind`; ``code``: the HTTP status, or 0; ``target``: the object concerned, as a person reads it, or "".
    """

    def __init__(self, kind: str, message: str, hint: str = "", code: int = 0, target: str = "") -> None:
        super().__init__(message, hint)
        self.kind = kind
        self.code = code
        self.target = target

    def __str__(self) -> str:
        text = super().__str__()
        return f"{self.target}: {text}" if self.target else text
