# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pure half of putting a rewritten list back: which lists, and to what."""

from __future__ import annotations

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.propagation.repair import list_operations

WANT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "ports": [{"name": "http", "port": 80}],
        "containers": [{"name": "main", "ports": [{"name": "a", "containerPort": 1}]}],
        "plain": "x",
    },
}
LIVE = {
    "spec": {
        "ports": [{"name": "http", "port": 9999}],
        "containers": [{"name": "sidecar"}, {"name": "main", "ports": [{"name": "a", "containerPort": 2}]}],
        "plain": "y",
    }
}


@pytest.mark.parametrize(
    ("paths", "pointers"),
    [
        ([".spec.ports"], ["/spec/ports"]),
        ([".spec.ports[0]"], ["/spec/ports"]),
        # the innermost list, at the place where the container stands live: the sidecar is not touched
        ([".spec.containers[0].ports[0]"], ["/spec/containers/1/ports"]),
        ([".spec.ports[0]", ".spec.ports[0].port"], ["/spec/ports"]),
        ([".spec.plain"], []),
        ([".spec.missing[0]"], []),
        ([], []),
    ],
)
def test_the_innermost_list_of_each_lost_path_is_set_back(paths: list[str], pointers: list[str]) -> None:
    operations = list_operations(paths, WANT, LIVE)
    assert [operation["path"] for operation in operations] == pointers
    assert all(operation["op"] == "replace" for operation in operations)


def test_a_list_inside_another_that_is_set_back_is_not_set_twice() -> None:
    paths = [".spec.containers", ".spec.containers[0].ports[0]"]
    operations = list_operations(paths, WANT, LIVE)
    assert operations == [{"op": "replace", "path": "/spec/containers", "value": WANT["spec"]["containers"]}]  # type: ignore[index]
