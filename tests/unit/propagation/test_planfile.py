# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans as documents: byte for byte the same, tamper-proof, and clear about what moved."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.planfile import (
    Plan,
    PlannedStep,
    load_plan,
    moved_on,
    refuse_if_moved_on,
)

STEP = PlannedStep("eu-1", "shop", "apps/Deployment shop/web", "change", "1:aa", "u1", "the wanted state changed")
RESOURCE = {"template": "1:t", "members": ["eu-1", "us-1"], "replicas": {"Deployment shop/web": {"eu-1": 2, "us-1": 1}}}
PLAN = Plan("prod", {"shop": RESOURCE}, (STEP,))


def changed(**resource: Any) -> Plan:
    return replace(PLAN, resources={"shop": {**RESOURCE, **resource}})


def test_a_plan_survives_json_and_is_the_same_whatever_the_order() -> None:
    other = replace(STEP, member="us-1")
    one, two = replace(PLAN, steps=(STEP, other)), replace(PLAN, steps=(other, STEP))
    assert json.dumps(one.dump()) == json.dumps(two.dump())
    assert load_plan(json.loads(json.dumps(one.dump())), "plan") == one


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("text", "is no plan"),
        ({}, "is no plan"),
        ({**PLAN.dump(), "form": 9}, "made by another release"),
        ({**PLAN.dump(), "steps": []}, "was changed after it was made"),
    ],
)
def test_what_is_no_plan_is_refused(raw: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_plan(raw, "plan")


@pytest.mark.parametrize(
    ("now", "line"),
    [
        (replace(PLAN, steps=(replace(STEP, action="create"),)), "change was planned, create is needed now"),
        (replace(PLAN, steps=(replace(STEP, want="1:bb"),)), "something else is wanted now"),
        (replace(PLAN, steps=(replace(STEP, uid="u2"),)), "was deleted and made anew meanwhile"),
        (replace(PLAN, steps=(STEP, replace(STEP, object="Service shop/web"))), "would be written as well"),
        (changed(template="1:u"), "the manifests or overrides of resource shop changed"),
        (changed(members=["eu-1"]), "no longer placed on us-1"),
        (changed(members=["ap-1", "eu-1", "us-1"]), "now placed on ap-1 as well"),
        (changed(replicas={"Deployment shop/web": {"eu-1": 1, "us-1": 2}}), "eu-1 2 -> 1, us-1 1 -> 2"),
        (replace(PLAN, resources={}), "resource shop is only in the plan"),
        (replace(PLAN, resources={"shop": RESOURCE, "bank": RESOURCE}), "resource bank is not in the plan"),
        (replace(PLAN, federation="test"), "a plan of federation prod, not of test"),
    ],
)
def test_what_moved_is_told(now: Plan, line: str) -> None:
    found = moved_on(PLAN, now)
    assert len(found) == 1
    assert line in found[0]
    with pytest.raises(ConfigError, match="nothing was written"):
        refuse_if_moved_on(PLAN, now)


def test_what_is_done_already_is_no_difference() -> None:
    assert moved_on(PLAN, replace(PLAN, steps=())) == []


def test_a_member_of_the_plan_that_does_not_answer() -> None:
    assert moved_on(PLAN, PLAN, ["eu-1"]) == ["eu-1 does not answer, or is not in play"]


def test_a_long_list_is_cut() -> None:
    many = tuple(replace(STEP, object=f"ConfigMap shop/c{number}") for number in range(30))
    with pytest.raises(ConfigError, match="and 20 more"):
        refuse_if_moved_on(PLAN, replace(PLAN, steps=many))
