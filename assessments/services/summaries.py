"""The daily summary: one mail a person and day, at seven in the morning where they are, of what is new and what waits.

Written only if something is new since the last one, or something that waits is due or nearly. Which kinds of news it
lists, and whether it lists what waits, is the person's choice.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode

from accounts.audit import database_now
from accounts.kinds import DAILY
from accounts.mail_choices import choices_of
from accounts.models import Membership, Notification, Organization, Outbound, User
from accounts.models.organizations import MembershipQuerySet
from accounts.outbound import address_of, message_id_of, write_mail
from assessments.services.rounds import Round
from assessments.services.waiting import Waiting, page_of, waiting_for

FROM_HOUR, UNTIL_HOUR = 7, 12  # local; who was missed until noon gets the next one
LONGEST_LOOK_BACK = datetime.timedelta(days=7)
MOST_NEWS = 30
NEARLY = datetime.timedelta(days=3)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Summary:
    news: Sequence[Notification]
    waiting: Sequence[Waiting]

    @property
    def subject(self) -> str:
        parts = [f"{len(self.waiting)} {'thing waits' if len(self.waiting) == 1 else 'things wait'} for you"]
        if self.news:
            parts.append(f"{len(self.news)} new" if self.waiting else f"{len(self.news)} new in Makewhere")
        return ", ".join(parts[0 if self.waiting else 1 :])


def organizations_due(now: datetime.datetime) -> list[int]:
    """The organizations with people who may get a summary now: it is morning where they are, and mail is not held."""
    found = _people(now).order_by("organization_id").values_list("organization_id", flat=True)
    return list(found.distinct())


def _people(now: datetime.datetime) -> MembershipQuerySet:
    zones = User.objects.filter(is_active=True).values_list("time_zone", flat=True).distinct()
    mornings = [zone for zone in zones if _is_morning(zone, now)]
    return Membership.objects.active().filter(user__time_zone__in=mornings, organization__outbound_held_since=None)


def _is_morning(zone: str, now: datetime.datetime) -> bool:
    try:
        return FROM_HOUR <= now.astimezone(ZoneInfo(zone)).hour < UNTIL_HOUR
    except (ZoneInfoNotFoundError, ValueError):
        log.error("time_zone_unknown", zone=zone)
        return False


def write_due(now: datetime.datetime | None = None) -> int:
    """Write the summaries that are due in every organization; how many were written. See `write_in`."""
    now = now or database_now()
    return sum(write_in(organization_id, now) for organization_id in organizations_due(now))


def write_in(organization_id: int, now: datetime.datetime | None = None) -> int:
    """Write the summaries that are due in an organization; how many were written. Run as often as one likes.

    now  None: the database's time
    One that cannot be written is on record, and the others are written.
    """
    now = now or database_now()
    this = Round(Organization.objects.get(pk=organization_id), "summaries")
    names = {}
    for member in _people(now).with_rights().filter(organization=organization_id).order_by("pk"):
        today = now.astimezone(ZoneInfo(member.user.time_zone)).date()
        names[message_id_of(f"summary-{member.uuid}-{today}")] = member, today
    there = set(Outbound.objects.filter(message_id__in=names).values_list("message_id", flat=True))
    written = 0
    for name, (member, today) in names.items():
        if name in there:
            continue
        with this.attempt(f"summary of {member.uuid}"):
            summary = summary_of(member, now, today)
            if summary is not None:
                with transaction.atomic():
                    written += write_mail(
                        member, subject=summary.subject, body=words_of(member, summary), message_id=name
                    )
    this.record()
    return written


def summary_of(member: Membership, now: datetime.datetime, today: datetime.date) -> Summary | None:
    """What a person's summary of today says; None if there is nothing to say."""
    choices = choices_of(member)
    daily = [name for name, mail in choices.items() if mail == DAILY]
    news = list(
        Notification.objects.visible_to(member)
        .unread()
        .filter(kind__in=daily, created_at__gt=_since(member, now), created_at__lte=now)
        .order_by("created_at", "pk")[:MOST_NEWS]
    )
    waiting = waiting_for(member) if choices["waiting"] == DAILY else []
    pressing = any(one.due is not None and one.due <= today + NEARLY for one in waiting)
    return Summary(news, waiting) if news or pressing else None


def _since(member: Membership, now: datetime.datetime) -> datetime.datetime:
    """When the last summary was written, at most a week ago."""
    last = Outbound.objects.filter(membership=member, message_id__startswith=f"<summary-{member.uuid}-")
    written = last.order_by("-created_at").values_list("created_at", flat=True).first()
    return max(written or now - LONGEST_LOOK_BACK, now - LONGEST_LOOK_BACK)


def words_of(member: Membership, summary: Summary) -> str:
    """The text of the mail."""
    return render_to_string(
        "mail/summary.txt",
        {
            "name": member.name,
            "organization": member.organization.name,
            "news": [(row, address_of(reverse("accounts:notification_open", args=[row.uuid]))) for row in summary.news],
            "waiting": [(one, _link(member, page_of(one))) for one in summary.waiting],
            "inbox": _link(member, reverse("assessments:inbox")),
            "settings": _link(member, reverse("accounts:notification_settings")),
        },
    )


def _link(member: Membership, path: str) -> str:
    """An address that leads to a path of the member's organization, whichever the browser works in."""
    return f"{address_of(reverse('accounts:go', args=[member.uuid]))}?{urlencode({'to': path})}"
