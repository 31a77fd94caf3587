"""What somebody who is deactivated leaves behind in programs and reviews."""

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from accounts.leaving import LeftBehind, Thing, asked
from accounts.models import Membership
from assessments.models import Condition, Delegation, Program, ProgramMember, Review, Tripwire
from assessments.services import telling
from assessments.services.able_to_sign import held_alone_by
from assessments.services.owners_left import CONCERNED

MOST = 5  # of each kind are named


def listen() -> None:
    """Answer the page of a person; once per process, when the application is ready."""
    asked.connect(_when_asked, dispatch_uid="assessments.leaving")


def _when_asked(sender, *, membership: Membership, reader: Membership, **_ignored) -> list[LeftBehind]:
    visible = Review.objects.visible_to(reader)
    return [
        _steps(membership, visible),
        _programs(membership, reader),
        _conditions(membership, visible),
        _tripwires(membership, visible),
        _delegations(membership, reader),
    ]


def _steps(member: Membership, visible: QuerySet[Review]) -> LeftBehind:
    held = held_alone_by(member.now())
    seen = set(visible.filter(pk__in={one.step.review_id for one in held}).values_list("pk", flat=True)) if held else ()
    steps = [one.step for one in held if one.step.review_id in seen]
    return LeftBehind(
        "open step that nobody else can sign",
        "open steps that nobody else can sign",
        "The lead is told and puts somebody in the place.",
        [Thing(f"{step.name} ({telling.named(step.review)})", telling.where_reassigned(step)) for step in steps[:MOST]],
        len(steps),
    )


def _programs(member: Membership, reader: Membership) -> LeftBehind:
    leads = ProgramMember.objects.filter(program=OuterRef("pk"), is_lead=True)
    others = leads.filter(membership__in=Membership.objects.active()).exclude(membership=member)
    rows = Program.objects.visible_to(reader).filter(Exists(leads.filter(membership=member)), ~Exists(others))
    return _found(
        rows.order_by("name", "pk"),
        "program that nobody else leads",
        "programs that nobody else leads",
        "Nobody is told of what happens there: appoint another lead first.",
        lambda row: Thing(row.name, reverse("assessments:program_detail", args=[row.uuid])),
    )


def _conditions(member: Membership, visible: QuerySet[Review]) -> LeftBehind:
    rows = Condition.objects.open().filter(owner=member, review__in=visible, review__state__in=CONCERNED)
    return _found(
        rows.select_related("review__program"),
        "open condition that they see to",
        "open conditions that they see to",
        "The lead is told and hands them over.",
        _condition,
    )


def _condition(row: Condition) -> Thing:
    url = telling.page("review_approval", row.review)
    if row.review.state == Review.State.APPROVED:
        url = reverse("assessments:condition_detail", args=[row.uuid])
    return Thing(f"{row.title} ({telling.named(row.review)})", url)


def _tripwires(member: Membership, visible: QuerySet[Review]) -> LeftBehind:
    rows = Tripwire.objects.filter(owner=member, review__in=visible, review__state__in=CONCERNED)
    return _found(
        rows.select_related("review__program"),
        "tripwire that they own",
        "tripwires that they own",
        "Makewhere watches them all the same, and tells the lead and the signers.",
        lambda row: Thing(telling.named(row.review), telling.page("review_approval", row.review)),
    )


def _delegations(member: Membership, reader: Membership) -> LeftBehind:
    rows = Delegation.objects.visible_to(reader).not_over(member.organization)
    rows = rows.filter(Q(giver=member) | Q(taker=member)).select_related("giver__user", "taker__user")
    return _found(
        rows,
        "delegation given or taken",
        "delegations given or taken",
        "Nobody signs by them any more.",
        lambda row: Thing(
            f"{row.taker.name} in the place of {row.giver.name} until {row.last_day:%-d %b %Y}",
            reverse("assessments:delegations"),
        ),
    )


def _found(rows: QuerySet, one: str, many: str, then: str, thing: Callable[[Any], Thing]) -> LeftBehind:
    first = list(rows[: MOST + 1])
    count = len(first) if len(first) <= MOST else rows.count()
    return LeftBehind(one, many, then, [thing(row) for row in first[:MOST]], count)
