# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every test needs: the collection under the name that Ansible gives it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# pyproject.toml puts .build/link on the path; here it comes to be, so that plain `pytest` works too.
subprocess.run([sys.executable, str(ROOT / "tools" / "mirror.py"), "link"], check=True, stdout=subprocess.DEVNULL)
# For the ansible-playbook runs of the tests.
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(ROOT / ".build" / "link")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout."""
    return ROOT
