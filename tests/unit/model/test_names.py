# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that the federation writes into clusters."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import ConfigError
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import GroupKind, ObjectName

#: of a label value, a namespace and a ConfigMap in the form that we use
LONGEST = 63


@pytest.mark.parametrize("name", ["a", "a1", "shop-eu-1", "1"])
def test_good_names(name: str) -> None:
    assert names.check_federation_name(name) == name
    assert names.check_resource_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "a.b", "a_b", "-a", "a-", "a b", "a\n", "\u00e4", None, 5, True, ["a"]])
def test_bad_names(name: Any) -> None:
    for check in (names.check_federation_name, names.check_resource_name):
        with pytest.raises(ConfigError, match="is not valid: use at most"):
            check(name)


def test_the_longest_names_still_fit() -> None:
    federation = names.check_federation_name("f" * 52)
    assert len(names.federation_namespace(federation)) == LONGEST
    assert len(names.resource_record(names.check_resource_name("r" * 54))) == LONGEST
    # an API server refuses a field manager of more than 128 characters
    assert len(names.field_manager(federation)) <= 128
    for check, name in ((names.check_federation_name, "f" * 53), (names.check_resource_name, "r" * 55)):
        with pytest.raises(ConfigError):
            check(name)


def test_users_cannot_take_our_own_resource_names() -> None:
    for name in (names.RESOURCE_MEMBERSHIP, names.RESOURCE_NAMESPACES):
        with pytest.raises(ConfigError):
            names.check_resource_name(name)


def test_an_object_names_itself() -> None:
    web = ObjectName(GroupKind("apps", "Deployment"), "shop", "web")
    assert str(web) == "Deployment shop/web"
    assert web.annotation() == "apps/Deployment shop/web"
    assert ObjectName(GroupKind("", "Namespace"), "", "shop").annotation() == "Namespace shop"
