# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that last for contexts of kubeconfigs, and what names tell of a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.dialects.contexts import (
    Place,
    name_of_context,
    names_of_contexts,
    place_of,
)
from ansible_collections.multicluster.federation.plugins.module_utils.model.names import check_member_name
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

EKS = "arn:aws:eks:eu-west-1:123456789012:cluster/prod"
GKE = "gke_my-project_europe-west1-b_prod"


@pytest.mark.parametrize(
    ("context", "name"),
    [
        (EKS, "prod-eu-west-1"),
        ("arn:aws-cn:eks:cn-north-1:1:cluster/prod", "prod-cn-north-1"),
        ("me@prod.eu-west-1.eksctl.io", "prod-eu-west-1"),
        ("prod.us-gov-west-1.eksctl.io", "prod-us-gov-west-1"),
        (GKE, "prod-europe-west1-b"),
        ("gke_p_us-central1_a_b", "a_b-us-central1"),
        ("default/api-ocp-example-com:6443/kube:admin", "api-ocp-example-com"),
        ("admin@prod", "prod"),
        ("kubernetes-admin@kubernetes", "kubernetes-admin-kubernetes"),
        ("kubernetes", "kubernetes"),
        ("@prod", "prod"),
        ("prod@", "prod"),
        ("do-fra1-shop", "do-fra1-shop"),
        ("minikube", "minikube"),
        ("my cluster/é", "my-cluster"),
    ],
)
def test_names(context: str, name: str) -> None:
    assert name_of_context(context) == name


CONTEXTS = st.lists(
    st.text(min_size=1, max_size=90) | st.sampled_from([EKS, GKE, "admin@prod", "dev@prod", "prod", "prod ", "é", "ü"]),
    unique=True,
)


@STEADY
@given(CONTEXTS)
def test_every_context_has_a_valid_name_of_its_own(contexts: list[str]) -> None:
    names = names_of_contexts(contexts)
    assert list(names) == contexts
    assert len(set(names.values())) == len(contexts)
    for name in names.values():
        check_member_name(name)


@STEADY
@given(CONTEXTS, st.text(min_size=1, max_size=20))
def test_a_new_context_renames_nobody(contexts: list[str], more: str) -> None:
    names = names_of_contexts(contexts)
    later = names_of_contexts([*contexts, *([] if more in contexts else [more])])
    assert {context: later[context] for context in contexts} == names


def test_two_of_one_name_and_names_of_the_users_choice() -> None:
    assert names_of_contexts(["admin@prod", "dev@prod", "dev-prod"]) == {
        "admin@prod": "prod",
        "dev@prod": "dev-prod",
        "dev-prod": names_of_contexts(["admin@prod", "dev@prod", "dev-prod"])["dev-prod"],
    }
    assert names_of_contexts(["admin@prod", EKS], {EKS: "main"}.get) == {"admin@prod": "prod", EKS: "main"}


@pytest.mark.parametrize(
    ("context", "server", "place"),
    [
        (EKS, "https://x", Place("aws", "eu-west-1")),
        ("x", "https://ABC.gr7.eu-west-1.eks.amazonaws.com", Place("aws", "eu-west-1")),
        (GKE, "https://10.0.0.1", Place("gcp", "europe-west1", "europe-west1-b")),
        ("gke_p_us-central1_c", "https://10.0.0.1", Place("gcp", "us-central1")),
        ("x", "https://x-dns-1.hcp.westeurope.azmk8s.io:443", Place("azure", "westeurope")),
        ("do-fra1-x", "https://u.k8s.ondigitalocean.com", Place("digitalocean", "fra1")),
        ("do-fra1-x", "https://example.com", Place()),
        ("prod", "https://example.com", Place()),
        ("prod", "", Place()),
    ],
)
def test_places(context: str, server: str, place: Place) -> None:
    assert place_of(context, server) == place
