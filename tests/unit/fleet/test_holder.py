# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who holds a lock, told with real processes."""

from __future__ import annotations

import builtins
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.multicluster.federation.plugins.module_utils.fleet import holder
from ansible_collections.multicluster.federation.plugins.module_utils.fleet.holder import (
    describe_self,
    identify,
    is_dead,
)
from ansible_collections.multicluster.federation.tests.unit.helpers import STEADY

needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="this system has no /proc")


@contextmanager
def child(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is killed, or until the block ends."""
    with subprocess.Popen(command or ("cat",), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def test_whom_to_ask() -> None:
    text = describe_self()
    assert re.fullmatch(r".+@.+, pid \d+, run [0-9a-f]{8}", text)
    assert f"pid {os.getpid()}," in text
    assert describe_self() != text


@pytest.mark.parametrize("error", [KeyError("uid not found"), OSError("No username set")])
def test_a_container_may_run_as_a_number(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def getuser() -> str:
        raise error

    monkeypatch.setattr(holder.getpass, "getuser", getuser)
    assert describe_self().startswith(f"{os.getuid()}@")


@needs_proc
def test_a_process_is_the_same_however_it_is_asked() -> None:
    assert identify() == identify(os.getpid()) == identify()
    boot, space, pid, started = identify().split(":")
    assert (len(boot), space.isdigit(), pid, started.isdigit()) == (36, True, str(os.getpid()), True)


@needs_proc
def test_a_process_that_lives_is_not_dead() -> None:
    assert not is_dead(identify())
    with child() as process:
        named = identify(process.pid)
        assert named
        assert named != identify()
        assert not is_dead(named)


@needs_proc
def test_a_process_that_was_killed_is_dead() -> None:
    with child() as process:
        named = identify(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_dead(named)  # nobody has taken note of its end yet
        assert identify(process.pid) == ""
        process.wait(10)
        assert is_dead(named)
        assert identify(process.pid) == ""


@needs_proc
def test_a_process_that_has_the_number_of_a_dead_one_is_another() -> None:
    boot, space, pid, started = identify().split(":")
    assert is_dead(f"{boot}:{space}:{pid}:{int(started) - 1}")


@needs_proc
def test_the_name_of_a_program_may_hold_anything(tmp_path: Path) -> None:
    program = tmp_path / "a) Z (b"
    program.write_text("#!/bin/sh\necho ready\nread line\n", encoding="utf-8")
    program.chmod(0o755)
    with subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            assert "a) Z (b" in Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
            named = identify(process.pid)
            assert named.split(":")[2:] != ["", ""]
            assert not is_dead(named)
        finally:
            process.kill()
    assert is_dead(named)


@needs_proc
def test_of_another_machine_nothing_can_be_told() -> None:
    with child() as process:
        boot, space, pid, started = identify(process.pid).split(":")
        process.kill()
        process.wait(10)
    assert is_dead(f"{boot}:{space}:{pid}:{started}")
    assert not is_dead(f"{boot[::-1]}:{space}:{pid}:{started}")
    assert not is_dead(f"{boot}:{int(space) + 1}:{pid}:{started}")


@needs_proc
@pytest.mark.parametrize("pid", ["", "-1", "x", "1.5", "\u00b2", "\u0663", " 7", "9" * 5000])
def test_what_no_run_of_ours_wrote_tells_nothing(pid: str) -> None:
    boot, space, _pid, started = identify().split(":")
    assert not is_dead(f"{boot}:{space}:{pid}:{started}")


@STEADY
@given(st.text(max_size=12) | st.lists(st.sampled_from(["", "1", "x", *identify().split(":")])).map(":".join))
def test_odd_text_never_means_that_somebody_is_dead(text: str) -> None:
    mine = identify().split(":")
    if text.split(":")[:2] != mine[:2]:
        assert not is_dead(text)


def hiding(monkeypatch: pytest.MonkeyPatch, pid: int, error: OSError) -> None:
    """What /proc shows of other people's processes when it is mounted with hidepid: nothing."""

    def opened(path: Any, *rest: Any, **more: Any) -> Any:
        if path == f"/proc/{pid}/stat":
            raise error
        return builtins.open(path, *rest, **more)

    monkeypatch.setattr(holder, "open", opened, raising=False)


@needs_proc
@pytest.mark.parametrize("error", [FileNotFoundError(), PermissionError()])
def test_a_process_that_is_hidden_from_us_is_not_dead(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    with child() as process:
        named = identify(process.pid)
        hiding(monkeypatch, process.pid, error)
        assert identify(process.pid) == ""
        assert not is_dead(named)


@needs_proc
def test_a_hidden_process_of_somebody_else_is_not_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(_pid: int, _signal: int) -> None:
        raise PermissionError

    named = identify()
    hiding(monkeypatch, os.getpid(), FileNotFoundError())
    monkeypatch.setattr(holder.os, "kill", kill)
    parts = named.split(":")
    monkeypatch.setattr(holder, "identify", lambda: named)
    assert not is_dead(":".join([*parts[:3], "1"]))


@needs_proc
def test_without_proc_nothing_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with child() as process:
        named = identify(process.pid)
    monkeypatch.setattr(holder, "identify", lambda *_pid: "")
    assert not is_dead(named)
    assert not is_dead("")
