# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the pods of a workload cannot start without."""

from __future__ import annotations

from typing import Any

from ansible_collections.multicluster.federation.plugins.module_utils.rendering.dependencies import named_by


def test_every_way_to_name_something_is_known() -> None:
    spec: dict[str, Any] = {
        "serviceAccountName": "runner",
        "imagePullSecrets": [{"name": "pull"}],
        "volumes": [
            {"name": "a", "configMap": {"name": "mounted"}},
            {"name": "b", "secret": {"secretName": "cert"}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "d", "projected": {"sources": [{"configMap": {"name": "part"}}, {"secret": {"name": "half"}}]}},
            {"name": "e", "configMap": {"name": "perhaps", "optional": True}},
            {"name": "f", "emptyDir": {}},
        ],
        "initContainers": [{"name": "i", "envFrom": [{"secretRef": {"name": "first"}}]}],
        "containers": [
            {
                "name": "c",
                "envFrom": [{"configMapRef": {"name": "all"}}],
                "env": [
                    {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "one", "key": "k"}}},
                    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "two", "key": "k"}}},
                    {"name": "C", "value": "plain"},
                ],
            }
        ],
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": {"spec": spec}}}
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "k", "namespace": "night"},
        "spec": {"jobTemplate": {"spec": {"template": {"spec": {"serviceAccountName": "owl"}}}}},
    }
    found = {str(name): str(workload) for name, workload in named_by([job, cron], "shop").items()}
    assert found == {
        **dict.fromkeys((f"ConfigMap shop/{n}" for n in ("mounted", "part", "all", "one")), "Job j"),
        **dict.fromkeys((f"Secret shop/{n}" for n in ("pull", "cert", "half", "first", "two")), "Job j"),
        "ServiceAccount shop/runner": "Job j",
        "PersistentVolumeClaim shop/data": "Job j",
        "ServiceAccount night/owl": "CronJob night/k",
    }


def test_what_is_there_anyway_and_what_is_odd_is_passed_over() -> None:
    spec = {"serviceAccountName": "default", "volumes": "none", "containers": [7, {"env": [None]}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    assert named_by([pod, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}], "shop") == {}
