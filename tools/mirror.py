# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give the checkout the two shapes that Ansible's tools want to find a collection in.

``link``    .build/link/ansible_collections/multicluster/federation is a symbolic link to the checkout. Python imports,
            ansible-playbook and ansible-doc read the sources through it, so an edit counts at once.
``mirror``  .build/mirror/ansible_collections/multicluster/federation is a copy of what git tracks or would track.
            ansible-test resolves symbolic links and then refuses a tree outside ansible_collections; ansible-galaxy
            and antsibull-docs would walk into .build and .venv. Only what changed is written.

Prints the path of the directory that belongs on ANSIBLE_COLLECTIONS_PATH.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = Path("ansible_collections", "multicluster", "federation")
LINK = ROOT / ".build" / "link"
MIRROR = ROOT / ".build" / "mirror"
# What ansible-test writes into its tree, and the mirror's own index.
KEPT = (Path(".git"), Path("tests", "output"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=("link", "mirror"))
    shape = parser.parse_args().shape
    print(make_link() if shape == "link" else make_mirror())
    return 0


def make_link() -> Path:
    """Point the link at this checkout, also after the checkout was moved."""
    link = LINK / COLLECTION
    link.parent.mkdir(parents=True, exist_ok=True)
    target = os.path.relpath(ROOT, link.parent)
    if not (link.is_symlink() and os.readlink(link) == target):
        # Two runs may do this at once, so the link appears in one step.
        new = link.with_name(f".{link.name}.{os.getpid()}")
        new.symlink_to(target)
        new.replace(link)
    return LINK


def make_mirror() -> Path:
    """Copy the files of the collection, with their modes, and remove what is no longer there."""
    mirror = MIRROR / COLLECTION
    mirror.mkdir(parents=True, exist_ok=True)
    if not (mirror / ".git").is_dir():
        # An own repository without commits: ansible-test asks git which files there are.
        subprocess.run(["git", "init", "--quiet", str(mirror)], check=True)
    wanted = set(tracked_files())
    for path in wanted:
        copy(ROOT / path, mirror / path)
    for path in present_files(mirror) - wanted:
        (mirror / path).unlink()
    remove_empty_folders(mirror)
    return MIRROR


def tracked_files() -> list[Path]:
    """What git tracks, and what it would track once added, as far as it is still there."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    paths = [Path(os.fsdecode(name)) for name in listing.split(b"\0") if name]
    return [path for path in paths if (ROOT / path).is_symlink() or (ROOT / path).is_file()]


def present_files(mirror: Path) -> set[Path]:
    found = set()
    for folder, names, files in os.walk(mirror):
        here = Path(folder).relative_to(mirror)
        names[:] = [name for name in names if here / name not in KEPT and not (Path(folder) / name).is_symlink()]
        links = [name for name in os.listdir(folder) if (Path(folder) / name).is_symlink()]
        found.update(here / name for name in {*files, *links})
    return found


def copy(source: Path, target: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    if source.is_symlink():
        if not (target.is_symlink() and os.readlink(target) == os.readlink(source)):
            target.unlink(missing_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(os.readlink(source))
        return
    if target.is_symlink():
        target.unlink()
    same = target.is_file() and filecmp.cmp(source, target, shallow=False)
    if not same or source.stat().st_mode != target.stat().st_mode:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def remove_empty_folders(mirror: Path) -> None:
    for folder, _names, _files in os.walk(mirror, topdown=False):
        here = Path(folder).relative_to(mirror)
        if any(here.is_relative_to(kept) for kept in KEPT):
            continue
        if here != Path() and not os.listdir(folder):
            Path(folder).rmdir()


if __name__ == "__main__":
    sys.exit(main())
