# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes numbers into data that are copied to another member, beside a drill, and looks for them wherever they should be.

What a client would see is written down: which number was acknowledged last, which number the copy had, and, when another member takes
over, the number that is found there. The difference is what was lost.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

from ..fleet.api import MemberApi
from ..fleet.command import Conversation, run_command, words_of
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..model.cluster import Cluster
from ..model.errors import FederationError

#: the number that a home has which was never written to
_NOTHING = 0
#: seconds between two looks at those who have a copy
_LOOK = 1.0
#: seconds to take away what was written, and how often in a row it has to be found gone
_CLEAR_SECONDS, _GONE = 6.0, 3
#: how many acknowledged writes are remembered, to tell how long ago a lost one was
_REMEMBERED = 200_000


@dataclass(frozen=True)
class Store:
    """Data that are copied: the pod has the same name on each of ``members``. The commands are those of `runtime.Replication`;
    ``workload`` is what the pod belongs to, as the prober calls it."""

    resource: str
    workload: str
    namespace: str
    pod: str
    container: str
    members: tuple[str, ...]
    position: tuple[str, ...]
    write: tuple[str, ...]
    read: tuple[str, ...]
    clear: tuple[str, ...] = ()

    def dump(self) -> dict[str, Any]:
        return asdict(self)


def load_store(body: Mapping[str, Any]) -> Store:
    """What `Store.dump` gave, after a way through JSON."""
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in body.items()}
    return Store(**fields)


@dataclass
class _Tally:
    """What was acknowledged. ``acks`` has (number, time) of the newest."""

    number: int = 0
    since: int = 0
    target: str = ""
    acks: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))


class Writer:
    """One store, watched by three threads until ``over`` is set; ``tell`` writes one line down."""

    def __init__(
        self,
        store: Store,
        clusters: Mapping[str, Cluster],
        interval: float,
        timeout: float,
        over: threading.Event,
        tell: Callable[[dict[str, Any]], None],
        longest: float,
    ) -> None:
        self.store = store
        self.clusters = {name: clusters[name] for name in store.members if name in clusters}
        self.interval, self.timeout, self.longest = interval, timeout, longest
        self.over = over
        self._tell = tell
        self._tally = _Tally()
        self._lock = threading.Lock()

    def start(self) -> None:
        for work in (self._write, self._tick, self._look):
            threading.Thread(target=work, daemon=True).start()

    def clear(self) -> None:
        """Take away what was written, best effort. A write that was under way may come after it."""
        home = self._home() if self.store.clear else ""
        gone, limit = 0, Deadline(_CLEAR_SECONDS)
        while home and gone < _GONE and not limit.expired():
            self._run(home, self.store.clear)
            time.sleep(self.interval)
            gone = gone + 1 if self._number(home) is None else 0

    def _line(self, **more: Any) -> None:
        self._tell({"t": time.time(), "store": self.store.resource, **more})

    # what runs in pods

    def _api(self, member: str, seconds: float) -> MemberApi:
        return connect(self.clusters[member], self.timeout, Deadline(seconds))

    def _run(self, member: str, command: Sequence[str]) -> str | None:
        """What a command printed; None where it could not be run, or failed."""
        store, limit = self.store, Deadline(self.timeout + 1.0)
        try:
            ran = run_command(
                self._api(member, limit.remaining()), store.namespace, store.pod, store.container, command, limit
            )
        except FederationError:
            return None
        return ran.output if ran.code == 0 else None

    def _role(self, member: str) -> tuple[str, int]:
        """Which role a member says that it has ("" when it does not say it), and since which epoch."""
        words = words_of(self._run(member, self.store.position) or "")
        epoch = words.get("epoch", "")
        return words.get("role", ""), int(epoch) if epoch.isdigit() else 0

    def _number(self, member: str) -> int | None:
        said = (self._run(member, self.store.read) or "").strip()
        return int(said) if said.isdigit() else None

    def _home(self) -> str:
        """Who takes writes: of several that say so, the one of the newest epoch."""
        said = {name: self._role(name) for name in self.clusters}
        homes = {name: epoch for name, (role, epoch) in said.items() if role == "home"}
        return max(sorted(homes), key=lambda name: homes[name]) if homes else ""

    # the threads

    def _write(self) -> None:
        last = ""
        while not self.over.is_set():
            home = self._home()
            if home:
                if home != last:
                    self._found(home)
                last = home
                self._write_at(home)
            with self._lock:
                self._tally.target = ""
            self.over.wait(self.interval)

    def _found(self, home: str) -> None:
        """What is there when somebody begins to take writes, beside what was acknowledged until then."""
        number = self._number(home)
        there = _NOTHING if number is None else number
        with self._lock:
            tally = self._tally
            lost = [at for known, at in tally.acks if known > there]
            kept = [at for known, at in tally.acks if known <= there]
            behind = tally.acks[-1][1] - kept[-1] if lost and kept else 0.0
            acked = tally.number
            tally.number = max(tally.number, there)
        self._line(member=home, found=there, acked=acked, lost=len(lost), behind=round(behind, 4))

    def _write_at(self, home: str) -> None:
        store = self.store
        with self._lock:
            self._tally.target = home
            first = self._tally.number + 1
        try:
            talk = Conversation(
                self._api(home, self.longest),
                store.namespace,
                store.pod,
                store.container,
                store.write,
                Deadline(4 * self.timeout),
            )
        except FederationError as error:
            self._line(member=home, cut=error.message)
            return
        with closing(talk):
            try:
                self._talk(talk, first)
            except FederationError as error:
                self._line(member=home, cut=error.message)

    def _talk(self, talk: Conversation, number: int) -> None:
        """Write one number after the other, each when the one before was acknowledged."""
        while not self.over.is_set():
            answer = talk.ask(str(number), Deadline(4 * self.timeout))
            if answer.strip() != str(number):
                continue
            with self._lock:
                self._tally.number = number
                self._tally.since += 1
                self._tally.acks.append((number, time.time()))
            number += 1

    def _tick(self) -> None:
        """How many writes there were since the last tick."""
        while not self.over.wait(self.interval):
            with self._lock:
                tally = self._tally
                writes, tally.since = tally.since, 0
                told = {"member": tally.target, "acked": tally.number, "writes": writes}
            self._line(**told)

    def _look(self) -> None:
        """Which role each of the others says that it has, and how far its copy is."""
        while not self.over.wait(_LOOK):
            for name in self.clusters:
                if name == self._tally.target:
                    continue
                role, epoch = self._role(name)
                if not role:
                    continue
                told: dict[str, Any] = {"member": name, "role": role, "epoch": epoch}
                number = self._number(name) if role == "copy" else None
                self._line(**told, **({"copied": number} if number is not None else {}))
