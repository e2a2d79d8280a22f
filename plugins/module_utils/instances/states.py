# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How an instance stands on its members, as data and as the end of a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..fleet.concurrency import SLACK, in_good_time
from ..fleet.connect import connect
from ..fleet.deadline import Deadline
from ..kubedirector.instance import Instance
from ..kubedirector.native import naming as objects
from ..model.cluster import Fleet
from ..model.errors import FederationError
from ..propagation.member import Options
from .read import read_objects, read_state
from .status import Objects


def described(instance: Instance, resource: str, members: Sequence[str]) -> dict[str, Any]:
    """An instance as data, for a result: no value of a secret is in it."""
    return {
        "name": instance.name,
        "namespace": instance.namespace,
        "app": instance.definition.app.name,
        "version": instance.definition.app.version,
        "resource": resource,
        "placed": list(members),
        "roles": {role.id: role.members for role in instance.cluster.roles},
        "addresses": {
            role.id: objects.service_address(instance, role.id)
            for role in instance.cluster.roles
            if role.members and any(s.endpoint for s in instance.definition.app.services_of(role.id))
        },
        "secrets": [objects.secret_name(instance, secret.id) for secret in instance.definition.runtime.secrets],
    }


def read_states(fleet: Fleet, members: Sequence[str], instance: Instance, options: Options) -> dict[str, Any]:
    """The state of an instance on each member, with the last words of pods that are not well."""
    found: dict[str, Any] = {}
    roles = [role.id for role in instance.cluster.roles if role.members]

    def look(name: str) -> None:
        try:
            api = connect(fleet.members[name], options.request_timeout, Deadline(options.member_timeout))
            read = read_objects(api, instance.namespace, instance.name)
            there = read.get((instance.namespace, instance.name)) or Objects()
            found[name] = read_state(api, there, roles)
        except FederationError as error:
            found[name] = {"state": "unknown", "problems": [str(error)]}

    in_good_time(list(members), look, lambda _name: None, Deadline(options.member_timeout + SLACK))
    return dict(sorted(found.items()))


def reasons(states: Mapping[str, Any], known: str = "") -> str:
    """What the pods say that are not ready, as the end of a message; those that are ``known`` already are not named again."""
    said = []
    for member, state in states.items():
        for name, role in state.get("roles", {}).items():
            for pod in role["pods"]:
                if pod["problem"] and pod["name"] not in known:
                    log = f" (last lines: {' | '.join(pod['log'])})" if pod.get("log") else ""
                    said.append(f"{member}, role {name}, {pod['name']}: {pod['problem']}{log}")
    more = f"; and {len(said) - 3} more pods" if len(said) > 3 else ""
    return "".join(f"; {text}" for text in said[:3]) + more
