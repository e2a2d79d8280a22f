# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the blanks in the texts of a runtime stand for in one instance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from ...model.quantity import parse_quantity
from ..fill import fill
from ..instance import Instance
from . import naming


def filled(instance: Instance, value: Any, text: bool = False) -> Any:
    """A copy of plain data with every ``@{...}`` in its texts replaced; ``text``: by text even where it stands alone."""
    cluster, app = instance.cluster, instance.definition.app
    plain: Mapping[str, Any] = {
        "instance": instance.name,
        "namespace": instance.namespace,
        "app": app.name,
        "version": app.version,
        "domain": instance.settings.service_domain.lstrip("."),
        "headless": naming.headless_address(instance),
    }
    named: Mapping[str, Callable[[str], Any]] = {
        "param": lambda name: instance.parameters[name],
        "bytes": lambda name: ceil(parse_quantity(instance.parameters[name])),
        "secret": lambda name: naming.secret_name(instance, name),
        "count": lambda role: known.members if (known := cluster.role(role)) is not None else 0,
        "service": lambda role: naming.service_address(instance, role),
        "pods": lambda role: " ".join(naming.pod_address(instance, pod) for pod in naming.pod_names(instance, role)),
        "pod": lambda role: naming.pod_address(instance, f"{naming.set_name(instance, role)}-0"),
    }
    return fill(value, lambda word, name: named[word](name) if word in named else plain[word], text)
