"""Announcing that an object moved, as part of the transaction that moved it."""

import json

from django.db import connection

from assessments.models import Program, Review

CHANNEL = "makewhere_changes"
PORTFOLIO = "portfolio"  # whatever moves in an organization, without saying what
AT_ONCE = 300  # people in one announcement: a payload of PostgreSQL has less than 8,000 bytes
INBOX = "inbox"  # what somebody is told


def subject_name(subject: Program | Review) -> str:
    """How events and pages name an object: "review:UUID" or "program:UUID"."""
    return f"{'review' if isinstance(subject, Review) else 'program'}:{subject.uuid}"


def portfolio_name(organization_id: int) -> str:
    """What a listener to its organization's portfolio listens to."""
    return f"{PORTFOLIO}:{organization_id}"


def inbox_name(membership_id: int) -> str:
    """What a listener to its own inbox listens to."""
    return f"{INBOX}:{membership_id}"


def announce_inboxes(membership_ids: list[int], organization_id: int) -> None:
    """Tell every live process that these people were told something, once the current transaction commits."""
    for at in range(0, len(membership_ids), AT_ONCE):
        event = {
            "event": {"subject": INBOX},
            "organization": organization_id,
            "inboxes": membership_ids[at : at + AT_ONCE],
        }
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps(event)])


def announce(subject: Program | Review, revision: int) -> None:
    """Tell every live process that something of the subject moved, once the current transaction commits.

    revision  the count of inputs that what moved belongs to; kept back while ratings are blind, as each one counts
    The database carries it (NOTIFY): a change that is rolled back is never announced, and nobody waits for a broker.
    """
    with connection.cursor() as cursor:
        event: dict[str, str | int] = {"subject": subject_name(subject)}
        if not (isinstance(subject, Review) and subject.is_blind):
            event["revision"] = revision
        payload = json.dumps({"event": event, "organization": subject.organization_id})
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
