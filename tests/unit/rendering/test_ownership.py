# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is ours, and whether there is anything to do: decided from metadata alone."""

from __future__ import annotations

import base64
import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import (
    GroupKind,
    ObjectName,
    name_of,
)
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.ownership import (
    applied_entry,
    fingerprint,
    holders,
    holds,
    is_marked,
    is_owned,
    lost,
    mark,
    normalise,
    survivors,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import (
    DEPLOYMENT,
    FEDERATION,
    MANAGER,
    STEADY,
    applied_by_us,
    deployment,
    fields_of,
)

WEB = ObjectName(DEPLOYMENT, "shop", "web")

# normalise


def test_only_what_a_user_can_want_is_kept() -> None:
    manifest = {
        **deployment(replicas=None, paused=False),
        "status": {"replicas": 3},
    }
    manifest["metadata"] = {
        "name": "web",
        "labels": {"a": "b"},
        "annotations": None,
        "creationTimestamp": None,
        "uid": "x",
        "resourceVersion": "5",
        "generation": 2,
        "selfLink": "/x",
        "managedFields": [{}],
        "deletionTimestamp": "2026-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": 0,
        "ownerReferences": [{"uid": "y"}],
    }
    manifest["spec"]["template"]["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    want = normalise(manifest)
    assert want["metadata"] == {"name": "web", "labels": {"a": "b"}, "ownerReferences": [{"uid": "y"}]}
    assert want["spec"] == deployment(paused=False)["spec"]
    assert "status" not in want


def test_empty_values_are_kept() -> None:
    spec = {"podSelector": {}, "items": [], "text": "", "zero": 0, "no": False, "list": [None, {"a": None}]}
    manifest = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "spec": spec}
    assert normalise(manifest)["spec"] == {**spec, "list": [None, {}]}


def secret(**body: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **body}


def test_text_of_a_secret_becomes_data_and_wins() -> None:
    want = normalise(secret(data={"a": "b2xk", "b": "Yg=="}, stringData={"a": "n\u00e9w", "c": None}))
    assert "stringData" not in want
    assert want["data"] == {"a": base64.b64encode("n\u00e9w".encode()).decode(), "b": "Yg=="}
    assert normalise(secret(stringData={"a": ""}))["data"] == {"a": ""}


def test_secrets_of_other_groups_are_not_secrets() -> None:
    manifest = {**secret(stringData={"a": "b"}), "apiVersion": "acme.io/v1"}
    assert normalise(manifest)["stringData"] == {"a": "b"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
METADATA = st.fixed_dictionaries(
    {"name": st.just("web")},
    optional={
        "labels": st.none() | st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2),
        "creationTimestamp": st.none() | st.just("2026-01-01T00:00:00Z"),
        "uid": st.text(max_size=4),
        "namespace": st.just("shop"),
    },
)
MANIFESTS = st.fixed_dictionaries(
    {
        "apiVersion": st.sampled_from(["v1", "apps/v1"]),
        "kind": st.sampled_from(["Secret", "Deployment"]),
        "metadata": METADATA,
    },
    optional={
        "spec": JSON,
        "status": JSON,
        "data": st.dictionaries(st.text(max_size=4), st.just("eA==") | st.none(), max_size=3),
        "stringData": st.dictionaries(st.text(max_size=4), st.text(max_size=4) | st.none(), max_size=3),
    },
)


@STEADY
@given(MANIFESTS)
def test_normalise_is_idempotent_and_leaves_its_input_alone(manifest: dict[str, Any]) -> None:
    before = copy.deepcopy(manifest)
    want = normalise(manifest)
    assert manifest == before
    assert normalise(want) == want


# the hash and the marks


def shuffled(value: Any) -> Any:
    """The same data with the keys of every mapping in the opposite order."""
    if isinstance(value, dict):
        return {key: shuffled(item) for key, item in reversed(list(value.items()))}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@STEADY
@given(JSON)
def test_the_hash_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    assert fingerprint(shuffled(value)) == fingerprint(value)


@STEADY
@given(JSON, JSON)
def test_different_data_has_different_hashes(left: Any, right: Any) -> None:
    same = json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
    assert (fingerprint(left) == fingerprint(right)) is same


def test_the_hash_says_in_which_form_it_was_made_and_stays_what_it_is() -> None:
    """Another value here means one more write for every object that anybody has: then the form must change, too."""
    assert fingerprint({"b": [1, "\u00e9"], "a": None}) == "1:a44633ba036df252"
    assert re.fullmatch(r"1:[0-9a-f]{16}", fingerprint({}))


def test_marks() -> None:
    want = mark(normalise(deployment()), WEB, FEDERATION, "shop")
    assert want["metadata"]["namespace"] == "shop"
    assert want["metadata"]["labels"] == {names.LABEL_FEDERATION: FEDERATION, names.LABEL_RESOURCE: "shop"}
    assert want["metadata"]["annotations"][names.ANNOTATION_OBJECT] == "apps/Deployment shop/web"


def test_marks_do_not_change_when_they_are_set_again() -> None:
    once = mark(normalise(deployment()), WEB, FEDERATION, "shop")
    assert mark(copy.deepcopy(once), WEB, FEDERATION, "shop") == once


def test_cluster_scoped_objects_get_no_namespace() -> None:
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "namespace": "odd"}}
    want = mark(normalise(manifest), ObjectName(GroupKind("", "Namespace"), "", "shop"), FEDERATION, "shop")
    assert "namespace" not in want["metadata"]


def test_where_an_object_goes_is_part_of_its_hash() -> None:
    def hash_in(namespace: str, resource: str = "shop") -> str:
        want = mark(normalise(deployment()), ObjectName(DEPLOYMENT, namespace, "web"), FEDERATION, resource)
        return str(want["metadata"]["annotations"][names.ANNOTATION_HASH])

    assert len({hash_in("a"), hash_in("b"), hash_in("a", "other")}) == 3


# owned = label, our applied fields, and an annotation that names this very object

OURS = applied_by_us(mark(normalise(deployment()), WEB, FEDERATION, "shop"))


def test_what_we_applied_is_owned() -> None:
    assert is_owned(OURS, WEB, FEDERATION, "shop")
    assert is_owned(OURS, WEB, FEDERATION, None)
    assert is_marked(OURS, WEB, FEDERATION, "shop")


def without(metadata: dict[str, Any], part: str, key: str) -> dict[str, Any]:
    return {**metadata, part: {k: v for k, v in metadata[part].items() if k != key}}


def entry(**changed: Any) -> dict[str, Any]:
    return {**OURS, "managedFields": [{**OURS["managedFields"][0], **changed}]}


@pytest.mark.parametrize(
    "metadata",
    [
        without(OURS, "labels", names.LABEL_FEDERATION),
        without(OURS, "labels", names.LABEL_RESOURCE),
        {**OURS, "labels": None},
        {**OURS, "labels": {**OURS["labels"], names.LABEL_FEDERATION: "other"}},
        {**OURS, "labels": {**OURS["labels"], names.LABEL_RESOURCE: "other"}},
        without(OURS, "annotations", names.ANNOTATION_OBJECT),
        {**OURS, "annotations": None},
        {**OURS, "annotations": {**OURS["annotations"], names.ANNOTATION_OBJECT: "apps/Deployment shop/other"}},
        # kubectl get -o yaml | kubectl create: labels and annotations are copied, managedFields are not
        {**OURS, "managedFields": []},
        {**OURS, "managedFields": None},
        {k: v for k, v in OURS.items() if k != "managedFields"},
        entry(manager="kubectl-create", operation="Update"),
        entry(operation="Update"),
        entry(manager=names.field_manager("other")),
        entry(subresource="status"),
        {},
    ],
)
def test_all_three_marks_are_needed(metadata: dict[str, Any]) -> None:
    assert not is_owned(metadata, WEB, FEDERATION, "shop")


def test_a_copy_in_another_namespace_is_not_ours() -> None:
    assert not is_owned(OURS, ObjectName(DEPLOYMENT, "elsewhere", "web"), FEDERATION, "shop")
    assert not is_marked(OURS, ObjectName(DEPLOYMENT, "elsewhere", "web"), FEDERATION, "shop")


def test_the_applied_entry_of_an_api_version() -> None:
    assert applied_entry(OURS, MANAGER, "apps/v1") == OURS["managedFields"][0]
    assert applied_entry(OURS, MANAGER, "apps/v1beta1") is None
    assert applied_entry(OURS, MANAGER) is not None
    assert applied_entry({}, MANAGER) is None


# lost(): fieldsV1 written by hand, as an API server writes it

FIELDS = {
    "f:metadata": {"f:labels": {"f:app": {}}, "f:finalizers": {'v:"acme.io/guard"': {}}},
    "f:spec": {
        "f:replicas": {},
        "f:paused": {},
        "f:selector": {},
        "f:template": {
            "f:metadata": {"f:labels": {"f:app": {}}},
            "f:spec": {
                "f:containers": {
                    'k:{"name":"web"}': {
                        ".": {},
                        "f:name": {},
                        "f:image": {},
                        "f:args": {},
                        "f:env": {
                            'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}},
                            'k:{"name":"B"}': {".": {}, "f:name": {}, "f:valueFrom": {"f:secretKeyRef": {}}},
                        },
                        "f:ports": {
                            'k:{"containerPort":53,"protocol":"TCP"}': {".": {}, "f:containerPort": {}},
                            'k:{"containerPort":53,"protocol":"UDP"}': {
                                ".": {},
                                "f:containerPort": {},
                                "f:protocol": {},
                                "f:name": {},
                            },
                        },
                        "f:resources": {"f:limits": {"f:cpu": {}}},
                        "f:securityContext": {},
                    }
                },
                "f:volumes": {'k:{"name":"tmp"}': {".": {}, "f:emptyDir": {}, "f:name": {}}},
                "f:tolerations": {},
            },
        },
    },
}


def torture() -> dict[str, Any]:
    """A manifest that FIELDS holds completely: the port without protocol, an atomic list, empty maps, nested keyed lists."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}, "finalizers": ["acme.io/guard"]},
        "spec": {
            "replicas": 2,
            "paused": False,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "containers": [
                        {
                            "name": "web",
                            "image": "nginx:1",
                            "args": ["-a", "-b"],
                            "env": [
                                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                                {"name": "A", "value": "1"},
                            ],
                            "ports": [
                                {"containerPort": 53},
                                {"containerPort": 53, "protocol": "UDP", "name": "dns"},
                            ],
                            "resources": {"limits": {"cpu": "500m"}},
                            "securityContext": {},
                        }
                    ],
                    "volumes": [{"name": "tmp", "emptyDir": {}}],
                    "tolerations": [{"operator": "Exists"}],
                },
            },
        },
    }


CONTAINER = ("f:spec", "f:template", "f:spec", "f:containers", 'k:{"name":"web"}')
HERE = ".spec.template.spec.containers[0]"


def cut(*path: str) -> dict[str, Any]:
    """FIELDS without one node, and without what is empty then: an API server leaves no emptied node behind."""
    fields: dict[str, Any] = copy.deepcopy(FIELDS)
    nodes = [fields]
    for step in path[:-1]:
        nodes.append(nodes[-1][step])
    for node, step in reversed(list(zip(nodes, path, strict=True))):
        del node[step]
        if node:
            break
    return fields


def test_nothing_is_lost_of_the_torture_object() -> None:
    assert lost(torture(), FIELDS) == []


@pytest.mark.parametrize(
    ("path", "paths"),
    [
        (("f:metadata", "f:labels", "f:app"), [".metadata.labels"]),
        (("f:metadata", "f:labels"), [".metadata.labels"]),
        (("f:metadata",), [".metadata"]),
        (("f:metadata", "f:finalizers"), [".metadata.finalizers"]),
        (("f:spec", "f:replicas"), [".spec.replicas"]),
        (("f:spec", "f:selector"), [".spec.selector"]),
        (("f:spec", "f:template", "f:spec", "f:tolerations"), [".spec.template.spec.tolerations"]),
        ((*CONTAINER, "f:image"), [f"{HERE}.image"]),
        ((*CONTAINER, "f:args"), [f"{HERE}.args"]),
        ((*CONTAINER, "f:securityContext"), [f"{HERE}.securityContext"]),
        ((*CONTAINER, "f:env", 'k:{"name":"A"}'), [f"{HERE}.env[1]"]),
        ((*CONTAINER, "f:env", 'k:{"name":"B"}', "f:valueFrom"), [f"{HERE}.env[0].valueFrom"]),
        ((*CONTAINER, "f:ports", 'k:{"containerPort":53,"protocol":"UDP"}'), [f"{HERE}.ports[1]"]),
        ((*CONTAINER, "f:ports", 'k:{"containerPort":53,"protocol":"UDP"}', "f:name"), [f"{HERE}.ports[1].name"]),
        ((*CONTAINER, "f:resources", "f:limits", "f:cpu"), [f"{HERE}.resources"]),
        (CONTAINER, [".spec.template.spec.containers"]),
        (("f:spec",), [".spec"]),
    ],
    ids=str,
)
def test_what_is_lost_is_named(path: tuple[str, ...], paths: list[str]) -> None:
    assert lost(torture(), cut(*path)) == paths


def test_a_lost_default_port() -> None:
    """The item without protocol is the TCP one: with that gone, it must not take the place of the UDP one."""
    fields = cut(*CONTAINER, "f:ports", 'k:{"containerPort":53,"protocol":"TCP"}')
    assert lost(torture(), fields) == [f"{HERE}.ports[0]"]


def lost_of(body: dict[str, Any], fields: dict[str, Any]) -> list[str]:
    """As `lost`, for something that carries a label, as everything of ours does."""
    want = {"apiVersion": "acme.io/v1", "kind": "X", "metadata": {"name": "a", "labels": {"app": "x"}}, **body}
    return lost(want, {"f:metadata": {"f:labels": {"f:app": {}}}, **fields})


def key(**parts: Any) -> str:
    return "k:" + json.dumps(parts, separators=(",", ":"))


@pytest.mark.parametrize(
    ("wanted", "keys", "paths"),
    [
        ([{"port": 80}], [key(port=80, protocol="TCP")], []),
        ([{"port": 80}], [key(port=81, protocol="TCP")], [".ports[0]"]),
        ([{"port": 80}, {"port": 80, "protocol": "UDP"}], [key(port=80, protocol="UDP")], [".ports[0]"]),
        ([{"port": 80, "protocol": "TCP"}, {"port": 80}], [key(port=80, protocol="TCP")], [".ports[1]"]),
        ([{"port": 80, "protocol": "SCTP"}], [key(port=80, protocol="TCP")], [".ports[0]"]),
        ([{"port": 1}, {"port": 2}], [key(port=2, protocol="TCP"), key(port=1, protocol="TCP")], []),
        ([{"name": "a<b&c>", "port": 1}], ['k:{"name":"a\\u003cb\\u0026c\\u003e"}'], []),
        ([], [key(port=80, protocol="TCP")], []),
        (["text"], [key(port=80, protocol="TCP")], [".ports[0]"]),
    ],
)
def test_items_with_keys(wanted: list[Any], keys: list[str], paths: list[str]) -> None:
    fields = {"f:ports": {k: {".": {}, "f:port": {}, "f:protocol": {}, "f:name": {}} for k in keys}}
    assert lost_of({"ports": wanted}, fields) == paths


# as structured-merge-diff 6.3 writes them: JSON with <, >, & and two line separators escaped, whole floats as integers
@pytest.mark.parametrize(
    ("value", "element"),
    [
        ("acme.io/guard", 'v:"acme.io/guard"'),
        ("gu\u00e9 \u2603 \U0001f600", 'v:"gu\u00e9 \u2603 \U0001f600"'),
        ('quo"te\\', 'v:"quo\\"te\\\\"'),
        ("tab\t", 'v:"tab\\t"'),
        (5, "v:5"),
        (True, "v:true"),
        ("5", 'v:"5"'),
        (1.5, "v:1.5"),
        (1.0, "v:1"),
        ("https://x?a=1&b=<2>", 'v:"https://x?a=1\\u0026b=\\u003c2\\u003e"'),
        ("line\u2028separator", 'v:"line\\u2028separator"'),
    ],
)
def test_items_of_sets(value: Any, element: str) -> None:
    body = {"tags": [value, "kept"]}
    assert lost_of(body, {"f:tags": {element: {}, 'v:"kept"': {}}}) == []
    assert lost_of(body, {"f:tags": {'v:"kept"': {}}}) == [".tags[0]"]


@pytest.mark.parametrize(("value", "other"), [(True, 'v:"true"'), ("5", "v:5"), (1, "v:true"), (5, 'v:"5"')])
def test_items_of_sets_keep_their_type(value: Any, other: str) -> None:
    assert lost_of({"tags": [value]}, {"f:tags": {other: {}}}) == [".tags[0]"]


def test_what_others_hold_beside_ours_is_no_loss() -> None:
    fields: dict[str, Any] = copy.deepcopy(FIELDS)
    fields["f:spec"]["f:strategy"] = {"f:type": {}}
    fields["f:metadata"]["f:annotations"] = {".": {}, "f:x": {}}
    containers = fields["f:spec"]["f:template"]["f:spec"]["f:containers"]
    containers['k:{"name":"sidecar"}'] = {".": {}, "f:name": {}, "f:image": {}}
    assert lost(torture(), fields) == []


@pytest.mark.parametrize("key_", ["nginx.conf", "app.kubernetes.io/name", "a:b", "f:odd", "k:{}", ".", "v:1", ""])
def test_field_names_of_every_sort(key_: str) -> None:
    body = {"data": {key_: "x"}}
    assert lost_of(body, {"f:data": {f"f:{key_}": {}}}) == []
    assert lost_of(body, {"f:data": {".": {}, "f:other": {}}}) == [f".data.{key_}"]


# want -> fieldsV1 -> nothing lost; without one of its paths -> that is reported

NAMES = st.text("abcx.-/", min_size=1, max_size=4)
SCALARS = st.booleans() | st.integers(0, 9) | st.text("ab&<\u00e9", max_size=3)
ENV = st.lists(
    st.fixed_dictionaries({"name": NAMES}, optional={"value": SCALARS}), max_size=3, unique_by=lambda e: e["name"]
)
PORTS = st.lists(
    st.fixed_dictionaries({"containerPort": st.integers(1, 3)}, optional={"protocol": st.sampled_from(["TCP", "UDP"])}),
    max_size=4,
    unique_by=lambda p: (p["containerPort"], p.get("protocol", "TCP")),
)
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES},
        optional={"image": SCALARS, "env": ENV, "ports": PORTS, "args": st.lists(SCALARS, max_size=2)},
    ),
    max_size=3,
    unique_by=lambda c: c["name"],
)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "containers": CONTAINERS,
        "replicas": st.integers(0, 3),
        "selector": st.dictionaries(NAMES, SCALARS, max_size=2),
        "finalizers": st.lists(st.text("ab/", max_size=3), max_size=3, unique=True),
        "nested": st.dictionaries(NAMES, st.dictionaries(NAMES, SCALARS, max_size=2), max_size=2),
    },
)
WANTS = st.builds(
    lambda spec, labels: {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web", **labels}},
        "spec": spec,
    },
    SPECS,
    st.dictionaries(NAMES, st.text(max_size=2), max_size=2),
)


def held(want: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = applied_by_us(want)["managedFields"][0]["fieldsV1"]
    return fields


def removable(fields: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Paths of nodes that somebody else can take; never the last one of a map, since that would take the map, too."""
    found = []
    for element, node in fields.items():
        if element != "." and len(fields) > 1:
            found.append((*path, element))
        found += removable(node, (*path, element))
    return found


@STEADY
@given(WANTS)
def test_nothing_is_lost_while_all_is_held(want: dict[str, Any]) -> None:
    assert lost(want, held(want)) == []


@STEADY
@given(st.data(), WANTS)
def test_each_lost_path_is_reported(data: st.DataObject, want: dict[str, Any]) -> None:
    fields = held(want)
    paths = removable(fields)
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    node = fields
    for element in path[:-1]:
        node = node[element]
    del node[path[-1]]
    found = lost(want, fields)
    assert len(found) == 1
    plain = "".join("[]" if element[:2] in ("k:", "v:") else f".{element[2:]}" for element in path)
    assert re.sub(r"\[\d+\]", "[]", found[0]) == plain


@STEADY
@given(WANTS)
def test_what_another_manager_holds_beside_us_changes_nothing(want: dict[str, Any]) -> None:
    fields = held(want)
    fields.setdefault("f:spec", {})["f:strategy"] = {"f:type": {}}
    assert lost({**want, "spec": {**want["spec"], "strategy": {"type": "x"}}}, fields) == []
    assert lost(want, fields) == []


# who holds it now


def holding(manager: str, fields: dict[str, Any], time: str = "2026-02-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": fields, **more}


def held_by(path: str, *entries: dict[str, Any]) -> list[str]:
    return holders({"managedFields": list(entries)}, path, MANAGER)


REPLICAS = {"f:spec": {"f:replicas": {}}}


def test_the_newest_holder_comes_first() -> None:
    old = holding("kubectl-edit", REPLICAS, "2026-01-01T00:00:00Z")
    assert held_by(".spec.replicas", old, holding("kubectl-scale", REPLICAS)) == ["kubectl-scale", "kubectl-edit"]


def test_we_and_the_status_are_no_holders() -> None:
    entries = [holding(MANAGER, REPLICAS, operation="Apply"), holding("kube", REPLICAS, subresource="status")]
    assert held_by(".spec.replicas", *entries, holding("x", {"f:spec": {}})) == []
    assert holders({}, ".spec.replicas", MANAGER) == []


@pytest.mark.parametrize(
    ("entry", "who"),
    [
        # what anybody can do with --field-manager, and what takes a field from our apply all the same
        (holding(MANAGER, REPLICAS), "an update under our name multicluster.federation/acme"),
        (
            holding(MANAGER, REPLICAS, operation="Apply", subresource="scale"),
            "an update under our name multicluster.federation/acme",
        ),
        (holding("kubectl", REPLICAS, subresource="scale"), "kubectl (scale)"),
        (holding("kube-controller-manager", REPLICAS, subresource="scale"), "kube-controller-manager (scale)"),
        (holding("acme", REPLICAS, operation="Apply"), "acme"),
    ],
)
def test_how_a_holder_is_called(entry: dict[str, Any], who: str) -> None:
    assert held_by(".spec.replicas", entry) == [who]


@pytest.mark.parametrize("key_", ["nginx.conf", "app.kubernetes.io/name"])
def test_a_field_with_a_dot_in_its_name_has_a_holder(key_: str) -> None:
    path = lost_of({"data": {key_: "x"}}, {"f:data": {"f:other": {}}})[0]
    assert held_by(path, holding("kubectl-edit", {"f:data": {f"f:{key_}": {}}})) == ["kubectl-edit"]


def test_the_holder_of_an_item_is_not_that_of_its_neighbour() -> None:
    body = {"spec": {"containers": [{"name": "web", "image": "a"}]}}

    def image_of(name: str) -> dict[str, Any]:
        return {"f:spec": {"f:containers": {key(name=name): {"f:image": {}}}}}

    path = lost_of(body, {"f:spec": {"f:containers": {key(name="web"): {".": {}, "f:name": {}}}}})[0]
    assert path == ".spec.containers[0].image"
    entries = [
        holding("kubectl-set", image_of("web"), "2026-01-01T00:00:00Z"),
        holding("sidecar-injector", image_of("sidecar"), "2026-02-01T00:00:00Z"),
    ]
    assert held_by(path, *entries)[:1] == ["kubectl-set"]


# what we hold, and what stays of what we gave up


def test_fields_that_we_hold() -> None:
    seen = applied_by_us(torture())
    assert holds(seen, MANAGER, "f:spec", "f:replicas")
    assert holds(seen, MANAGER, "f:spec")
    assert not holds(seen, MANAGER, "f:spec", "f:nothing")
    assert not holds(seen, MANAGER, "f:spec", "f:replicas", "f:more")
    assert not holds(seen, "somebody", "f:spec")
    assert not holds({}, MANAGER, "f:spec")
    assert not holds({"managedFields": [holding(MANAGER, REPLICAS)]}, MANAGER, "f:spec", "f:replicas")
    assert not holds({"managedFields": [{"manager": MANAGER, "operation": "Apply"}]}, MANAGER, "f:spec")


def metadata_of(ours: dict[str, Any], *entries: dict[str, Any]) -> dict[str, Any]:
    return {"managedFields": [{**holding(MANAGER, ours), "operation": "Apply"}, *entries]}


def survivors_of(ours: dict[str, Any], *entries: dict[str, Any]) -> dict[str, str]:
    """What survives of a replicas field, a key and an item that we held, now that we hold ``ours``."""
    before = metadata_of({"f:spec": {"f:replicas": {}, "f:ports": {key(port=80): {".": {}, "f:port": {}}}}}, *entries)
    return {str(path): who for path, who in survivors(before, metadata_of(ours, *entries), MANAGER)}


def test_what_nobody_else_holds_is_gone_with_us() -> None:
    assert survivors_of({"f:spec": {}}) == {}
    assert survivors_of({}, holding("x", {"f:spec": {"f:paused": {}}})) == {}


def test_what_somebody_else_holds_survives() -> None:
    old, new = holding("alice", REPLICAS, "2026-01-01T00:00:00Z"), holding("bob", REPLICAS, subresource="scale")
    assert survivors_of({}, old, new) == {".spec.replicas": "bob (scale)"}
    item = holding("alice", {"f:spec": {"f:ports": {key(port=80): {"f:port": {}}}}})
    assert survivors_of(REPLICAS, item) == {'.spec.ports[{"port":80}].port': "alice"}


def test_what_we_still_hold_did_not_survive_anything() -> None:
    kept = {"f:spec": {"f:replicas": {}, "f:ports": {key(port=80): {".": {}, "f:port": {}}}}}
    assert survivors_of(kept, holding("alice", kept)) == {}


def test_our_own_marks_are_no_survivors() -> None:
    marks = {"f:metadata": {"f:labels": {f"f:{names.LABEL_RESOURCE}": {}, "f:team": {}}}}
    found = survivors(metadata_of(marks), metadata_of({}, holding("x", marks)), MANAGER)
    assert found == [(".metadata.labels.team", "x")]


@pytest.mark.parametrize(("before", "after"), [({}, {}), ({"managedFields": None}, {}), ({}, metadata_of(REPLICAS))])
def test_where_we_held_nothing_nothing_survives(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert survivors(before, after, MANAGER) == []


def leaves(node: dict[str, Any], at: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    below = {element: inner for element, inner in node.items() if element != "."}
    return set().union(*(leaves(inner, (*at, element)) for element, inner in below.items())) if below else {at} - {()}


@STEADY
@given(WANTS, WANTS, WANTS)
def test_survivors_are_what_we_dropped_and_another_holds(
    old: dict[str, Any], new: dict[str, Any], other: dict[str, Any]
) -> None:
    theirs = held(other)
    after = metadata_of(held(new), holding("alice", theirs))
    found = survivors(metadata_of(held(old)), after, MANAGER)
    assert all(who == "alice" for _path, who in found)
    steps = {path.steps for path, _who in found}
    assert len(steps) == len(found)

    def there(node: Any, path: tuple[str, ...]) -> bool:
        return not path or (path[0] in node and there(node[path[0]], path[1:]))

    assert steps == {p for p in leaves(held(old)) if not there(held(new), p) and there(theirs, p)}


def test_the_helper_writes_what_a_server_writes() -> None:
    """The generator of the property tests, held against the fields written by hand."""
    want = torture()
    made = fields_of({"spec": want["spec"]})["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert list(made) == ['k:{"name":"web"}']
    assert set(made['k:{"name":"web"}']["f:ports"]) == set(
        FIELDS["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"web"}']["f:ports"]  # type: ignore[index]
    )


def test_names_of_manifests() -> None:
    assert name_of(torture()) == WEB
