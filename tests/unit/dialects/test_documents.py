# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML text and Ansible data into plain manifests."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.dialects.documents import (
    read_manifests,
    read_text,
    refuse_twins,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import name_of
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.ownership import mark, normalise
from ansible_collections.multicluster.federation.tests.unit.helpers import config_map, deployment

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n"


def read(text: str) -> list[dict[str, Any]]:
    return read_manifests(read_text(text, "shop.yaml"), "shop.yaml")


def named(manifests: list[dict[str, Any]]) -> list[str]:
    return [manifest["metadata"]["name"] for manifest in manifests]


def test_many_documents() -> None:
    text = "---\n---\n" + HEAD + "---\n# only a comment\n---\n" + HEAD.replace("name: a", "name: b") + "---\n"
    assert named(read(text)) == ["a", "b"]


@pytest.mark.parametrize("text", ["", "---\n", "# nothing\n", "---\n---\n...\n", "null\n"])
def test_nothing_is_no_manifest(text: str) -> None:
    assert read(text) == []


def test_json_is_yaml_too() -> None:
    assert named(read('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}')) == ["a"]


def test_lists_are_opened_however_deep() -> None:
    inner = {"apiVersion": "v1", "kind": "ConfigMapList", "items": [config_map("b"), [config_map("c")]]}
    documents = [[config_map("a"), {"apiVersion": "v1", "kind": "List", "items": [inner]}], config_map("d")]
    assert named(read_manifests(documents, "x")) == ["a", "b", "c", "d"]


def test_an_empty_list_is_no_manifest() -> None:
    assert read_manifests([{"apiVersion": "v1", "kind": "List", "items": []}, []], "x") == []


def test_a_kind_that_only_sounds_like_a_list_is_a_manifest() -> None:
    manifest = {"apiVersion": "acme.io/v1", "kind": "WaitingList", "metadata": {"name": "a"}, "spec": {"items": []}}
    assert read_manifests([manifest], "x") == [manifest]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: b: c\n", "shop.yaml, line 1, column 5: not valid YAML: "),
        (HEAD + "data: [1\n", "shop.yaml, line 6, column 1: not valid YAML: "),
        (HEAD + "data:\n\tx: y\n", "shop.yaml, line 6, column 1: not valid YAML: "),
        (HEAD + "---\n" + HEAD + "data: {a: 'b}\n", "shop.yaml, line "),
        ("a: *nowhere\n", "shop.yaml, line 1, column 4: not valid YAML: "),
        ("a: !!python/object:os.system x\n", "shop.yaml, line 1, column 4: not valid YAML: "),
        ("a: \x01\n", "shop.yaml: not valid YAML: "),
    ],
)
def test_malformed_yaml_names_file_line_and_column(text: str, place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value).startswith(place)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "data:\n  x: '1'\n  y: '2'\n  x: '3'\n",
        HEAD + "data: {x: '1', x: '1'}\n",
        HEAD + "kind: Secret\n",
        HEAD + "spec: [{deep: {x: 1, x: 2}}]\n",
        HEAD + 'data: {x: "1", "x": "2"}\n',
    ],
)
def test_a_key_given_twice_is_refused(text: str) -> None:
    with pytest.raises(
        ConfigError, match=r"shop.yaml, line \d+, column \d+: not valid YAML: the key '.*' is given twice"
    ):
        read(text)


def test_merge_keys_are_not_keys_given_twice() -> None:
    text = HEAD + "base: &base {x: '1', y: '2'}\ndata:\n  <<: *base\n  x: '3'\n"
    assert read(text)[0]["data"] == {"x": "3", "y": "2"}


def test_merging_what_was_merged_already() -> None:
    text = HEAD + "one: &one {x: '1'}\ntop:\n  deep:\n    two: &two {<<: *one, x: '2'}\ndata: {<<: *two}\n"
    assert read(text)[0]["data"] == {"x": "2"}


def test_an_equals_sign_is_text() -> None:
    """As in the CRDs of the Prometheus operator: a tag of YAML 1.1 that PyYAML knows and cannot construct."""
    assert read(HEAD + "enum:\n- '!='\n- =\n- =~\n")[0]["enum"] == ["!=", "=", "=~"]


@pytest.mark.parametrize("stamp", ["2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01 10:00:00"])
def test_dates_stay_text(stamp: str) -> None:
    assert read(HEAD + f"spec: {{when: {stamp}}}\ndata: {{when: {stamp}}}\n")[0]["data"] == {"when": stamp}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: ConfigMap\nmetadata: {name: a}\n", "shop.yaml: a manifest has no apiVersion"),
        ("apiVersion: v1\nmetadata: {name: a}\n", "shop.yaml: a manifest has no kind"),
        ("apiVersion: 1\nkind: ConfigMap\nmetadata: {name: a}\n", "a manifest has no apiVersion"),
        ("apiVersion: ''\nkind: ConfigMap\nmetadata: {name: a}\n", "a manifest has no apiVersion"),
        ("apiVersion: v1\nkind: ConfigMap\n", "shop.yaml: ConfigMap has no metadata.name"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", "ConfigMap has no metadata.name"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: a\n", "ConfigMap has no metadata.name"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 5}\n", "metadata.name must be text.*quote it"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n", "Pod has generateName: each run would make one"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: 5}\n", "metadata.namespace must be text.*quote it"),
        ("just text\n", "shop.yaml: a manifest must be a mapping, but this is str"),
        ("- 5\n", "shop.yaml: a manifest must be a mapping, but this is int"),
    ],
)
def test_what_is_no_manifest(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(text)


def test_a_name_beside_generate_name_is_fine() -> None:
    assert named(read("apiVersion: v1\nkind: Pod\nmetadata: {name: a, generateName: a-}\n")) == ["a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "data: {port: 80}\n", "ConfigMap a: data.port is 80, which is not text: quote it, or use `| string`"),
        (HEAD + "data: {on: 'x'}\n", "ConfigMap a: .data: the key True is not text; quote it"),
        (HEAD + "data: {debug: true}\n", "data.debug is True, which is not text: quote it"),
        (HEAD + "data: {share: 0.5}\n", "data.share is 0.5, which is not text: quote it"),
        (HEAD + "data: {list: [a]}\n", "data.list is .*which is not text"),
        (HEAD + "  labels: {tier: 1}\n", "ConfigMap a: metadata.labels.tier must be text.*quote it"),
        (HEAD + "  labels: {tier: }\n", "metadata.labels.tier must be text"),
        (HEAD + "  annotations: {tier: 1}\n", "metadata.annotations.tier must be text.*quote it"),
        (HEAD + "  annotations: [tier]\n", "metadata.annotations must be a mapping"),
        (HEAD + "data: {5: x}\n", "the key 5 is not text; quote it"),
        (HEAD + "spec: {share: .nan}\n", r"ConfigMap a: .spec.share: nan is not a number that JSON can hold"),
        (HEAD + "spec: [{share: -.inf}]\n", r".spec\[0\].share: -inf is not a number that JSON can hold"),
        (HEAD + "spec: !!set {a}\n", "set is not a value that JSON can hold"),
        (HEAD + "binaryData: !!binary aGk=\n", "bytes is not a value that JSON can hold"),
    ],
)
def test_values_that_every_member_would_refuse(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(text)


@pytest.mark.parametrize("value", ["null", ""])
def test_null_data_is_left_to_normalisation(value: str) -> None:
    assert read(HEAD + f"data: {{x: {value}}}\n")[0]["data"] == {"x": None}


@pytest.mark.parametrize(
    "text",
    [
        SECRET + "data: {password: 424242}\n",
        SECRET + "stringData: {password: 424242}\n",
        SECRET + "stringData: {password: [hunter2]}\n",
        SECRET + "stringData: {password: {hunter2: x}}\n",
        SECRET + "stringData: {password: !!set {hunter2}}\n",
        SECRET + "stringData: {password: hunter2, password: hunter2}\n",
        SECRET + "stringData: {password: 'hunter2}\n",
        SECRET + "stringData: {password: .inf}\n",
        "kind: Secret\nstringData: {password: hunter2}\nmetadata: {name: a}\n",
        "apiVersion: v1\nkind: Secret\nstringData: {password: hunter2}\n",
        "apiVersion: v1\nstringData: {password: hunter2}\nkind:\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {generateName: a-}\nstringData: {password: hunter2}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: 5}\nstringData: {password: hunter2}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {x: 1}}\nstringData: {password: hunter2}\n",
    ],
)
def test_a_secret_value_is_never_in_a_message(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert "hunter2" not in str(caught.value)
    assert "424242" not in str(caught.value)


@pytest.mark.parametrize("part", ["stringData: text", "stringData: [a]", "data: [a]"])
def test_secret_data_that_is_no_mapping_is_refused(part: str) -> None:
    with pytest.raises(ConfigError, match="ata"):
        read(SECRET + part + "\n")


@pytest.mark.parametrize("empty", ["[]", "''", "{}", "null"])
@pytest.mark.parametrize("key", ["labels", "annotations"])
def test_empty_labels_of_any_shape_never_crash_what_comes_later(key: str, empty: str) -> None:
    try:
        manifest = read(HEAD + f"  {key}: {empty}\n")[0]
    except ConfigError:
        return
    assert mark(normalise(manifest), name_of(manifest), "acme", "shop")["metadata"][key]


def test_twins_are_refused() -> None:
    with pytest.raises(ConfigError, match="ConfigMap a is given twice"):
        refuse_twins([config_map("a"), config_map("a")], "default")
    with pytest.raises(ConfigError, match="ConfigMap shop/a is given twice"):
        refuse_twins([config_map("a"), config_map("a", "shop")], "shop")


def test_what_only_looks_like_a_twin() -> None:
    other_group = {**deployment("a"), "apiVersion": "acme.io/v1"}
    refuse_twins([config_map("a"), config_map("a", "shop"), config_map("b"), deployment("a"), other_group], "default")


def test_two_versions_of_one_kind_are_twins() -> None:
    with pytest.raises(ConfigError, match="Deployment web is given twice"):
        refuse_twins([deployment(), {**deployment(), "apiVersion": "apps/v1beta1"}], "default")
