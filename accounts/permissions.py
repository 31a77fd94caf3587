"""The mechanism of rights: a verdict with its reason, and the refusal that carries it."""

import datetime
import math
from dataclasses import dataclass


class NotAllowed(Exception):
    """The person may not do this. The text is a sentence that a page can show."""


class TooMany(NotAllowed):
    """The person did this too often: not now. Answered with 429.

    left  how long until it may be tried again
    """

    def __init__(self, message: str, left: datetime.timedelta):
        super().__init__(message)
        self.retry_after = max(1, math.ceil(left.total_seconds()))  # seconds


@dataclass(frozen=True)
class Verdict:
    """The answer to "may this person?". An empty reason means yes."""

    reason: str = ""

    def __bool__(self) -> bool:
        return not self.reason

    def require(self) -> None:
        """Raises NotAllowed with the reason unless the answer is yes."""
        if self.reason:
            raise NotAllowed(self.reason)


ALLOWED = Verdict()


def has_role(member, *roles: str) -> bool:
    """Whether the membership is active and holds at least one of the roles."""
    return bool(member and member.is_active and member.roles & set(roles))


def can_manage_people(member) -> Verdict:
    return ALLOWED if has_role(member, "admin") else Verdict("Only an admin manages people and roles.")


def can_manage_mail(member) -> Verdict:
    """Hold, release and retry what leaves the organization."""
    return ALLOWED if has_role(member, "admin") else Verdict("Only an admin holds, releases or retries outgoing mail.")


def can_read_audit(member) -> Verdict:
    if has_role(member, "admin", "auditor", "approver"):
        return ALLOWED
    return Verdict("The audit trail is for admins, approvers and auditors.")
