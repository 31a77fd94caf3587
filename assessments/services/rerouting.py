"""Bringing a route on: reminding those who have yet to sign, and putting somebody else in a party's place."""

import datetime
from collections.abc import Sequence
from typing import cast

from django.db import transaction
from django.urls import reverse

from accounts.audit import database_now, record_event
from accounts.models import AuditEvent, Membership
from accounts.permissions import NotAllowed
from assessments import permissions
from assessments.errors import Invalid, WrongState
from assessments.live import announce
from assessments.models import ApprovalParty, ApprovalStep, Review, StepReassignment
from assessments.services import routes, signing, telling, twice
from assessments.services.inputs import lock_review
from assessments.services.leads import leads_of
from assessments.services.reviews import problem, too_long
from assessments.services.routes import Place

REMINDED = "step.reminded"
ONCE_IN = datetime.timedelta(days=1)
LONGEST_REASON = 4000


def _locked_step(step_id: int) -> ApprovalStep:
    """The step under the lock of its review, which is in approval. Raises WrongState."""
    review = lock_review(
        ApprovalStep.objects.values_list("review_id", flat=True).get(pk=step_id), states=("in_approval",)
    )
    step = ApprovalStep.objects.select_related("organization", "submission").get(pk=step_id)
    step.review = review
    return step


def approval_address(review: Review) -> str:
    return reverse("assessments:review_approval", args=[review.uuid])


def reminded_at(step: ApprovalStep) -> datetime.datetime | None:
    """When the lead reminded of the step within the last day; None if they may remind now."""
    return reminders_of(step.review, [step]).get(step.pk)


def reminders_of(review: Review, steps: Sequence[ApprovalStep]) -> dict[int, datetime.datetime]:
    """When the lead last reminded of each of the review's steps within the last day, by the step's key; one query."""
    by_uuid = {step.uuid: step.pk for step in steps}
    events = AuditEvent.objects.filter(
        organization_id=review.organization_id,
        review_uuid=review.uuid,
        action=REMINDED,
        object_uuid__in=by_uuid,
        at__gt=database_now() - ONCE_IN,
    )
    return {by_uuid[uuid]: at for uuid, at in events.order_by("pk").values_list("object_uuid", "at")}


@transaction.atomic
def remind(*, member: Membership, step_id: int) -> list[Membership]:
    """Remind everyone who could sign an open step and has not; once a day and step. Answers whom.

    Raises NotAllowed, WrongState for a step that is not open, that nobody can sign, or that was reminded of already
    """
    step = _locked_step(step_id)
    now = member.now()
    permissions.can_remind(now, step.review.program).require()
    signing.require_open(step)
    if (before := reminded_at(step)) is not None:
        again = before + ONCE_IN
        raise WrongState(f"They were reminded already. The next reminder can go out on {again:%-d %b at %H:%M} UTC.")
    able = routes.still_missing(step)
    missing = [person for person in able if person.pk != now.pk]
    if not missing:
        raise WrongState(_nobody_to_remind(step, now, sign_it_yourself=bool(able)))
    event = record_event(
        REMINDED,
        organization_id=step.organization_id,
        actor=now,
        subject=step,
        program=step.review.program,
        review=step.review,
        new={"people": [person.name for person in missing]},
    )
    telling.tell(
        missing,
        "step_reminder",
        step.review,
        title=f"{now.name} asks for your signature: {step.name} ({telling.named(step.review)})",
        url=approval_address(step.review),
        key=f"step_reminded:{step.uuid}:{event.uuid}",
        due_on=step.due_on,
        actor=now,
    )
    return missing


def _nobody_to_remind(step: ApprovalStep, member: Membership, *, sign_it_yourself: bool) -> str:
    """That there is nobody, and who brings the step on."""
    if sign_it_yourself:
        return f"There is nobody to remind: nobody but you could sign {step.name} now. Sign it, or reassign it."
    others = [person.name for person in leads_of(step.review) if person.pk != member.pk]
    who = ", ".join(["you", *others])
    return (
        f"There is nobody to remind: nobody could sign {step.name} now. To bring it on, {who} or an admin put somebody in "
        "that place: reassign it."
    )


@transaction.atomic
def reassign(*, member: Membership, step_id: int, party_key: str, person: Membership, reason: str) -> StepReassignment:
    """Put a named person in the place of one party of an open or waiting step. The lead's or an admin's.

    party_key  as `routes.is_named` reads it
    Raises NotAllowed, also where the separation of duties keeps the person from the step; WrongState for a step that
    is complete, a party for whom somebody signed, or a place that was given away since; DoneAlready if just so by
    oneself; Invalid without a reason, and for a place that the step never had
    """
    step = _locked_step(step_id)
    review, now, taker = step.review, member.now(), person.now()
    permissions.can_reassign(now, review.program).require()
    if taker.organization_id != step.organization_id:
        raise NotAllowed("Name somebody of this organization.")
    if step.state not in (ApprovalStep.State.OPEN, ApprovalStep.State.WAITING):
        raise WrongState(f"{step.name} is {step.get_state_display().lower()}; it is not reassigned any more.")
    parties = list(step.parties.select_related("function", "membership__user"))
    party = next((one for one in parties if routes.is_named(one, party_key)), None)
    if party is None:
        raise _of_no_place(now, step, parties, party_key, taker, reason.strip())
    if not reason.strip():
        raise Invalid([problem("reason", "Say why the step goes to somebody else.", reason)])
    if found := too_long("reason", reason.strip(), LONGEST_REASON):
        raise Invalid(found)
    if any(one.membership_id == taker.pk for one in parties):
        raise Invalid([problem("person", f"The step names {taker.name} already.", taker.name)])
    if party not in routes.unsigned(step, parties, routes.counting_signatures(step)):
        raise WrongState("Somebody has signed for this place already; there is nothing to reassign.")
    permissions.can_take_over(now, taker, step).require()
    former = routes.party_words(party)
    row = StepReassignment(former_membership=party.membership, former_function=party.function, former_role=party.role)
    ApprovalParty.objects.filter(pk=party.pk).update(membership=taker, function=None, role="")
    _record(now, step, row, taker, former, reason.strip())
    announce(review, review.inputs_revision)
    return row


def _of_no_place(
    member: Membership, step: ApprovalStep, parties: Sequence[ApprovalParty], key: str, taker: Membership, reason: str
) -> Exception:
    """Why a step has no place of this key: it was given away, by oneself perhaps, or there never was one."""
    given = step.reassignments.select_related(
        "former_function", "former_membership__user", "membership__user", "by__user"
    )
    row = next((row for row in given.order_by("-pk") if routes.is_named(_place_before(row), key)), None)
    if row is None:
        named = "; ".join(f"{routes.party_words(one)} ({routes.party_key(one)})" for one in parties)
        return Invalid([problem("place", f"The step names no place {key!r}. Its places are: {named}.", key)])
    if (row.by_id, row.membership_id, row.reason) == (member.pk, taker.pk, reason):
        words = f"You put {taker.name} in the place of {row.in_place_of}"
        return twice.done_already(words, row.at, approval_address(step.review))
    who = "You" if row.by_id == member.pk else row.by.name
    return WrongState(
        f"{who} put {row.membership.name} in the place of {row.in_place_of} meanwhile. Read the route again."
    )


def _place_before(row: StepReassignment) -> ApprovalParty:
    return ApprovalParty(membership=row.former_membership, function=row.former_function, role=row.former_role)


def _former(row: StepReassignment) -> list[Membership]:
    """Everyone whom the step waits for no more: the person, or all who speak for the function or hold the role."""
    if row.former_membership:
        return [row.former_membership]
    place = Place("", "", function=row.former_function, role=row.former_role)
    active = Membership.objects.active().filter(organization_id=row.organization_id)
    return list(active.filter(routes.named_by([place])).distinct())


def took_at_submission(member: Membership, step: ApprovalStep, place: Place) -> StepReassignment:
    """Put on record who takes whose place in a step that was just laid, and tell them (`places.take_places`)."""
    former = cast("Place", place.former)
    row = StepReassignment(
        former_membership=former.membership, former_function=former.function, former_role=former.role
    )
    _record(member, step, row, cast("Membership", place.membership), former.words, place.reason)
    return row


def _record(
    member: Membership, step: ApprovalStep, row: StepReassignment, taker: Membership, former: str, reason: str
) -> None:
    """Write the row of a reassignment with its event, and tell everyone concerned.

    former  whose place it was, in words; all that there is of one whom the organization does not know (any more)
    """
    review = step.review
    row.organization_id, row.step, row.membership = step.organization_id, step, taker
    row.former_words, row.reason, row.by = former, reason, member
    row.save(force_insert=True)
    record_event(
        "step.reassigned",
        organization_id=step.organization_id,
        actor=member,
        subject=step,
        program=review.program,
        review=review,
        old={"place": former},
        new={"place": taker.name},
        reason=reason,
    )
    telling.tell(
        [*_former(row), taker, *leads_of(review)],
        "step_reassigned",
        review,
        title=f"{step.name} goes to {taker.name} in place of {former} ({telling.named(review)})",
        body=f"{member.name}: {reason}",
        url=approval_address(review),
        key=f"step_reassigned:{step.uuid}:{row.pk}",
        due_on=step.due_on,
        actor=member,
    )
