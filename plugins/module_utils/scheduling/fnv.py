# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hash of Fowler, Noll and Vo with 32 bits. Some schedulers break ties by it, so that not every workload favours the same member."""

from __future__ import annotations

_OFFSET = 0x811C9DC5
_PRIME = 0x01000193
_MASK = 0xFFFFFFFF


def fnv1(text: str) -> int:
    """FNV-1: multiply, then mix the byte in."""
    value = _OFFSET
    for byte in text.encode():
        value = (value * _PRIME & _MASK) ^ byte
    return value


def fnv1a(text: str) -> int:
    """FNV-1a: mix the byte in, then multiply."""
    value = _OFFSET
    for byte in text.encode():
        value = (value ^ byte) * _PRIME & _MASK
    return value
