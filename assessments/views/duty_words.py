"""The duties that a route excepts, in words (docs/decisions/0007)."""

from collections.abc import Iterable

from assessments.models import duties

DID = {
    duties.RATED: "rated or recorded an agreed value",
    duties.SUBMITTED: "submitted",
    duties.SIGNED: "signed another step",
}


def despite_words(despite: Iterable[str]) -> str:
    """Whom a step keeps not from signing it: "whoever rated or submitted"; empty without an exception."""
    did = [DID[duty] for duty in despite]
    return f"whoever {' or '.join(did)}" if did else ""
