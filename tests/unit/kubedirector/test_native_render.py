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
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY
from ansible_collections.multicluster.federation.tests.unit.kubedirector.native_samples import Sample, samples

Key = tuple[str, str]


def by_name(manifests: list[dict[str, Any]]) -> dict[Key, dict[str, Any]]:
    return {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in manifests}


def backwards(value: Any) -> Any:
    """The same data, with the fields of all mappings in the opposite order."""
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(item) for item in value] if isinstance(value, list) else value


@STEADY
@given(samples())
def test_same_instance_same_objects_whatever_the_order_of_fields(sample: Sample) -> None:
    turned = Sample(backwards(sample.documents), backwards(sample.manifest), backwards(sample.options))
    assert render(turned.instance()) == render(sample.instance())


@STEADY
@given(samples())
def test_rendering_changes_nothing_of_what_it_is_given(sample: Sample) -> None:
    instance = sample.instance()
    before = copy.deepcopy(instance)
    first = render(instance)
    assert instance == before
    for manifest in first:
        manifest.clear()
    assert render(instance) == render(before)


@STEADY
@given(samples())
def test_every_role_with_members_has_its_objects_and_no_other(sample: Sample) -> None:
    instance = sample.instance()
    made = render(instance)
    roles = [asked.id for asked, _role in roles_in_order(instance)]
    assert sorted(roles) == sorted(role.id for role in instance.cluster.roles if role.members)
    sets = [manifest for manifest in made if manifest["kind"] == "StatefulSet"]
    assert [role_of(manifest) for manifest in sets] == roles
    for manifest in sets:
        asked = instance.cluster.role(role_of(manifest))
        assert asked is not None
        assert manifest["spec"]["replicas"] == asked.members
    assert {role_of(manifest) for manifest in made} <= {*roles, ""}


@STEADY
@given(samples())
def test_roles_come_after_those_that_they_wait_for(sample: Sample) -> None:
    instance = sample.instance()
    order = [asked.id for asked, _role in roles_in_order(instance)]
    for name in order:
        later = order[order.index(name) :]
        assert not set(instance.definition.runtime.role(name).after) & set(later)


def resized(sample: Sample, role: str, members: int) -> Sample:
    manifest = copy.deepcopy(sample.manifest)
    for entry in manifest["spec"]["roles"]:
        if entry["id"] == role:
            entry["members"] = members
    return Sample(sample.documents, manifest, sample.options)


@STEADY
@given(samples(counting=False), st.data())
def test_scaling_changes_only_what_it_must(sample: Sample, data: st.DataObject) -> None:
    app = sample.definition().app
    names = [entry["id"] for entry in sample.manifest["spec"]["roles"]]
    scalable = [role for role in app.roles if role.cardinality.open and role.id in names]
    assume(scalable)
    role = data.draw(st.sampled_from(scalable))
    least = max(role.cardinality.least, 1)
    few, many = data.draw(st.lists(st.integers(least, least + 5), min_size=2, max_size=2, unique=True).map(sorted))
    small, large = (resized(sample, role.id, members).instance() for members in (few, many))
    old, new = by_name(render(small)), by_name(render(large))
    name = next(manifest["metadata"]["name"] for manifest in old.values() if is_set_of(manifest, role.id))

    # One Service for each pod, and what protects several pods.
    pods = {("Service", f"s-{name}-{number}") for number in range(few, many)}
    may_come = {*pods, ("PodDisruptionBudget", name)}
    assert not set(old) - set(new)
    assert set(new) - set(old) <= may_come
    if large.expose != "role" and app.services_of(role.id) and any(s.endpoint for s in app.services_of(role.id)):
        assert pods <= set(new) - set(old)
    changed = {key for key in old if old[key] != new[key]}
    told = {("Secret", f"{manifest['metadata']['name']}-configmeta") for manifest in sets_of(old)} & set(old)
    assert changed == {("StatefulSet", name), ("ConfigMap", f"{small.name}-kubedirector"), *told}
    assert new["StatefulSet", name]["spec"].pop("replicas") == many
    assert old["StatefulSet", name]["spec"].pop("replicas") == few
    assert new["StatefulSet", name] == old["StatefulSet", name]


def sets_of(manifests: dict[Key, dict[str, Any]]) -> list[dict[str, Any]]:
    return [manifest for (kind, _name), manifest in manifests.items() if kind == "StatefulSet"]


def is_set_of(manifest: dict[str, Any], role: str) -> bool:
    return manifest["kind"] == "StatefulSet" and role_of(manifest) == role


@STEADY
@given(samples())
def test_a_role_with_no_members_leaves_nothing_but_its_place_in_what_is_remembered(sample: Sample) -> None:
    app = sample.definition().app
    names = [entry["id"] for entry in sample.manifest["spec"]["roles"]]
    optional = [role.id for role in app.roles if not role.cardinality.least and role.id in names]
    assume(optional)
    made = render(resized(sample, optional[0], 0).instance())
    assert optional[0] not in {role_of(manifest) for manifest in made}
    remembered = json.loads(made[-1]["data"]["instance"])
    assert optional[0] in [role["id"] for role in remembered["cluster"]["spec"]["roles"]]
