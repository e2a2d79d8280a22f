# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the answers of a member mean. Pure: the same answers, the same verdict.

An API server without its etcd answers lists from its cache and calls itself alive, for minutes; one with a full etcd even calls itself
ready. So a member is ready only when a read has reached etcd, and its writes are proven only by a write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.errors import Kind, MemberError
from .probe import ALIVE, READ, READY, WRITE, Answer

READY_STATUS, DEGRADED = "ready", "degraded"
UNREACHABLE, UNTRUSTED, UNAUTHORIZED, FORBIDDEN = "unreachable", "untrusted", "unauthorized", "forbidden"
STATUSES = (READY_STATUS, DEGRADED, UNREACHABLE, UNTRUSTED, UNAUTHORIZED, FORBIDDEN)

PROVEN, UNPROVEN, FAILED = "proven", "unproven", "failed"

_CHECK = re.compile(r"^\[-\](\S+)", re.MULTILINE)
#: what proxies and load balancers say in place of a server that does not answer them
_GATEWAY = (502, 503, 504)

_WAIT = "look at its etcd; what its API server lists meanwhile may be out of date"
_LOOK = "is it running, and is its network reachable from here?"


@dataclass(frozen=True)
class Verdict:
    """The state of one member. ``writes``: proven, unproven (nobody tried, or was allowed to) or failed."""

    status: str
    msg: str = ""
    hint: str = ""
    writes: str = UNPROVEN
    notes: tuple[str, ...] = field(default=())


def failing_checks(answer: Answer) -> list[str]:
    """The checks that /readyz names as failed."""
    return _CHECK.findall(answer.body) if isinstance(answer.body, str) else []


def _kind(answer: Answer | None) -> str:
    """The class of an answer's failure; "" when it has none."""
    if answer is None or answer.error is None:
        return ""
    return answer.error.kind if isinstance(answer.error, MemberError) else Kind.FAILED


def _about_the_record(answer: Answer) -> bool:
    """Whether the read asked for the fleet record, since the credential may not see kube-system."""
    body = answer.body if isinstance(answer.body, dict) else {}
    return (body.get("details") or {}).get("kind") == "configmaps"


def _is_kubernetes(answer: Answer) -> bool:
    body = answer.body if isinstance(answer.body, dict) else {}
    return "gitVersion" in body or body.get("kind") in ("Status", "Namespace", "ConfigMap")


def judge(answers: Mapping[str, Answer]) -> Verdict:
    """The verdict about one member. TLS and credentials come first: they say nothing of whether it is up."""
    asked = [answers[name] for name in (ALIVE, READY, READ)]
    for kind, status in (
        (Kind.UNTRUSTED, UNTRUSTED),
        (Kind.CREDENTIALS, UNAUTHORIZED),
        (Kind.UNAUTHORIZED, UNAUTHORIZED),
    ):
        for answer in answers.values():
            if _kind(answer) == kind and answer.error is not None:
                return Verdict(status, answer.error.message, answer.error.hint)
    if all(answer.code == 0 for answer in asked):
        return _unreachable(asked)
    if not any(_is_kubernetes(answer) for answer in asked):
        return _somebody_else(asked)
    trouble = _trouble(answers)
    if trouble is not None:
        return trouble
    writes, notes = _writes(answers)
    return Verdict(READY_STATUS, writes=writes, notes=tuple(notes))


def _unreachable(asked: list[Answer]) -> Verdict:
    """No answer at all; the most telling of the failures is told."""
    errors = [answer.error for answer in asked if answer.error is not None]
    # a deadline says less than a refusal
    error = min(errors, key=lambda e: isinstance(e, MemberError) and e.kind == Kind.TIMEOUT)
    if not isinstance(error, MemberError):
        return Verdict(DEGRADED, error.message, error.hint)
    return Verdict(UNREACHABLE, error.message, error.hint or _LOOK)


def _somebody_else(asked: list[Answer]) -> Verdict:
    """It answers, but not as a Kubernetes API does."""
    codes = [answer.code for answer in asked if answer.code]
    if all(code in _GATEWAY for code in codes):
        return Verdict(
            UNREACHABLE, f"what stands before its API server answers {codes[0]}: the API server itself does not", _LOOK
        )
    return Verdict(
        DEGRADED, f"it answers ({codes[0]}), but not as a Kubernetes API", "check the address of this member"
    )


def _trouble(answers: Mapping[str, Answer]) -> Verdict | None:
    """Why a member that answers is not ready; None when it is."""
    read, ready, write = answers[READ], answers[READY], answers.get(WRITE)
    writes = FAILED if write is not None and _failed(write) else UNPROVEN
    failing = failing_checks(ready) if ready.code >= 500 else []
    if any(_kind(answer) == Kind.BUSY for answer in (read, ready)):
        return Verdict(
            DEGRADED, "its API server is overloaded: it turns requests away (429)", "run again later", writes
        )
    if _kind(read) == Kind.FORBIDDEN:
        what = "its credential may not read the namespace kube-system, so nothing proves that etcd answers"
        return Verdict(FORBIDDEN, what, read.error.hint if read.error is not None else "", writes)
    if read.code != 404 and read.error is not None:
        return Verdict(DEGRADED, _etcd(read), _WAIT, writes)
    if ready.code >= 500 or ready.code == 0:
        what = f"it is not ready: {', '.join(failing)}" if failing else "it does not say that it is ready"
        what += "; it cannot be written to either" if writes == FAILED else ""
        return Verdict(DEGRADED, what, "look at the log of its API server", writes)
    if write is not None and _failed(write) and write.error is not None:
        message = write.error.message
        what = message if "full" in message else f"it cannot be written to: {message}"
        return Verdict(DEGRADED, what, write.error.hint, FAILED)
    return None


def _etcd(read: Answer) -> str:
    if read.code in (0, 504) or _kind(read) == Kind.TIMEOUT:
        return f"its etcd does not answer: a read that has to reach it got nothing in {read.seconds:.2g} s"
    return f"its etcd does not work: {read.error.message if read.error is not None else ''}"


def _failed(write: Answer) -> bool:
    """Whether the canary could not be written; not so where it may not be, or has no place."""
    return not write.void and write.error is not None and _kind(write) != Kind.FORBIDDEN


def _writes(answers: Mapping[str, Answer]) -> tuple[str, list[str]]:
    """What is known of writes to a member that is ready, and what else there is to say."""
    notes = []
    if answers[READY].error is not None:
        notes.append(f"whether it calls itself ready is not told to this credential ({answers[READY].code})")
    if answers[READ].code == 404 and not _about_the_record(answers[READ]):
        notes.append("it has no namespace kube-system")
    write = answers.get(WRITE)
    if write is None:
        return UNPROVEN, notes
    if write.void:
        return UNPROVEN, [*notes, f"no write was tried: {write.void}"]
    if write.error is not None:
        return UNPROVEN, [*notes, f"no write was possible: {write.error}"]
    return PROVEN, notes
