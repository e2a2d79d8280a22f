# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets with values that are made at random when the object is, and never again: they live on the member and nowhere else.

A field manager of its own holds them, so that what we apply later neither knows them nor takes them away.
"""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Collection, Mapping
from typing import Any

from ..fleet.api import CREATE_ONLY
from ..model.generated import wanted_values
from .hand import Hand, with_metadata
from .plan import Step

_LETTERS = string.ascii_letters + string.digits


def create_with_values(hand: Hand, step: Step) -> None:
    """Make a Secret together with its values. Values come first: a run that is killed in between leaves a Secret that is complete."""
    data = {**(step.manifest.get("data") or {}), **_values(hand, step, wanted_values(step.manifest))}
    body = with_metadata(step.manifest, resourceVersion=CREATE_ONLY)
    made = hand.apply(step, {**body, "data": data}, force=False, manager=_manager(hand))
    if hand.dry_run:
        return
    uid = str(made.metadata.get("uid"))
    hand.apply(step, with_metadata(step.manifest, uid=uid), force=True)
    _hold(hand, step, uid, {key: data[key] for key in wanted_values(step.manifest)}, _manager(hand))


def add_values(hand: Hand, step: Step, seen: Mapping[str, Any]) -> None:
    """Make the values that a Secret does not have yet, and leave those alone that it has."""
    lacking = {key: wish for key, wish in wanted_values(step.manifest).items() if key not in _keys(seen)}
    for key, value in _values(hand, step, lacking).items():
        _hold(hand, step, str(seen.get("uid")), {key: value}, f"{_manager(hand)}/{key}")


def _manager(hand: Hand) -> str:
    return f"{hand.manager}/generated"


def _values(hand: Hand, step: Step, wishes: Mapping[str, int | str]) -> dict[str, str]:
    """The values that are wanted, in base64: those that the object has elsewhere already, else new ones."""
    known = hand.seeds.get(step.name, {})
    made = {key: wish if isinstance(wish, str) else _random(wish) for key, wish in wishes.items() if key not in known}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in made.items()}
    return {**encoded, **{key: known[key] for key in wishes if key in known}}


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _letter in range(length))


def _hold(hand: Hand, step: Step, uid: str, data: Mapping[str, str], manager: str) -> None:
    metadata = {"name": step.name.name, "namespace": step.name.namespace, "uid": uid}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": dict(data)}
    hand.apply(step, body, force=True, manager=manager)


def _keys(seen: Mapping[str, Any]) -> Collection[str]:
    """The keys that a Secret has, as its managedFields tell: no value is read."""
    held = [(entry.get("fieldsV1") or {}).get("f:data") or {} for entry in seen.get("managedFields") or []]
    return {key[2:] for fields in held for key in fields if key.startswith("f:")}
