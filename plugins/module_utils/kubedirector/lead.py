# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the pods of an app that copies its data are told: who takes writes, since when, and where the others are.

    epoch 2
    home us-1
    peer eu-1 10.0.0.1 31234
    peer us-1 10.1.0.1 31567
    self us-1

A pod follows the home of the highest epoch that it knows. Without ``self`` it is a copy, wherever it runs: so that what is placed
anew, by whom and where ever, never takes writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

KEY = "state"


@dataclass(frozen=True)
class Lead:
    """``home`` is the member that takes writes, since ``epoch``; ``peers`` are (host, port) at which members reach the first pod of
    each other."""

    home: str = ""
    epoch: int = 0
    peers: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def dump(self) -> dict[str, Any]:
        """As plain data, for `load_lead`."""
        peers = {name: [host, port] for name, (host, port) in sorted(self.peers.items())}
        return {"home": self.home, "epoch": self.epoch, "peers": peers}


NOBODY = Lead()


def load_lead(body: Any) -> Lead:
    """What `Lead.dump` gave; nobody leads where nothing was said."""
    if not body:
        return NOBODY
    return Lead(body["home"], body["epoch"], {name: (host, port) for name, (host, port) in body["peers"].items()})


def state_text(lead: Lead, member: str = "") -> str:
    """The file for the pods of a member; "" for those of any member that is not known yet."""
    lines = [f"epoch {lead.epoch}", f"home {lead.home}"]
    lines += [f"peer {name} {host} {port}" for name, (host, port) in sorted(lead.peers.items())]
    lines += [f"self {member}"] if member else []
    return "\n".join(lines) + "\n"


def overrides(lead: Lead, name: str, members: Iterable[str]) -> list[dict[str, Any]]:
    """What makes the ConfigMap ``name`` different on each member, as `federated_resource` takes it."""
    return [
        {
            "where": {"members": [member]},
            "target": {"kind": "ConfigMap", "name": name},
            "patch": [{"op": "replace", "path": f"/data/{KEY}", "value": state_text(lead, member)}],
        }
        for member in sorted(members)
    ]
