# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Contexts of kubeconfigs as members: names that last, and what a name and an address tell of where a cluster stands."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

#: of a member's name; the fleet record keeps it in a label
_LONGEST = 63
_ODD = re.compile(r"[^A-Za-z0-9._-]+")
#: what tools call every cluster that they make
_EVERYBODYS = ("kubernetes", "default", "cluster.local", "microk8s-cluster", "k3s", "kind")


@dataclass(frozen=True)
class Place:
    """Where a cluster stands, as far as that is known; "" is unknown."""

    provider: str = ""
    region: str = ""
    zone: str = ""


def _plain(text: str) -> str:
    """A text with only what may stand in the name of a member."""
    name = _ODD.sub("-", text).strip("-._")
    if len(name) > _LONGEST:
        name = f"{name[: _LONGEST - 7].rstrip('-._')}-{_digest(text)}"
    return name or f"context-{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]


_EKS = re.compile(r"arn:aws[a-z-]*:eks:(?P<region>[a-z0-9-]+):\d*:cluster/(?P<cluster>.+)")
_EKSCTL = re.compile(r"(?:.+@)?(?P<cluster>[^@]+)\.(?P<region>[a-z]{2}[a-z-]*-\d)\.eksctl\.io")
_GKE = re.compile(r"gke_(?P<project>[^_]+)_(?P<place>[a-z]+-[a-z]+\d+(?:-[a-z])?)_(?P<cluster>.+)")
_DIGITAL_OCEAN = re.compile(r"do-(?P<region>[a-z]{3}\d)-(?P<cluster>.+)")
_OPENSHIFT = re.compile(r"(?P<namespace>[^/]*)/(?P<host>[^/:]+)(?::\d+)?/(?P<user>.*)")


def name_of_context(context: str) -> str:
    """The name of the host that stands for a context. It depends on nothing but the context, so that adding another one renames
    nobody: a name that changes would be another member.

    ====================================================  ======================
    arn:aws:eks:eu-west-1:123456789012:cluster/prod        prod-eu-west-1
    me@prod.eu-west-1.eksctl.io                            prod-eu-west-1
    gke_project_europe-west1-b_prod                        prod-europe-west1-b
    default/api-ocp-example-com:6443/kube:admin            api-ocp-example-com
    admin@prod                                             prod
    kubernetes-admin@kubernetes                            kubernetes-admin-kubernetes
    anything else                                          itself; what may not stand in a name becomes "-"
    ====================================================  ======================
    """
    for pattern, shown in (
        (_EKS, "{cluster}-{region}"),
        (_EKSCTL, "{cluster}-{region}"),
        (_GKE, "{cluster}-{place}"),
        (_OPENSHIFT, "{host}"),
    ):
        found = pattern.fullmatch(context)
        if found:
            return _plain(shown.format(**found.groupdict()))
    user, at, cluster = context.rpartition("@")
    return _plain(cluster if at and user and cluster and cluster not in _EVERYBODYS else context)


def names_of_contexts(
    contexts: Iterable[str], rename: Callable[[str], str | None] = lambda _context: None
) -> dict[str, str]:
    """context -> name. ``rename`` gives a name of the user's choice. Of two that would be called the same, the later one is called
    after its whole context, with a hash of it if that is taken as well."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for context in contexts:
        wished = rename(context)
        for name in (wished, name_of_context(context), _plain(context)):
            if name and name not in taken:
                break
        else:
            name = _plain(f"{_plain(context)[: _LONGEST - 7]}-{_digest(context)}")
        taken.add(name)
        names[context] = name
    return names


def place_of(context: str, server: str) -> Place:
    """Where a cluster stands, by the names that clouds give to contexts and API servers; nothing where they do not say."""
    host = urlsplit(server).hostname or ""
    for pattern, provider in ((_EKS, "aws"), (_EKSCTL, "aws"), (_DIGITAL_OCEAN, "digitalocean")):
        found = pattern.fullmatch(context)
        if found and (provider != "digitalocean" or host.endswith(".k8s.ondigitalocean.com")):
            return Place(provider, found["region"])
    found = _GKE.fullmatch(context)
    if found:
        region, _dash, letter = found["place"].rpartition("-")
        return Place("gcp", region, found["place"]) if len(letter) == 1 else Place("gcp", found["place"])
    for ending, provider, position in ((".eks.amazonaws.com", "aws", -1), (".azmk8s.io", "azure", -1)):
        if host.endswith(ending):
            return Place(provider, host[: -len(ending)].split(".")[position])
    return Place()
