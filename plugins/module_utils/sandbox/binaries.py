# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find the five programs of a member, or build them from their published Go modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..model.errors import ConfigError
from . import golang, layout
from .locks import locked

Progress = Callable[[str], None]

#: A build takes minutes, and several may be queued before ours.
_BUILD_LOCK_SECONDS = 3600.0
_STILL_BUILDING_SECONDS = 60.0


@dataclass(frozen=True)
class Recipe:
    """How to build one program: the package ``package`` of ``module`` at ``version`` (without the ``v``)."""

    module: str
    version: str
    package: str
    #: minutes that a first build takes on two cores, told to who waits for it
    minutes: str


@dataclass
class Binaries:
    """Where each program is, by name, and what is worth telling about how it was found."""

    paths: dict[str, str] = field(default_factory=dict)
    built: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def recipe(name: str, kubernetes: str) -> Recipe:
    """The recipe of the program ``name``; ``kubernetes`` is the version of its three programs, such as ``1.34.4``."""
    if name == layout.ETCD:
        return Recipe("go.etcd.io/etcd/server/v3", layout.ETCD_VERSION, "go.etcd.io/etcd/server/v3", "half a minute")
    if name == layout.KWOK:
        return Recipe("sigs.k8s.io/kwok", layout.KWOK_VERSION, "sigs.k8s.io/kwok/cmd/kwok", "1.5 minutes")
    if name == layout.DNS:
        module = "github.com/coredns/coredns"
        return Recipe(module, layout.COREDNS_VERSION, module, "3 minutes")
    minutes = "4 minutes" if name == layout.API_SERVER else "half a minute"
    return Recipe("k8s.io/kubernetes", kubernetes, f"k8s.io/kubernetes/cmd/{name}", minutes)


def cached(name: str, kubernetes: str, environment: Mapping[str, str] | None = None) -> str:
    """The path of a built program in the cache, whether it is there or not."""
    version = recipe(name, kubernetes).version
    return os.path.join(layout.cache_folder(environment), "bin", version, layout.host_platform(), name)


def find(
    names: Iterable[str],
    kubernetes: str,
    assets: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[Binaries, list[str]]:
    """What is there already, and the names of what has to be built.

    Looks in ``assets``, the folder named by KUBEBUILDER_ASSETS, PATH and the cache, in this order. A program
    of a version that does not fit is passed over, with a note.
    """
    if not re.fullmatch(r"1\.\d+\.\d+", kubernetes):
        raise ConfigError(f"{kubernetes!r} is not a version of Kubernetes", "write it as in 1.34.4")
    if assets and not os.path.isdir(os.path.expanduser(assets)):
        raise ConfigError(f"the folder of binaries {assets} does not exist", "correct or drop the option assets")
    environment = os.environ if environment is None else environment
    found = Binaries()
    missing = []
    for name in names:
        path = _existing(name, kubernetes, _folders(assets, environment), found.notes)
        own = cached(name, kubernetes, environment)
        if path is None and _runnable(own):
            path = own
        if path is None:
            missing.append(name)
        else:
            found.paths[name] = path
    named = assets or environment.get("KUBEBUILDER_ASSETS")
    absent = [name for name in names if named and not _runnable(os.path.join(os.path.expanduser(named), name))]
    if absent:
        found.notes.append(f"{named} has no {', '.join(absent)}: taken from PATH, the cache or a build")
    return found, missing


def _folders(assets: str | None, environment: Mapping[str, str]) -> list[str]:
    folders = [assets or "", environment.get("KUBEBUILDER_ASSETS", ""), *environment.get("PATH", "").split(os.pathsep)]
    return [os.path.abspath(os.path.expanduser(folder)) for folder in folders if folder]


def _runnable(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _existing(name: str, kubernetes: str, folders: Iterable[str], notes: list[str]) -> str | None:
    for folder in folders:
        path = os.path.join(folder, name)
        if not _runnable(path):
            continue
        version = _version_of(path)
        if fits(name, version, kubernetes):
            return path
        notes.append(f"{path} is version {version or 'unknown'} and not used: it does not fit Kubernetes {kubernetes}")
    return None


def fits(name: str, version: str, kubernetes: str) -> bool:
    """Whether a program that was found at ``version`` can be part of a member with this version of Kubernetes."""
    found = tuple(int(part) for part in version.split(".")[:2]) if version else ()
    if name.startswith("kube-"):
        # the three have to fit each other
        return version.split(".")[:2] == kubernetes.split(".")[:2]
    oldest = layout.ETCD_OLDEST if name == layout.ETCD else layout.KWOK_OLDEST
    return found >= oldest


def _version_of(path: str) -> str:
    """The version that a program says it is, such as ``1.34.4``; empty if it does not say."""
    try:
        run = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(r"(\d+\.\d+\.\d+)", run.stdout)
    return match.group(1) if match else ""


def provide(
    names: Iterable[str],
    kubernetes: str,
    assets: str | None,
    progress: Progress,
    environment: Mapping[str, str] | None = None,
) -> Binaries:
    """All programs ``names``; what is nowhere is built into the cache, with ``progress`` told before and after each.

    Raises ``FederationError`` that names the ways out where it cannot be built.
    """
    environment = os.environ if environment is None else environment
    found, missing = find(names, kubernetes, assets, environment)
    if not missing:
        return found
    os.makedirs(layout.cache_folder(environment), mode=0o700, exist_ok=True)
    lock = os.path.join(layout.cache_folder(environment), "build.lock")
    with locked(lock, "building", _BUILD_LOCK_SECONDS, lambda: progress("Waiting for another build to end")):
        go = golang.find_or_install(layout.cache_folder(environment), progress, environment)
        for name in missing:
            target = cached(name, kubernetes, environment)
            if not _runnable(target):  # else the run that we waited for has built it
                _build(go, name, recipe(name, kubernetes), target, progress)
                found.built.append(name)
            found.paths[name] = target
    return found


def _build(go: golang.Go, name: str, how: Recipe, target: str, progress: Progress) -> None:
    progress(f"Building {name} {how.version} from source, once: usually {how.minutes} on 2 cores")
    started = time.monotonic()
    folder = os.path.dirname(target)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    _remove_leftovers(folder)
    # in the folder of the target, so that the finished file can be moved there in one step
    with tempfile.TemporaryDirectory(prefix=".build-", dir=folder) as scratch:
        staged = _staged(go, how, scratch)
        with open(os.path.join(scratch, "go.mod"), "w", encoding="utf-8") as file:
            file.write(go_mod(how, staged))
        output = os.path.join(scratch, name)
        # -mod=mod: go.sum is made on the way, each module verified against the checksum database the user has set
        command = ["build", "-mod=mod", "-trimpath", "-ldflags", linker_flags(how), "-o", output, how.package]

        def still() -> None:
            progress(f"Still building {name}, {(time.monotonic() - started) / 60:.0f} min so far")

        go.run(command, scratch, f"building {name} {how.version}", still, _STILL_BUILDING_SECONDS)
        os.replace(output, target)
    progress(f"Built {name} {how.version} in {time.monotonic() - started:.0f} s")


def _remove_leftovers(folder: str) -> None:
    """Scratch folders of builds that were killed; the lock is held, so none is in use."""
    for entry in os.listdir(folder):
        if entry.startswith(".build-"):
            shutil.rmtree(os.path.join(folder, entry), ignore_errors=True)


def go_mod(how: Recipe, staged: Iterable[str]) -> str:
    """The go.mod of a module that only requires the program's; ``staged`` modules get their published versions."""
    # The oldest that serves all; Go raises it to what the module asks for. A newer one would switch runtime defaults.
    lines = ["module sandbox", "", "go 1.24.0", ""]
    lines.append(f"require {how.module} v{how.version}")
    published = how.version.replace("1.", "v0.", 1)
    lines += [f"replace {module} => {module} {published}" for module in staged]
    return "\n".join(lines) + "\n"


def _staged(go: golang.Go, how: Recipe, scratch: str) -> list[str]:
    """The modules that Kubernetes keeps in its own tree. It replaces them by folders, which counts only in that tree."""
    if how.module != "k8s.io/kubernetes":
        return []
    module_file = go.module_file(how.module, how.version, scratch)
    with open(module_file, encoding="utf-8") as file:
        return staged_modules(file.read())


def staged_modules(text: str) -> list[str]:
    """The modules that a go.mod replaces by folders of its own tree."""
    return re.findall(r"^\s*(?:replace\s+)?(\S+)\s+=>\s+\./staging/", text, re.MULTILINE)


def linker_flags(how: Recipe) -> str:
    """Flags that leave out debug data and, for Kubernetes, put in the version that clients are told."""
    flags = ["-s", "-w"]
    if how.module == "k8s.io/kubernetes":
        major, minor = how.version.split(".")[:2]
        for key, value in (("gitVersion", f"v{how.version}"), ("gitMajor", major), ("gitMinor", minor)):
            flags += ["-X", f"k8s.io/component-base/version.{key}={value}"]
    return " ".join(flags)
