# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of cluster_info, as people see it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.inspection.table import (
    cores,
    health_table,
    life,
    memory,
)
from ansible_collections.multicluster.federation.tests.unit.samples import DAY, cluster

GIB = 2**30


def member(**more: Any) -> dict[str, Any]:
    own = {
        "capacity": {
            "cpu": {"requested": 12500, "allocatable": 48000},
            "memory": {"requested": 96 * GIB, "allocatable": 192 * GIB},
            "pods": {"requested": 1204, "allocatable": 3300},
        },
        "credential": {"kind": "token", "seconds_left": 30 * DAY},
    }
    return cluster("eu-1", **{**own, **more})


GONE: dict[str, Any] = {
    "status": "unreachable",
    "msg": "10.0.0.3:6443 refuses connections",
    "hint": "is it running?",
    "version": "",
    "region": "",
    "nodes": {},
    "capacity": {},
    "credential": {"kind": "exec", "seconds_left": None},
}


def test_the_table_as_it_is() -> None:
    members = {
        "eu-1": member(writes="proven"),
        "eu-2": member(
            taints=["maintenance=yes:NoSchedule"],
            cordoned=True,
            nodes={"total": 4, "ready": 3, "schedulable": 2},
            credential={"kind": "token", "seconds_left": 6 * DAY + 5},
            notes=["its clock is 9 s behind ours"],
        ),
        "us-1": member(**GONE),
    }
    assert health_table(members, True, 7 * DAY) == [
        (
            "member  status                   joined  version  region  nodes           cpu            memory      "
            "pods            credential"
        ),
        (
            "------  -----------------------  ------  -------  ------  --------------  -------------  ----------  "
            "--------------  ----------"
        ),
        (
            "eu-1    ready                    yes     v1.34.4  eu      3/3             12.5/48 cores  96/192 GiB  "
            "1204/3300 pods  token 30 d"
        ),
        (
            "eu-2    ready (writes unproven)  yes     v1.34.4  eu      3/4 (1 closed)  12.5/48 cores  96/192 GiB  "
            "1204/3300 pods  token 6 d!"
        ),
        (
            "us-1    unreachable              yes     -        -       -               -              -           "
            "-               exec"
        ),
        "",
        "- eu-2 is cordoned and tainted maintenance=yes:NoSchedule",
        "- eu-2: its clock is 9 s behind ours",
        "! us-1 is unreachable: 10.0.0.3:6443 refuses connections (is it running?)",
    ]


def test_columns_in_which_nobody_says_anything_are_left_out() -> None:
    lines = health_table({"a": member(**GONE)}, False, 7 * DAY)
    assert lines[0].split() == ["member", "status", "credential"]
    assert health_table({}, True, 7 * DAY) == []


def test_only_credentials_that_somebody_has_to_renew_are_marked() -> None:
    short = {kind: member(credential={"kind": kind, "seconds_left": 900}) for kind in ("token", "certificate", "exec")}
    rows = health_table(short, False, 7 * DAY)[2:]
    assert [row.endswith("15 min!") for row in rows] == [True, True, False]


@pytest.mark.parametrize(
    ("used", "of", "shown"),
    [
        (96 * GIB, 192 * GIB, "96/192 GiB"),
        (0, 0, "0/0 KiB"),
        (512, 2048, "0.5/2 KiB"),
        (GIB, 1024 * GIB, "0/1 TiB"),
        (700 * GIB, 1023 * GIB, "700/1023 GiB"),
        (1, 2**62, "0/4096 PiB"),
    ],
)
def test_memory_is_in_the_unit_of_what_there_is(used: int, of: int, shown: str) -> None:
    assert memory(used, of) == shown


def test_cores() -> None:
    assert cores(12500, 48000) == "12.5/48 cores"
    assert cores(0, 500) == "0/0.5 cores"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "expired"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (47 * 3600, "47 h"),
        (2 * DAY, "2 d"),
        (3 * DAY - 1, "2 d"),
        (730 * DAY, "730 d"),
    ],
)
def test_life(seconds: int, shown: str) -> None:
    assert life(seconds) == shown
