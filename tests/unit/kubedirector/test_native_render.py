# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Laws of rendering: same instance, same objects; and a change of size leaves alone whatever it need not touch."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.render import (
    render,
    role_of,
    roles_in_order,
)
from ansible_collections.multicluster.federation.tests.unit.kubedirector.native_samples import FEW, Sample, samples
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import (
    app_manifest,
    cluster_manifest,
    role,
)

Key = tuple[str, str]

CONFIG = {"selectedRoles": ["r1", "r2"], "roleServices": []}


def by_name(manifests: list[dict[str, Any]]) -> dict[Key, dict[str, Any]]:
    return {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in manifests}


def backwards(value: Any) -> Any:
    """The same data, with the fields of all mappings in the opposite order."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(item) for item in value] if isinstance(value, list) else value


@FEW
@given(samples())
def test_same_instance_same_objects_whatever_the_order_of_fields(sample: Sample) -> None:
    instance = sample.instance()
    before = copy.deepcopy(instance)
    first = render(instance)
    assert instance == before
    turned = Sample(backwards(sample.documents), backwards(sample.manifest), backwards(sample.options))
    assert render(turned.instance()) == first
    for manifest in first:
        manifest.clear()  # nothing of them is the instance's own
    assert render(instance) == render(before)


@FEW
@given(samples())
def test_every_role_with_members_has_its_objects_after_those_it_waits_for(sample: Sample) -> None:
    instance = sample.instance()
    made = render(instance)
    roles = [asked.id for asked, _role in roles_in_order(instance)]
    assert sorted(roles) == sorted(role.id for role in instance.cluster.roles if role.members)
    assert {role_of(manifest) for manifest in made} <= {*roles, ""}
    sets = [manifest for manifest in made if manifest["kind"] == "StatefulSet"]
    assert [role_of(manifest) for manifest in sets] == roles
    for position, manifest in enumerate(sets):
        asked = instance.cluster.role(role_of(manifest))
        assert asked is not None
        assert manifest["spec"]["replicas"] == asked.members
        assert not set(instance.definition.runtime.role(asked.id).after) & set(roles[position:])


def resized(sample: Sample, role: str, members: int) -> Sample:
    manifest = copy.deepcopy(sample.manifest)
    for entry in manifest["spec"]["roles"]:
        if entry["id"] == role:
            entry["members"] = members
    return Sample(sample.documents, manifest, sample.options)


@FEW
@given(samples(counting=False), st.data())
def test_scaling_changes_only_what_it_must(sample: Sample, data: st.DataObject) -> None:
    app = sample.definition().app
    names = [entry["id"] for entry in sample.manifest["spec"]["roles"]]
    scalable = [known for known in app.roles if known.cardinality.open and known.id in names]
    assume(scalable)
    known = data.draw(st.sampled_from(scalable))
    few = data.draw(st.integers(0, 3)) + max(known.cardinality.least, 1)
    many = few + data.draw(st.integers(1, 3))
    small, large = (resized(sample, known.id, members).instance() for members in (few, many))
    old, new = by_name(render(small)), by_name(render(large))
    name = next(manifest["metadata"]["name"] for manifest in sets_of(old) if role_of(manifest) == known.id)

    # One Service for each pod, and what protects several pods.
    pods = {("Service", f"s-{name}-{number}") for number in range(few, many)}
    may_come = {*pods, ("PodDisruptionBudget", name)}
    assert not set(old) - set(new)
    assert set(new) - set(old) <= may_come
    if large.expose != "role" and any(service.endpoint for service in app.services_of(known.id)):
        assert pods <= set(new) - set(old)
    changed = {key for key in old if old[key] != new[key]}
    assert changed == {("StatefulSet", name), ("ConfigMap", f"{small.name}-kubedirector")}
    assert new["StatefulSet", name]["spec"].pop("replicas") == many
    assert old["StatefulSet", name]["spec"].pop("replicas") == few
    assert new["StatefulSet", name] == old["StatefulSet", name]


def sets_of(manifests: dict[Key, dict[str, Any]]) -> list[dict[str, Any]]:
    return [manifest for (kind, _name), manifest in manifests.items() if kind == "StatefulSet"]


def test_a_role_with_no_members_leaves_nothing_but_its_place_in_what_is_remembered() -> None:
    app = app_manifest(roles=[{"id": "r1", "cardinality": "1"}, {"id": "r2", "cardinality": "0+"}], config=CONFIG)
    sample = Sample([app], cluster_manifest(roles=[role("r1"), role("r2", members=0)]), {})
    made = render(sample.instance())
    assert {role_of(manifest) for manifest in made} == {"r1", ""}
    remembered = json.loads(made[-1]["data"]["instance"])
    assert [entry["id"] for entry in remembered["cluster"]["spec"]["roles"]] == ["r1", "r2"]
    assert {role_of(manifest) for manifest in render(resized(sample, "r2", 1).instance())} == {"r1", "r2", ""}
