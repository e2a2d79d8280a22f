# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Under which names the federation remembers instances and apps: they are resources as any other."""

from __future__ import annotations

from ..kubedirector.envelope import APP_KIND, CLUSTER_KIND
from ..model.errors import ConfigError
from ..model.names import check_resource_name

# Two dashes, which hardly anybody has in a name: a namespace and a name can be told apart.
_INSTANCE, _APP = "kd--", "kdapp--"


def instance_resource(namespace: str, name: str) -> str:
    """The resource of an instance; ConfigError when that would be too long."""
    return _checked(f"{_INSTANCE}{namespace}--{name}", f"{CLUSTER_KIND} {name} in namespace {namespace}")


def app_resource(name: str) -> str:
    """The resource of a registered app; ConfigError when that would be too long."""
    return _checked(f"{_APP}{name}", f"{APP_KIND} {name}")


def is_instance(resource: str) -> bool:
    """Whether a resource is an instance."""
    return resource.startswith(_INSTANCE)


def is_app(resource: str) -> bool:
    """Whether a resource is a registered app."""
    return resource.startswith(_APP)


def _checked(resource: str, what: str) -> str:
    try:
        return check_resource_name(resource)
    except ConfigError:
        raise ConfigError(
            f"{what}: the federation remembers it as {resource!r}, and that is too long or has letters that it must not have",
            "use shorter names of lower-case letters, digits and '-'",
        ) from None
