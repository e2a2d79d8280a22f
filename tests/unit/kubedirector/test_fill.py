# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blanks in the texts of a runtime: each is filled, or refused before."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.definition import parse_definition
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.fill import blanks, fill, used
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.instance import (
    Instance,
    build_instance,
)
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.native.blanks import filled
from ansible_collections.multicluster.federation.plugins.module_utils.kubedirector.settings import Settings
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY
from ansible_collections.multicluster.federation.tests.unit.kubedirector.native_samples import RUNTIME_KIND
from ansible_collections.multicluster.federation.tests.unit.kubedirector.samples import app_manifest, cluster_manifest

RUNTIME = {
    **RUNTIME_KIND,
    "metadata": {"name": "va"},
    "spec": {
        "parameters": [
            {"name": "depth", "type": "integer", "default": 3},
            {"name": "debug", "type": "boolean", "default": True},
            {"name": "word", "default": "@{instance} $(X) ${Y}"},
        ],
        "secrets": [{"id": "auth", "generate": {"password": 24}}],
    },
}
DEFINITION = parse_definition([app_manifest(), RUNTIME], "here")
INSTANCE: Instance = build_instance(cluster_manifest(), DEFINITION, {})

PLAIN = "instance, namespace, app, version, domain, headless"
OF_ROLE = "count:..., service:..., pods:..., pod:..."


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@{instance}", "vc"),
        ("@{namespace}", "default"),
        ("@{app} @{version}", "va 1"),
        ("@{domain}", "svc.cluster.local"),
        ("@{headless}", "vc-pods.default.svc.cluster.local"),
        ("@{param:depth}", 3),
        ("@{param:debug}", True),
        ("depth=@{param:depth} debug=@{param:debug}", "depth=3 debug=true"),
        ("@{secret:auth}", "vc-auth"),
        ("@{count:r1}", 2),
        ("@{count:r3}", 0),
        ("@{service:r1}", "vc-r1.default.svc.cluster.local"),
        ("@{pods:r3}", ""),
        (
            "@{pods:r1}",
            "vc-r1-0.vc-pods.default.svc.cluster.local vc-r1-1.vc-pods.default.svc.cluster.local",
        ),
        ("@{pod:r1}", "vc-r1-0.vc-pods.default.svc.cluster.local"),
        # a value is never read a second time, and what belongs to Kubernetes and to shells is left alone
        ("@{param:word}", "@{instance} $(X) ${Y}"),
        ("<@{param:word}>", "<@{instance} $(X) ${Y}>"),
        ("$(POD_NAME) ${HOME} $X {instance} @instance @{", "$(POD_NAME) ${HOME} $X {instance} @instance @{"),
        (5, 5),
        (None, None),
        (False, False),
    ],
)
def test_what_blanks_stand_for(text: Any, meant: Any) -> None:
    found = filled(INSTANCE, text)
    assert found == meant
    assert type(found) is type(meant)
    assert filled(INSTANCE, {"a": [text]}) == {"a": [meant]}


def test_addresses_have_the_domain_of_the_settings() -> None:
    settings = Settings(service_domain=".svc.example.org")
    found = build_instance(cluster_manifest(), DEFINITION, {}, settings=settings)
    assert filled(found, "@{domain} @{headless}") == "svc.example.org vc-pods.default.svc.example.org"
    assert filled(found, "@{pod:r1} @{service:r1}") == (
        "vc-r1-0.vc-pods.default.svc.example.org vc-r1.default.svc.example.org"
    )


@pytest.mark.parametrize("field", ["args", "command", "matchLabels", "nodeSelector", "value", "values"])
def test_numbers_stay_text_where_kubernetes_takes_only_text(field: str) -> None:
    for below in ("@{param:depth}", ["@{param:depth}"], {"a": {"b": "@{param:depth}"}}):
        found = str(filled(INSTANCE, {"x": [{field: below}], "port": "@{param:depth}"}))
        assert found == str({"x": [{field: below}], "port": 3}).replace("@{param:depth}", "3")


def test_a_whole_text_can_be_asked_for_as_text() -> None:
    assert filled(INSTANCE, "@{param:depth}", text=True) == "3"
    assert filled(INSTANCE, "@{param:debug}", text=True) == "true"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("@{param:width}", "there is no 'width'; there are depth, debug, word"),
        ("@{param:}", "there is no ''; there are depth, debug, word"),
        ("@{secret:zz}", "there is no 'zz'; there are auth"),
        ("@{count:zz}", "there is no 'zz'; there are r1, r2, r3"),
        ("a @{service:zz} b", "there is no 'zz'; there are r1, r2, r3"),
        ("@{pods:zz}", "there is no 'zz'; there are r1, r2, r3"),
        ("@{pod:zz}", "there is no 'zz'; there are r1, r2, r3"),
        ("@{pod}", f"is not known; there are {PLAIN}, param:..., bytes:..., secret:..., {OF_ROLE}"),
        ("@{instance:r1}", f"is not known; there are {PLAIN}, param:..., bytes:..., secret:..., {OF_ROLE}"),
        ("@{}", f"is not known; there are {PLAIN}, param:..., bytes:..., secret:..., {OF_ROLE}"),
        ("@{ instance }", f"is not known; there are {PLAIN}, param:..., bytes:..., secret:..., {OF_ROLE}"),
    ],
)
def test_blanks_that_nothing_fills_are_named(text: str, fault: str) -> None:
    blank = text[text.index("@") : text.index("}") + 1]
    colon = ": " if fault.startswith("there") else " "
    found = blanks({"a": ["fine", {"b": text}]}, "spec", DEFINITION.app, DEFINITION.runtime)
    assert [str(fault) for fault in found] == [f"spec.a[1].b: {blank}{colon}{fault}"]


def test_blanks_of_a_runtime_that_has_nothing() -> None:
    bare = parse_definition([app_manifest()], "here")
    found = blanks(["@{param:x}", "@{secret:x}"], "spec", bare.app, bare.runtime)
    assert [str(fault) for fault in found] == [
        "spec[0]: @{param:x}: there is no 'x'; there are none",
        "spec[1]: @{secret:x}: there is no 'x'; there are none",
    ]


def test_names_that_blanks_use() -> None:
    assert used({"a": ["@{service:r2} @{service:r1}", {"b": "@{service:r2} @{pod:r3} @{app}"}]}, "service") == [
        "r2",
        "r1",
    ]


words = st.sampled_from(
    ["x", " ", "@{app}", "@{param:depth}", "@{count:r1}", "@{param:zz}", "@{zz}", "@{", "}", "${app}"]
)
texts = st.lists(words, max_size=4).map("".join)
values = st.recursive(
    texts | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "value"]), inner, max_size=2),
    max_leaves=8,
)


@STEADY
@given(values)
def test_what_has_no_fault_is_filled_and_what_has_one_is_not(value: Any) -> None:
    before = copy.deepcopy(value)
    if any(blanks(value, "spec", DEFINITION.app, DEFINITION.runtime)):
        with pytest.raises(KeyError):
            filled(INSTANCE, value)
    else:
        found = filled(INSTANCE, value)
        assert "@{app}" not in str(found)
        assert fill(found, lambda word, name: 1 / 0) == found
    assert value == before
