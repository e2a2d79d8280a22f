# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processes are found again, and no other process is ever taken for one of ours."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import processes

SLEEP = "/bin/sleep"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[processes.Process]:
    """A process shown as kwok, whose command line names a path in tmp_path."""
    script = "while :; do /bin/sleep 0.1; done"
    arguments = ["-c", script, str(tmp_path / "folder" / "file")]
    process = processes.start(
        "kwok", "/bin/sh", arguments, str(tmp_path), str(tmp_path / "log" / "a.log"), str(tmp_path / "run" / "a.json")
    )
    yield process
    processes.kill([process])


def wait_until(process: processes.Process, state: str) -> None:
    deadline = time.monotonic() + 10
    while processes.state(process) != state:
        assert time.monotonic() < deadline, f"{process} is {processes.state(process)}, not {state}"
        time.sleep(0.01)


def test_a_record_leads_back_to_the_process(started: processes.Process, tmp_path: Path) -> None:
    assert processes.recorded(str(tmp_path / "run" / "a.json")) == started
    assert processes.state(started) == processes.RUNNING
    assert os.getsid(started.pid) == started.pid, "it has a session of its own, and outlives the run"


def test_pause_resume_kill(started: processes.Process) -> None:
    processes.pause(started)
    wait_until(started, processes.PAUSED)
    processes.resume(started)
    wait_until(started, processes.RUNNING)
    processes.kill([started])
    assert processes.state(started) == processes.DEAD


def test_stop_reaches_a_paused_process(started: processes.Process) -> None:
    processes.pause(started)
    wait_until(started, processes.PAUSED)
    began = time.monotonic()
    processes.stop([started], seconds=8)
    assert processes.state(started) == processes.DEAD
    assert time.monotonic() - began < 8


def test_a_recycled_pid_is_never_signalled(started: processes.Process) -> None:
    other = processes.Process(started.pid, "another time")
    assert processes.state(other) == processes.DEAD
    assert not processes.send(other, 9)
    processes.kill([other])
    assert processes.state(started) == processes.RUNNING


def test_a_process_without_record_is_found_by_its_folder(started: processes.Process, tmp_path: Path) -> None:
    assert processes.of_folder(str(tmp_path / "folder")) == [started]
    assert processes.of_folder(str(tmp_path / "fold")) == [], "the beginning of a name is another folder"


def test_somebody_who_reads_a_file_of_the_sandbox_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "audit.log"
    file.parent.mkdir()
    file.touch()
    reader = subprocess.Popen(["/usr/bin/tail", "-f", str(file)], stdout=subprocess.DEVNULL)
    try:
        assert processes.of_folder(str(tmp_path / "folder")) == []
    finally:
        reader.kill()
        reader.wait()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x", "started": "y"}'])
def test_a_broken_record_is_no_process(tmp_path: Path, text: str) -> None:
    record = tmp_path / "record.json"
    record.write_text(text, "utf-8")
    assert processes.recorded(str(record)) is None
    assert processes.state(None) == processes.DEAD


def test_the_environment_of_the_user_stays_outside() -> None:
    users = {"PATH": "/bin", "KUBECONFIG": "/k", "HTTPS_PROXY": "http://p", "HOME": "/home/ada"}
    assert processes._environment(users, "/state") == {"PATH": "/bin", "HOME": "/state"}


def test_what_ps_says() -> None:
    text = (
        "  4711 Ss   Mon Nov 23 05:55:03 2026 etcd --data-dir=/s/demo/members/a/etcd --name=a\n"
        "    12 T    Mon Nov 23 05:55:04 2026 kwok --config=/s/demo/members/a/stages.yaml\n"
        "    13 Z    Mon Nov 23 05:55:04 2026 (kwok)\n"
        "not a line\n"
    )
    seen = list(processes.parse_ps(text))
    assert [(entry.process.pid, entry.state) for entry in seen] == [(4711, "running"), (12, "paused"), (13, "dead")]
    assert seen[0].process.started == "Mon Nov 23 05:55:03 2026"
    assert processes._is_component(seen[0].command, "/s/demo/")


@pytest.mark.skipif(not Path("/bin/ps").exists() and not Path("/usr/bin/ps").exists(), reason="there is no ps")
def test_ps_and_proc_agree(started: processes.Process, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "_PROC", str(tmp_path / "no-proc"))
    assert [process.pid for process in processes.of_folder(str(tmp_path / "folder"))] == [started.pid]
    again = processes._look(started.pid)
    assert again is not None
    assert processes.state(again.process) == processes.RUNNING
