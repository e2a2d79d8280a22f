# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which cluster is which: pure checks of what the members say against the inventory and the fleet record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ..model.errors import Kind, MemberError
from ..model.records import FleetRecord


@dataclass(frozen=True)
class Seen:
    """What one cluster says of itself. ``uid`` is that of its kube-system namespace; ``others`` are other federations on it."""

    uid: str
    fleet: FleetRecord | None = None
    member: str = ""
    others: tuple[str, ...] = ()


def federation_uid(records: Iterable[FleetRecord]) -> str:
    """The UID that most members hold; "" when there is no record yet. MemberError when two UIDs are held equally often."""
    counted = Counter(record.uid for record in records).most_common()
    if len(counted) > 1 and counted[0][1] == counted[1][1]:
        raise MemberError(
            Kind.REFUSED,
            f"the members belong to two federations of one name (UIDs {counted[0][0]} and {counted[1][0]})",
            "let the members of one of them leave it first, from the inventory they were joined with",
        )
    return counted[0][0] if counted else ""


def _refuse(message: str, hint: str) -> MemberError:
    return MemberError(Kind.REFUSED, message, hint)


def refusal(
    name: str,
    seen: Mapping[str, Seen],
    record: FleetRecord | None,
    uid: str,
    inventory: Collection[str],
    share: bool,
    renamed_from: str = "",
) -> MemberError | None:
    """Why the cluster must not join under this name, or None. ``uid`` is the federation's; ``record`` its newest fleet record;
    ``renamed_from`` the name that its host had, as the inventory says."""
    mine = seen[name]
    known = dict(record.members) if record else {}
    if mine.fleet is not None and mine.fleet.uid != uid:
        return _refuse(
            f"this cluster belongs to another federation named {mine.fleet.federation} (UID {mine.fleet.uid})",
            "let it leave that federation first, from the inventory it was joined with, or name this federation differently",
        )
    if mine.others and not share:
        return _refuse(
            f"this cluster is a member of federation {', '.join(mine.others)} already",
            "let it leave that federation first, or set share: true if it is meant to be in both",
        )
    twins = sorted(n for n, other in seen.items() if other.uid == mine.uid and n != name)
    recorded = next((n for n, entry in known.items() if entry.uid == mine.uid), None)
    if twins and recorded != name:
        return _refuse(
            f"this is the same cluster as {', '.join(twins)} (both have kube-system UID {mine.uid})",
            "correct the kubeconfig or context of one of these hosts, or remove one from the inventory",
        )
    if recorded is not None and recorded != name and (recorded != renamed_from or recorded in inventory):
        where = "which is still in the inventory" if recorded in inventory else "which is not in the inventory any more"
        return _refuse(
            f"this cluster joined as {recorded}, {where}",
            f"name the host {recorded} again, or say cluster_renamed_from: {recorded} if its host was renamed",
        )
    if name in known and known[name].uid != mine.uid:
        return _refuse(
            f"another cluster joined as {name} (kube-system UID {known[name].uid}, this one has {mine.uid})",
            "correct the kubeconfig or context of this host; if the cluster was built anew, let the host leave and join again",
        )
    return None
