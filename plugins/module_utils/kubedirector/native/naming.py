# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names and labels of an instance's objects. Every name is known beforehand, so that a second run finds what the first made."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..envelope import GROUP
from ..faults import Fault
from ..instance import Instance

LABEL_CLUSTER = f"{GROUP}/kdcluster"
LABEL_APP = f"{GROUP}/kdapp"
LABEL_CATALOG = f"{GROUP}/appCatalog"
LABEL_ROLE = f"{GROUP}/role"
LABEL_HEADLESS = f"{GROUP}/headless"
ANNOTATION_PRETTY_NAME = f"{GROUP}/kdapp-prettyName"

#: values of `names.LABEL_PART`, which tells what an object is for where a kind alone does not
PART_INSTANCE, PART_APP, PART_CREDENTIALS, PART_CONNECTION = "instance", "app", "credentials", "connection"

# A StatefulSet's name and a hash of ten letters stand in a label of its pods.
_LONGEST_SET = 52
_LONGEST = 63
_HEADLESS, _STORED = "pods", "kubedirector"


def in_name(role: str) -> str:
    """A role's id as it can stand in the name of an object."""
    return re.sub(r"[._]", "-", role).lower()


def set_name(instance: Instance, role: str) -> str:
    """The StatefulSet of a role, and its Service."""
    return f"{instance.name}-{in_name(role)}"


def headless_name(instance: Instance) -> str:
    """The Service that gives every pod a DNS name."""
    return f"{instance.name}-{_HEADLESS}"


def stored_name(name: str) -> str:
    """The ConfigMap that remembers what was asked for."""
    return f"{name}-{_STORED}"


def secret_name(instance: Instance, secret: str) -> str:
    """The Secret of one entry of a runtime's ``secrets``."""
    return f"{instance.name}-{secret}"


def files_name(instance: Instance, role: str) -> str:
    """The ConfigMap with the files of a role."""
    return f"{set_name(instance, role)}-files"


def keys_name(instance: Instance, role: str) -> str:
    """The Secret with the secret keys of a role."""
    return f"{set_name(instance, role)}-keys"


def replication_name(instance: Instance, role: str) -> str:
    """The ConfigMap that says which member takes writes."""
    return f"{set_name(instance, role)}-replication"


def pod_name(instance: Instance, role: str, number: int) -> str:
    """One pod of a role."""
    return f"{set_name(instance, role)}-{number}"


def pod_names(instance: Instance, role: str) -> tuple[str, ...]:
    """The pods of a role, by the number that is asked for."""
    known = instance.cluster.role(role)
    return tuple(f"{set_name(instance, role)}-{number}" for number in range(known.members if known is not None else 0))


def service_address(instance: Instance, role: str) -> str:
    """The DNS name under which clients reach a role."""
    return f"{set_name(instance, role)}.{instance.namespace}{instance.settings.service_domain}"


def headless_address(instance: Instance) -> str:
    """The DNS domain of the pods."""
    return f"{headless_name(instance)}.{instance.namespace}{instance.settings.service_domain}"


def pod_address(instance: Instance, pod: str) -> str:
    """The DNS name of one pod."""
    return f"{pod}.{headless_address(instance)}"


def cluster_labels(instance: Instance) -> dict[str, str]:
    """On everything of an instance."""
    return {
        LABEL_CATALOG: instance.cluster.app_catalog,
        LABEL_APP: instance.definition.app.name,
        LABEL_CLUSTER: instance.name,
    }


def role_labels(instance: Instance, role: str) -> dict[str, str]:
    """On everything of one role."""
    return {**cluster_labels(instance), LABEL_ROLE: role}


def pod_labels(instance: Instance, role: str) -> dict[str, str]:
    """On StatefulSets and pods, and their selector."""
    return {**role_labels(instance, role), LABEL_HEADLESS: instance.name}


def name_faults(instance: Instance) -> Iterator[Fault]:
    """Names that Kubernetes would refuse, or that two things would have."""
    taken = {_HEADLESS: "the Service of all pods", _STORED: "the definition"}
    taken.update({secret.id: f"the secret {secret.id}" for secret in instance.definition.runtime.secrets})
    if "." in instance.name:
        yield Fault("metadata.name", f"{instance.name!r} becomes part of DNS names: it cannot have a '.'")
    if instance.name[:1].isdigit():
        yield Fault("metadata.name", f"{instance.name!r} becomes the name of Services: it must start with a letter")
    for position, role in enumerate(instance.cluster.roles):
        path, short = f"spec.roles[{position}].id", in_name(role.id)
        if short in taken:
            yield Fault(path, f"objects of role {role.id} would have the names of {taken[short]}")
        taken[short] = f"role {role.id}"
        name = set_name(instance, role.id)
        if len(name) > _LONGEST_SET:
            yield Fault(
                path,
                f"role {role.id} would be {name}, which has {len(name)} letters where {_LONGEST_SET} are the most: give the instance a "
                "shorter name",
            )
    if len(stored_name(instance.name)) > _LONGEST:
        yield Fault("metadata.name", f"{instance.name!r} is too long: give the instance a shorter name")
