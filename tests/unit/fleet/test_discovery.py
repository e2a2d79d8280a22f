# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which kinds a member serves."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.discovery import (
    Discovery,
    parse_discovery,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import Kind, MemberError
from ansible_collections.multicluster.federation.plugins.module_utils.model.manifest import GroupKind


def version(name: str, *resources: dict[str, Any], freshness: str = "Current") -> dict[str, Any]:
    return {"version": name, "resources": list(resources), "freshness": freshness}


def resource(plural: str, kind: str, scope: str = "Namespaced") -> dict[str, Any]:
    return {
        "resource": plural,
        "responseKind": {"group": "", "version": "", "kind": kind},
        "scope": scope,
        "verbs": ["get", "list", "patch"],
    }


def document(**groups: list[dict[str, Any]]) -> dict[str, Any]:
    items = [
        {
            "metadata": {"name": name.replace("_", ".").removeprefix("core"), "creationTimestamp": None},
            "versions": versions,
        }
        for name, versions in groups.items()
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


CORE = document(
    core=[version("v1", resource("configmaps", "ConfigMap"), resource("namespaces", "Namespace", "Cluster"))]
)
GROUPS = document(
    apps=[version("v1", resource("deployments", "Deployment"))],
    acme_io=[
        version("v2", resource("shops", "Shop")),
        version("v1", resource("shops", "Shop"), resource("olds", "Old")),
    ],
    metrics_k8s_io=[{"version": "v1beta1", "freshness": "Stale"}],
)
SHOP, OLD = GroupKind("acme.io", "Shop"), GroupKind("acme.io", "Old")


def found() -> Discovery:
    return parse_discovery([CORE, GROUPS])


@pytest.mark.parametrize(
    ("kind", "asked", "api_version", "path"),
    [
        (GroupKind("", "ConfigMap"), "", "v1", "/api/v1/namespaces/n/configmaps/x"),
        (GroupKind("", "Namespace"), "v1", "v1", "/api/v1/namespaces/x"),
        (GroupKind("apps", "Deployment"), "v1", "apps/v1", "/apis/apps/v1/namespaces/n/deployments/x"),
        (SHOP, "", "acme.io/v2", "/apis/acme.io/v2/namespaces/n/shops/x"),
        (SHOP, "v1", "acme.io/v1", "/apis/acme.io/v1/namespaces/n/shops/x"),
        (OLD, "", "acme.io/v1", "/apis/acme.io/v1/namespaces/n/olds/x"),
    ],
)
def test_kinds_and_their_paths(kind: GroupKind, asked: str, api_version: str, path: str) -> None:
    served = found().require(kind, asked)
    assert served.api_version == api_version
    assert served.path("n", "x") == path
    assert served.verbs == {"get", "list", "patch"}


def test_paths_of_lists() -> None:
    served = found().require(SHOP)
    assert served.path() == "/apis/acme.io/v2/shops"
    assert served.path("n") == "/apis/acme.io/v2/namespaces/n/shops"


def test_every_kind_once_in_its_preferred_version() -> None:
    assert sorted(api.api_version for api in found().all()) == ["acme.io/v1", "acme.io/v2", "apps/v1", "v1", "v1"]


def test_stale_groups_are_known_to_be_unknown() -> None:
    assert found().stale == {"metrics.k8s.io"}
    with pytest.raises(MemberError, match=r"the API group metrics\.k8s\.io does not answer on this member"):
        found().require(GroupKind("metrics.k8s.io", "PodMetrics"))


def test_a_stale_version_that_still_lists_its_kinds_is_stale() -> None:
    """An API server shows the last answer of an aggregated API that is down."""
    stale = document(acme_io=[version("v1", resource("shops", "Shop"), freshness="Stale")])
    assert parse_discovery([CORE, stale]).stale == {"acme.io"}


@pytest.mark.parametrize(
    ("kind", "asked", "hint"),
    [
        (SHOP, "v3", "it serves acme.io/v1, acme.io/v2"),
        (GroupKind("extensions", "Deployment"), "v1beta1", "did you mean apps/Deployment?"),
        (GroupKind("nobody.io", "Thing"), "v1", "is its CRD installed there?"),
    ],
)
def test_a_kind_that_is_not_served(kind: GroupKind, asked: str, hint: str) -> None:
    assert found().find(kind, asked) is None
    with pytest.raises(MemberError, match=f"does not know the kind {kind.kind} of {kind.group}/{asked}") as caught:
        found().require(kind, asked)
    assert caught.value.hint == hint
    assert caught.value.kind == Kind.NOT_FOUND


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "<html>welcome</html>",
        [],
        {},
        {"kind": "APIVersions", "versions": ["v1"]},
        {"kind": "APIGroupList", "groups": []},
        {"kind": "Status", "code": 404},
    ],
)
def test_a_server_that_is_not_kubernetes(answer: Any) -> None:
    for documents in ([answer, GROUPS], [CORE, answer]):
        with pytest.raises(MemberError, match=r"the server answers, but not as a Kubernetes API of version 1\.27"):
            parse_discovery(documents)


def test_subresources_and_empty_groups_do_no_harm() -> None:
    odd = document(acme_io=[version("v1", {"resource": "shops", "scope": "Namespaced"})], empty_io=[])
    odd["items"].append({"metadata": {}, "versions": None})
    assert parse_discovery([CORE, odd]).find(GroupKind("", "ConfigMap"))
