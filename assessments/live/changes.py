"""Announcing that an object moved, as part of the transaction that moved it."""

import json

from django.db import connection

from assessments.models import Program, Review

CHANNEL = "makewhere_changes"


def subject_name(subject: Program | Review) -> str:
    """How events and pages name an object: "review:UUID" or "program:UUID"."""
    return f"{'review' if isinstance(subject, Review) else 'program'}:{subject.uuid}"


def announce(subject: Program | Review, revision: int) -> None:
    """Tell every live process that something of the subject moved, once the current transaction commits.

    revision  the count of inputs that what moved belongs to
    The database carries it (NOTIFY): a change that is rolled back is never announced, and nobody waits for a broker.
    """
    with connection.cursor() as cursor:
        payload = json.dumps({"subject": subject_name(subject), "revision": revision})
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
