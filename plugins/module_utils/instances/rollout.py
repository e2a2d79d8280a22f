# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A change of an instance role by role: those that others wait for first, each healthy before the next one is touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..kubedirector.native.render import role_of
from ..model.cluster import Fleet
from ..model.manifest import Manifest, ObjectName, name_of
from ..model.resource import Resource
from ..propagation import engine
from ..propagation.member import Options

Run = Callable[[Fleet, Sequence[Resource], Options], dict[str, Any]]


@dataclass(frozen=True)
class Stage:
    """``manifests`` is everything that is to be there once role ``role`` is done. The health of objects of roles that come ``later`` is
    not waited for: what they are may be the very thing that is to be mended."""

    role: str
    manifests: tuple[Manifest, ...]
    later: frozenset[ObjectName] = frozenset()


def stages(new: Sequence[Manifest], old: Sequence[Manifest], order: Sequence[str]) -> list[Stage]:
    """The way from the ``old`` objects to the ``new`` ones, a role at a time. A role that does not change has no stage of its own.

    What nobody wants any more goes with the last stage.
    """
    roles = [name for name in order if any(role_of(manifest) == name for manifest in new)]
    before = {name_of(manifest): manifest for manifest in old}
    changing = [name for name in roles if _differs(name, new, before)]
    found = []
    for position, role in enumerate(changing[:-1]):
        later = set(changing[position + 1 :])
        mixed = tuple(_mixed(new, before, later))
        found.append(Stage(role, mixed, frozenset(name_of(m) for m in mixed if role_of(m) in later)))
    return [*found, Stage(changing[-1] if changing else "", tuple(new))]


def _differs(role: str, new: Sequence[Manifest], before: Mapping[ObjectName, Manifest]) -> bool:
    return any(before.get(name_of(manifest)) != manifest for manifest in new if role_of(manifest) == role)


def _mixed(new: Sequence[Manifest], before: Mapping[ObjectName, Manifest], later: set[str]) -> list[Manifest]:
    """The new objects, but those of roles that come ``later`` as they are, and what is no longer wanted still in place."""
    names = {name_of(manifest) for manifest in new}
    mixed = []
    for manifest in new:
        if role_of(manifest) not in later:
            mixed.append(manifest)
        elif name_of(manifest) in before:
            mixed.append(before[name_of(manifest)])
    return mixed + [manifest for name, manifest in before.items() if name not in names]


def roll_out(
    fleet: Fleet,
    resource: Resource,
    old: Resource | None,
    order: Sequence[str],
    options: Options,
    back: bool = False,
    explain: Callable[[dict[str, Any]], None] = lambda _result: None,
    before: Callable[[Sequence[Manifest]], str] = lambda _manifests: "",
    run: Run = engine.run,
    undo: Options | None = None,
) -> dict[str, Any]:
    """Bring a fleet to a resource role by role; returns the result of the last stage, with ``stages`` as words.

    ``before`` is called with what a stage is about to apply, and says why that must not be; "" lets it go on. It stops at the first
    stage that fails, and ``explain`` may say more about it in the result; ``back``: then everything is put back
    to the ``old`` resource, with the options ``undo`` where they are others. Without waiting for health
    there is no order, and one run does all.
    """
    single = options.check or not options.wait
    ways = (
        [Stage("", resource.manifests)]
        if single
        else stages(resource.manifests, old.manifests if old is not None else (), order)
    )
    changed, told, warnings, result = False, [], [], dict[str, Any]()
    for stage in ways:
        reason = before(stage.manifests)
        if reason:
            result = {**result, "failed": True, "msg": reason}
            told.append(f"{stage.role or 'all'}: {reason}")
            break
        later = frozenset(name.within(resource.namespace) for name in stage.later)
        result = run(fleet, [replace(resource, manifests=stage.manifests)], replace(options, unawaited=later))
        changed = changed or result["changed"]
        warnings += [text for text in result.get("warnings", []) if text not in warnings]
        told.append(f"{stage.role or 'all'}: {result['msg']}")
        if result["failed"]:
            explain(result)
            break
    if result["failed"] and back and old is not None and not options.check:
        undone = run(fleet, [old], undo or options)
        told.append(f"back: {undone['msg']}")
        word = "everything is as it was before" if not undone["failed"] else f"going back failed, too: {undone['msg']}"
        result = {**result, "msg": f"{result['msg']}; {word}"}
    return {**result, "changed": changed, "stages": told, "warnings": warnings}
