# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values of Secrets that are made on the member, once: the annotation ``multicluster.federation/generate: password:24,user=app``.

``KEY`` and ``KEY:LENGTH`` stand for random text, ``KEY=TEXT`` for a text that goes with it and is no secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import names
from .errors import ConfigError

#: what is written where no length is given
LENGTH = 24
_LEAST, _MOST = 8, 256
_ITEM = re.compile(r"([-._a-zA-Z0-9]+)(?::([0-9]+)|=(.*))?")


def wanted_values(manifest: Mapping[str, Any]) -> dict[str, int | str]:
    """The keys that a manifest wants values for: the length of a random text, or the text; ConfigError when the annotation cannot be
    read."""
    text = (manifest["metadata"].get("annotations") or {}).get(names.ANNOTATION_GENERATE)
    if text is None:
        return {}
    what = f"{manifest['kind']} {manifest['metadata'].get('name')}"
    if manifest["kind"] != "Secret" or manifest["apiVersion"] != "v1":
        raise ConfigError(f"{what}: only values of a Secret can be generated ({names.ANNOTATION_GENERATE})")
    found: dict[str, int | str] = {}
    for item in str(text).split(","):
        match = _ITEM.fullmatch(item.strip())
        length = int(match.group(2) or LENGTH) if match else 0
        if match is None or not _LEAST <= length <= _MOST:
            raise ConfigError(
                f"{what}: {item.strip()!r} in the annotation {names.ANNOTATION_GENERATE} is neither KEY nor KEY:LENGTH nor KEY=TEXT",
                f"lengths are {_LEAST} to {_MOST}; several are separated by commas",
            )
        found[match.group(1)] = length if match.group(3) is None else match.group(3)
    given = set(manifest.get("data") or {}) | set(manifest.get("stringData") or {})
    if given & set(found):
        raise ConfigError(f"{what}: {min(given & set(found))} is to be generated, and has a value: remove one of both")
    return found
