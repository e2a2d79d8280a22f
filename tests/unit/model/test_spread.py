# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of spread as the user writes them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.spread import SpreadRule, parse_spread
from ansible_collections.multicluster.federation.tests.unit.helpers import member


@pytest.mark.parametrize(
    ("raw", "rules"),
    [
        (None, ()),
        ([], ()),
        ([{"by": "region"}], (SpreadRule("region"),)),
        ([{"by": "region", "min": None, "max": None, "max_skew": None, "key": None}], (SpreadRule("region"),)),
        (
            [{"by": "provider", "min": 2, "max": "3"}, {"by": "member", "min": 0, "max_skew": 1}],
            (SpreadRule("provider", "", 2, 3), SpreadRule("member", "", 0, None, 1)),
        ),
        (
            [{"by": "label", "key": "tier"}, {"by": "label", "key": "row", "max": 1}],
            (SpreadRule("label", "tier"), SpreadRule("label", "row", maximum=1)),
        ),
        ([{"by": "zone", "min": 2, "max": 2}], (SpreadRule("zone", "", 2, 2),)),
    ],
)
def test_rules(raw: Any, rules: tuple[SpreadRule, ...]) -> None:
    assert parse_spread(raw, "placement.spread") == rules


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"by": "region"}, "placement.spread must be a list, not a mapping"),
        (["region"], "placement.spread[0] must be a mapping, not text"),
        ([{"by": "region"}, {"min": 2}], "placement.spread[1] has no by"),
        ([{"by": "rack"}], "placement.spread[0].by 'rack' is not one of member, zone, region, provider, label"),
        ([{"by": 3}], "placement.spread[0].by must be text, but it is a number (3)"),
        ([{"by": "label:tier"}], "placement.spread[0].by 'label:tier' is not one of"),
        ([{"by": "label"}], "placement.spread[0] has no key; by label needs the key of the label"),
        ([{"by": "zone", "key": "tier"}], "placement.spread[0].key is for by label only, not for by zone"),
        ([{"by": "zone", "minimum": 1}], "placement.spread[0] has no option 'minimum'; there are by, key, min"),
        ([{"by": "zone", "min": -1}], "placement.spread[0].min must be a whole number, 0 or more, not -1"),
        ([{"by": "zone", "min": True}], "placement.spread[0].min must be a whole number"),
        ([{"by": "zone", "max": 0}], "placement.spread[0].max must be 1 or more, not 0"),
        ([{"by": "zone", "max_skew": 0}], "placement.spread[0].max_skew must be 1 or more, not 0"),
        ([{"by": "zone", "max_skew": 1.5}], "placement.spread[0].max_skew must be a whole number"),
        ([{"by": "zone", "min": 3, "max": 2}], "placement.spread[0].min is 3, more than max, which is 2"),
        ([{"by": "zone"}, {"by": "region"}, {"by": "zone"}], "placement.spread[2]: there is a rule by zone already"),
        (
            [{"by": "label", "key": "tier"}, {"by": "label", "key": "tier"}],
            "placement.spread[1]: there is a rule by label tier already",
        ),
    ],
)
def test_what_is_refused(raw: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_spread(raw, "placement.spread")
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("rule", "groups"),
    [
        (SpreadRule("member"), ("ams",)),
        (SpreadRule("region"), ("eu",)),
        (SpreadRule("zone"), ("eu-1", "eu-2")),
        (SpreadRule("provider"), ()),
        (SpreadRule("label", "tier"), ("gold",)),
        (SpreadRule("label", "row"), ()),
        (SpreadRule("label", "empty"), ()),
    ],
)
def test_groups_of_a_member(rule: SpreadRule, groups: tuple[str, ...]) -> None:
    ams = member("ams", region="eu", zone=["eu-2", "eu-1", "eu-2"], labels={"tier": "gold", "empty": ""})
    assert rule.groups(ams) == groups
