# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Is a member lost? Probed again and again, until enough probes failed over a long enough time, or until it has been well for long enough.

Only silence counts: a certificate that is not trusted, a credential that is refused, or a server that is merely overloaded is no loss.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.concurrency import SLACK, on_each
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..fleet.probe import READ, ask
from ..fleet.verdict import DEGRADED, READY_STATUS, UNREACHABLE, Verdict, judge
from ..model.cluster import Fleet
from ..model.errors import FederationError, Kind, MemberError
from ..model.failover import DEFAULT_MAX_LOST, MaxLost

LOST, READY = "lost", "ready"
WANTS = (LOST, READY)


@dataclass(frozen=True)
class Policy:
    """When a member counts as lost, or as back: after so many ``probes`` in a row over at least ``over`` seconds, one each
    ``interval``; each has ``probe_timeout``. ``timeout``: when to stop looking, in seconds."""

    want: str = LOST
    probes: int = 3
    over: float = 10.0
    interval: float = 2.0
    probe_timeout: float = 3.0
    timeout: float = 60.0
    max_lost: MaxLost = DEFAULT_MAX_LOST
    quorum: int = 1


@dataclass
class Watched:
    """A row of probes with the same outcome. ``since`` and ``last`` are seconds since 1970; ``failing`` None before the first."""

    failing: bool | None = None
    count: int = 0
    since: float = 0.0
    last: float = 0.0
    msg: str = ""

    def note(self, failing: bool, began: float, msg: str) -> None:
        if failing is not self.failing:
            self.failing, self.count, self.since = failing, 0, began
        self.count, self.last, self.msg = self.count + 1, began, msg

    def settled(self, policy: Policy, failing: bool) -> bool:
        """Whether the outcome is ``failing`` for as long as the policy asks."""
        return self.failing is failing and self.count >= policy.probes and self.last - self.since >= policy.over

    def data(self) -> dict[str, Any]:
        state = {None: "unknown", True: "failing", False: "ready"}[self.failing]
        return {"state": state, "probes": self.count, "seconds": round(self.last - self.since, 3), "msg": self.msg}


def is_failing(verdict: Verdict, read_error: FederationError | None) -> bool | None:
    """Whether a verdict counts against a member; None when it says nothing of that: untrusted, refused, overloaded."""
    if verdict.status == READY_STATUS:
        return False
    if verdict.status == UNREACHABLE:
        return True
    busy = isinstance(read_error, MemberError) and read_error.kind == Kind.BUSY
    # degraded means that its etcd does not answer, or that what answers there is no Kubernetes
    return True if verdict.status == DEGRADED and read_error is not None and not busy else None


@dataclass
class Watch:
    """The members in play, watched by one observer."""

    fleet: Fleet
    policy: Policy
    members: dict[str, Watched] = field(default_factory=dict)
    _apis: dict[str, MemberApi] = field(default_factory=dict)

    def go(self) -> None:
        """Probe until every member is settled one way or the other, or the time is over."""
        limit = Deadline(self.policy.timeout)
        self.members = {name: Watched() for name in sorted(self.fleet.in_play)}
        while True:
            began = time.monotonic()
            self._round()
            if all(w.settled(self.policy, True) or w.settled(self.policy, False) for w in self.members.values()):
                return
            pause = self.policy.interval - (time.monotonic() - began)
            if limit.remaining() <= max(0.0, pause):
                return
            time.sleep(max(0.0, pause))

    def once(self) -> list[str]:
        """Probe once; returns those that do not answer."""
        self.members = {name: Watched() for name in sorted(self.fleet.in_play)}
        self._round()
        return [name for name, watched in self.members.items() if watched.failing]

    def _round(self) -> None:
        seconds = self.policy.probe_timeout

        def work(name: str) -> None:
            began = time.time()
            failing, msg = self._probe(name)
            if failing is not None:
                self.members[name].note(failing, began, msg)
            else:
                self.members[name] = Watched(None, 0, began, began, msg)

        began = time.time()
        for name, error in on_each(list(self.members), work, 2 * seconds + SLACK).items():
            self.members[name].note(True, began, error.message)

    def _probe(self, name: str) -> tuple[bool | None, str]:
        seconds = self.policy.probe_timeout
        try:
            if name not in self._apis:
                self._apis[name] = connect(self.fleet.members[name], seconds, Deadline(seconds))
        except MemberError as error:
            return (True if error.kind in (Kind.UNREACHABLE, Kind.TIMEOUT) else None), error.message
        answers = ask(self._apis[name].until(Deadline(seconds + SLACK)), seconds)
        verdict = judge(answers)
        return is_failing(verdict, answers[READ].error), verdict.msg


def run(fleet: Fleet, policy: Policy, seen_by_others: Sequence[Collection[str]] = ()) -> dict[str, Any]:
    """Watch the members in play; returns the result of a module. ``seen_by_others`` are the members that other observers saw failing."""
    watch = Watch(fleet, policy)
    watch.go()
    found = watch.members
    failing = {name for name, watched in found.items() if watched.settled(policy, True)}
    ready = sorted(name for name, watched in found.items() if watched.settled(policy, False))
    votes = {name: int(name in failing) + sum(name in seen for seen in seen_by_others) for name in found}
    lost = sorted(name for name in failing if votes[name] >= policy.quorum)
    silent = lost + (_others(fleet, policy) if lost and policy.want == LOST else [])
    suspects = not policy.max_lost.allows(len(silent), len(fleet.members))
    data: Mapping[str, Any] = {name: {**watched.data(), "votes": votes[name]} for name, watched in found.items()}
    return {
        "changed": False,
        "failed": suspects or (policy.want == READY and len(ready) < len(found)),
        "msg": _message(fleet, policy, silent if suspects else lost, ready, found, suspects),
        "failing": sorted(failing),
        "lost": [] if suspects else lost,
        "ready": ready,
        "suspects_itself": suspects,
        "members": dict(data),
    }


def _others(fleet: Fleet, policy: Policy) -> list[str]:
    """The members out of play that do not answer either. Who finds one member lost looks at the others before believing it."""
    rest = replace(fleet, in_play=frozenset(fleet.members) - fleet.in_play)
    return Watch(rest, policy).once()


def _message(
    fleet: Fleet, policy: Policy, lost: list[str], ready: list[str], found: Mapping[str, Watched], suspects: bool
) -> str:
    if suspects:
        return (
            f"{len(lost)} of {len(fleet.members)} members do not answer, more than max_lost ({policy.max_lost}): "
            "is it this controller that is cut off? nothing is declared lost"
        )
    parts = [f"lost: {', '.join(lost)} ({found[lost[0]].msg})"] if lost else []
    parts += [f"ready: {', '.join(ready)}"] if ready else []
    rest = sorted(set(found) - set(lost) - set(ready))
    parts += [f"undecided: {', '.join(rest)} ({found[rest[0]].msg or 'not for long enough'})"] if rest else []
    return "; ".join(parts) or "nobody is watched"
