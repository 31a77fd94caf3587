"""Whether different people can complete a route: a matching of people to the signatures that its steps want."""

from collections.abc import Sequence
from dataclasses import dataclass

from assessments.services.matching import matched


@dataclass(frozen=True)
class Demand:
    """What a step wants: for each signature the keys of the people of whom one gives it.

    single  a person gives one of these, in this step or in another
    shared  functions of a functional step: one person may sign for several of them, and give one of `single` too
    apart   False: whoever signs it may sign other steps too, as the route says
    """

    single: tuple[frozenset[int], ...]
    shared: tuple[frozenset[int], ...] = ()
    apart: bool = True

    @property
    def people(self) -> frozenset[int]:
        return frozenset().union(*self.single, *self.shared)


def completable(demands: Sequence[Demand]) -> bool:
    """Whether every step gets all its signatures while nobody signs two steps, nor gives two of `single`."""
    joint = [one for one in demands if one.apart]
    return all(_Search([one]).succeeds() for one in demands if not one.apart) and _Search(joint).succeeds()


def most_signatures(slots: Sequence[frozenset[int]]) -> int:
    """How many of the slots can be filled by different people at once: the size of a maximum matching."""
    return len(matched(list(slots)))


class _Search:
    """Who signs the shared slots is tried out, the rest is matched: that one person covers several makes it a set cover,
    which no matching solves; people who are named alike are tried once."""

    def __init__(self, demands: Sequence[Demand]):
        self.single = [(step, slot) for step, demand in enumerate(demands) for slot in demand.single]
        named_in: dict[int, set[int]] = {}
        for step, demand in enumerate(demands):
            for person in demand.people:
                named_in.setdefault(person, set()).add(step)
        shared = [(step, slot) for step, demand in enumerate(demands) for slot in demand.shared]
        # Whoever is named in one step alone costs no other step anything.
        self.shared = [(step, slot) for step, slot in shared if not any(len(named_in[one]) == 1 for one in slot)]
        every = [slot for _, slot in self.single + shared]
        self.likeness = {one: frozenset(at for at, slot in enumerate(every) if one in slot) for one in named_in}
        self.failed: set[frozenset] = set()

    def succeeds(self) -> bool:
        return self._try(self.shared, {})

    def _try(self, left: list[tuple[int, frozenset[int]]], signs: dict[int, int]) -> bool:
        """signs  {person: step} of those who sign shared slots so far"""
        free = [[one for one in slot if signs.get(one, step) == step] for step, slot in self.single]
        if len(matched(free)) < len(free):
            return False
        if not left:
            return True
        alike: dict[tuple, int] = {}
        for person, step in signs.items():
            alike[self.likeness[person], step] = alike.get((self.likeness[person], step), 0) + 1
        tried_before = frozenset(alike.items())
        if tried_before in self.failed:
            return False
        step, slot = min(left, key=lambda one: len(one[1]))
        candidates = {self.likeness[one]: one for one in sorted(slot) if signs.get(one, step) == step}
        for person in candidates.values():
            rest = [one for one in left if one[0] != step or person not in one[1]]
            if self._try(rest, signs | {person: step}):
                return True
        self.failed.add(tried_before)
        return False
