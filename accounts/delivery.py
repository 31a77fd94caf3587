"""Mail leaves the product here: one after the other, each attempt claimed in the row before it is made.

At least once, and once for the reader: every attempt bears the same Message-ID, the claim of an attempt pushes the next
one into the future, and what was sent is never claimed again. Nothing leaves while the organization is held.
"""

import smtplib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core import mail
from django.db import connection, transaction
from django.db.models import Min
from django.db.models.functions import Now
from django.template.loader import render_to_string

from accounts.audit import record_event
from accounts.models import Membership, Organization, Outbound
from accounts.outbound import told
from accounts.permissions import can_manage_mail

# Seconds until the next attempt. The first also has to outlast an attempt whose process was killed.
BACK_OFF = (60, 300, 1800, 7200, 21600, 86400)
MOST_ATTEMPTS = len(BACK_OFF) + 1
STALE_DAYS = 7

log = structlog.get_logger(__name__)

CLAIM = """
UPDATE accounts_outbound SET attempts = attempts + 1,
    due_at = clock_timestamp() + (%(pauses)s::int[])[LEAST(attempts + 1, %(last)s)] * interval '1 second'
WHERE id = (
    SELECT waiting.id FROM accounts_outbound waiting JOIN accounts_organization tenant ON tenant.id = waiting.organization_id
    WHERE waiting.organization_id = %(organization)s AND waiting.kind = 'mail' AND waiting.state = 'queued'
      AND waiting.due_at <= clock_timestamp() AND tenant.outbound_held_since IS NULL
    ORDER BY waiting.due_at, waiting.id LIMIT 1 FOR NO KEY UPDATE OF waiting SKIP LOCKED
) RETURNING id
"""


def deliver_next(organization_id: int) -> Outbound | None:
    """Attempt the next due mail of an organization; None if none is due or all is held. Never raises for a mail's sake."""
    parameters: dict[str, Any] = {"pauses": list(BACK_OFF), "last": len(BACK_OFF), "organization": organization_id}
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, parameters)
        row = cursor.fetchone()
    if row is None:
        return None
    found = Outbound.objects.select_related("membership__user").get(pk=row[0])
    own = Outbound.objects.filter(pk=found.pk, state=Outbound.State.QUEUED)
    if found.membership and not (found.membership.is_active and found.membership.user.is_active):
        own.update(state=Outbound.State.DROPPED, error="The person has no access any more.")
        return found
    if found.attempts > MOST_ATTEMPTS:
        words = found.error or "Every worker that took this mail ended before it was sent."
        own.update(state=Outbound.State.FAILED, error=words)
        return found
    try:
        _send(found)
    except Exception as problem:  # noqa: BLE001  (servers, sockets and codecs share no base; the cause belongs into the row)
        cause = _cause(problem)
        given_up = found.attempts >= MOST_ATTEMPTS or _is_final(problem)
        own.update(error=cause, **({"state": Outbound.State.FAILED} if given_up else {}))
        log.warning("mail_not_sent", outbound=str(found.uuid), attempts=found.attempts, given_up=given_up)
    else:
        own.update(state=Outbound.State.SENT, sent_at=Now(), error="")
    return found


def _is_final(problem: Exception) -> bool:
    """Whether the server will answer the same for ever: it knows no such mailbox, or does not take this mail."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in problem.recipients.values())
    if isinstance(problem, smtplib.SMTPDataError):
        return 500 <= problem.smtp_code < 600
    return isinstance(problem, mail.BadHeaderError)


def _cause(problem: Exception) -> str:
    """Why a mail was not sent, as an admin reads it: with the server's own words where it gave any."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        said = [f"The mail server refuses {to}: {_words(*answer)}" for to, answer in problem.recipients.items()]
    elif isinstance(problem, smtplib.SMTPResponseException):
        said = [f"The mail server says: {_words(problem.smtp_code, problem.smtp_error)}"]
    else:
        said = [f"{type(problem).__name__}: {problem}"]
    # Another machine's words: no table takes a NUL, and no page needs other characters that do not print.
    return "".join(letter for letter in " ".join(said) if letter.isprintable())[:2000]


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}"


def _send(row: Outbound) -> None:
    message = mail.EmailMultiAlternatives(
        row.subject,
        row.body,
        to=[row.to],
        headers={"Message-ID": row.message_id, "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(as_html(row), "text/html")
    message.send()


def as_html(row: Outbound) -> str:
    """The plain text as a page: everything escaped, and only lines that are addresses of the product become links."""
    site = settings.SITE_URL.rstrip("/") + "/"
    parts = [
        [(line, line.startswith(site) and " " not in line) for line in part.splitlines()]
        for part in row.body.strip().split("\n\n")
    ]
    return render_to_string("mail/page.html", {"subject": row.subject, "parts": parts})


def next_due(organization_id: int):
    """When the next mail of an organization is due; None if none waits or all is held."""
    waiting = Outbound.objects.filter(
        organization_id=organization_id,
        organization__outbound_held_since=None,
        kind=Outbound.Kind.MAIL,
        state=Outbound.State.QUEUED,
    )
    return waiting.aggregate(first=Min("due_at"))["first"]


def organizations_with_due_mail() -> list[int]:
    """The organizations that have a mail due now and are not held."""
    due = Outbound.objects.filter(kind=Outbound.Kind.MAIL, state=Outbound.State.QUEUED, due_at__lte=Now())
    return sorted(due.filter(organization__outbound_held_since=None).values_list("organization", flat=True).distinct())


# -- acts of an admin ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Released:
    """sent: how many mails may go now; dropped: how many never will."""

    sent: int
    dropped: int


@transaction.atomic
def hold(*, member: Membership, reason: str) -> None:
    """Let nothing leave the product until it is released. Raises NotAllowed, ValueError without a reason."""
    can_manage_mail(member.now()).require()
    if not reason.strip():
        raise ValueError("Say why outgoing mail is held.")
    organization = Organization.objects.select_for_update(no_key=True).get(pk=member.organization_id)
    if organization.outbound_held_since is not None:
        return
    Organization.objects.filter(pk=organization.pk).update(outbound_held_since=Now())
    _record("outbound.held", member, organization, reason=reason.strip())


@transaction.atomic
def release(*, member: Membership, drop_old: bool) -> Released:
    """Let mail leave again.

    drop_old  whether what was written more than STALE_DAYS days ago is dropped instead of sent
    Raises    NotAllowed
    """
    can_manage_mail(member.now()).require()
    organization = Organization.objects.select_for_update(no_key=True).get(pk=member.organization_id)
    if organization.outbound_held_since is None:
        return Released(0, 0)
    waiting = Outbound.objects.filter(organization=organization, state=Outbound.State.QUEUED)
    old = waiting.filter(created_at__lt=Now() - timedelta(days=STALE_DAYS))
    words = "Dropped when outgoing mail was released: it was too old to send."
    dropped = old.update(state=Outbound.State.DROPPED, error=words) if drop_old else 0
    sent = waiting.count()
    Organization.objects.filter(pk=organization.pk).update(outbound_held_since=None)
    numbers = {"to_send": sent, "dropped": dropped}
    since = {"held_since": organization.outbound_held_since}
    _record("outbound.released", member, organization, old=since, new=numbers)
    told.send(None, organization_id=organization.pk, memberships=[], mails=sent)
    return Released(sent, dropped)


@transaction.atomic
def try_again(*, member: Membership, outbound: Outbound) -> None:
    """Make a mail that failed due again, attempts forgotten. Raises NotAllowed; nothing happens to one that did not fail."""
    can_manage_mail(member.now()).require()
    failed = Outbound.objects.visible_to(member).filter(pk=outbound.pk, state=Outbound.State.FAILED)
    if failed.update(state=Outbound.State.QUEUED, attempts=0, due_at=Now()):
        record_event(
            "outbound.retried",
            organization_id=member.organization_id,
            actor=member,
            subject=outbound,
            label=f"Mail to {outbound.to}",
            old={"error": outbound.error},
        )
        told.send(None, organization_id=member.organization_id, memberships=[], mails=1)


def _record(action: str, member: Membership, organization: Organization, **more: Any) -> None:
    record_event(action, organization_id=organization.pk, actor=member, subject=organization, **more)
