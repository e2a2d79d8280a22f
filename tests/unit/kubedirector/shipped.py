# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances of the apps that the collection ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.multicluster.federation.tests.unit.kubedirector.native_samples import Sample
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import manifest

CATALOG = Path(__file__).resolve().parents[3] / "catalog"
SHIPPED = sorted(path.parent.name for path in CATALOG.glob("*/app.yaml"))


def shipped(name: str, more: int = 0, **options: Any) -> Sample:
    """An instance with all roles of an app, each with ``more`` members than it must have where it may, and with storage."""
    documents = [yaml.safe_load(path.read_text("utf-8")) for path in sorted((CATALOG / name).glob("*.yaml"))]
    app = next(document for document in documents if document["kind"] == "KubeDirectorApp")
    amounts = {"cpu": "2", "memory": "4Gi"}
    roles = [
        {
            "id": role["id"],
            "members": int(role["cardinality"].rstrip("+")) + (more if role["cardinality"].endswith("+") else 0),
            "resources": {"limits": amounts, "requests": amounts},
            "storage": {"size": "10Gi"},
        }
        for role in app["spec"]["roles"]
    ]
    return Sample(documents, manifest("KubeDirectorCluster", "mine", {"app": name, "roles": roles}), options)
