# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Under which names the federation remembers instances and apps: they are resources as any other."""

from __future__ import annotations

from hashlib import sha256

from ..kubedirector.envelope import APP_KIND, CLUSTER_KIND
from ..model.errors import ConfigError
from ..model.names import RESOURCE_NAME, check_resource_name

# Two dashes, which hardly anybody has in a name: a namespace and a name can be told apart.
_INSTANCE, _APP, _CONNECTION = "kd--", "kdapp--", "kdconn--"


def instance_resource(namespace: str, name: str) -> str:
    """The resource of an instance; ConfigError for names that no resource can have."""
    return _checked(_INSTANCE, f"{namespace}--{name}", f"{CLUSTER_KIND} {name} in namespace {namespace}")


def connection_resource(namespace: str, name: str) -> str:
    """The resource of the connection details of an instance on other members."""
    return _checked(_CONNECTION, f"{namespace}--{name}", f"{CLUSTER_KIND} {name} in namespace {namespace}")


def app_resource(name: str) -> str:
    """The resource of a registered app; ConfigError for names that no resource can have."""
    return _checked(_APP, name, f"{APP_KIND} {name}")


def is_instance(resource: str) -> bool:
    """Whether a resource is an instance."""
    return resource.startswith(_INSTANCE)


def is_app(resource: str) -> bool:
    """Whether a resource is a registered app."""
    return resource.startswith(_APP)


def _checked(prefix: str, name: str, what: str) -> str:
    """A name that is too long for a resource is cut, with a hash of it all at the end."""
    if len(prefix + name) > RESOURCE_NAME:
        mark = f"-{sha256(name.encode()).hexdigest()[:8]}"
        name = name[: RESOURCE_NAME - len(prefix + mark)].rstrip("-") + mark
    try:
        return check_resource_name(prefix + name)
    except ConfigError:
        raise ConfigError(
            f"{what}: use lower-case letters, digits and '-', starting and ending with a letter or digit"
        ) from None
