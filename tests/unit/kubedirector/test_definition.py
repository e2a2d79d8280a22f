# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Definitions as a catalog holds them: which documents make one, and that nothing of one is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.app import SYSTEM
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.definition import (
    load_definition,
    parse_definition,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.runtime import PLAIN
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.tests.unit.kubedirector.native_samples import (
    FEW,
    RUNTIME_KIND,
    Sample,
    samples,
)
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import (
    DEFINITIONS,
    app_manifest,
    cluster_manifest,
)

APP = app_manifest()
RUNTIME: dict[str, Any] = {**RUNTIME_KIND, "metadata": {"name": "va"}}
ONE_EACH = "it takes one KubeDirectorApp, and at most one AppRuntime beside it"


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([], "here holds no KubeDirectorApp"),
        ([RUNTIME], "here holds no KubeDirectorApp"),
        ([APP, APP], f"here holds a second KubeDirectorApp: {ONE_EACH}"),
        ([APP, RUNTIME, RUNTIME], f"here holds a second AppRuntime: {ONE_EACH}"),
        ([APP, cluster_manifest()], f"here holds something of the kind 'KubeDirectorCluster': {ONE_EACH}"),
        ([APP, {"kind": ["AppRuntime"]}], f"here holds something of the kind ['AppRuntime']: {ONE_EACH}"),
        ([APP, {}], f"here holds something of the kind None: {ONE_EACH}"),
        ([APP, None], f"here holds something of the kind None: {ONE_EACH}"),
        ([APP, "text"], f"here holds something of the kind None: {ONE_EACH}"),
        (
            [app_manifest(version=None)],
            "here: KubeDirectorApp va: spec.version: is missing, and is required",
        ),
        (
            [APP, {**RUNTIME, "metadata": {"name": "vb"}}],
            "here: AppRuntime vb: metadata.name: must be that of its app, va",
        ),
    ],
)
def test_documents_that_make_no_definition(documents: list[Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_definition(documents, "here")
    assert caught.value.message == message


def test_the_order_of_documents_does_not_matter() -> None:
    found = parse_definition([RUNTIME, APP], "here")
    assert found == parse_definition([APP, RUNTIME], "there")
    assert (found.source, found.runtime.name, found.app.catalog) == ("here", "va", "local")
    assert parse_definition([APP], "here").runtime == PLAIN
    assert parse_definition([APP], "here", SYSTEM).app.catalog == SYSTEM


@pytest.mark.parametrize("name", [name for name in DEFINITIONS if name.startswith("cr-app")])
def test_definitions_of_the_operator_survive(name: str) -> None:
    found = parse_definition([DEFINITIONS[name]], name)
    again = load_definition(json.loads(json.dumps(found.dump())), name)
    assert again == found
    assert again.dump() == found.dump()
    assert set(found.dump()) == {"app"}


@FEW
@given(samples())
def test_random_definitions_survive(sample: Sample) -> None:
    sample.documents[0]["metadata"].pop("namespace")  # where an app was found is not part of it
    found = sample.definition()
    again = load_definition(json.loads(json.dumps(found.dump(), sort_keys=True)), "elsewhere")
    assert again == found
    assert again.dump() == found.dump()
    assert ("runtime" in found.dump()) == (len(sample.documents) == 2)
