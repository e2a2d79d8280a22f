# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writing a file on the controller: all of it or nothing."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress


def put(path: str, text: str, mode: int) -> None:
    """Put ``text`` in the place of what is there; whoever reads meanwhile sees the one or the other. OSError when it cannot be."""
    handle, draft = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".draft-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(draft, mode)
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise
