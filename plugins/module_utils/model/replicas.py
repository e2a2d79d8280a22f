# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the replicas of a resource's workloads are divided over its members, as the user asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .cluster import as_weight
from .errors import ConfigError
from .override import ALL_OBJECTS, Target, parse_target
from .placement import EVERYWHERE, Where, parse_where
from .reading import as_count, as_flag, as_list, as_mapping, as_text, given, only_keys, optional_text

#: how replicas are divided
DUPLICATED, WEIGHTED, AVAILABLE, AGGREGATED = "duplicated", "weighted", "available", "aggregated"
STRATEGIES = (DUPLICATED, WEIGHTED, AVAILABLE, AGGREGATED)

#: whose rules are followed
WEBSTER, KUBEFED, KUBEADMIRAL = "webster", "kubefed", "kubeadmiral"
KARMADA, KARMADA_LEGACY = "karmada", "karmada_legacy"
ALGORITHMS = (WEBSTER, KUBEFED, KUBEADMIRAL, KARMADA, KARMADA_LEGACY)

#: when replicas that run are moved to where the rule alone would put them
NEVER, ON_CHANGE, ALWAYS = "never", "on_change", "always"
REBALANCES = (NEVER, ON_CHANGE, ALWAYS)

_KEYS = (
    "total",
    "divide",
    "algorithm",
    "rebalance",
    "min",
    "max",
    "weights",
    "members",
    "capacity",
    "target",
    "paths",
    "uid",
)


@dataclass(frozen=True)
class MemberBounds:
    """What is said of one member; None where nothing is."""

    minimum: int | None = None
    maximum: int | None = None
    weight: int | None = None


@dataclass(frozen=True)
class WorkloadPath:
    """Where a kind that Kubernetes does not know keeps its number of replicas, and its pod template (() if it has none)."""

    kind: str
    path: tuple[str, ...]
    template: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReplicaPolicy:
    """How replicas are divided.

    ``total`` None is what each manifest says; ``minimum`` and ``maximum`` hold for every member of which ``members`` says nothing
    else; ``weights`` are rules, of which the last one that matches counts; ``capacity`` says whether free capacity bounds what a
    member gets; ``target`` are the objects that are divided; ``uid`` breaks ties in the mode `KARMADA`.
    """

    total: int | None = None
    divide: str = WEIGHTED
    algorithm: str = WEBSTER
    rebalance: str = ON_CHANGE
    minimum: int = 0
    maximum: int | None = None
    weights: tuple[tuple[Where, int], ...] = ()
    members: Mapping[str, MemberBounds] = field(default_factory=dict)
    capacity: bool = False
    target: Target = ALL_OBJECTS
    paths: tuple[WorkloadPath, ...] = ()
    uid: str = ""

    def names(self) -> set[str]:
        """Every member named in it, to find names that do not exist."""
        return set(self.members).union(*(where.names() for where, _weight in self.weights))


def parse_replicas(raw: Any, where: str) -> ReplicaPolicy | None:
    """Read the option ``replicas``; None when it is not given."""
    if raw is None:
        return None
    spec = as_mapping(raw, where)
    only_keys(spec, _KEYS, where)
    spec = {key: value for key, value in spec.items() if value is not None}

    def choice(key: str, allowed: tuple[str, ...], default: str) -> str:
        found = spec.get(key, default)
        if found not in allowed:
            raise ConfigError(f"{where}.{key} {found!r} is not one of {', '.join(allowed)}")
        return str(found)

    def number(key: str) -> int | None:
        return as_count(spec[key], f"{where}.{key}") if key in spec else None

    divide = choice("divide", STRATEGIES, WEIGHTED)
    by_capacity = divide in (AVAILABLE, AGGREGATED)
    minimum, maximum = number("min") or 0, number("max")
    _check_bounds(minimum, maximum, where)
    members = as_mapping(given(spec.get("members"), {}), f"{where}.members")
    policy = ReplicaPolicy(
        total=number("total"),
        divide=divide,
        algorithm=choice("algorithm", ALGORITHMS, WEBSTER),
        rebalance=choice("rebalance", REBALANCES, ON_CHANGE),
        minimum=minimum,
        maximum=maximum,
        weights=tuple(
            _parse_weight(item, f"{where}.weights[{i}]")
            for i, item in enumerate(as_list(given(spec.get("weights"), []), f"{where}.weights"))
        ),
        members={name: _parse_member(body, f"{where}.members.{name}") for name, body in members.items()},
        capacity=as_flag(spec.get("capacity", by_capacity), f"{where}.capacity"),
        target=parse_target(given(spec.get("target"), {}), f"{where}.target"),
        paths=tuple(
            _parse_path(item, f"{where}.paths[{i}]")
            for i, item in enumerate(as_list(given(spec.get("paths"), []), f"{where}.paths"))
        ),
        uid=optional_text(spec, "uid", where),
    )
    if by_capacity and not policy.capacity:
        raise ConfigError(f"{where}: divide: {divide} goes by free capacity, so capacity cannot be false")
    for name, bounds in policy.members.items():
        least = minimum if bounds.minimum is None else bounds.minimum
        _check_bounds(least, maximum if bounds.maximum is None else bounds.maximum, f"{where}.members.{name}")
    return policy


def _check_bounds(minimum: int, maximum: int | None, where: str) -> None:
    if maximum is not None and minimum > maximum:
        raise ConfigError(f"{where}: min {minimum} is more than max {maximum}")


def _parse_weight(raw: Any, where: str) -> tuple[Where, int]:
    spec = as_mapping(raw, where)
    only_keys(spec, ("where", "weight"), where)
    if spec.get("weight") is None:
        raise ConfigError(f"{where} has no weight")
    condition = parse_where(spec["where"], f"{where}.where") if spec.get("where") is not None else EVERYWHERE
    return condition, as_weight(spec["weight"], f"{where}.weight")


def _parse_member(raw: Any, where: str) -> MemberBounds:
    spec = as_mapping(given(raw, {}), where)
    only_keys(spec, ("min", "max", "weight"), where)

    def number(key: str) -> int | None:
        return as_count(spec[key], f"{where}.{key}") if spec.get(key) is not None else None

    weight = None if spec.get("weight") is None else as_weight(spec["weight"], f"{where}.weight")
    return MemberBounds(number("min"), number("max"), weight)


def _parse_path(raw: Any, where: str) -> WorkloadPath:
    spec = as_mapping(raw, where)
    only_keys(spec, ("kind", "path", "template"), where)

    def pointer(key: str) -> tuple[str, ...]:
        text = as_text(spec[key], f"{where}.{key}")
        parts = tuple(part.replace("~1", "/").replace("~0", "~") for part in text.strip("/").split("/"))
        if not text.startswith("/") or not all(parts):
            raise ConfigError(f"{where}.{key} {text!r} is not a JSON pointer such as /spec/replicas")
        return parts

    if spec.get("kind") is None or spec.get("path") is None:
        raise ConfigError(f"{where} needs a kind and a path, such as kind: RedisCluster, path: /spec/size")
    return WorkloadPath(
        as_text(spec["kind"], f"{where}.kind"),
        pointer("path"),
        pointer("template") if spec.get("template") is not None else (),
    )
