"""Telling people things: a notification in the product and, by their settings, a mail. The one mechanism for both.

`notify` belongs into the transaction of the act it tells of: what is rolled back was never told.
"""

import uuid
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.dispatch import Signal
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.kinds import AT_ONCE, kind_named
from accounts.models import Membership, Notification, NotificationSetting, Outbound

# Sent inside the transaction of the act: organization_id, memberships (that were told), mails (how many were written).
told = Signal()


def notify(
    members: Iterable[Membership | None],
    kind: str,
    *,
    organization_id: int,
    title: str,
    body: str = "",
    url: str,
    key: str,
    due_on=None,
    program=None,
    review=None,
    actor: Membership | None = None,
) -> int:
    """Tell people one thing once, inside the transaction of the act.

    members  whom; None, people without access, people of other organizations and the actor are left out. They must be
             such as may see the review: its title and body are shown and mailed to them
    kind     a name of `accounts.kinds`
    title    one line, said to the person: "Sign: Executive decision (Meridian, Review 3)"
    body     more sentences; never ratings while they are blind, never prices or figures that rest on them
    url      path within the product that the title leads to
    key      what makes it one thing for the person, such as "step_open:STEP-UUID"; the same key tells nobody twice
    actor    who did it; nobody is told of their own act
    Returns  how many people were told now. Raises RuntimeError outside a transaction, LookupError for an unknown kind
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("notify must run inside the transaction of the act that it tells of.")
    known = kind_named(kind)
    wanted = {member.pk for member in members if member is not None} - {actor.pk if actor else None}
    people = list(
        Membership.objects.active()
        .filter(pk__in=wanted, organization_id=organization_id)
        .select_related("user", "organization")
        .order_by("pk")
    )
    rows = [
        Notification(
            organization_id=organization_id,
            membership=person,
            kind=kind,
            key=key,
            title=one_line(title),
            body=body.strip(),
            url=url,
            program_uuid=program.uuid if program else None,
            review_uuid=review.uuid if review else None,
            due_on=due_on,
            actor=actor,
        )
        for person in people
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    written = Notification.objects.filter(uuid__in=[row.uuid for row in rows]).in_bulk(field_name="uuid")
    new = []
    for row in rows:
        if row.uuid in written:
            row.pk = written[row.uuid].pk
            new.append(row)
    chosen = dict(
        NotificationSetting.objects.filter(membership__in=[row.membership_id for row in new], kind=kind).values_list(
            "membership_id", "mail"
        )
    )
    mails = [_mail_of(row) for row in new if chosen.get(row.membership_id, known.mail) == AT_ONCE]
    Outbound.objects.bulk_create(mails)
    if new:
        told.send(None, organization_id=organization_id, memberships=[row.membership for row in new], mails=len(mails))
    return len(new)


def write_mail(member: Membership, *, subject: str, body: str, message_id: str) -> int:
    """Write a mail that tells of no one notification, inside a transaction; 0 if one of this Message-ID was written."""
    row = Outbound(
        organization_id=member.organization_id,
        membership=member,
        to=member.user.email,
        subject=one_line(subject),
        body=body,
        message_id=message_id,
    )
    Outbound.objects.bulk_create([row], ignore_conflicts=True)
    new = Outbound.objects.filter(uuid=row.uuid).count()
    if new:
        told.send(None, organization_id=member.organization_id, memberships=[], mails=1)
    return new


def one_line(text: str, most: int = 250) -> str:
    """A text as one line of at most `most` characters: no line break of it reaches a mail's headers."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def address_of(path: str) -> str:
    """The absolute address of a path within the product."""
    return settings.SITE_URL.rstrip("/") + path


def message_id_of(name: object) -> str:
    """A Message-ID that stays the same over every attempt."""
    return f"<{name}@{urlsplit(settings.SITE_URL).hostname or 'makewhere'}>"


def _mail_of(row: Notification) -> Outbound:
    own = uuid.uuid4()
    body = render_to_string(
        "mail/notification.txt",
        {
            "name": row.membership.name,
            "title": row.title,
            "body": row.body,
            "due_on": row.due_on,
            "link": address_of(reverse("accounts:notification_open", args=[row.uuid])),
            "organization": row.membership.organization.name,
            "settings": address_of(reverse("accounts:notification_settings")),
        },
    )
    return Outbound(
        uuid=own,
        organization_id=row.organization_id,
        notification=row,
        membership=row.membership,
        to=row.membership.user.email,
        subject=row.title,
        body=body,
        message_id=message_id_of(own),
    )
