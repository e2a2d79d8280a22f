# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Laws of definitions: defaults are stable, and every broken field is named by its path."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.app import (
    default_app,
    parse_app,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.app_rules import app_faults
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.cluster import (
    SETTINGS,
    UNKNOWN,
    cluster_faults,
    default_cluster,
    parse_cluster,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.settings import Claim
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.update import check_update
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import (
    AROUND,
    HUSH,
    app_manifests,
    cluster_manifests,
)

Step = str | int

WITH_CLAIM = replace(AROUND, claims={"claim": Claim(("ReadWriteMany",))})


@st.composite
def instances(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """An app and an instance of it."""
    app = draw(app_manifests())
    return app, draw(cluster_manifests(parse_app(app)))


@STEADY
@given(app_manifests())
def test_defaults_of_an_app_are_stable(manifest: dict[str, Any]) -> None:
    before = copy.deepcopy(manifest)
    stored = default_app(manifest["spec"])
    assert manifest == before
    assert default_app(stored) == stored
    assert parse_app({**manifest, "spec": stored}) == parse_app(manifest)
    assert not any(key.startswith("default") for key in stored)
    assert all({"imageRepoTag", "configPackage", "maxLogSizeDump"} <= set(role) for role in stored["roles"])


@STEADY
@given(instances(), st.sampled_from([WITH_CLAIM, UNKNOWN]))
def test_defaults_of_an_instance_are_stable(pair: tuple[dict[str, Any], dict[str, Any]], around: Any) -> None:
    app, manifest = parse_app(pair[0]), pair[1]
    before = copy.deepcopy(manifest)
    stored = default_cluster(manifest["spec"], app, SETTINGS, around)
    assert manifest == before
    assert default_cluster(stored, app, SETTINGS, around) == stored
    again = {**manifest, "spec": stored}
    assert parse_cluster(again, app, SETTINGS, around) == parse_cluster(manifest, app, SETTINGS, around)
    assert parse_cluster(again, app, SETTINGS, around).spec == stored
    check_update(again, manifest, app, SETTINGS, around)


@STEADY
@given(instances())
def test_no_secret_in_the_text_of_an_instance(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert HUSH not in repr(parse_cluster(pair[1], parse_app(pair[0])))


def nodes(value: Any, steps: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Where each value of a definition stands, but for what the schema leaves open."""
    if steps:
        yield steps
    if isinstance(value, dict):
        for key, item in value.items():
            if key != "nodeAffinity":
                yield from nodes(item, (*steps, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from nodes(item, (*steps, position))


def shown(steps: tuple[Step, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)[1:]


def at(value: Any, steps: tuple[Step, ...]) -> Any:
    for step in steps:
        value = value[step]
    return value


def broken(draw: st.DrawFn, manifest: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The definition with something of a wrong type in one place below its spec, and the path of that place."""
    steps = draw(st.sampled_from([("spec", *steps) for steps in nodes(manifest["spec"])]))
    copied = copy.deepcopy(manifest)
    found = at(copied, steps)
    wrong = "text" if isinstance(found, (dict, list)) or found is None else [found]
    at(copied, steps[:-1])[steps[-1]] = wrong
    return copied, shown(steps)


@STEADY
@given(st.data())
def test_a_broken_field_of_an_app_is_named(data: st.DataObject) -> None:
    manifest, path = broken(data.draw, data.draw(app_manifests()))
    assert path in [fault.path for fault in app_faults(manifest)]


@STEADY
@given(st.data())
def test_a_broken_field_of_an_instance_is_named_and_no_secret_told(data: st.DataObject) -> None:
    app, valid = data.draw(instances())
    manifest, path = broken(data.draw, valid)
    faults = cluster_faults(manifest, parse_app(app))
    assert path in [fault.path for fault in faults]
    assert HUSH not in "".join(map(str, faults))


@STEADY
@given(st.data())
def test_a_field_that_nobody_reads_is_named(data: st.DataObject) -> None:
    app, manifest = data.draw(instances())
    open_ended = ("limits", "requests", "podLabels", "podAnnotations", "serviceLabels", "serviceAnnotations")
    places = [
        steps
        for steps in nodes(manifest["spec"])
        if isinstance(at(manifest["spec"], steps), dict) and steps[-1] not in open_ended
    ]
    steps = data.draw(st.sampled_from([(), *places]))
    at(manifest["spec"], steps)["nobody"] = "x"
    faults = cluster_faults(manifest, parse_app(app))
    assert [fault.path for fault in faults] == [shown(("spec", *steps, "nobody"))]


@STEADY
@given(st.data())
def test_a_missing_field_is_named(data: st.DataObject) -> None:
    app, manifest = data.draw(instances())
    needed = {"app", "roles", "resources", "limits", "memory", "cpu", "size", "name", "mountPath", "srcURL", "pvcName"}
    # Block devices have a default size; names of requests are up to the app.
    places = [
        steps
        for steps in nodes(manifest["spec"])
        if steps[-1] in needed and "blockStorage" not in steps and "requests" not in steps
    ]
    steps = data.draw(st.sampled_from(places))
    del at(manifest["spec"], steps[:-1])[steps[-1]]
    assert shown(("spec", *steps)) in [fault.path for fault in cluster_faults(manifest, parse_app(app))]
