# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Templates as they are stored on the members."""

from __future__ import annotations

import base64
import copy
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.plugins.module_utils.model.keepsake import (
    FORM,
    Keepsake,
    keepsake_of,
    pack,
    unpack,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.resource import Resource, parse_resource
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY, config_map, deployment

VALUE = "aHVudGVyMg=="
OPTIONS: dict[str, Any] = {
    "name": "shop",
    "namespace": "shop",
    "placement": {"region": "eu"},
    "overrides": [{"where": {"region": "eu"}, "replicas": 3}],
    "delete_namespaces": True,
    "conflict": "adopt",
}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=4), JSON_VALUES, max_size=3)
KEEPSAKES = st.builds(
    Keepsake,
    st.text(max_size=8),
    OBJECTS,
    st.lists(OBJECTS, max_size=3).map(tuple),
    st.lists(st.text(max_size=8), max_size=2).map(tuple),
)


def secret(name: str = "password", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", **more}


def resource(*manifests: dict[str, Any], **raw: Any) -> Resource:
    return parse_resource({"name": "shop", **raw}, list(manifests))


def packed(body: Any) -> str:
    return base64.b64encode(zlib.compress(json.dumps(body).encode())).decode()


@STEADY
@given(KEEPSAKES, st.none() | KEEPSAKES)
def test_both_versions_survive_their_text(current: Keepsake, before: Keepsake | None) -> None:
    assert unpack(pack(current, before), "shop") == (current, before)


@pytest.mark.parametrize("words", [{}, {"state": "present"}])
def test_what_is_taken_up_again_was_asked_in_the_same_words(words: dict[str, Any]) -> None:
    asked = resource(config_map("one"), keep_template=True, **words)
    again = keepsake_of(asked, "hash").resource()
    assert again.asked == asked.asked
    assert keepsake_of(again, "hash") == keepsake_of(asked, "hash")


@STEADY
@given(KEEPSAKES)
def test_one_version_has_one_text(kept: Keepsake) -> None:
    turned = Keepsake(kept.hash, dict(reversed(list(kept.asked.items()))), kept.manifests, kept.withheld)
    assert pack(turned, None) == pack(kept, None)


def test_a_resource_comes_back_as_it_was_asked_for() -> None:
    asked = parse_resource(OPTIONS, [config_map(a="b"), deployment()])
    kept = keepsake_of(asked, "1:abc")
    assert (kept.hash, kept.withheld) == ("1:abc", ())
    current, before = unpack(pack(kept, None), "shop")
    assert before is None
    assert current is not None
    assert current.resource() == asked


def test_where_manifests_came_from_is_not_kept() -> None:
    kept = keepsake_of(resource(config_map(), src="/home/alice/shop.yaml", definition={"a": "b"}), "h")
    assert kept.asked == {"name": "shop"}


def test_it_is_smaller_than_its_manifests() -> None:
    many = [config_map(f"settings-{n}", a="the same in all of them") for n in range(200)]
    assert len(pack(keepsake_of(resource(*many), "h"), None)) < len(json.dumps(many)) / 5


# what is secret


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        (secret(data={"p": VALUE}), secret()),
        (secret(stringData={"p": "hunter2"}), secret()),
        (secret(data={"p": VALUE}, stringData={"q": "hunter2"}, immutable=True), secret(immutable=True)),
    ],
)
def test_values_of_secrets_are_withheld(given_: dict[str, Any], kept: dict[str, Any]) -> None:
    before = copy.deepcopy(given_)
    found = keepsake_of(resource(config_map(a="b"), given_), "h")
    assert found.manifests == (config_map(a="b"), kept)
    assert found.withheld == ("Secret password",)
    assert given_ == before


def test_a_secret_without_values_is_kept_as_it_is() -> None:
    found = keepsake_of(resource(secret()), "h")
    assert (found.manifests, found.withheld) == ((secret(),), ())


def test_something_else_that_is_called_secret_is_no_secret() -> None:
    other = {**secret(data={"p": "x"}), "apiVersion": "acme.io/v1"}
    assert keepsake_of(resource(other), "h").manifests == (other,)


def test_what_kubectl_remembers_of_a_secret_is_withheld() -> None:
    """kubectl apply writes the whole manifest, values included, into an annotation, and an export carries it along."""
    remembered = json.dumps(secret(data={"p": VALUE}))
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": remembered, "team": "shop"}
    exported = secret(data={"p": VALUE}, metadata={"name": "password", "annotations": annotations})
    found = keepsake_of(resource(exported), "h")
    assert VALUE not in str(found)
    assert found.manifests[0]["metadata"] == {"name": "password", "annotations": {"team": "shop"}}
    assert found.withheld == ("Secret password",)


PATCH = [{"op": "add", "path": "/data/p", "value": VALUE}]


@pytest.mark.parametrize(
    ("override", "withheld"),
    [
        ({"target": {"kind": "Secret"}, "patch": PATCH}, True),
        ({"target": {"name": "password"}, "patch": PATCH}, True),
        ({"target": {}, "patch": PATCH}, True),
        ({"target": {"kind": "ConfigMap"}, "patch": PATCH}, False),
        ({"target": {"name": "settings"}, "patch": PATCH}, False),
        ({"target": {"kind": "Secret"}, "labels": {"a": "b"}}, False),
    ],
)
def test_patches_that_could_write_a_secret_are_withheld(override: dict[str, Any], withheld: bool) -> None:
    other = {"replicas": 2}
    asked = resource(config_map(), secret(), deployment(), overrides=[other, override])
    found = keepsake_of(asked, "h")
    assert found.withheld == (("overrides[1]",) if withheld else ())
    assert found.asked["overrides"] == ([other] if withheld else [other, override])
    assert (VALUE in pack_text(found)) is ("patch" in override and not withheld)


def test_a_patch_for_one_of_several_secrets_is_withheld() -> None:
    override = {"target": {"name": "other"}, "patch": PATCH}
    found = keepsake_of(resource(secret(), secret("other"), config_map(), overrides=[override]), "h")
    assert (found.asked["overrides"], found.withheld) == ([], ("overrides[0]",))


def pack_text(kept: Keepsake) -> str:
    return zlib.decompress(base64.b64decode(pack(kept, None))).decode()


def test_what_was_withheld_does_not_hinder_reading() -> None:
    asked = resource(secret(stringData={"p": "hunter2"}), overrides=[{"target": {"kind": "Secret"}, "patch": PATCH}])
    kept, _before = unpack(pack(keepsake_of(asked, "h"), None), "shop")
    assert kept is not None
    assert kept.resource() == resource(secret())
    assert kept.withheld == ("Secret password", "overrides[0]")


@STEADY
@given(st.dictionaries(st.text(min_size=1, max_size=4), st.text("xyz", min_size=6, max_size=9), min_size=1, max_size=3))
def test_no_value_of_a_secret_is_in_the_text(values: dict[str, str]) -> None:
    asked = resource(deployment(), secret(data=values), secret("other", stringData=values))
    text = pack_text(keepsake_of(asked, "h"))
    assert not [value for value in values.values() if value in text]


# damage

GOOD = {"form": FORM, "current": {"hash": "h", "asked": {}, "manifests": [], "withheld": []}, "before": None}


def test_this_is_what_is_read() -> None:
    assert unpack(packed(GOOD), "shop") == (Keepsake("h", {}, ()), None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no base64!",
        "\u00e9",
        "AAAA",
        base64.b64encode(zlib.compress(b"{")).decode(),
        base64.b64encode(zlib.compress(b"\xff\xfe")).decode(),
        packed(GOOD)[:-8],
        packed([]),
        packed(5),
        packed(None),
        packed({}),
        packed({"form": FORM}),
        packed({**GOOD, "current": 5}),
        packed({**GOOD, "current": {"hash": "h"}}),
        packed({**GOOD, "before": {"hash": "h"}}),
        packed({**GOOD, "current": {**GOOD["current"], "manifests": None}}),  # type: ignore[dict-item]
    ],
)
def test_damaged_text_is_one_clear_error(text: str) -> None:
    with pytest.raises(MemberError, match="the stored template of resource shop is damaged") as caught:
        unpack(text, "shop")
    assert caught.value.kind == Kind.FAILED
    assert caught.value.hint == "propagate the resource again"


def test_a_newer_form_is_refused() -> None:
    with pytest.raises(MemberError, match="the stored template of shop was written by a newer release"):
        unpack(packed({**GOOD, "form": FORM + 1}), "shop")
