# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances of which it is known what the real operator made of them."""

from __future__ import annotations

from typing import Any

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.definition import parse_definition
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import (
    POD,
    Instance,
    build_instance,
)
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import DEFINITIONS, STORED

#: the files of instances, and those of their apps
OF_OPERATOR = {
    "cr-cluster-cassandra311-stor": "cr-app-cassandra-3.11",
    "cr-cluster-centos7": "cr-app-centos7",
    "cr-cluster-kafka55-stor": "cr-app-kafka55",
    "cr-cluster-mlflow": "cr-app-mlflow",
    "cr-cluster-qwen2-test": "cr-app-qwen2",
}


def built(name: str, **options: Any) -> Instance:
    """The instance that the operator made its objects for, with the defaults that it filled in."""
    definition = parse_definition([DEFINITIONS[OF_OPERATOR[name]]], name)
    manifest = {**DEFINITIONS[name], "spec": STORED[name]}
    return build_instance(manifest, definition, {"expose": POD, **options})
