"""Delegations: for a range of days somebody signs in another's place. Nothing of it is passed on to a third."""

import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.urls import reverse

from accounts.audit import record_event
from accounts.models import Membership
from accounts.outbound import notify
from accounts.permissions import NotAllowed
from assessments import permissions
from assessments.errors import Invalid, WrongState
from assessments.models import ApprovalParty, ApprovalStep, Delegation, Review
from assessments.models.decisions import ApprovalStepQuerySet
from assessments.services import twice
from assessments.services.reviews import problem, too_long
from assessments.services.routes import today_in

LONGEST_DAYS = 366
LONGEST_REASON = 2000


@transaction.atomic
def delegate(
    *,
    member: Membership,
    giver: Membership,
    taker: Membership,
    first_day: datetime.date,
    last_day: datetime.date,
    reason: str = "",
) -> Delegation:
    """Let `taker` sign in the place of `giver` from the first day to the end of the last, where the organization is.

    member  oneself, or an admin on behalf of somebody who is away, with a reason
    Raises  NotAllowed, also where the separation of duties keeps the taker from a step that waits for the giver;
            Invalid, DoneAlready
    """
    people = {giver.pk, taker.pk}
    # Two that cross would each see the other not there yet.
    list(Membership.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk").values_list("pk"))
    member, giver, taker = member.now(), giver.now(), taker.now()
    permissions.can_delegate(member, giver).require()
    if len({member.organization_id, giver.organization_id, taker.organization_id}) > 1:
        raise NotAllowed("People delegate within their organization.")
    same_days = {"first_day": first_day, "last_day": last_day, "reason": reason.strip()}
    same = Delegation.objects.filter(giver=giver, taker=taker, created_by=member, revoked_at=None, **same_days)
    if made := same.order_by("-pk").first():
        raise twice.done_already(
            f"You let {taker.name} sign in the place of {giver.name}",
            made.created_at,
            reverse("assessments:delegations"),
        )
    if problems := _problems(member, giver, taker, first_day, last_day, reason.strip()):
        raise Invalid(problems)
    ahead = steps_ahead(giver)
    # The first that is kept from the taker refuses; the rest are not gone through one by one.
    kept = ahead.exclude(pk__in=ahead.left_to(taker).values("pk"))
    for step in kept if permissions.reads_before_approval(taker) else ahead:
        _require_apart(member, giver, taker, step)
    delegation = Delegation.objects.create(
        organization_id=giver.organization_id,
        giver=giver,
        taker=taker,
        first_day=first_day,
        last_day=last_day,
        reason=reason.strip(),
        created_by=member,
    )
    record_event(
        "delegation.given",
        organization_id=giver.organization_id,
        actor=member,
        on_behalf_of=giver if giver.pk != member.pk else None,
        subject=delegation,
        label=f"{giver.name} to {taker.name}",
        new={"giver": giver.name, "taker": taker.name, "first_day": first_day, "last_day": last_day},
        reason=delegation.reason,
    )
    days = f"from {first_day:%-d %b %Y} to the end of {last_day:%-d %b %Y}"
    _tell(delegation, member, "given", f"{taker.name} signs in the place of {giver.name} {days}", delegation.reason)
    return delegation


def _problems(
    member: Membership,
    giver: Membership,
    taker: Membership,
    first_day: datetime.date,
    last_day: datetime.date,
    reason: str,
) -> list[dict]:
    found = []
    if taker.pk == giver.pk:
        found.append(problem("taker", "Choose somebody else: nobody delegates to themselves.", taker.name))
    elif giver.pk != member.pk and taker.pk == member.pk:
        words = "Choose somebody else: an admin delegates for who is away, and not to themselves."
        found.append(problem("taker", words, taker.name))
    elif not (taker.is_active and taker.user.is_active and taker.roles):
        found.append(problem("taker", f"{taker.name} has no access or no role here now.", taker.name))
    if last_day < first_day:
        found.append(problem("last_day", "The last day lies before the first.", last_day))
    elif (last_day - first_day).days >= LONGEST_DAYS:
        found.append(problem("last_day", "A delegation lasts a year at most.", last_day))
    elif last_day < today_in(giver.organization):
        found.append(problem("last_day", "The last day has passed.", last_day))
    if giver.pk != member.pk and not reason:
        found.append(problem("reason", "Say why you delegate for somebody else.", reason))
    found += too_long("reason", reason, LONGEST_REASON)
    if found:
        return found
    days = Q(first_day__lte=last_day, last_day__gte=first_day, revoked_at=None)
    if Delegation.objects.filter(days, giver=giver, taker=taker).exists():
        found.append(problem("taker", f"{taker.name} signs in this place on some of these days already.", taker.name))
    elif Delegation.objects.filter(days, giver=taker).exists():
        words = f"{taker.name} has delegated too on some of these days, and a delegation is not passed on."
        found.append(problem("taker", words, taker.name))
    elif Delegation.objects.filter(days, taker=giver).exists():
        words = f"{giver.name} signs in somebody else's place on some of these days, and that is not passed on."
        found.append(problem("first_day", words, first_day))
    return found


def steps_ahead(giver: Membership) -> ApprovalStepQuerySet:
    """The steps of submissions in approval that name the giver and are not complete."""
    if not giver.is_active:
        return ApprovalStep.objects.none()
    naming = ApprovalParty.objects.filter(step=OuterRef("pk")).naming(giver)
    return ApprovalStep.objects.filter(
        Exists(naming),
        organization_id=giver.organization_id,
        review__state=Review.State.IN_APPROVAL,
        state__in=(ApprovalStep.State.OPEN, ApprovalStep.State.WAITING),
    ).select_related("review__program")


def _require_apart(member: Membership, giver: Membership, taker: Membership, step: ApprovalStep) -> None:
    verdict = permissions.can_stand_in(taker, step)
    if verdict:
        return
    seen = Review.objects.visible_to(member).filter(pk=step.review_id).exists()
    which = f"{step.name} of {step.review.program.name}, {step.review}" if seen else f"a step that names {giver.name}"
    raise NotAllowed(f"{taker.name} cannot sign {which}: {permissions.of_another(verdict.reason)}")


@transaction.atomic
def end(*, member: Membership, delegation_id: int) -> Delegation:
    """End a delegation now. Raises NotAllowed, WrongState for one that is over."""
    delegation = Delegation.objects.select_for_update(no_key=True).get(pk=delegation_id)
    member = member.now()
    permissions.can_end_delegation(member, delegation).require()
    if delegation.revoked_at is not None:
        raise WrongState("This delegation was ended already.")
    if delegation.last_day < today_in(delegation.organization):
        raise WrongState("This delegation is over.")
    Delegation.objects.filter(pk=delegation.pk).update(revoked_at=Now(), revoked_by=member)
    delegation.refresh_from_db()
    giver, taker = delegation.giver, delegation.taker
    record_event(
        "delegation.ended",
        organization_id=delegation.organization_id,
        actor=member,
        subject=delegation,
        label=f"{giver.name} to {taker.name}",
        old={"first_day": delegation.first_day, "last_day": delegation.last_day},
    )
    _tell(delegation, member, "ended", f"{taker.name} no longer signs in the place of {giver.name}", "")
    return delegation


def _tell(delegation: Delegation, actor: Membership, what: str, title: str, body: str) -> None:
    notify(
        [delegation.giver, delegation.taker],
        "delegated",
        organization_id=delegation.organization_id,
        title=title,
        body=body,
        url=reverse("assessments:delegations"),
        key=f"delegation_{what}:{delegation.uuid}",
        actor=actor,
    )
