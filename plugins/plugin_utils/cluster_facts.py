# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What clusters say of themselves, for an inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.multicluster.federation.plugins.module_utils.fleet.concurrency import on_each
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.connect import connect
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.deadline import Deadline
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.kubeconfig import Context
from ansible_collections.multicluster.federation.plugins.module_utils.membership.survey import describe
from ansible_collections.multicluster.federation.plugins.module_utils.model.cluster import Cluster

#: labels that say nothing of a cluster, or what is said elsewhere
_COMMON = ("kubernetes.io/hostname", "topology.kubernetes.io/", "failure-domain.beta.", "beta.kubernetes.io/")


def read_facts(contexts: Sequence[Context], names: Mapping[str, str], seconds: float) -> dict[str, dict[str, Any]]:
    """Facts by context: ``readable``, and ``region, zone, provider, version, nodes, labels, uid``, or ``problem``. All clusters are
    read at once, each within ``seconds``."""
    found: dict[str, dict[str, Any]] = {}

    def work(context: str) -> None:
        one = by_name[context]
        cluster = Cluster(names[context], connection={"kubeconfig": one.kubeconfig, "context": one.name})
        api = connect(cluster, seconds, Deadline(seconds))
        described = describe(api, cluster)
        entry = described.entry
        labels = {key: value for key, value in described.labels.items() if not key.startswith(_COMMON)}
        found[context] = {
            "readable": True,
            "region": entry.region,
            "zone": list(entry.zones),
            "provider": entry.provider,
            "version": entry.version,
            "nodes": described.nodes,
            "labels": labels,
            "uid": entry.uid,
        }

    by_name = {context.name: context for context in contexts}
    errors = on_each(by_name, work, seconds)
    return {
        context: {"readable": False, "problem": str(errors[context])} if context in errors else found[context]
        for context in by_name
    }
