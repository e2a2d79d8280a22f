# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images of containers without a registry: archives made on this machine, kept in the cache by what they are made from."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..model.errors import ConfigError, FederationError
from . import golang, layout
from .locks import locked

Progress = Callable[[str], None]

REGISTRY = "sandbox.local"
#: makes a minimal Debian system; also the name of its package
_MAKER = "debootstrap"
SUITE = "bookworm"
_LOCK_SECONDS = 3600.0

#: holds the namespaces of a pod, and collects its dead processes
_PAUSE = """\
package main

import (
    "os"
    "os/signal"
    "syscall"
)

func main() {
    signals := make(chan os.Signal, 16)
    signal.Notify(signals, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGINT)
    for s := range signals {
        if s != syscall.SIGCHLD {
            os.Exit(0)
        }
        for {
            pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
            if pid <= 0 || err != nil {
                break
            }
        }
    }
}
"""

#: Debian packages of the images that can be made, beside a minimal system
PACKAGES = {
    "tools": ("procps", "iproute2", "curl", "python3-minimal"),
    "redis": ("redis-server", "redis-tools", "procps"),
    "mysql": ("mariadb-server", "mariadb-client", "procps"),
    "rabbitmq": ("rabbitmq-server", "procps"),
}

#: what the official image of MySQL is started with, for the server that Debian has: the same variables, the same order
_MYSQL = r"""#!/bin/sh
set -eu
[ "${1:-}" = mysqld ] && shift
data=/var/lib/mysql
common="--no-defaults --datadir=$data --socket=/tmp/mysqld.sock --pid-file=/tmp/mysqld.pid"
if [ ! -e "$data/.complete" ]; then
  find "$data" -mindepth 1 -delete
  mariadb-install-db --no-defaults --datadir="$data" --auth-root-authentication-method=normal --skip-test-db >/dev/null
  mariadbd $common --skip-networking &
  until mariadb-admin --socket=/tmp/mysqld.sock ping --silent 2>/dev/null; do sleep 0.2; done
  {
    echo "ALTER USER root@localhost IDENTIFIED BY '$(cat "$MYSQL_ROOT_PASSWORD_FILE")';"
    echo "CREATE DATABASE IF NOT EXISTS \`$MYSQL_DATABASE\`;"
    echo "CREATE USER '$MYSQL_USER'@'%' IDENTIFIED BY '$(cat "$MYSQL_PASSWORD_FILE")';"
    echo "GRANT ALL ON \`$MYSQL_DATABASE\`.* TO '$MYSQL_USER'@'%';"
    echo "SHUTDOWN;"
  } | mariadb --socket=/tmp/mysqld.sock --user=root
  wait
  touch "$data/.complete"
fi
exec mariadbd $common --bind-address=0.0.0.0 "$@"
"""
_FILES = {"mysql": {"usr/local/bin/docker-entrypoint.sh": _MYSQL}}
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/lib/rabbitmq/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """An archive as ``ctr images import`` takes it. ``program`` is the only file of an image that has but one."""

    name: str
    archive: str
    program: str = ""

    def data(self) -> dict[str, str]:
        return {"name": self.name, "archive": self.archive}


def _folder() -> str:
    path = os.path.join(layout.cache_folder(), "images", layout.host_platform())
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def _mark(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def pause(progress: Progress) -> Image:
    """The image of the container that every pod has, and its program."""
    folder, mark = _folder(), _mark(_PAUSE)
    image = Image(
        f"{REGISTRY}/pause:{mark}", os.path.join(folder, f"pause-{mark}.tar"), os.path.join(folder, f"pause-{mark}")
    )
    if os.path.exists(image.archive) and os.path.exists(image.program):
        return image
    with _building(progress):
        go = golang.find_or_install(layout.cache_folder(), progress, os.environ)
        with tempfile.TemporaryDirectory(prefix=".build-", dir=folder) as scratch:
            for name, text in (("main.go", _PAUSE), ("go.mod", "module pause\n\ngo 1.24.0\n")):
                with open(os.path.join(scratch, name), "w", encoding="utf-8") as file:
                    file.write(text)
            root = os.path.join(scratch, "root")
            os.mkdir(root)
            output = os.path.join(root, "pause")
            go.run(["build", "-trimpath", "-ldflags", "-s -w", "-o", output, "."], scratch, "building pause")
            _archive(image.name, root, image.archive, {"Entrypoint": ["/pause"]})
            os.replace(output, image.program)
    return image


def check(wanted: Sequence[str]) -> None:
    """ConfigError unless there is, or can be made, each of these images."""
    for name in wanted:
        if os.sep in name:
            _from_archive(name)
        elif name not in PACKAGES:
            raise ConfigError(
                f"there is no image {name!r}", f"there are {', '.join(PACKAGES)}; or give the path of an archive"
            )
        elif lacking([name]):
            raise ConfigError(f"the image {name} cannot be made: {_MAKER} is missing", f"apt-get install {_MAKER}")


def lacking(wanted: Sequence[str]) -> list[str]:
    """The Debian packages that are missing for these images; [] where they are made already."""
    made = all(os.path.exists(_of_packages(name).archive) for name in wanted if name in PACKAGES)
    return [] if made or shutil.which(_MAKER) else [_MAKER]


def provide(wanted: Sequence[str], progress: Progress) -> list[Image]:
    """The images that are asked for: names of `PACKAGES`, or paths of archives. What is not in the cache is made, which takes minutes."""
    return [_from_archive(name) if os.sep in name else _from_packages(name, progress) for name in wanted]


def name_of(image: str) -> str:
    """What an image of `PACKAGES` is called in pods."""
    return f"{REGISTRY}/{image}:debian"


def _from_archive(path: str) -> Image:
    found = os.path.abspath(os.path.expanduser(path))
    try:
        with tarfile.open(found) as archive:
            manifest = archive.extractfile("manifest.json")
            name = json.load(manifest)[0]["RepoTags"][0] if manifest is not None else ""
    except (OSError, KeyError, ValueError, IndexError, tarfile.TarError):
        raise ConfigError(
            f"{path} is no archive of an image", "make one with docker save, or name one of " + ", ".join(PACKAGES)
        ) from None
    return Image(name, found)


def _of_packages(name: str) -> Image:
    """An image of `PACKAGES`, whether it was made or not."""
    mark = _mark(SUITE, *PACKAGES[name], *_FILES.get(name, {}).values())
    return Image(name_of(name), os.path.join(_folder(), f"{name}-{mark}.tar"))


def _from_packages(name: str, progress: Progress) -> Image:
    check([name])
    image = _of_packages(name)
    if os.path.exists(image.archive):
        return image
    with _building(progress):
        if not os.path.exists(image.archive):
            progress(f"Making the image {name} of Debian packages, once: usually 2 minutes")
            _bootstrap(image, PACKAGES[name], _FILES.get(name, {}))
    return image


def _bootstrap(image: Image, packages: Sequence[str], files: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix=".build-", dir=_folder()) as scratch:
        root = os.path.join(scratch, "root")
        command = [_MAKER, "--variant=minbase", f"--include={','.join(packages)}", SUITE, root]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
            raise FederationError(f"making the image {image.name} failed:\n{said}")
        for path in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(os.path.join(root, path), ignore_errors=True)
        for path, text in files.items():
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(os.path.join(root, path), 0o755)
        _archive(image.name, root, image.archive, {"Env": [_PATH]})


def _archive(name: str, root: str, target: str, config: dict[str, Any]) -> None:
    """One layer, its configuration and a manifest, in the form of docker save; complete or not at all."""
    layer, draft = f"{target}.layer", f"{target}.draft"
    with tarfile.open(layer, "w") as archive:
        archive.add(root, arcname=".")
    digest = hashlib.sha256()
    with open(layer, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    architecture = layout.host_platform().split("-")[1]
    body = {
        "architecture": architecture,
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest.hexdigest()}"]},
    }
    text = json.dumps(body, sort_keys=True).encode()
    label = f"{hashlib.sha256(text).hexdigest()}.json"
    with tarfile.open(draft, "w") as archive:
        _add(archive, label, text)
        archive.add(layer, arcname="layer.tar")
        _add(
            archive,
            "manifest.json",
            json.dumps([{"Config": label, "RepoTags": [name], "Layers": ["layer.tar"]}]).encode(),
        )
    os.unlink(layer)
    os.replace(draft, target)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


def _building(progress: Progress) -> Any:
    lock = os.path.join(layout.cache_folder(), "images.lock")
    return locked(lock, "making images", _LOCK_SECONDS, lambda: progress("Waiting for another build of images to end"))
