"""Whether what somebody saw is still what there is; if not, which of the two is so is said truly."""

from typing import Any

from accounts.models import Membership
from assessments.errors import Clash


def require_seen(
    what: str, seen: int | None, now: int, *, moved: str = "", current: Any = None, attempted: Any = None
) -> None:
    """Raises Clash where the version that was seen is not the one that there is: moved on since, or one that never was.

    what   such as "this condition"
    seen   None: nobody asks
    moved  what is said of one that moved on, where it is more than that
    """
    if seen is None or seen == now:
        return
    words = moved or f"Somebody changed {what} meanwhile."
    if seen > now:
        words = f"There is no version {seen} of {what}: it is at version {now}. Read it as it is now, then go on."
    raise Clash(words, current=current, attempted=attempted, version=now, never_was=seen > now)


def shown_person(owner: Any) -> dict[str, str] | None:
    """A person in what a clash says; of an id that was given, the id alone."""
    if isinstance(owner, Membership):
        return {"id": str(owner.uuid), "name": owner.name}
    return {"id": str(owner)} if owner else None
