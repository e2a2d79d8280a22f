# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that the federation writes into clusters: labels, annotations, field managers, record names. Nothing else makes them."""

from __future__ import annotations

import re

from .errors import ConfigError

PREFIX = "multicluster.federation"

LABEL_FEDERATION = f"{PREFIX}/federation"
LABEL_RESOURCE = f"{PREFIX}/resource"
LABEL_RECORD = f"{PREFIX}/record"
LABEL_MEMBER = f"{PREFIX}/member"
LABEL_PART = f"{PREFIX}/part"
ANNOTATION_OBJECT = f"{PREFIX}/object"
ANNOTATION_HASH = f"{PREFIX}/hash"
ANNOTATION_PROCESS = f"{PREFIX}/process"
ANNOTATION_RIGHTS = f"{PREFIX}/rights"
ANNOTATION_REPLICAS = f"{PREFIX}/replicas"
ANNOTATION_GENERATE = f"{PREFIX}/generate"
ANNOTATION_FILES = f"{PREFIX}/files"
ANNOTATION_HOOKS = f"{PREFIX}/hooks"
ANNOTATION_SETUP = f"{PREFIX}/setup"

#: resource labels of what the federation itself needs on a member; the dot keeps them apart from users' resource names
RESOURCE_MEMBERSHIP = "federation.membership"
RESOURCE_NAMESPACES = "federation.namespaces"

RECORD_FLEET = "fleet"
RECORD_RESOURCE = "resource"
RECORD_TEMPLATE = "template"

#: the lock of cooperating runs, in the federation's namespace
LEASE = "federation"
#: what `cluster_info` writes to see whether writes are possible
CANARY = "federation-canary"

SERVICE_ACCOUNT = "federation"

#: the most letters that a resource's name may have
RESOURCE_NAME = 54

_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def _checked(what: str, name: object, longest: int) -> str:
    if not isinstance(name, str) or not _DNS_LABEL.fullmatch(name) or len(name) > longest:
        raise ConfigError(
            f"{what} {name!r} is not valid: use at most {longest} lower-case letters, digits and '-', "
            "starting and ending with a letter or digit"
        )
    return name


def check_federation_name(name: object) -> str:
    """Return the name if it can stand in a label and in "federation-NAME" (a namespace); ConfigError otherwise."""
    return _checked("federation name", name, 52)


def check_resource_name(name: object) -> str:
    """Return the name if it can stand in a label and in the name of a record; ConfigError otherwise."""
    return _checked("resource name", name, RESOURCE_NAME)


def check_member_name(name: object) -> str:
    """Return the name if it can stand in a label, as the fleet record needs it; ConfigError otherwise."""
    if not isinstance(name, str) or not _LABEL_VALUE.fullmatch(name) or len(name) > 63:
        raise ConfigError(
            f"{name!r} cannot be the name of a member: use at most 63 letters, digits, '-', '_' and '.', starting and ending with "
            "a letter or digit",
            "rename the host; what it is called elsewhere goes into cluster_host or cluster_context",
        )
    return name


def federation_namespace(federation: str) -> str:
    """The namespace on each member that holds the federation's records."""
    return f"federation-{federation}"


def field_manager(federation: str) -> str:
    """The server-side apply manager: one per federation, so that two federations in one member never share fields."""
    return f"{PREFIX}/{federation}"


def resource_record(resource: str) -> str:
    """Name of the ConfigMap that records one resource on a member."""
    return f"resource-{resource}"


def template_record(resource: str) -> str:
    """Name of the ConfigMap that keeps the template of one resource on a member."""
    return f"template-{resource}"
