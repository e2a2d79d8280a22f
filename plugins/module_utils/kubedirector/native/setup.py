# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands that pods are told of events with: those of the runtime, or the start script of a setup package as an operator calls it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..app import Role
from ..instance import Instance
from ..runtime import ADDNODES, CONFIGURE, DELNODES, EVENTS, Hook
from .blanks import filled

CONFIGMETA = "/etc/guestconfig/configmeta.json"
#: how long a setup package may take; an operator waits for ever
SETUP_SECONDS = 3600

_GROUP = "1"
_START = 'exec /opt/guestconfig/*/startscript "$@"'
# Words: the address of the package, a name for the run, bytes of output to show, whether it is to configure. What lies on a volume that was
# set up by the same package is left alone, as by the operator, which reads the same file.
_INSTALL = """\
set -eu
home=/opt/guestconfig
was=$(cat "$home/configure.status" 2>/dev/null || :)
if [ "${was##*=}" = 0 ] && [ "$(cat "$home/configure.package" 2>/dev/null)" = "$1" ]; then
  echo "set up before, on this volume"
  exit 0
fi
for tool in curl tar tail; do
  command -v $tool >/dev/null || { echo "the image has no $tool, which setup packages need"; exit 127; }
done
mkdir -p "$home"
cd "$home"
rm -rf ./*
curl -fsSL "$1" -o appconfig.tgz
tar xzf appconfig.tgz
rm -f appconfig.tgz
chmod +x ./*/startscript
printf %s "$1" >configure.package
printf %s= "$2" >configure.status
code=0
if [ "$4" = yes ]; then
  "$home"/*/startscript --configure >configure.stdout 2>configure.stderr || code=$?
  tail -c "$3" configure.stdout
  tail -c "$3" configure.stderr >&2
fi
printf %s "$code" >>configure.status
exit "$code"
"""
# Words: how many bytes come. A reader never finds half a file.
_WRITE = """\
set -eu
umask 077
mkdir -p /etc/guestconfig
chmod 700 /etc/guestconfig
head -c "$1" >/etc/guestconfig/.configmeta.json
mv /etc/guestconfig/.configmeta.json /etc/guestconfig/configmeta.json
"""


@dataclass(frozen=True)
class Command:
    """What is run in a pod. ``patient``: it may go on when a run has no time left to wait for it; ``reads``: configmeta.json is its
    standard input."""

    words: tuple[str, ...]
    timeout: int
    patient: bool = False
    reads: bool = False


def listens(instance: Instance, role: str) -> bool:
    """Whether pods of a role are told of any event."""
    return has_package(instance, role) or any(name in EVENTS for name in instance.definition.runtime.role(role).hooks)


def has_package(instance: Instance, role: str) -> bool:
    """Whether pods of a role are set up by a package."""
    known = instance.definition.app.role(role)
    return known is not None and known.package is not None


def configures(instance: Instance, role: str) -> bool:
    """Whether pods of a role are done only when they were configured."""
    return has_package(instance, role) or CONFIGURE in instance.definition.runtime.role(role).hooks


def hook_command(instance: Instance, hook: Hook, arguments: Sequence[str] = (), reads: bool = False) -> Command:
    """The command of a runtime with its blanks filled, and what it is told after its own words."""
    words = [str(word) for word in filled(instance, list(hook.command), text=True)]
    return Command((*words, *arguments), hook.timeout, reads=reads)


def event_command(
    instance: Instance, role: str, event: str, mark: str, of: str = "", addresses: Sequence[str] = ()
) -> Command | None:
    """What a pod of a role is told of an event with; None where it does not want to hear of it. ``mark`` names the container; ``of`` and
    ``addresses`` are the role and the DNS names of the pods that were added, or go."""
    hook = instance.definition.runtime.role(role).hooks.get(event)
    if hook is not None:
        more = [of, *addresses] if event in (ADDNODES, DELNODES) else []
        return hook_command(instance, hook, more, reads=True)
    known = instance.definition.app.role(role)
    return _package_command(known, event, mark, of, addresses) if known is not None else None


def _package_command(role: Role, event: str, mark: str, of: str, addresses: Sequence[str]) -> Command | None:
    if role.package is None:
        return None
    wanted = role.events is None or event in role.events
    if event == CONFIGURE:
        shown, run = str(role.max_log_size_dump), "yes" if wanted else "no"
        words = ("sh", "-c", _INSTALL, "setup", role.package.url, mark, shown, run)
        return Command(words, SETUP_SECONDS, patient=True)
    told = [f"--{event}"]
    if event in (ADDNODES, DELNODES):
        if not wanted:
            return None
        told += ["--nodegroup", _GROUP, "--role", of, "--fqdns", ",".join(addresses)]
    return Command(("sh", "-c", _START, "startscript", *told), SETUP_SECONDS, patient=True)


def write_command(size: int) -> tuple[str, ...]:
    """The command that makes `CONFIGMETA` of so many bytes at its standard input."""
    return ("sh", "-c", _WRITE, "configmeta", str(size))
