# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kept templates of resources: read from whoever holds them, and made ready for comparing. One GET for each version in use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ..model.errors import FederationError
from ..model.keepsake import Keepsake
from ..propagation.plan import Template, prepare
from .memory import Recorded

#: (resource, hash of the template)
Version = tuple[str, str]

#: how many members are asked for one template; the next one when the one before fails
TRIES = 3


@dataclass(frozen=True)
class Kept:
    """A kept template, prepared. ``partial``: an override that might show a secret was not stored, so that hashes may differ."""

    template: Template
    partial: bool


def versions_in_use(recorded: Mapping[str, Recorded]) -> dict[Version, list[str]]:
    """Each version of a template that a member records as kept, with the members that hold it."""
    found: dict[Version, list[str]] = {}
    for name, resource in recorded.items():
        for member, record in sorted(resource.records.items()):
            if record.kept:
                found.setdefault((name, record.template), []).append(member)
    return found


def asked_of(holders: Mapping[Version, list[str]], attempt: int) -> dict[str, list[Version]]:
    """Which member is asked for which versions this time: spread over the holders, another one each time."""
    asked: dict[str, list[Version]] = {}
    for number, (version, members) in enumerate(sorted(holders.items())):
        if attempt < len(members):
            asked.setdefault(members[(number + attempt) % len(members)], []).append(version)
    return asked


def prepared(version: Version, read: Callable[[str], tuple[Keepsake | None, Keepsake | None]]) -> Kept | None:
    """The template of one version as one member holds it; None when it has another one, or what it has cannot be used."""
    resource, wanted = version
    try:
        keepsake = next((kept for kept in read(resource) if kept is not None and kept.hash == wanted), None)
        if keepsake is None:
            return None
        template = prepare(replace(keepsake.resource(), keep_template=True))
    except FederationError:
        return None
    partial = any(not withheld.startswith("Secret ") for withheld in keepsake.withheld)
    return Kept(template, partial)
