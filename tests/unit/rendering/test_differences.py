# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Diffs for people: only what we own, and no value of any Secret."""

from __future__ import annotations

import copy
import json
from typing import Any

from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import name_of
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.adoption import LAST_APPLIED
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.differences import (
    difference,
    keys_of_secret,
)
from ansible_collections.multicluster.federation.plugins.module_utils.rendering.ownership import mark, normalise
from ansible_collections.multicluster.federation.tests.unit.helpers import FEDERATION, config_map, deployment


def wanted(manifest: dict[str, Any]) -> dict[str, Any]:
    return mark(normalise(manifest), name_of(manifest), FEDERATION, "shop")


def sides(
    want: dict[str, Any] | None, live: dict[str, Any] | None, given_up: dict[str, Any] | None = None
) -> tuple[Any, Any]:
    found = difference("ams ConfigMap a", want, live, given_up)
    assert found["before_header"] == found["after_header"] == "ams ConfigMap a"
    return tuple(json.loads(text) if text else None for text in (found["before"], found["after"]))


def secret(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": data}


def test_a_new_object() -> None:
    before, after = sides(wanted(config_map("a", x="1")), None)
    assert before is None
    assert after == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}


def test_a_deleted_object() -> None:
    assert sides(None, config_map("a", x="1")) == (None, None)


def test_only_fields_that_we_own_are_compared() -> None:
    live = copy.deepcopy(wanted(deployment(replicas=2)))
    live["status"] = {"replicas": 1}
    live["metadata"].update(uid="u", resourceVersion="5", managedFields=[{}], generation=4)
    live["metadata"]["labels"]["added-by"] = "somebody"
    live["spec"]["strategy"] = {"type": "RollingUpdate"}
    live["spec"]["replicas"] = 6
    containers = live["spec"]["template"]["spec"]["containers"]
    containers.insert(0, {"name": "sidecar", "image": "envoy"})
    containers[1]["imagePullPolicy"] = "Always"
    before, after = sides(wanted(deployment(replicas=2)), live)
    assert before["spec"].pop("replicas") == 6
    assert after["spec"].pop("replicas") == 2
    assert before == after


def test_our_marks_are_not_shown_and_the_labels_of_users_are() -> None:
    manifest = config_map("a")
    manifest["metadata"]["labels"] = {"tier": "gold"}
    _before, after = sides(wanted(manifest), None)
    assert after["metadata"] == {"name": "a", "labels": {"tier": "gold"}}


def test_values_of_a_secret_are_never_shown() -> None:
    want = wanted(secret(password="hunter2"))
    live = copy.deepcopy(want)
    live["data"] = {"password": "b2xkLXNlY3JldA==", "other": "bW9yZQ=="}
    for text in difference("x", want, live).values():
        for value in ("hunter2", "aHVudGVyMg==", "b2xkLXNlY3JldA==", "bW9yZQ=="):
            assert value not in text
    assert sides(want, live)[1]["data"] == {"password": "(hidden)"}


def test_of_a_live_secret_only_names_are_known() -> None:
    want = wanted(secret(password="hunter2", fresh="x"))
    fields = {"f:data": {".": {}, "f:password": {}, "f:old": {}}, "f:type": {}}
    metadata = {"name": "s", "uid": "u", "managedFields": [{"fieldsV1": fields}, {"fieldsV1": {"f:metadata": {}}}, {}]}
    live = keys_of_secret(metadata, want)
    before, after = sides(want, live, {"f:data": {"f:old": {}}})
    assert before.pop("data") == dict.fromkeys(["old", "password"], "(hidden)")
    assert after.pop("data") == dict.fromkeys(["fresh", "password"], "(hidden)")
    assert before == after
    assert "data" not in keys_of_secret({"name": "s"}, want)


def test_values_of_a_secret_in_an_odd_shape_are_never_shown() -> None:
    """A patch can put anything where data was; the API server refuses it, and a diff is made before that."""
    for data in ("hunter2", ["hunter2"], {"a": {"b": "hunter2"}}):
        want = {**wanted(secret()), "data": data}
        assert "hunter2" not in str(difference("x", want, copy.deepcopy(want)))
        want = {**wanted(secret()), "stringData": data}
        assert "hunter2" not in str(difference("x", want, copy.deepcopy(want)))


def test_lists_without_names() -> None:
    want = {**wanted(config_map("a")), "spec": {"args": ["-a"], "rules": [{"x": 1}, {"x": 2}]}}
    live = copy.deepcopy(want)
    live["spec"]["args"] = ["-a", "-b"]
    live["spec"]["rules"] = [{"x": 1, "y": "default"}, {"x": 3, "y": "default"}]
    before, after = sides(want, live)
    assert before["spec"] == {"args": ["-a", "-b"], "rules": [{"x": 1}, {"x": 3}]}
    assert after["spec"] == {"args": ["-a"], "rules": [{"x": 1}, {"x": 2}]}


def test_a_value_of_another_type() -> None:
    want = {**wanted(config_map("a")), "spec": {"port": {"number": 80}, "list": [{"name": "a"}]}}
    live = {**want, "spec": {"port": 80, "list": "none"}}
    assert sides(want, live)[0]["spec"] == {"port": 80, "list": "none"}


def test_what_goes_is_shown_at_any_depth() -> None:
    want = wanted(deployment(replicas=2))
    live = copy.deepcopy(want)
    live["metadata"]["annotations"].update({"team": "shop", LAST_APPLIED: '{"spec": 1}', "theirs": "x"})
    live["spec"]["paused"] = True
    pod = live["spec"]["template"]["spec"]
    pod["containers"][0]["env"] = [{"name": "OLD", "value": "1"}, {"name": "THEIRS", "value": "2"}]
    pod["containers"].append({"name": "helper", "image": "helper:1", "imagePullPolicy": "Always"})
    pod["containers"].append({"name": "injected", "image": "envoy"})
    old = {"k:" + json.dumps({"name": "OLD"}): {".": {}, "f:name": {}, "f:value": {}}}
    web = {"k:" + json.dumps({"name": "web"}): {".": {}, "f:name": {}, "f:env": old}}
    helper = {"k:" + json.dumps({"name": "helper"}): {".": {}, "f:name": {}, "f:image": {}}}
    given_up = {
        "f:metadata": {"f:annotations": {"f:team": {}, f"f:{LAST_APPLIED}": {}}},
        "f:spec": {"f:paused": {}, "f:template": {"f:spec": {"f:containers": {**web, **helper}}}},
    }
    assert pod["containers"][0]["name"] == "web"
    before, after = sides(want, live, given_up)
    assert before["metadata"].pop("annotations") == {"team": "shop"}
    assert before["spec"].pop("paused") is True
    containers = before["spec"]["template"]["spec"]["containers"]
    assert containers.pop() == {"name": "helper", "image": "helper:1"}
    assert containers[0].pop("env") == [{"name": "OLD", "value": "1"}]
    assert before == after
    assert "helper" not in str(sides(want, live)[0])


def test_of_a_secret_that_goes_the_name_is_shown_and_no_value() -> None:
    want = wanted(secret(password="hunter2"))
    live = copy.deepcopy(want)
    live["data"]["old"] = "b2xkLXNlY3JldA=="
    before, _after = sides(want, live, {"f:data": {"f:old": {}}})
    assert before["data"] == {"old": "(hidden)", "password": "(hidden)"}
