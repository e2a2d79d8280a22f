# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Print what one namespace of one cluster holds, as JSON: deployments.py KUBECONFIG CONTEXT NAMESPACE."""

from __future__ import annotations

import json
import sys

from kubernetes import client, config


def main() -> None:
    kubeconfig, context, namespace = sys.argv[1:]
    api = config.new_client_from_config(kubeconfig, context or None)
    deployments = client.AppsV1Api(api).list_namespaced_deployment(namespace).items
    configmaps = client.CoreV1Api(api).list_namespaced_config_map(namespace).items
    found = {
        "deployments": {
            item.metadata.name: {"replicas": item.spec.replicas, "ready": item.status.ready_replicas}
            for item in deployments
        },
        # Kubernetes puts one of its own into every namespace.
        "configmaps": sorted({item.metadata.name for item in configmaps} - {"kube-root-ca.crt"}),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
