"""What somebody's leaving leaves behind: whoever keeps such things answers, and the person's page asks before a deactivation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.dispatch import Signal

from accounts.models import Membership

# A receiver answers with a list of LeftBehind: membership, reader (who is shown it: nothing that they may not see).
asked = Signal()


@dataclass(frozen=True)
class Thing:
    words: str
    url: str


@dataclass(frozen=True)
class LeftBehind:
    """Things of one kind.

    one, many  what they are, in words, of one of them and of several
    then       what becomes of them
    things     the first of them; count: how many there are
    """

    one: str
    many: str
    then: str
    things: Sequence[Thing]
    count: int

    @property
    def words(self) -> str:
        return f"{self.count} {self.one if self.count == 1 else self.many}"

    @property
    def more(self) -> int:
        return self.count - len(self.things)


def left_behind_by(membership: Membership, reader: Membership) -> list[LeftBehind]:
    """What the person would leave behind now, as far as the reader may see it."""
    answers: Any = asked.send(None, membership=membership, reader=reader)
    return [one for _, found in answers for one in found if one.count]
