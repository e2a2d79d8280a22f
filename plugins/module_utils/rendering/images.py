# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Image references, cut as container runtimes cut them."""

from __future__ import annotations

from ..model.override import ImageChange


def change_image(reference: str, change: ImageChange) -> str:
    """``reference`` with some parts replaced. A new tag drops the digest, which would win over it."""
    rest, _at, digest = reference.partition("@")
    head, slash, tail = rest.partition("/")
    registry = ""
    if slash and ("." in head or ":" in head or head == "localhost"):
        registry, rest = head, tail
    repository, _colon, tag = rest.partition(":")
    if change.registry is not None:
        registry = change.registry.rstrip("/")
    if change.repository is not None:
        repository = change.repository
    if change.tag is not None:
        tag, digest = change.tag, ""
    return (
        (f"{registry}/" if registry else "")
        + repository
        + (f":{tag}" if tag else "")
        + (f"@{digest}" if digest else "")
    )
