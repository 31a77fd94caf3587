"""The life of a review up to its reveal: opened, staffed, started; and withdrawn at any time before it is decided."""

import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.db.models.functions import Now

from accounts.audit import record_event
from accounts.models import Function, Membership
from assessments import permissions
from assessments.errors import Clash, Invalid, Missing, WrongState
from assessments.models import (
    Assignment,
    CriteriaVersion,
    Program,
    ProgramMember,
    Rating,
    Review,
    ReviewOption,
)
from assessments.services.inputs import lock_review, owe_program, owe_review, touch_program, touch_review
from assessments.services.ratings import carry_forward

FEWEST_OPTIONS = 2


def problem(field: str, message: str, value=None, option: str = "") -> dict:
    """One entry of Invalid.problems."""
    return {"field": field, "option": option, "value": value, "message": message}


def seen(review: Review, version: int | None) -> None:
    """Raises Clash if the review moved since it was looked at."""
    if version is not None and review.version != version:
        raise Clash("Somebody changed this review meanwhile. Reload to see it.", version=review.version)


@transaction.atomic
def open_review(
    *,
    member: Membership,
    program: Program,
    question: str,
    option_keys: list[str] | None = None,
    due_on: datetime.date | None = None,
) -> Review:
    """Open the next review of a program, on its last saved facts and its criteria.

    option_keys  of the facts' options; None takes all of them
    Raises       NotAllowed; Missing without saved facts; Invalid for fewer than two options or unknown ones;
                 WrongState while another review of the program is open
    """
    wanted = touch_program(program.pk)
    program = Program.objects.select_related("criteria_version", "revision").get(pk=program.pk)
    permissions.can_lead_review(member.now(), program).require()
    if program.revision is None:
        raise Missing(
            "Save the facts first.", [{"what": "facts", "message": "The program has no saved revision of its facts."}]
        )
    if program.criteria_version.state != CriteriaVersion.State.PUBLISHED:
        raise WrongState(f"{program.criteria_version} is retired; an admin moves the program to a published version.")
    if Review.objects.filter(program=program, state__in=Review.OPEN).exists():
        raise WrongState("Another review of this program is open. Finish or withdraw it first.")
    described = program.revision.facts["options"]
    keys = list(option_keys) if option_keys is not None else list(program.revision.option_keys)
    problems = [
        problem("options", f"The facts describe no option {key!r}.", key) for key in keys if key not in described
    ]
    if len(set(keys)) < FEWEST_OPTIONS:
        problems.append(problem("options", "A review compares at least two options."))
    if not question.strip():
        problems.append(problem("question", "Write the question that the review answers.", question))
    if problems:
        raise Invalid(problems)
    last = Review.objects.filter(program=program).aggregate(last=Max("number"))["last"] or 0
    try:
        with transaction.atomic():
            review = Review.objects.create(
                organization_id=program.organization_id,
                program=program,
                number=last + 1,
                question=question.strip(),
                criteria_version=program.criteria_version,
                revision=program.revision,
                due_on=due_on,
                opened_by=member,
                inputs_revision=1,
            )
    except IntegrityError:
        raise WrongState("Another review of this program is open. Finish or withdraw it first.") from None
    ordered = [key for key in program.revision.option_keys if key in keys]
    ReviewOption.objects.bulk_create(
        ReviewOption(
            organization_id=program.organization_id,
            review=review,
            key=key,
            kind=described[key]["kind"],
            name=described[key]["name"],
            position=at,
        )
        for at, key in enumerate(ordered)
    )
    record_event(
        "review.opened",
        organization_id=program.organization_id,
        actor=member,
        subject=review,
        program=program,
        review=review,
        new={
            "number": review.number,
            "question": review.question,
            "options": ordered,
            "facts": program.revision.number,
            "criteria": str(program.criteria_version),
        },
    )
    owe_program(program, wanted, member)
    owe_review(review, 1, member)
    return review


@transaction.atomic
def assign(
    *,
    member: Membership,
    review_id: int,
    membership: Membership,
    function: Function,
    due_on: datetime.date | None = None,
) -> Assignment:
    """Ask a person to rate for a function; asking the same person again changes function and date.

    Raises NotAllowed, WrongState, Invalid for a person who cannot speak for that function
    """
    review = lock_review(review_id, states=Review.BEFORE_APPROVAL)
    permissions.can_lead_review(member.now(), review.program).require()
    if (
        review.organization_id not in (membership.organization_id,)
        or function.organization_id != review.organization_id
    ):
        raise Invalid([problem("membership", "Choose a person of this organization.")])
    person = membership.now()
    if not (person.is_active and person.user.is_active):
        raise Invalid([problem("membership", f"{person.name} is no longer active.")])
    if function.key not in person.function_keys:
        raise Invalid([problem("function", f"{person.name} does not speak for {function.name}.")])
    if review.program.restricted:
        ProgramMember.objects.get_or_create(
            program=review.program, membership=person, defaults={"organization_id": review.organization_id}
        )
    old = Assignment.objects.filter(review=review, membership=person).select_related("function").first()
    if old and old.function_id != function.pk and Rating.objects.filter(review=review, membership=person).exists():
        raise WrongState(f"{person.name} has rated for {old.function.name} already.")
    assignment, _ = Assignment.objects.update_or_create(
        review=review,
        membership=person,
        defaults={
            "organization_id": review.organization_id,
            "function": function,
            "due_on": due_on,
            "assigned_by": member,
        },
    )
    record_event(
        "review.assigned",
        organization_id=review.organization_id,
        actor=member,
        subject=review,
        program=review.program,
        review=review,
        old={"function": old.function.name, "due": old.due_on} if old else None,
        new={"person": person.name, "function": function.name, "due": due_on},
    )
    return assignment


@transaction.atomic
def unassign(*, member: Membership, review_id: int, membership: Membership) -> None:
    """Take an assignment back. Raises NotAllowed, WrongState once the person has rated."""
    review = lock_review(review_id, states=Review.BEFORE_APPROVAL)
    permissions.can_lead_review(member.now(), review.program).require()
    found = Assignment.objects.filter(review=review, membership=membership).select_related("function").first()
    if found is None:
        return
    if Rating.objects.filter(review=review, membership=membership).exists():
        raise WrongState(f"{membership.name} has rated already; ratings are kept.")
    record_event(
        "review.unassigned",
        organization_id=review.organization_id,
        actor=member,
        subject=review,
        program=review.program,
        review=review,
        old={"person": membership.name, "function": found.function.name},
    )
    found.delete()


@transaction.atomic
def start(*, member: Membership, review_id: int, seen_version: int | None = None) -> Review:
    """Begin blind scoring: earlier ratings come along as "to confirm". Raises NotAllowed, WrongState, Missing, Clash."""
    review = lock_review(review_id, states=("draft",))
    permissions.can_lead_review(member.now(), review.program).require()
    seen(review, seen_version)
    if not review.assignments.exists():
        raise Missing(
            "Nobody is asked to rate yet.",
            [{"what": "assignments", "message": "Assign at least one person to a function."}],
        )
    wanted = touch_review(review.pk, states=("draft",))
    move(review, Review.State.SCORING, actor=member, action="review.started")
    carried = carry_forward(review)
    if carried:
        record_event(
            "ratings.carried",
            organization_id=review.organization_id,
            actor=member,
            subject=review,
            program=review.program,
            review=review,
            new={"ratings": carried},
        )
    owe_review(review, wanted, member)
    return review


def move(review: Review, state: str, *, actor: Membership, action: str, reason: str = "", **more) -> None:
    """Move a locked review along an edge and record it. Raises WrongState where there is no such edge."""
    if (review.state, state) not in Review.EDGES:
        raise WrongState(f"A review does not go from {review.get_state_display().lower()} to {state}.")
    old = review.state
    Review.objects.filter(pk=review.pk).update(
        state=state, state_reason=reason, state_since=Now(), version=F("version") + 1, **more
    )
    review.refresh_from_db()
    record_event(
        action,
        organization_id=review.organization_id,
        actor=actor,
        subject=review,
        program=review.program,
        review=review,
        old={"state": old},
        new={"state": state},
        reason=reason,
    )


@transaction.atomic
def withdraw(*, member: Membership, review_id: int, reason: str, seen_version: int | None = None) -> Review:
    """End a review without a decision, for good. Raises NotAllowed, WrongState, Invalid without a reason, Clash."""
    review = lock_review(review_id, states=Review.OPEN)
    permissions.can_lead_review(member.now(), review.program).require()
    seen(review, seen_version)
    if not reason.strip():
        raise Invalid([problem("reason", "Say why the review is withdrawn.", reason)])
    review.steps.filter(state__in=("waiting", "open")).update(state="ended")
    move(review, Review.State.WITHDRAWN, actor=member, action="review.withdrawn", reason=reason.strip())
    return review
