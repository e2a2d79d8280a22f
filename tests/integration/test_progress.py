# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines of progress: live in the output of a run that takes long, none in one that does not."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest

from ansible_collections.multicluster.federation.tests.integration.manifests import workload
from ansible_collections.multicluster.federation.tests.integration.stage import Federation

pytestmark = pytest.mark.integration

LINE = re.compile(r"^federated_resource, (\d+) s: (.*)$", re.MULTILINE)


def never_ready() -> dict[str, Any]:
    pod = {"nodeSelector": {"there": "is-none"}, "containers": [{"name": "web", "image": "registry.example.com/web:1"}]}
    return workload("web", pod)


def test_a_wait_tells_now_and_then_what_is_waited_for(federation: Federation) -> None:
    quick = federation.propagate(name="app", definition=never_ready())
    assert not quick.result["failed"], quick.message
    done = federation.propagate(
        name="app",
        definition=never_ready(),
        placement={"members": ["eu-1", "us-1"]},
        max_deletions="100%",
        wait=True,
        wait_timeout=7,
    )
    assert done.result["failed"]
    lines = LINE.findall(done.output)
    assert 1 <= len(lines) <= 4, done.output
    seconds, text = lines[0]
    assert 2 <= int(seconds) <= 4
    assert "2 waiting for health: eu-1, us-1 (Deployment " in text
    assert "0 of 1 pods are ready" in text
    assert "1 of 3 members done" in text or "0 of 3 members done" in text


def test_the_lines_come_while_it_runs(federation: Federation) -> None:
    book = federation.player.folder / "slow.yml"
    book.write_text(
        "[{hosts: clusters, gather_facts: false, tasks: [{run_once: true, ignore_errors: true,"
        " multicluster.federation.federated_resource: {name: app, wait: true, wait_timeout: 12,"
        f" namespace: {federation.namespace}, definition: {never_ready()!r}}}}}]}}]"
    )
    with subprocess.Popen(
        ["ansible-playbook", "-i", str(federation.inventory), str(book)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = next((line for line in process.stdout if LINE.match(line)), "")
        alive = process.poll() is None
        rest = process.stdout.read()
    assert "waiting for health" in first
    assert alive
    assert "PLAY RECAP" in rest
