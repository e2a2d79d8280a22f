# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions that tell whether a member works: asked together, each once, each under its own absolute deadline.

Nothing is asked again: a repetition would hide the fault that is looked for. What the answers mean is in verdict.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ..model import names
from ..model.errors import FederationError, Kind, MemberError
from ..model.lease import canary_manifest
from .api import APPLY, METADATA, MemberApi, explain
from .concurrency import on_each
from .deadline import Deadline
from .transport import Response

#: does anybody answer; does it call itself ready; does a read reach etcd; does a write
ALIVE, READY, READ, WRITE = "api", "readyz", "etcd", "write"

_SYSTEM = "/api/v1/namespaces/kube-system"
#: The two checks of etcd wait for 2 s each, one after the other, and look at the same etcd: with one of them the answer comes in time.
_READYZ = "/readyz?exclude=etcd"


@dataclass(frozen=True)
class Answer:
    """What came back for one question. ``code`` is 0 where nothing did; ``began`` and ``ended`` are seconds since 1970 by our clock,
    ``date`` by the server's. ``void`` says why a question was not asked."""

    code: int = 0
    body: Any = None
    error: FederationError | None = None
    seconds: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    date: float | None = None
    void: str = ""


def ask(api: MemberApi, seconds: float, federation: str = "", write: bool = False) -> dict[str, Answer]:
    """The answers of one member, by question, after ``seconds`` and a little at most.

    ``write`` adds the canary: a Lease in the namespace of the ``federation``, and only where the cluster has joined it.
    """
    deadline = Deadline(seconds)
    questions: dict[str, Callable[[], Answer]] = {
        ALIVE: lambda: _one(api, deadline, "GET", "/version"),
        READY: lambda: _one(api, deadline, "GET", _READYZ),
        READ: lambda: _read(api, deadline, federation),
    }
    if write:
        questions[WRITE] = lambda: _write(api, deadline, federation)
    answers: dict[str, Answer] = {}

    def work(name: str) -> None:
        answers[name] = questions[name]()

    for name, error in on_each(questions, work, seconds).items():
        if isinstance(error, MemberError) and error.kind == Kind.TIMEOUT:  # it hangs where no deadline reaches
            error = MemberError(
                Kind.TIMEOUT, f"no connection came about in {seconds:g} s", "does its name resolve from here?"
            )
        answers[name] = Answer(error=error, seconds=seconds)
    return {name: answers[name] for name in questions}


def _one(api: MemberApi, deadline: Deadline, method: str, path: str, body: Any = None) -> Answer:
    """One request, whatever comes of it."""
    began, start = time.time(), time.monotonic()

    def answer(response: Response | None, error: FederationError | None) -> Answer:
        seconds = time.monotonic() - start
        if response is None:
            return Answer(error=error, seconds=seconds, began=began, ended=time.time())
        return Answer(response.code, response.body, error, seconds, began, time.time(), response.date)

    try:
        if body is None:
            response = api.transport.request(method, path, deadline)
        else:
            response = api.transport.request(method, path, deadline, body, METADATA, APPLY)
    except MemberError as error:
        return answer(None, error)
    return answer(response, explain(response) if response.code >= 300 else None)


def _fleet_record(federation: str) -> str:
    return f"/api/v1/namespaces/{names.federation_namespace(federation)}/configmaps/{names.RECORD_FLEET}"


def _read(api: MemberApi, deadline: Deadline, federation: str) -> Answer:
    """A GET of a single object, without a resourceVersion: the API server asks etcd, never its own cache.

    A credential that may not see kube-system may see what the federation has there; even "there is none" comes from etcd.
    """
    found = _one(api, deadline, "GET", _SYSTEM)
    if found.code != 403 or not federation:
        return found
    other = _one(api, deadline, "GET", _fleet_record(federation))
    return found if other.code == 403 else other


def _write(api: MemberApi, deadline: Deadline, federation: str) -> Answer:
    """Write our own Lease, which nobody waits for; where the federation has no home, nothing is written."""
    if not federation:
        return Answer(void="no federation is named")
    home = _one(api, deadline, "GET", _fleet_record(federation))
    if home.code == 404:
        return Answer(void=f"it is not a member of federation {federation}")
    if home.error is not None:
        return home
    labels: Mapping[str, str] = (home.body if isinstance(home.body, dict) else {}).get("metadata", {}).get("labels", {})
    if labels.get(names.LABEL_RECORD) != names.RECORD_FLEET or labels.get(names.LABEL_FEDERATION) != federation:
        return Answer(void=f"it is not a member of federation {federation}")
    space, query = names.federation_namespace(federation), {"fieldManager": names.field_manager(federation)}
    path = (
        f"/apis/coordination.k8s.io/v1/namespaces/{space}/leases/{names.CANARY}?{urlencode({**query, 'force': 'true'})}"
    )
    return _one(api, deadline, "PATCH", path, canary_manifest(federation, time.time()))


def clock_skew(answers: Mapping[str, Answer]) -> int | None:
    """Seconds by which the clock of a member is ahead of ours; None when it does not tell.

    A Date has whole seconds, and was written at some moment between question and answer: the quickest answer says most. What is, or
    may be, less than 1 s counts as none.
    """
    told = [(a.date - a.ended, a.date + 1 - a.began) for a in answers.values() if a.date is not None]
    if not told:
        return None
    least, most = min(told, key=lambda bounds: bounds[1] - bounds[0])
    middle = (least + most) / 2
    return 0 if least <= 0 <= most or abs(middle) < 1 else round(middle)
