# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One entry of ``resources``."""

from __future__ import annotations

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.placement import ANYWHERE
from ansible_collections.multicluster.federation.plugins.module_utils.model.resource import parse_resource
from ansible_collections.multicluster.federation.tests.unit.helpers import config_map


def test_defaults() -> None:
    found = parse_resource({"name": "shop"}, [config_map()])
    assert found.placement == ANYWHERE
    assert (found.namespace, found.present, found.strict) == ("default", True, True)
    assert not found.allow_empty
    assert not found.delete_namespaces


def test_absent_wants_nothing() -> None:
    found = parse_resource({"name": "shop", "state": "absent", "overrides": [{"replicas": 1}]}, [config_map()])
    assert not found.present
    assert found.manifests == ()
    assert found.overrides == ()


def test_present_needs_manifests() -> None:
    with pytest.raises(ConfigError, match="resource shop has no manifests"):
        parse_resource({"name": "shop"}, [])
    assert not parse_resource({"name": "shop", "state": "absent"}, []).present


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"overrides": [{}]}, r"resource shop: overrides\[0\] changes nothing"),
        ({"overrides": {"replicas": 1}}, "resource shop: overrides must be a list"),
        ({"placement": {"cluster": "a"}}, "resource shop: placement has no option 'cluster'"),
    ],
)
def test_mistakes_name_the_resource(raw: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_resource({"name": "shop", **raw}, [config_map()])
