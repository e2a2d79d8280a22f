# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let ansible-test set up its virtual environments where its download of pip's bootstrap script is unreachable.

ansible-test fetches that script from a host of its own, which many networks do not let through although a package
index or its mirror is reachable, and uses a file it finds in its cache instead. This puts a file there that does the
same from what Python itself carries (ensurepip). An existing file is left alone.

Run it with the Python that holds ansible-test. Prints the path of each file it wrote, so that the caller can remove
it afterwards: other projects on this machine may well prefer the real script.
"""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path

STANDIN = '''\
"""A stand-in for pip's bootstrap script: the pip that Python carries fetches the pip that is asked for."""

import subprocess
import sys

# In a process of its own: inside this one ensurepip would switch pip's configuration off, and with it any mirror.
subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install"] + arguments))
'''


def main() -> int:
    target = cache_file()
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(STANDIN, encoding="utf-8")
        print(target)
    return 0


def cache_file() -> Path:
    """Where this ansible-test looks, read from its own code: the name changes with the version of pip it wants."""
    spec = find_spec("ansible_test")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("ansible-test is not installed for this Python: run make venv")
    home = Path(spec.submodule_search_locations[0])
    script = (home / "_util" / "target" / "setup" / "requirements.py").read_text(encoding="utf-8")
    pattern = re.search(r"expanduser\('([^']*get_pip_%s\.py)'", script)
    if not pattern:
        raise SystemExit(f"cannot tell where the ansible-test in {home} keeps pip's bootstrap script")
    return Path(pattern.group(1) % pip_version().replace(".", "_")).expanduser()


def pip_version() -> str:
    from types import SimpleNamespace

    from ansible_test._internal.python_requirements import get_venv_packages

    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    version: str = get_venv_packages(SimpleNamespace(version=here))["pip"]
    return version


if __name__ == "__main__":
    sys.exit(main())
