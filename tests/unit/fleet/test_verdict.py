# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the answers of a member mean, case by case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.api import explain
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.probe import (
    ALIVE,
    READ,
    READY,
    WRITE,
    Answer,
)
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.transport import Response
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.verdict import (
    STATUSES,
    judge,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import (
    FederationError,
    Kind,
    MemberError,
)

FULL = "etcdserver: mvcc: database space exceeded"


def answer(code: int, body: Any, seconds: float = 0.01) -> Answer:
    error = explain(Response(code, body, None)) if code >= 300 else None
    return Answer(code, body, error, seconds)


def status(code: int, message: str, **details: Any) -> Answer:
    return answer(code, {"kind": "Status", "message": message, "details": details})


def nothing(kind: str, message: str = "gone", hint: str = "") -> Answer:
    return Answer(error=MemberError(kind, message, hint), seconds=3.0)


def refused(what: str) -> Answer:
    return status(403, f'{what} is forbidden: User "u" cannot get resource "{what}" in API group ""')


VERSION = answer(200, {"gitVersion": "v1.34.4"})
OK = answer(200, "ok")
SYSTEM = answer(200, {"kind": "Namespace", "metadata": {"uid": "1"}})
LEASE = answer(200, {"kind": "PartialObjectMetadata"})
WELL = {ALIVE: VERSION, READY: OK, READ: SYSTEM}

ANONYMOUS = status(403, 'forbidden: User "system:anonymous" cannot get path "/version"')
TIMEOUT = nothing(Kind.TIMEOUT, "a:6443 gave no answer in 3 s")
REFUSED = nothing(Kind.UNREACHABLE, "a:6443 refuses connections")
UNTRUSTED = nothing(Kind.UNTRUSTED, "the certificate of a:6443 is not trusted: self-signed", "check the CA")
NO_PLUGIN = nothing(Kind.CREDENTIALS, "the credential plugin x cannot be started", "install x")
EXPIRED = status(401, "Unauthorized")
BUSY = status(429, "too many requests")
NO_ETCD = answer(500, "[+]ping ok\n[-]etcd-readiness failed: reason withheld\nreadyz check failed\n")
STARTING = answer(500, "[-]informer-sync failed: reason withheld\n[-]poststarthook/rbac failed: not finished\n")
GATEWAY = answer(503, "<html>no backend</html>")
PORTAL = answer(302, "<html>log in</html>")
WEB = answer(200, "<html>welcome</html>")

#: what is unlike a member that is well, the status, the writes, and what the message and the hint say
CASES: list[tuple[str, dict[str, Answer], str, str, str]] = [
    ("well", {}, "ready", "unproven", ""),
    ("well and written to", {WRITE: LEASE}, "ready", "proven", ""),
    ("refused", dict.fromkeys(WELL, REFUSED), "unreachable", "unproven", "refuses connections (is it running"),
    ("hung", dict.fromkeys((*WELL, WRITE), TIMEOUT), "unreachable", "unproven", "gave no answer in 3 s"),
    ("one refusal says more", {**dict.fromkeys(WELL, TIMEOUT), READ: REFUSED}, "unreachable", "unproven", "refuses"),
    ("a balancer without backends", dict.fromkeys(WELL, GATEWAY), "unreachable", "unproven", "answers 503"),
    ("wrong CA", dict.fromkeys(WELL, UNTRUSTED), "untrusted", "unproven", "not trusted"),
    ("wrong CA on one of its servers", {READ: UNTRUSTED}, "untrusted", "unproven", "not trusted"),
    ("no credential", dict.fromkeys(WELL, NO_PLUGIN), "unauthorized", "unproven", "install x"),
    ("expired", dict.fromkeys(WELL, EXPIRED), "unauthorized", "unproven", "has expired"),
    ("no credentials sent", {READ: ANONYMOUS}, "unauthorized", "unproven", "does not accept"),
    ("a login page", dict.fromkeys(WELL, PORTAL), "degraded", "unproven", "answers (302), but not as a Kubernetes"),
    ("a web server", dict.fromkeys(WELL, WEB), "degraded", "unproven", "check the address"),
    ("etcd hangs", {READ: TIMEOUT, READY: NO_ETCD}, "degraded", "unproven", "look at its etcd"),
    ("etcd hangs, not noticed yet", {READ: TIMEOUT}, "degraded", "unproven", "its etcd does not answer"),
    ("etcd hangs, and so does readyz", {READ: TIMEOUT, READY: TIMEOUT}, "degraded", "unproven", "got nothing in 3 s"),
    ("a write hangs as well", {READ: TIMEOUT, WRITE: TIMEOUT}, "degraded", "failed", "its etcd does not answer"),
    ("the server gave up on etcd", {READ: status(504, "request timed out")}, "degraded", "unproven", "does not answer"),
    ("etcd without leader", {READ: status(500, "etcdserver: no leader")}, "degraded", "unproven", "no leader"),
    ("starting", {READY: STARTING}, "degraded", "unproven", "informer-sync, poststarthook/rbac"),
    ("readyz hangs", {READY: TIMEOUT}, "degraded", "unproven", "does not say that it is ready"),
    ("overloaded", {READ: BUSY}, "degraded", "unproven", "overloaded"),
    ("etcd full", {WRITE: status(500, FULL)}, "degraded", "failed", "etcd of this member is full"),
    ("writes hang", {WRITE: TIMEOUT}, "degraded", "failed", "cannot be written to"),
    ("not ready, not written to", {READY: STARTING, WRITE: TIMEOUT}, "degraded", "failed", "written to either"),
    ("may not read", {READ: refused("namespaces")}, "forbidden", "unproven", "resources: [namespaces]"),
    ("version is lost", {ALIVE: REFUSED}, "ready", "unproven", ""),
    ("may not ask readyz", {READY: refused("readyz")}, "ready", "unproven", ""),
    ("no kube-system", {READ: status(404, "not found", kind="namespaces")}, "ready", "unproven", ""),
    ("may not write", {WRITE: refused("leases")}, "ready", "unproven", ""),
    ("has not joined", {WRITE: Answer(void="it is not a member")}, "ready", "unproven", ""),
]


@pytest.mark.parametrize(
    ("case", "unlike", "wanted", "writes", "said"), CASES, ids=[case for case, _u, _s, _w, _m in CASES]
)
def test_verdicts(case: str, unlike: dict[str, Answer], wanted: str, writes: str, said: str) -> None:
    verdict = judge({**WELL, **unlike})
    assert (verdict.status, verdict.writes) == (wanted, writes)
    assert said in str(FederationError(verdict.msg, verdict.hint))
    assert bool(verdict.msg) == (wanted != "ready")
    assert verdict.status in STATUSES


@pytest.mark.parametrize(
    ("unlike", "note"),
    [
        ({READY: refused("readyz")}, "is not told to this credential (403)"),
        ({READ: status(404, "not found", kind="namespaces")}, "has no namespace kube-system"),
        ({WRITE: refused("leases")}, "no write was possible"),
        ({WRITE: Answer(void="it is not a member")}, "no write was tried: it is not a member"),
    ],
)
def test_what_is_not_known_of_a_member_that_is_well_is_noted(unlike: dict[str, Answer], note: str) -> None:
    (told,) = judge({**WELL, **unlike}).notes
    assert note in told


def test_that_the_record_is_not_there_says_nothing_of_kube_system() -> None:
    assert judge({**WELL, READ: status(404, "not found", kind="configmaps")}).notes == ()


def test_a_defect_of_ours_is_not_taken_for_a_cluster_that_is_down() -> None:
    ours = Answer(error=FederationError("internal error: KeyError", "please report this"))
    verdict = judge(dict.fromkeys(WELL, ours))
    assert (verdict.status, verdict.msg) == ("degraded", "internal error: KeyError")


def test_slow_answers_are_answers() -> None:
    assert judge({name: replace(one, seconds=2.9) for name, one in WELL.items()}).status == "ready"
