# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How single objects stand, and where they are reached."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import GroupKind
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.health import WAITED, Health, single
from ansible_collections.multicluster.federation.plugins.module_utils.status.standing import (
    API_SERVICE,
    CLAIM,
    INGRESS,
    SERVICE,
    addresses,
    is_judged,
    judge,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import CONFIG_MAP, DEPLOYMENT, STEADY

TILL = GroupKind("shop.example.com", "Till")


def custom(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    status = {"conditions": list(conditions), **more}
    return {"metadata": {"name": "one", "generation": 2}, "spec": {}, "status": status}


def condition(kind: str, status: str = "True", **more: Any) -> dict[str, Any]:
    return {"type": kind, "status": status, **more}


GOOD = single("")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (custom(), None),
        (custom(condition("Unheard")), None),
        ({"metadata": {"name": "one"}}, None),
        (custom(condition("Ready")), GOOD),
        (custom(condition("Succeeded")), GOOD),
        (custom(condition("Available", "False"), condition("Ready")), GOOD),
        (
            custom(condition("Ready", "False", reason="NoPaper", message="empty")),
            single("Ready is False (NoPaper: empty)"),
        ),
        (custom(condition("Ready", "Unknown")), single("Ready is Unknown")),
        (custom(condition("Ready"), condition("Stalled", reason="Why")), single("Stalled is True (Why)")),
        (custom(condition("Ready"), condition("Failed", "False")), GOOD),
        (custom(condition("Failed", message="broken")), single("Failed is True (broken)")),
        (custom(condition("Ready"), observedGeneration=2), GOOD),
        (custom(condition("Ready"), observedGeneration=1), single("its controller has not seen the new version yet")),
        (custom(condition("Ready", observedGeneration=1)), single("its controller has not seen the new version yet")),
        ({"metadata": {"deletionTimestamp": "x"}}, single("it is being deleted")),
    ],
)
def test_custom_resources_by_their_conditions(item: dict[str, Any], expected: Health | None) -> None:
    found = judge(TILL, item)
    assert found == expected
    assert found is None or not found.counts


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "status", "conditions", "x"]), inner)
    ),
    max_leaves=8,
)


@STEADY
@given(anything, anything)
def test_a_custom_resource_may_hold_anything(spec: Any, status: Any) -> None:
    judge(TILL, {"metadata": {"name": "one", "generation": 1}, "spec": spec, "status": status})


@pytest.mark.parametrize(
    ("phase", "problem"), [("Bound", ""), ("Pending", "it is Pending"), (None, "it is not bound yet")]
)
def test_claims(phase: str | None, problem: str) -> None:
    assert judge(CLAIM, {"metadata": {}, "status": {"phase": phase}}) == single(problem)


def service(kind: str, *ingress: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"type": kind, **spec}, "status": {"loadBalancer": {"ingress": list(ingress)}}}


def test_a_load_balancer_without_an_address_is_not_ready() -> None:
    assert judge(SERVICE, service("LoadBalancer")) == single("its load balancer has no address yet")
    assert judge(SERVICE, {"metadata": {}, "spec": {"type": "LoadBalancer"}}) == judge(SERVICE, service("LoadBalancer"))
    assert judge(SERVICE, service("LoadBalancer", {"hostname": "lb.example.com"})) == GOOD
    assert judge(SERVICE, service("ClusterIP")) is None


def test_addresses_from_outside() -> None:
    both = service("LoadBalancer", {"ip": "203.0.113.7"}, {"hostname": "lb.example.com"}, {}, externalIPs=["192.0.2.1"])
    assert addresses(SERVICE, both) == ["192.0.2.1", "203.0.113.7", "lb.example.com"]
    assert addresses(SERVICE, service("ClusterIP", clusterIP="10.0.0.1")) == []
    assert addresses(INGRESS, service("", {"ip": "203.0.113.8"})) == ["203.0.113.8"]
    assert addresses(DEPLOYMENT, service("LoadBalancer", {"ip": "203.0.113.7"})) == []


def test_what_has_to_be_read_in_full() -> None:
    assert all(is_judged(kind) for kind in (*WAITED, CLAIM, SERVICE, INGRESS, TILL, API_SERVICE))
    for kind in (CONFIG_MAP, GroupKind("", "Secret"), GroupKind("rbac.authorization.k8s.io", "Role")):
        assert not is_judged(kind)
        assert judge(kind, {"metadata": {}}) is None


def test_kinds_that_are_waited_for_are_judged_as_the_wait_does() -> None:
    item = {"metadata": {"generation": 1}, "spec": {"replicas": 2}, "status": {"observedGeneration": 1}}
    assert judge(DEPLOYMENT, item) == Health(2, 0, "0 of 2 pods are of the new version")
