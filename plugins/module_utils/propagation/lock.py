# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lock between cooperating runs: a Lease on every member that a run reads and may write, all of them or none.

It is taken only when there is something to write. A run that finds it held waits, or stops and names the holder. A holder that
crashed is recognised at once by a run on the same machine, and elsewhere when its Lease has run out by the API server's own clock.
While the holder works, a thread renews its Leases; what could not be renewed in time is not written to any more.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from ..fleet.api import CREATE_ONLY, MemberApi
from ..fleet.concurrency import on_each
from ..fleet.deadline import Deadline
from ..fleet.discovery import ApiKind
from ..fleet.holder import describe_self, identify, is_dead
from ..model import names
from ..model.errors import Kind, MemberError
from ..model.lease import LEASE_SECONDS, RENEW_SECONDS, Lease, lease_manifest, read_lease
from ..model.manifest import GroupKind

_LEASES = ApiKind(GroupKind("coordination.k8s.io", "Lease"), "v1", "leases", True)
#: seconds for one renewal, which must not hold up those of the other members; and for giving all back at the end of a run
_CALL_SECONDS, _RELEASE_SECONDS = 8.0, 2.0
#: seconds between two tries: the first, and the longest
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


class Held(MemberError):
    """Another run holds the lock of a member."""

    def __init__(self, holder: str) -> None:
        super().__init__(
            Kind.LOCKED, f"another run works on this federation: {holder}", "let it finish, or raise lock_timeout"
        )
        self.holder = holder


@dataclass
class _Taken:
    """A lock we hold; ``until`` is when we must stop believing so, on our own monotonic clock."""

    api: MemberApi
    lease: Lease
    until: float


class Lock:
    """The locks of one run."""

    def __init__(self, federation: str) -> None:
        self.holder = describe_self()
        self._federation = federation
        self._process = identify()
        self._taken: dict[str, _Taken] = {}
        self._guard = threading.Lock()
        self._over = threading.Event()
        self._renewer: threading.Thread | None = None

    def take(self, api: MemberApi, seconds: float) -> bool:
        """Take the lock of one member. `Held` when another run has it; another MemberError when the member does not play.

        Returns whether another run had it within the last ``seconds``: then what was read in that time may be halfway between two
        states, and has to be read again.
        """
        if self._over.is_set():
            raise MemberError(Kind.TIMEOUT, "the run was over before it could be written to", "see member_timeout")
        for _attempt in range(3):
            lease, now = self._read(api)
            left_behind = False
            if lease.holder not in ("", self.holder):
                left_behind = lease.expired(now) or is_dead(lease.process)
                if not left_behind:
                    raise Held(lease.holder)
            begun = time.monotonic()
            try:
                version = self._write(api, self.holder, lease.turns + 1, lease.version)
            except MemberError as error:
                if error.kind != Kind.CONFLICT:
                    raise
                continue  # somebody was faster: look who
            self._note(_Taken(api, Lease(turns=lease.turns + 1, version=version), begun + LEASE_SECONDS))
            return left_behind or lease.used_since(now - seconds)
        raise Held("several at once")

    def _note(self, taken: _Taken) -> None:
        with self._guard:
            self._taken[taken.api.name] = taken
            if self._renewer is None:
                self._renewer = threading.Thread(target=self._renew_all, name="federation-lock", daemon=True)
                self._renewer.start()

    def holds(self, name: str) -> bool:
        """Whether the lock of a member is ours still."""
        with self._guard:
            taken = self._taken.get(name)
        return taken is not None and time.monotonic() < taken.until

    def release(self, chosen: Collection[str] | None = None) -> None:
        """Give back the locks of the ``chosen`` members (None: all). One that cannot be given back runs out by itself."""
        with self._guard:
            ours = {n: t for n, t in self._taken.items() if chosen is None or n in chosen}
            for name in ours:
                del self._taken[name]
        if chosen is None:
            self._over.set()
        live = {name: taken for name, taken in ours.items() if time.monotonic() < taken.until}

        def free(name: str) -> None:
            self._write_again(live[name], "")

        on_each(live, free, _RELEASE_SECONDS)

    def _read(self, api: MemberApi) -> tuple[Lease, float]:
        """The Lease of a member, and the time by its API server; a free Lease that has to be created where there is none."""
        response = api.call("GET", _LEASES.path(names.federation_namespace(self._federation), names.LEASE))
        now = response.date if response.date is not None else time.time()
        return (Lease(version=CREATE_ONLY) if response.code == 404 else read_lease(api.decoded(response))), now

    def _write(self, api: MemberApi, holder: str, turns: int, version: str) -> str:
        """Write the Lease over ``version``; returns its new version."""
        body = lease_manifest(self._federation, holder, self._process, turns, time.time(), version)
        manager = names.field_manager(self._federation)
        applied = api.apply(_LEASES, names.federation_namespace(self._federation), body, manager, force=True)
        return str(applied.metadata.get("resourceVersion") or "")

    def _write_again(self, taken: _Taken, holder: str) -> str:
        """Write over a Lease that we hold. An answer of before may have been lost, or a renewal be under way: then it is ours still,
        in another version."""
        api, lease = _briefly(taken.api), taken.lease
        try:
            return self._write(api, holder, lease.turns, lease.version)
        except MemberError as error:
            found = self._read(api)[0] if error.kind == Kind.CONFLICT else Lease()
            if found.holder != self.holder:
                raise
            return self._write(api, holder, found.turns, found.version)

    def _renew_all(self) -> None:
        while not self._over.wait(RENEW_SECONDS):
            with self._guard:
                due = dict(self._taken)
            self._renew_each(due)

    def _renew_each(self, due: Mapping[str, _Taken]) -> None:
        on_each(due, lambda name: self._renew(due[name]), _CALL_SECONDS)

    def _renew(self, taken: _Taken) -> None:
        begun = time.monotonic()
        version = self._write_again(taken, self.holder)
        with self._guard:
            taken.lease = Lease(turns=taken.lease.turns, version=version)
            taken.until = begun + LEASE_SECONDS


def _briefly(api: MemberApi) -> MemberApi:
    return api.until(Deadline(_CALL_SECONDS))


def take_all(lock: Lock, names_of: Collection[str], attempt: Callable[[], Mapping[str, Held]], seconds: float) -> str:
    """Take the locks of all members or of none, within ``seconds``. Returns the holder that was waited for, "" if there was none.

    ``attempt`` tries each member once and returns those that another run holds. `Held` when that run did not end in time.
    """
    limit, pause, waited = Deadline(seconds), _FIRST_PAUSE, ""
    while held := attempt():
        lock.release(names_of)
        holder = held[min(held)]
        if limit.expired():
            raise holder
        waited = holder.holder
        # two runs that hold a part each must not try again at the same moment
        time.sleep(min(pause * (0.5 + random.random()), max(0.01, limit.remaining())))
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return waited
