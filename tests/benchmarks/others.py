# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tools that ours is compared to, fetched once into the cache: kubectl, and the collection kubernetes.core."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from ansible_collections.multicluster.federation.plugins.module_utils.model.errors import FederationError
from ansible_collections.multicluster.federation.plugins.module_utils.sandbox import binaries, layout

#: the release of the package `ansible` that kubernetes.core is taken from: an ordinary package index has it
PACKAGE = "ansible==12.3.0"
_INSIDE = "ansible_collections/kubernetes/core/"


class NotToBeHad(Exception):
    """The tool cannot be had here; the message says why."""


def kubectl(tell: Callable[[str], None]) -> str:
    """The path of a kubectl of the members' own version, built like their programs where it is not in the cache."""
    try:
        return binaries.provide(["kubectl"], layout.KUBERNETES_VERSION, None, tell).paths["kubectl"]
    except FederationError as error:
        raise NotToBeHad(f"no kubectl: {error}") from None


def kubernetes_core(tell: Callable[[str], None]) -> Path:
    """A folder for the collections path, in which there is kubernetes.core and nothing else."""
    cache = Path(layout.cache_folder()) / "bench"
    target = cache / PACKAGE
    if not (target / _INSIDE / "MANIFEST.json").is_file():
        tell(f"Fetching {PACKAGE}, for the kubernetes.core in it (54 MB, once)")
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            unpacked = _unpacked(Path(scratch))
            shutil.rmtree(target, ignore_errors=True)
            os.replace(unpacked, target)
    return target


def _unpacked(scratch: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(scratch), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        raise NotToBeHad(f"no kubernetes.core: pip download {PACKAGE} failed: {done.stderr.strip()[-300:]}")
    folder = scratch / "unpacked"
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(folder, [name for name in wheel.namelist() if name.startswith(_INSIDE)])
    return folder
