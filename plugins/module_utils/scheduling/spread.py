# Copyright: (c) 2026, multicluster.federation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which of the eligible members get a resource, so that it is spread over regions, zones, providers, labels and members as asked.

Members that no rule can tell apart make a cell, and cells are what is searched. What is placed now stays if it keeps the rules and
has the room; others may only come besides. Else the groups are chosen first, coarsest rule first, then members in them.

Every choice is looked at while there are few: up to `_CHOICES` sets of groups for a rule (all of 12 groups) and `_WORK` steps in all.
Beyond that only sets of the preferred groups, some of them given up for those with more room.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heapify, heappop, heappush, nlargest
from itertools import chain, combinations
from math import comb

from ..model.cluster import Cluster
from ..model.spread import LABEL, MEMBER, PROVIDER, REGION, ZONE, SpreadRule

_COARSEST_FIRST = (PROVIDER, REGION, LABEL, ZONE)
_UNLIMITED = 1 << 40
_WORK = 20_000
_CHOICES = 1_000
_EVERY_SET = 10
_NAMED = 5

_Groups = tuple[tuple[str, ...], ...]
_Key = tuple[bool, int, bool, str]


@dataclass(frozen=True)
class Chosen:
    """``members`` sorted by name. ``error`` says why there are none, ``note`` that they have too little room."""

    members: tuple[str, ...] = ()
    error: str = ""
    note: str = ""
    question: _Question | None = field(default=None, repr=False, compare=False)

    @cached_property
    def reasons(self) -> Mapping[str, str]:
        """Why the others were left out, by member; written when somebody asks."""
        return {} if self.question is None else self.question.reasons(self.members, self.error)


@dataclass
class _Cell:
    """Members that are in the same groups, by every rule but the one by member."""

    groups: _Groups
    members: list[str]


class _Tally:
    """A choice: its members, and how many of them are in each group, rule by rule."""

    def __init__(self, rules: Sequence[SpreadRule]) -> None:
        self.names: set[str] = set()
        self.counts: list[dict[str, int]] = [{} for _rule in rules]

    def add(self, groups: _Groups, names: Collection[str]) -> None:
        self.names.update(names)
        for counts, mine in zip(self.counts, groups, strict=True):
            for group in mine:
                counts[group] = counts.get(group, 0) + len(names)


def _skew(counts: Mapping[str, int]) -> int:
    return max(counts.values()) - min(counts.values()) if counts else 0


class _Question:
    """What is asked, with the members sorted into cells. ``work`` are the steps that a search may still take."""

    def __init__(
        self,
        rules: Sequence[SpreadRule],
        clusters: Sequence[Cluster],
        needed: int | None,
        rooms: Mapping[str, int | None],
        placed: Collection[str],
    ) -> None:
        grouping = [rule for rule in rules if rule.by != MEMBER]
        self.rules = sorted(grouping, key=lambda rule: (_COARSEST_FIRST.index(rule.by), rule.key))
        members = next((rule for rule in rules if rule.by == MEMBER), SpreadRule(MEMBER, minimum=0))
        self.every = [*self.rules, members]
        self.least, self.most = members.minimum, members.maximum
        self.needed = needed
        #: by rule, how much fuller a group may be than another, counted in members
        self.skews = [rule.max_skew if needed is None else None for rule in self.rules]
        self.bounded = self.most is not None or any(self.skews)
        self.rooms, self.placed = rooms, frozenset(placed)
        self.missing: dict[str, SpreadRule] = {}
        self.cells: list[_Cell] = self._sort(clusters)
        self.work, self.exact = 0, True

    def _sort(self, clusters: Sequence[Cluster]) -> list[_Cell]:
        """The cells, ordered by their groups. Alike members are found by their plain facts: there may be very many."""
        alike: dict[tuple[object, ...], list[Cluster]] = {}
        facts = [_fact(rule) for rule in self.rules]
        for cluster in clusters:
            alike.setdefault(tuple([fact(cluster) for fact in facts]), []).append(cluster)
        cells: dict[_Groups, list[str]] = {}
        for some in alike.values():
            groups = tuple(rule.groups(some[0]) for rule in self.rules)
            names = [cluster.name for cluster in some]
            if () in groups:
                self.missing.update(dict.fromkeys(names, self.rules[groups.index(())]))
            else:
                cells.setdefault(groups, []).extend(names)
        return [_Cell(groups, names) for groups, names in sorted(cells.items())]

    # What a choice is worth

    def room(self, names: Collection[str]) -> int:
        rooms = map(self.rooms.get, names)
        return sum([_UNLIMITED if room is None else max(0, room) for room in rooms])

    def holds(self, tally: _Tally) -> bool:
        return self.needed is None or self.room(tally.names) >= self.needed

    def ranked(self, first: Collection[str]) -> Callable[[str], _Key]:
        """Sorts members, the preferred in front: those of ``first``, then those with more room."""

        rooms, placed = self.rooms, self.placed

        def key(name: str) -> _Key:
            room = rooms.get(name)
            return name not in first, -_UNLIMITED if room is None else min(0, -room), name not in placed, name

        return key

    def most_room(self, cells: Sequence[_Cell]) -> int:
        """What no choice out of these cells exceeds."""
        names = list(chain.from_iterable(cell.members for cell in cells))
        self.work -= len(names) // 64
        if self.most is None or len(names) <= self.most:
            return self.room(names)
        return sum(nlargest(self.most, [self.room((name,)) for name in names]))

    # What the rules allow

    def widest(self, index: int) -> int:
        """In how many groups of one rule a single member can be."""
        return max((len(cell.groups[index]) for cell in self.cells), default=0)

    def obstacle(self, tally: _Tally, groups: _Groups) -> int | None:
        """The place in ``every`` of a rule that keeps one more member out; None when it may come."""
        for index, (rule, counts, mine) in enumerate(zip(self.rules, tally.counts, groups, strict=True)):
            new = [group for group in mine if group not in counts]
            if new and rule.maximum is not None and len(counts) + len(new) > rule.maximum:
                return index
            limit = self.skews[index]
            if limit is not None:
                after = {**counts, **{group: counts.get(group, 0) + 1 for group in mine}}
                if _skew(after) > max(limit, _skew(counts)):
                    return index
        return len(self.rules) if self.most is not None and len(tally.names) >= self.most else None

    def keeps(self, tally: _Tally) -> bool:
        """Whether a choice keeps all rules."""
        if not self.least <= len(tally.names) <= (_UNLIMITED if self.most is None else self.most):
            return False
        for rule, counts, limit in zip(self.rules, tally.counts, self.skews, strict=True):
            if len(counts) < rule.minimum or (rule.maximum is not None and len(counts) > rule.maximum):
                return False
            if limit is not None and _skew(counts) > limit:
                return False
        return True

    def too_few(self) -> str:
        """What is wrong where a single rule needs more groups than the members are in; "" where that is not so."""
        for index, rule in enumerate(self.rules):
            found = sorted({group for cell in self.cells for group in cell.groups[index]})
            if len(found) < rule.minimum:
                where = f"{len(found)}: {_some(found)}" if found else "none"
                verb = "have" if rule.by == LABEL else "are in"
                return f"spread by {rule} needs {_many(rule)}, the eligible members {verb} {where}"
            if self.most is not None and rule.minimum > self.most * self.widest(index):
                return f"spread by {rule} needs {_many(rule)}, {_many(self.every[-1], self.most)} at most cannot be in so many"
        eligible = sum(len(cell.members) for cell in self.cells)
        if eligible < self.least:
            return f"spread by member needs {_many(self.every[-1])}, {eligible or 'none'} can be chosen"
        return ""

    # The search

    def standing(self) -> _Tally | None:
        """What is placed now, if it keeps the rules."""
        tally = _Tally(self.rules)
        for cell in self.cells:
            names = self.placed.intersection(cell.members)
            if names:
                tally.add(cell.groups, names)
        return tally if tally.names and self.keeps(tally) else None

    def complete(self, tally: _Tally) -> bool:
        """Whether no other member may come besides."""
        left = (cell for cell in self.cells if not tally.names.issuperset(cell.members))
        return all(self.obstacle(tally, cell.groups) is not None for cell in left)

    def preferred(self) -> _Tally | None:
        """The best choice that has the room: groups and members in order of preference, placed ones first."""
        self.work = _WORK
        for cells in self._choices(0, self.cells, by_room=False):
            if self.needed is not None and self.most_room(cells) < self.needed:
                continue
            tally = next(self._choices_within(cells, self.placed), None)
            if tally is not None and not self.holds(tally):
                tally = self._fewer_placed(cells)
            if tally is not None:
                return tally
        return None

    def _fewer_placed(self, cells: Sequence[_Cell]) -> _Tally | None:
        """A choice that has the room and gives up placed members for it, those with the least room first, as few as it can."""
        here = self.placed.intersection(chain.from_iterable(cell.members for cell in cells))
        placed = sorted(here, key=self.ranked(()))
        found, low, high = None, 0, len(placed)
        while low < high:
            middle = (low + high) // 2
            tally = next(self._choices_within(cells, frozenset(placed[:middle])), None)
            if tally is not None and self.holds(tally):
                found, low = tally, middle + 1
            else:
                high = middle
        return found

    def roomiest(self) -> _Tally | None:
        """The choice with the most room, or the first that has enough."""
        self.work, self.exact = _WORK, True
        best, most = None, -1
        for cells in self._choices(0, self.cells, by_room=True):
            bound = self.most_room(cells)
            for tally in self._choices_within(cells, ()) if bound > most else ():
                room = self.room(tally.names)
                if room > most:
                    best, most = tally, room
                if most >= bound:
                    break
            if self.needed is not None and most >= self.needed:
                break
        return best

    def every_set(self) -> _Tally | None:
        """The best of all sets of members, where they are few: skews of several rules may leave no simpler way."""
        names = sorted(chain.from_iterable(cell.members for cell in self.cells), key=self.ranked(self.placed))
        skewed = any(self.skews)
        if not skewed or len(names) > _EVERY_SET:
            self.exact = self.exact and not skewed
            return None
        self.exact = True
        groups = {name: cell.groups for cell in self.cells for name in cell.members}
        for mask in range((1 << len(names)) - 1, 0, -1):  # the highest bit is the best member
            tally = _Tally(self.rules)
            for position, name in enumerate(reversed(names)):
                if mask >> position & 1:
                    tally.add(groups[name], (name,))
            if self.keeps(tally):
                return tally
        return None

    def extended(self, tally: _Tally) -> _Tally:
        """With every member that may come besides."""
        self._fill(tally, self.cells, self.placed)
        return tally

    def _spent(self, steps: int) -> bool:
        """Count steps of the search; whether it must end."""
        self.work -= steps
        if self.work < 0:
            self.exact = False
        return self.work < 0

    def _choices(self, index: int, cells: list[_Cell], by_room: bool) -> Iterator[list[_Cell]]:
        """The cells that are left by a choice of groups for each rule from ``index`` on, preferred groups first."""
        if index == len(self.rules):
            yield cells
            return
        for chosen in self._sets(index, cells, by_room):
            left = cells if chosen is None else [cell for cell in cells if chosen.issuperset(cell.groups[index])]
            if self._spent(1 + len(cells) // 16):
                return
            if left:
                yield from self._choices(index + 1, left, by_room)

    def _sets(self, index: int, cells: Sequence[_Cell], by_room: bool) -> Iterator[frozenset[str] | None]:
        """Sets of groups for one rule, None for all: as many as may be, fewer only where a skew may ask for that."""
        rule, skewed = self.rules[index], self.skews[index] is not None
        count = len({group for cell in cells for group in cell.groups[index]})
        if count < rule.minimum:
            return
        largest = count if rule.maximum is None else min(count, rule.maximum)
        if not skewed and largest == count:
            yield None
            return
        ranks = self._group_ranks(index, cells)
        roomy = sorted(ranks, key=lambda group: (ranks[group][1], ranks[group][0], group))
        groups = roomy if by_room else sorted(ranks, key=lambda group: (*ranks[group], group))
        if skewed and self.most is not None:
            largest = min(largest, self.most * self.widest(index))
        for size in range(largest, max(1, rule.minimum) - 1 if skewed else largest - 1, -1):
            if comb(count, size) <= _CHOICES:
                yield from map(frozenset, combinations(groups, size))
                continue
            self.exact = False
            for kept in range(size, -1, -1):
                more = [group for group in roomy if group not in groups[:kept]]
                yield frozenset(groups[:kept] + more[: size - kept])

    def _group_ranks(self, index: int, cells: Sequence[_Cell]) -> dict[str, tuple[int, int]]:
        """By group, what it is ranked by: members that are placed in it, and its room, both as negative numbers."""
        ranks: dict[str, tuple[int, int]] = {}
        for cell in cells:
            placed, room = len(self.placed.intersection(cell.members)), self.room(cell.members)
            for group in cell.groups[index]:
                have = ranks.get(group, (0, 0))
                ranks[group] = (have[0] - placed, have[1] - room)
        return ranks

    def _choices_within(self, cells: Sequence[_Cell], first: Collection[str]) -> Iterator[_Tally]:
        """Choices out of these cells that keep all rules: different members for the groups that are needed, then the best."""
        if not self.bounded:
            seeds: Iterator[list[_Cell]] = iter([[]])
        else:
            key = self.ranked(first)
            cells = [_Cell(cell.groups, sorted(cell.members, key=key)) for cell in cells]
            cells.sort(key=lambda cell: key(cell.members[0]))
            seeds = self._seeds(cells)
        for seed in seeds:
            tally = _Tally(self.rules)
            for cell in seed:
                tally.add(cell.groups, cell.members[:1])
            self._fill(tally, cells, first)
            if self.keeps(tally):
                yield tally
            if self._spent(1 + sum(len(cell.members) for cell in cells) // 16):
                return

    def _seeds(self, cells: Sequence[_Cell]) -> Iterator[list[_Cell]]:
        """Sets of cells of which one member each is enough for the least that every rule asks, preferred cells first.

        Where a skew counts, all groups are needed: a group that comes late would never catch up.
        """
        slots = len(cells) if self.most is None else self.most
        demands = []
        for index, rule in enumerate(self.rules):
            found = {group for cell in cells for group in cell.groups[index]}
            demands.append(rule.minimum if self.skews[index] is None else len(found))
            if demands[-1] > slots * self.widest(index):
                return
        taken: list[_Cell] = []
        frames = [self._useful(cells, taken, demands, set())]
        while frames:
            candidates, barred = frames[-1]
            if candidates is None:
                yield list(taken)
                candidates = []
            if not candidates or len(taken) >= slots or self._spent(1):
                frames.pop()
                if taken:
                    taken.pop()
                continue
            index = candidates.pop()
            frames.append(self._useful(cells, [*taken, cells[index]], demands, set(barred)))
            barred.add(index)  # the choices that follow do without it
            taken.append(cells[index])

    def _useful(
        self, cells: Sequence[_Cell], taken: Sequence[_Cell], demands: Sequence[int], barred: set[int]
    ) -> tuple[list[int] | None, set[int]]:
        """The cells that bring a new group to the first rule that still needs one, the best last; None when none does."""
        for index, demand in enumerate(demands):
            touched = {group for cell in taken for group in cell.groups[index]}
            if len(touched) < demand:
                useful = [i for i, c in enumerate(cells) if i not in barred and not touched.issuperset(c.groups[index])]
                return useful[::-1], barred
        return None, barred

    def _fill(self, tally: _Tally, cells: Sequence[_Cell], first: Collection[str]) -> None:
        """Add all members that may come, the preferred first."""
        key = self.ranked(first)
        if not self.bounded:
            left = [(cell, [name for name in cell.members if name not in tally.names]) for cell in cells]
            for cell, names in (
                sorted(left, key=lambda pair: min(map(key, pair[1]), default=())) if tally.names else left
            ):
                if names and self.obstacle(tally, cell.groups) is None:
                    tally.add(cell.groups, names)
            return
        queues = [sorted(set(cell.members) - tally.names, key=key, reverse=True) for cell in cells]
        heap = [(key(queue[-1]), number) for number, queue in enumerate(queues) if queue]
        heapify(heap)
        aside: list[tuple[_Key, int]] = []
        while heap and (self.most is None or len(tally.names) < self.most):
            head = heappop(heap)
            number = head[1]
            if self.obstacle(tally, cells[number].groups) is not None:
                aside.append(head)
                continue
            tally.add(cells[number].groups, (queues[number].pop(),))
            if queues[number]:
                heappush(heap, (key(queues[number][-1]), number))
            if any(self.skews):  # one that had to wait for others may come now
                while aside:
                    heappush(heap, aside.pop())

    # What is said about it

    def impossible(self) -> str:
        rules = " and ".join(
            f"by {rule}{_bounds(rule)}" for rule in self.every if rule != SpreadRule(MEMBER, minimum=0)
        )
        return f"no choice of members {'keeps' if self.exact else 'was found that keeps'} spread {rules}"

    def reasons(self, members: Sequence[str], error: str) -> Mapping[str, str]:
        found = {name: f"has no {rule}" for name, rule in self.missing.items()}
        chosen, tally = set(members), _Tally(self.rules)
        for cell in self.cells:
            names = chosen.intersection(cell.members)
            if names:
                tally.add(cell.groups, names)
        for cell in self.cells:
            left = set(cell.members) - chosen
            if left:
                found.update(
                    dict.fromkeys(left, "the rules of spread cannot be kept" if error else self._why(tally, cell))
                )
        return dict(sorted(found.items()))

    def _why(self, tally: _Tally, cell: _Cell) -> str:
        index = self.obstacle(tally, cell.groups)
        if index is None or index == len(self.rules):
            return f"{_many(self.every[-1], self.most)} at most, and others come first"
        rule, counts, mine = self.rules[index], tally.counts[index], cell.groups[index]
        new, here = [group for group in mine if group not in counts], f"{self.rules[index]} {','.join(mine)}"
        if new and rule.maximum is not None and len(counts) + len(new) > rule.maximum:
            return f"{here} is not among the chosen: {_some(sorted(counts))}"
        return f"{here} {'would be too far behind' if new else 'has its share'}: max_skew is {rule.max_skew}"


def _fact(rule: SpreadRule) -> Callable[[Cluster], object]:
    """What the groups of a member depend on, quick to get."""
    if rule.by == REGION:
        return lambda cluster: cluster.region
    if rule.by == ZONE:
        return lambda cluster: cluster.zones
    if rule.by == PROVIDER:
        return lambda cluster: cluster.provider
    return lambda cluster: cluster.labels.get(rule.key)


def _some(names: Sequence[str]) -> str:
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return ", ".join([*names[:_NAMED], *more])


def _many(rule: SpreadRule, number: int | None = None) -> str:
    """``2 regions``, by default the least number of them."""
    count = rule.minimum if number is None else number
    return f"{count} {'value' if rule.by == LABEL else rule.by}{'' if count == 1 else 's'}"


def _bounds(rule: SpreadRule) -> str:
    least = [f"at least {rule.minimum}"] if rule.minimum else []
    most = [] if rule.maximum is None else [f"at most {rule.maximum}"]
    skew = [] if rule.max_skew is None else [f"max_skew {rule.max_skew}"]
    return f" ({', '.join(least + most + skew)})" if least or most or skew else ""


def choose(
    rules: Sequence[SpreadRule],
    clusters: Sequence[Cluster],
    needed: int | None = None,
    rooms: Mapping[str, int | None] | None = None,
    placed: Collection[str] = (),
) -> Chosen:
    """Which of the eligible ``clusters`` get a resource; as many as the rules allow.

    ``needed`` is how many replicas they must hold together: give it, even 0, for what is divided among members, and None for what
    every member gets whole. ``rooms`` is how many replicas a member can hold, those of now included; one without a number holds any.
    ``placed`` are the members that have the resource now.
    """
    question = _Question(rules, clusters, needed, rooms or {}, placed)
    error = question.too_few()
    if error or not question.cells:
        return Chosen(error=error, question=question)
    standing = question.standing()
    stays = standing is not None and question.holds(standing)
    if standing is not None and stays and question.complete(standing):
        return _answer(question, standing)
    tally = question.preferred()
    if standing is not None and stays and (tally is None or not standing.names <= tally.names):
        tally = standing
    if tally is None and needed is not None:
        tally = question.roomiest()
        if tally is not None and standing is not None:
            standing = question.extended(standing)
            tally = max(standing, tally, key=lambda one: question.room(one.names))
    tally = question.every_set() if tally is None else question.extended(tally)
    if tally is None:
        return Chosen(error=question.impossible(), question=question)
    return _answer(question, tally)


def _answer(question: _Question, tally: _Tally) -> Chosen:
    note = ""
    if not question.holds(tally):
        note = f"the chosen members have room for {question.room(tally.names)} of {question.needed} replicas"
    return Chosen(tuple(sorted(tally.names)), note=note, question=question)
