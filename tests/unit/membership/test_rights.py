# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rights worked out from manifests, from records and from what was said."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.membership.manifests import membership_manifests
from ansible_collections.multicluster.federation.plugins.module_utils.membership.rights import (
    Asked,
    Grant,
    grant_for,
    rules_of,
    template_of,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.access import (
    CLUSTER_ADMIN,
    MINIMAL,
    PROFILES,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import GroupKind
from ansible_collections.multicluster.federation.plugins.module_utils.model.records import ResourceRecord
from ansible_collections.multicluster.federation.plugins.module_utils.model.rights import (
    ADMIN,
    NOTHING,
    Rights,
    rule,
)
from ansible_collections.multicluster.federation.plugins.module_utils.propagation.store import Memory, Stored
from ansible_collections.multicluster.federation.tests.unit.helpers import (
    config_map,
    deployment,
    served,
    usual_discovery,
)

RBAC = "rbac.authorization.k8s.io"
DISCOVERY = usual_discovery(
    *(
        served(GroupKind(RBAC, kind), "v1", f"{kind.lower()}s", not kind.startswith("Cluster"))
        for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
    )
)
SECRETS = (rule("", ["secrets"]),)


def grant(
    *manifests: dict[str, Any], before: Rights | None = None, memory: Memory | None = None, **asked: Any
) -> Grant:
    wish = Asked(template=template_of(manifests, "shop"), **asked)
    return grant_for(wish, before, memory or Memory(), DISCOVERY)


def rbac(kind: str, name: str = "it", **body: Any) -> dict[str, Any]:
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": {"name": name}, **body}


def secret(namespace: str = "") -> dict[str, Any]:
    metadata = {"name": "key", **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}


def test_no_profile_but_the_one_of_administrators_reaches_all_secrets_or_everything() -> None:
    for profile in set(PROFILES) - {CLUSTER_ADMIN}:
        for found in rules_of(Rights(profile)):
            assert not found.lists_secrets()
            assert "*" not in (*found.groups, *found.resources, *found.verbs)
    assert rules_of(Rights(CLUSTER_ADMIN)) == ADMIN


def test_manifests_give_the_right_to_write_their_kinds() -> None:
    found = grant(deployment(), config_map(), profile=MINIMAL)
    assert found.said.rules == (rule("", ["configmaps"]), rule("apps", ["deployments"]))
    assert not found.said.spaces
    unknown = grant({"apiVersion": "x.io/v1", "kind": "Boat", "metadata": {"name": "b"}})
    assert unknown.notes == ("this member does not know the kind x.io/Boat: no right was given for it",)


def test_secrets_are_granted_where_the_resource_has_something() -> None:
    found = grant(secret("vault"), config_map())
    assert found.said.spaces == {"shop": SECRETS, "vault": SECRETS}
    assert not [r for r in found.said.rules if "secrets" in r.resources]


def test_a_role_takes_what_it_gives() -> None:
    given = {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}
    found = grant(rbac("Role", rules=[given]), rbac("ClusterRole", rules=[given | {"resources": ["nodes"]}]))
    assert found.said.spaces == {"shop": (rule("", ["pods/log"], ["get"]),)}
    assert rule("", ["nodes"], ["get"]) in found.said.rules
    sly = grant(rbac("ClusterRole", "sly", rules=[{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]))
    assert "ClusterRole sly lets its holders read all Secrets" in sly.notes[0]
    assert sly.said.rules == (rule(RBAC, ["clusterroles"]),)


@pytest.mark.parametrize(
    ("kind", "role_kind", "role", "space", "resource"),
    [
        ("ClusterRoleBinding", "ClusterRole", "view", "", "clusterroles"),
        ("RoleBinding", "ClusterRole", "view", "", "clusterroles"),
        ("RoleBinding", "Role", "worker", "shop", "roles"),
    ],
)
def test_a_binding_takes_the_right_to_bind_that_role(
    kind: str, role_kind: str, role: str, space: str, resource: str
) -> None:
    binding = rbac(kind, roleRef={"apiGroup": RBAC, "kind": role_kind, "name": role})
    bind = rule(RBAC, [resource], ["bind"], [role])
    found = grant(binding)
    assert bind in (found.said.spaces[space] if space else found.said.rules)
    shipped = grant(binding, rbac(role_kind, role, rules=[]))
    assert bind not in (*shipped.said.rules, *shipped.said.spaces.get("shop", ()))


def test_nobody_becomes_an_administrator_by_a_manifest() -> None:
    found = grant(rbac("ClusterRoleBinding", roleRef={"kind": "ClusterRole", "name": "cluster-admin"}))
    assert "only rights: {profile: cluster_admin} can give" in found.notes[0]
    assert not [r for r in found.said.rules if "bind" in r.verbs]


def test_what_is_propagated_counts_and_is_not_remembered() -> None:
    record = ResourceRecord(
        "app", frozenset({GroupKind("apps", "Deployment"), GroupKind("", "Secret")}), frozenset({"a", "b"})
    )
    found = grant(memory=Memory(resources={"app": Stored(record, {})}), profile=MINIMAL)
    assert found.said == NOTHING
    assert found.whole.rules == (rule("apps", ["deployments"]),)
    assert found.whole.spaces == {"a": SECRETS, "b": SECRETS}


def test_what_was_said_stays_unless_only_this_is_to_hold() -> None:
    before = Rights(MINIMAL, (rule("x", ["y"]),), {"a": SECRETS})
    more = Rights(MINIMAL, (rule("x", ["z"]),))
    assert grant(before=before).said == before
    assert grant(before=before, more=more).said == Rights(MINIMAL, (rule("x", ["y", "z"]),), {"a": SECRETS})
    assert grant(before=before, more=more, exact=True).said == more
    assert grant(before=before, profile=CLUSTER_ADMIN).said.profile == CLUSTER_ADMIN


def test_what_a_join_makes() -> None:
    whole = Rights(MINIMAL, (), {"shop": SECRETS})
    made = membership_manifests("acme", Grant(NOTHING, whole), renewable=False)
    names = [(m["kind"], m["metadata"].get("namespace", ""), m["metadata"]["name"]) for m in made]
    home = "federation-acme"
    assert names == [
        ("Namespace", "", home),
        ("ServiceAccount", home, "federation"),
        ("ClusterRole", "", home),
        ("ClusterRoleBinding", "", home),
        ("Role", home, "federation"),
        ("RoleBinding", home, "federation"),
        ("Role", "shop", home),
        ("RoleBinding", "shop", home),
    ]
    assert "serviceaccounts/token" not in str(made)
    token = {
        "apiGroups": [""],
        "resources": ["serviceaccounts/token"],
        "verbs": ["create"],
        "resourceNames": ["federation"],
    }
    assert token in membership_manifests("acme", Grant(NOTHING, NOTHING), renewable=True)[4]["rules"]
