"""Who of several fills which of several slots, so that as many as can be are filled."""

from collections.abc import Iterable, Sequence


def matched(slots: Sequence[Iterable[int]]) -> dict[int, int]:
    """A maximum matching {candidate: slot}, by augmenting paths (Kuhn 1955).

    slots  the candidates of each; earlier slots keep a candidate once they have one
    """
    taken: dict[int, int] = {}

    def place(slot: int, tried: set[int]) -> bool:
        for candidate in slots[slot]:
            if candidate not in tried:
                tried.add(candidate)
                if candidate not in taken or place(taken[candidate], tried):
                    taken[candidate] = slot
                    return True
        return False

    for slot in range(len(slots)):
        place(slot, set())
    return taken
