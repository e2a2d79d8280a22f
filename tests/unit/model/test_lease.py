# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lock as plain data."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.model import names
from ansible_collections.multicluster.federation.plugins.module_utils.model.lease import (
    LEASE_SECONDS,
    RENEW_SECONDS,
    Lease,
    lease_manifest,
    micro_time,
    read_lease,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc).timestamp()
STAMP = "2026-01-02T03:04:05Z"
TEXT = st.text(min_size=1, max_size=12)


def shown(manifest: dict[str, Any], version: str = "9", time: str = STAMP) -> dict[str, Any]:
    """A Lease as the API shows it after it was applied."""
    entry = {"manager": "m", "operation": "Apply", "time": time}
    return {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": version, "managedFields": [entry]}}


@STEADY
@given(TEXT, TEXT, st.integers(0, 1000))
def test_what_is_written_is_read(holder: str, process: str, turns: int) -> None:
    found = read_lease(shown(lease_manifest("acme", holder, process, turns, NOW, "1")))
    assert found == Lease(holder, process, LEASE_SECONDS, NOW, turns, "9")


def test_a_lease_that_was_given_back_is_free() -> None:
    manifest = lease_manifest("acme", "", "boot:1:2:3", 4, NOW, "8")
    found = read_lease(shown(manifest))
    assert (found.holder, found.process, found.turns) == ("", "", 4)
    assert "annotations" not in manifest["metadata"]
    assert "holderIdentity" not in manifest["spec"]


def test_the_manifest_guards_the_version_that_was_read_and_is_not_pruned_as_a_resource() -> None:
    manifest = lease_manifest("acme", "alice", "p", 1, NOW, "77")
    assert (manifest["apiVersion"], manifest["kind"]) == ("coordination.k8s.io/v1", "Lease")
    assert manifest["metadata"]["resourceVersion"] == "77"
    assert manifest["metadata"]["namespace"] == "federation-acme"
    assert manifest["metadata"]["labels"] == {names.LABEL_FEDERATION: "acme"}
    assert manifest["spec"]["renewTime"] == "2026-01-02T03:04:05.000000Z"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"spec": None, "metadata": None},
        {"spec": {}, "metadata": {"managedFields": None, "annotations": None}},
        {"spec": {"holderIdentity": None, "leaseDurationSeconds": None, "leaseTransitions": None}},
    ],
)
def test_a_lease_that_says_nothing_is_free(body: dict[str, Any]) -> None:
    assert read_lease(body) == Lease()


def test_the_server_says_when_it_was_renewed_and_not_the_holder() -> None:
    body = shown({"metadata": {}, "spec": {"holderIdentity": "a", "renewTime": "2099-01-01T00:00:00.000000Z"}})
    assert read_lease(body).renewed == NOW


def test_the_last_of_several_writes_counts() -> None:
    stamps = ["2026-01-02T03:04:00Z", STAMP, None, "2026-01-01T00:00:00Z", "nonsense"]
    entries = [{"manager": "m", "time": stamp} for stamp in stamps] + [{}]
    assert read_lease({"metadata": {"managedFields": entries}}).renewed == NOW


def test_how_long_it_lasts_is_the_holders_affair() -> None:
    assert read_lease({"spec": {"leaseDurationSeconds": 5}}).seconds == 5


@pytest.mark.parametrize(("later", "over"), [(-3600, False), (0, False), (44.9, False), (46.9, False), (47.1, True)])
def test_a_lease_runs_out_some_time_after_its_last_renewal(later: float, over: bool) -> None:
    # the server tells whole seconds: up to two of them are nobody's
    assert Lease("alice", seconds=45, renewed=NOW).expired(NOW + later) is over


@STEADY
@given(st.floats(0, 4e9), st.integers(1, 600), st.floats(0, 1e4), st.floats(0, 1e4))
def test_what_has_run_out_stays_so(renewed: float, seconds: int, after: float, more: float) -> None:
    lease = Lease("alice", seconds=seconds, renewed=renewed)
    assert lease.expired(renewed + after) <= lease.expired(renewed + after + more)
    assert not lease.expired(renewed + min(after, seconds))


@pytest.mark.parametrize(("ago", "used"), [(0, True), (-1.9, True), (1.9, True), (2.1, False), (3600, False)])
def test_whether_it_was_used_since(ago: float, used: bool) -> None:
    assert Lease(turns=1, renewed=NOW).used_since(NOW + ago) is used
    assert not Lease(renewed=NOW).used_since(NOW + ago)


def test_a_holder_may_miss_a_renewal() -> None:
    assert RENEW_SECONDS * 2 < LEASE_SECONDS


@STEADY
@given(st.integers(0, 4_000_000_000))
def test_times_as_the_api_writes_them(now: int) -> None:
    text = micro_time(now)
    assert datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc).timestamp() == now
