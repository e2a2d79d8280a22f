# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A command in a pod that outlives the connection over which it was started.

A shell in the pod starts it in a session of its own, gives it its time, and keeps what it printed and how it ended in a directory with the
name of this run. Whoever asks for the same run again, over another connection or from another controller, waits for it: a directory is made
only once. It takes ``sh``, the usual small programs (cat, date, head, mkdir, mv, rm, sleep, tail), and a directory that can be written to.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..fleet.api import MemberApi
from ..fleet.command import Ran, run_command
from ..fleet.deadline import Deadline
from ..kubedirector.native.pods import CONTAINER
from ..kubedirector.native.setup import Command
from ..model.errors import Kind, MemberError
from .journal import LETTERS, LINES

#: how long one connection waits for a command before it asks again, and how much longer than its time a command may take to be ended
_STRETCH, _GRACE = 20, 10
#: how often in a row something may go wrong, or nobody may answer; and the pause after the first time, which doubles
_TRIES, _AWAY_TRIES, _PAUSE = 3, 6, 1.0
#: what a member that is away for a moment says, or does not
_AWAY = (Kind.UNREACHABLE, Kind.TIMEOUT, Kind.BUSY)
#: trouble that another attempt does not cure
_FINAL = (Kind.FORBIDDEN, Kind.UNAUTHORIZED, Kind.UNTRUSTED, Kind.CREDENTIALS, Kind.INVALID, Kind.NOT_FOUND)

# Words: the name of the run, how long it may take, how long to wait here, bytes of input; then the command, or nothing to only look.
# A kill goes to the whole session where there is setsid, else to the shell and its child alone.
_SCRIPT = """\
key=$1 limit=$2 here=$3 size=$4
shift 4
mask=$(umask)
umask 077
now() { date +%s; }
nap() { sleep 0.2 2>/dev/null || sleep 1; }
end() { kill -"$1" "-$child" 2>/dev/null || kill -"$1" "$child" 2>/dev/null; }
place=
for d in /tmp /dev/shm /var/tmp; do
  if mkdir -p "$d/.federation" 2>/dev/null && [ -w "$d/.federation" ]; then place=$d/.federation; break; fi
done
[ -n "$place" ] || { echo nowhere; exit 0; }
run=$place/$key
care() {
  $session sh -c 'r=$1
    umask "$2"
    shift 2
    "$@" <"$r/input" >"$r/output" 2>&1
    echo $? >"$r/new"
    mv "$r/new" "$r/code"' sh "$run" "$mask" "$@" &
  child=$!
  echo "$child" >"$run/pid"
  stop=$(($(now) + limit))
  while [ ! -e "$run/code" ] && kill -0 "$child" 2>/dev/null && [ "$(now)" -lt "$stop" ]; do nap; done
  if [ ! -e "$run/code" ] && kill -0 "$child" 2>/dev/null; then
    : >"$run/late"
    end TERM
    stop=$(($(now) + 5))
    while kill -0 "$child" 2>/dev/null && [ "$(now)" -lt "$stop" ]; do nap; done
    end KILL
  fi
  rm -f "$run/input"
  wait "$child"
  [ -e "$run/code" ] || echo killed >"$run/code"
}
begun=
if [ $# -gt 0 ] && mkdir "$run" 2>/dev/null; then
  begun=1
  for old in "$place"/*; do
    if [ "$old" != "$run" ] && [ -e "$old/code" ]; then rm -rf "$old"; fi
  done
  head -c "$size" >"$run/input"
  : >"$run/output"
  session=
  if command -v setsid >/dev/null 2>&1; then session=setsid; fi
  care "$@" </dev/null >/dev/null 2>&1 &
fi
[ -d "$run" ] || { echo none; exit 0; }
stop=$(($(now) + here))
while [ ! -e "$run/code" ] && [ "$(now)" -lt "$stop" ]; do nap; done
if [ ! -e "$run/code" ]; then
  echo running
elif [ -e "$run/late" ]; then
  echo late
else
  echo "ended $(cat "$run/code")"
fi
tail -c 4096 "$run/output" 2>/dev/null
if [ -n "$begun" ] && [ -e "$run/code" ]; then wait; fi
exit 0
"""

#: what becomes of a command: it ended; it was ended because its time was over; nobody started it; it goes on
ENDED, LATE, NONE, RUNNING = "ended", "late", "none", "running"


@dataclass(frozen=True)
class Outcome:
    """How a run stands: ``code`` is its exit code, None where it has none."""

    state: str
    code: int | None = None
    output: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        return self.state == ENDED and self.code == 0


def read_outcome(ran: Ran, pod: str) -> Outcome:
    """What the shell in the pod printed. MemberError where it could not do its work."""
    lines = ran.output.splitlines()
    word, _space, code = (lines[0] if lines else "").partition(" ")
    said = tuple(line[:LETTERS] for line in lines[1:] if line.strip())[-LINES:]
    if ran.code == 0 and word in (LATE, NONE, RUNNING):
        return Outcome(word, None, said)
    if ran.code == 0 and word == ENDED:
        return Outcome(ENDED, int(code) if code.isdigit() else None, said)
    if word == "nowhere":
        raise MemberError(
            Kind.INVALID,
            f"pod {pod} has no directory that can be written to: tried /tmp, /dev/shm and /var/tmp",
            "give its role scratch: [/tmp]",
        )
    raise MemberError(Kind.FAILED, f"no command could be run in pod {pod}: {ran.reason()}")


def carry(
    api: MemberApi,
    namespace: str,
    pod: str,
    key: str,
    command: Command | None,
    data: bytes = b"",
    patience: float | None = None,
    busy: Callable[[float], None] = lambda _seconds: None,
) -> Outcome:
    """Run a command in a pod, or wait for the run of this ``key`` that is there already; without a command only that.

    It is waited for until its time is over, or for ``patience`` seconds: then it is `RUNNING`. `NONE`: the container where it ran is gone,
    or nobody started it. ``data`` is its standard input. ``busy`` is told how long from now this may take. MemberError when it cannot be
    started, or nobody answers any more.
    """
    timeout = command.timeout if command is not None else 0
    limit = Deadline(patience if patience is not None else timeout + _GRACE)
    begin: tuple[str, ...] = command.words if command is not None else ()
    while True:
        here = int(min(_STRETCH, max(1.0, limit.remaining())))
        words = ["sh", "-c", _SCRIPT, "federation", key, str(timeout), str(here), str(len(data)), *begin]
        busy(limit.remaining() + here)
        found = read_outcome(_insist(api, namespace, pod, words, data, here), pod)
        if found.state != RUNNING or limit.expired():
            return found
        begin, data = (), b""  # it has begun, and must not begin anew in a container that came since


def do(api: MemberApi, namespace: str, pod: str, words: Sequence[str], data: bytes) -> None:
    """Run a short command that may be run twice. MemberError when it cannot be, or fails."""
    ran = _insist(api, namespace, pod, words, data, _STRETCH)
    if ran.code:
        raise MemberError(Kind.FAILED, f"pod {pod}: {ran.reason()}")


def _insist(api: MemberApi, namespace: str, pod: str, words: Sequence[str], data: bytes, seconds: float) -> Ran:
    """Run a command that may be run twice, again where nobody answered."""
    failures = 0
    while True:
        allowed = Deadline(seconds + api.transport.request_timeout + _GRACE)
        try:
            return run_command(api.until(allowed), namespace, pod, CONTAINER, words, allowed, data)
        except MemberError as error:
            failures += 1
            if error.kind in _FINAL or failures >= (_AWAY_TRIES if error.kind in _AWAY else _TRIES):
                raise
            time.sleep(_PAUSE * 2 ** (failures - 1))
