# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members with a real node: what their node program needs, and what is done about it from outside."""

from __future__ import annotations

import os
import pkgutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..model.errors import ConfigError, FederationError
from . import files, images, kubeconfigs, leftovers, node_main, nodes, processes
from .certificates import AUTHORITY
from .layout import API_SERVER, CONTROL_PLANE, DNS, HOLDER, KUBELET, KWOK, NODE, NODE_PARTS, PROXY, MemberFolder

if TYPE_CHECKING:
    from .member import Member

PROVISIONER = node_main.Volumes.PROVISIONER
_POLL = 0.05
#: programs that are built; the others come with the machine
_BUILT = (DNS, PROXY, KUBELET)


def programs(components: Sequence[str]) -> tuple[str, ...]:
    """The programs that a member of these components needs from a build."""
    return (*CONTROL_PLANE, *_BUILT) if NODE in components else (*CONTROL_PLANE, KWOK)


def program(folder: MemberFolder) -> str:
    """The path of the node program, as a file of its own: this code may live in an archive."""
    path = folder.file("node_main.py")
    source = pkgutil.get_data(__package__, "node_main.py") or b""
    files.write(path, source.decode("utf-8"))
    return path


def check(name: str, wanted: Sequence[str]) -> None:
    """Whether this machine can have the real node of the member ``name``, with these images. ConfigError says all that is missing."""
    images.check(wanted)
    others, packages = lacking(())
    if not others and not packages:
        return
    needs = [f"it needs {found}" for found in others]
    needs += [f"programs of the Debian packages {', '.join(packages)} are missing"] if packages else []
    raise ConfigError(
        f"member {name} cannot have a real node here: {'; '.join(needs)}",
        f"apt-get install {' '.join(packages)}" if packages else "use node_kind: kwok",
    )


def lacking(wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """What real nodes with these images need and this machine has not: what no package brings, and Debian packages."""
    found = [*node_main.lacking(), *images.lacking(wanted)]
    others = [name for name in found if name in node_main.NO_PACKAGES]
    return others, [name for name in found if name not in others]


def prepare(member: Member, paths: Mapping[str, str], progress: Callable[[str], None]) -> None:
    """Write what the node program reads; ``paths``: of programs that are built."""
    folder, settings = member.folder, member.settings
    node = settings.nodes[0]
    pause = images.pause(progress)
    body = {
        "name": node.name,
        "port": member.ports[API_SERVER],
        "pause": pause.program,
        "pause_image": pause.name,
        "pods": node.pods,
        "labels": {nodes.REGION: settings.region, nodes.ZONE: node.zone, **node.labels},
        "provider_id": nodes.provider_id(settings, node),
        "group": folder.group,
        "images": [image.data() for image in (pause, *images.provide(settings.images, progress))],
        "programs": {name: paths[name] for name in _BUILT},
        "pki": folder.pki,
        "authority": os.path.join(folder.pki, f"{AUTHORITY}.crt"),
        "kubeconfigs": {
            "kubelet": kubeconfigs.of_component(folder, KUBELET),
            "operator": kubeconfigs.of_component(folder, NODE),
        },
    }
    files.write_json(_plan(folder), body)


def add_images(member: Member, progress: Callable[[str], None], deadline: float) -> None:
    """Bring the images of a member into its node, which runs."""
    folder = member.folder
    wanted = images.provide(member.settings.images, progress)
    body = files.read_json(_plan(folder)) or {}
    missing = [image.data() for image in wanted if image.data() not in body.get("images", [])]
    if not missing:
        return
    told = folder.file("node", "images.json")
    with suppress(FileNotFoundError):
        os.unlink(told)
    files.write_json(_plan(folder), {**body, "images": [*body.get("images", []), *missing]})
    while (done := files.read_json(told)) is None:
        if time.monotonic() > deadline:
            raise FederationError(f"{folder.name}: waited in vain for its images", f"see {folder.log(NODE)}")
        time.sleep(_POLL)
    if done["failed"]:
        raise FederationError(f"{folder.name}: {done['failed']}", f"see {folder.log(NODE)}")


def _plan(folder: MemberFolder) -> str:
    """The file that the node program reads; a member that has it has, or had, a real node."""
    return folder.file("node.json")


def _marker(folder: MemberFolder, part: str) -> str:
    return folder.file("run", f"{part}.down")


def held_down(folder: MemberFolder) -> list[str]:
    """The parts of a node that somebody ended on purpose."""
    return [part for part in NODE_PARTS if os.path.exists(_marker(folder, part))]


def hampered(folder: MemberFolder) -> bool:
    """Whether a part of a node is kept from working on purpose: then it cannot be waited for."""
    states = _states(folder)
    return bool(held_down(folder)) or processes.PAUSED in states.values()


def works(folder: MemberFolder) -> bool:
    """Whether all parts of a node run."""
    return set(_states(folder).values()) == {processes.RUNNING}


def _states(folder: MemberFolder) -> dict[str, str]:
    return {part: processes.state(processes.recorded(folder.process(part))) for part in NODE_PARTS}


def hold_down(folder: MemberFolder, parts: Sequence[str]) -> None:
    """From now on the node program does not start these parts again."""
    for part in parts:
        files.write(_marker(folder, part), "")


def let_all_up(folder: MemberFolder) -> None:
    """Whoever starts a node wants all of it."""
    for part in held_down(folder):
        os.unlink(_marker(folder, part))


def let_up(folder: MemberFolder, part: str, deadline: float) -> None:
    """Let the node program start a part again, and wait until it runs."""
    with suppress(FileNotFoundError):
        os.unlink(_marker(folder, part))
    while processes.state(processes.recorded(folder.process(part))) != processes.RUNNING:
        if time.monotonic() > deadline:
            raise FederationError(f"{folder.name}/{part} was not started again", f"see {folder.log(NODE)}")
        time.sleep(_POLL)


def sweep(folder: MemberFolder) -> None:
    """Take away what outlives a killed node outside of its namespaces; nothing, while it runs."""
    real = os.path.exists(_plan(folder)) or os.path.exists(folder.process(HOLDER))
    if real and processes.state(processes.recorded(folder.process(NODE))) == processes.DEAD:
        leftovers.sweep(folder)
