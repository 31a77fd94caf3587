"""The life of a review up to its reveal: opened, staffed, started; and withdrawn at any time before it is decided."""

import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.db.models.functions import Now

from accounts.audit import record_event
from accounts.models import Function, Membership, RoleGrant
from assessments import permissions
from assessments.errors import Invalid, Missing, WrongState
from assessments.live import announce
from assessments.models import (
    Assignment,
    CriteriaVersion,
    ProfileRevision,
    Program,
    ProgramMember,
    Rating,
    Review,
    ReviewOption,
)
from assessments.models.texts import AsStored
from assessments.services import telling, twice
from assessments.services.inputs import lock_review, owe_program, owe_review, touch_program, touch_review
from assessments.services.ratings import asked_of, carry_forward, problem, too_long
from assessments.services.versions import require_seen

FEWEST_OPTIONS = 2
LONGEST_QUESTION = 250
LONGEST_CAUSE = 4000
STARTED, WITHDRAWN = "review.started", "review.withdrawn"


def seen(review: Review, version: int | None) -> None:
    """Raises Clash if the review moved since it was looked at."""
    moved = "Somebody changed this review meanwhile. Reload to see it."
    require_seen("this review", version, review.version, moved=moved)


@transaction.atomic
def open_review(
    *,
    member: Membership,
    program: Program,
    question: str,
    option_keys: list[str] | None = None,
    due_on: datetime.date | None = None,
    cause: str = "",
) -> Review:
    """Open the next review of a program, on its last saved facts and its criteria.

    option_keys  of the facts' options; None takes all of them
    cause        why it is opened now, such as a decision that no longer holds
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
    keys = list(option_keys) if option_keys is not None else list(program.revision.option_keys)
    problems = [*problems_of_options(program.revision, keys), *problems_of_question(question)]
    problems += too_long("cause", cause.strip(), LONGEST_CAUSE, what="A cause")
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
                cause=cause.strip(),
                inputs_revision=1,
            )
    except IntegrityError:
        raise WrongState("Another review of this program is open. Finish or withdraw it first.") from None
    ordered = _add_options(review, keys)
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
        reason=cause.strip(),
    )
    owe_program(program, wanted, member)
    owe_review(review, 1, member)
    return review


def problems_of_question(question: str) -> list[dict]:
    if not question.strip():
        return [problem("question", "Write the question that the review answers.", question)]
    return too_long("question", question.strip(), LONGEST_QUESTION, what="A question")


def problems_of_options(revision: ProfileRevision, keys: list[str]) -> list[dict]:
    described = revision.facts["options"]
    found = [problem("options", f"The facts describe no option {key!r}.", key) for key in keys if key not in described]
    if len(set(keys)) < FEWEST_OPTIONS:
        found.append(problem("options", "A review compares at least two options."))
    return found


def _add_options(review: Review, keys: list[str]) -> list[str]:
    """Options of the review's facts, in the order that the facts give them."""
    described = review.revision.facts["options"]
    ordered = [key for key in review.revision.option_keys if key in keys]
    ReviewOption.objects.bulk_create(
        ReviewOption(
            organization_id=review.organization_id,
            review=review,
            key=key,
            kind=described[key]["kind"],
            name=AsStored(described[key]["name"]),
            position=at,
        )
        for at, key in enumerate(ordered)
    )
    return ordered


@transaction.atomic
def choose_options(
    *, member: Membership, review_id: int, option_keys: list[str], seen_version: int | None = None
) -> Review:
    """Compare these options of the facts; only until scoring starts.

    Raises NotAllowed, ReviewClosed, Clash, Invalid for fewer than two options or unknown ones
    """
    wanted = touch_review(review_id, states=("draft",))
    review = Review.objects.select_related("program", "revision").get(pk=review_id)
    permissions.can_lead_review(member.now(), review.program).require()
    seen(review, seen_version)
    if problems := problems_of_options(review.revision, option_keys):
        raise Invalid(problems)
    old = list(review.options.values_list("key", flat=True))
    review.options.all().delete()
    new = _add_options(review, option_keys)
    Review.objects.filter(pk=review.pk).update(version=F("version") + 1)
    record_event(
        "review.options_chosen",
        organization_id=review.organization_id,
        actor=member,
        subject=review,
        program=review.program,
        review=review,
        old={"options": old},
        new={"options": new},
    )
    owe_review(review, wanted, member)
    review.refresh_from_db()
    return review


@transaction.atomic
def edit_review(
    *,
    member: Membership,
    review_id: int,
    question: str | None = None,
    due_on: datetime.date | None = None,
    seen_version: int | None = None,
) -> Review:
    """Change the question (until scoring starts) and the day it is due (until it is submitted).

    question  None keeps it
    Raises    NotAllowed, WrongState, Clash, Invalid
    """
    review = lock_review(review_id, states=Review.BEFORE_APPROVAL)
    permissions.can_lead_review(member.now(), review.program).require()
    seen(review, seen_version)
    kept = question is None or question.strip() == review.question
    new_question = AsStored(review.question) if question is None or kept else question.strip()
    if problems := problems_of_question(new_question):
        raise Invalid(problems)
    if not kept and review.state != Review.State.DRAFT:
        raise WrongState("People have begun to answer the question; it no longer changes.")
    Review.objects.filter(pk=review.pk).update(question=new_question, due_on=due_on, version=F("version") + 1)
    record_event(
        "review.edited",
        organization_id=review.organization_id,
        actor=member,
        subject=review,
        program=review.program,
        review=review,
        old={"question": review.question, "due": review.due_on},
        new={"question": new_question, "due": due_on},
    )
    review.refresh_from_db()
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
    if {membership.organization_id, function.organization_id} != {review.organization_id}:
        raise Invalid([problem("membership", "Choose a person of this organization.")])
    person = membership.now()
    if problems := _problems_of_assignment(review, person, function):
        raise Invalid(problems)
    if review.program.restricted:
        ProgramMember.objects.get_or_create(
            program=review.program, membership=person, defaults={"organization_id": review.organization_id}
        )
    old = Assignment.objects.filter(review=review, membership=person).select_related("function").first()
    if old and old.function_id != function.pk:
        ratings = Rating.objects.filter(review=review, membership=person)
        if ratings.filter(to_confirm=False).exists():
            raise WrongState(f"{person.name} has rated for {old.function.name} already.")
        ratings.update(function=function)
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
    if review.state in Review.TAKES_RATINGS:
        carry_forward(review, [assignment], actor=member)
        telling.assigned(review, [assignment], member)
    return assignment


def _problems_of_assignment(review: Review, person: Membership, function: Function) -> list[dict]:
    if not (person.is_active and person.user.is_active):
        return [problem("membership", f"{person.name} is no longer active.")]
    if not person.roles - {RoleGrant.Role.AUDITOR}:
        return [problem("membership", f"{person.name} has no role that opens a review; an admin gives one.")]
    if function.key not in person.function_keys:
        return [problem("function", f"{person.name} does not speak for {function.name}.")]
    if not any(asked_of(row, function.key) for row in review.criteria_version.criterion_rows.all()):
        return [problem("function", f"The criteria ask nothing of {function.name}.")]
    return []


@transaction.atomic
def unassign(*, member: Membership, review_id: int, membership: Membership) -> None:
    """Take an assignment back; carried ratings stay, unconfirmed. Raises NotAllowed, WrongState once the person has rated."""
    review = lock_review(review_id, states=Review.BEFORE_APPROVAL)
    permissions.can_lead_review(member.now(), review.program).require()
    found = Assignment.objects.filter(review=review, membership=membership).select_related("function").first()
    if found is None:
        return
    if Rating.objects.filter(review=review, membership=membership, to_confirm=False).exists():
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
    """Begin blind scoring: earlier ratings come along as "to confirm".

    Raises NotAllowed, WrongState, DoneAlready, Missing, Clash
    """
    try:
        review = lock_review(review_id, states=("draft",))
    except WrongState:
        words = "You started the scoring of this review"
        twice.require_first_on_review(member, review_id, STARTED, words=words, page="review_setup")
        raise
    permissions.can_lead_review(member.now(), review.program).require()
    seen(review, seen_version)
    if not review.assignments.exists():
        raise Missing(
            "Nobody is asked to rate yet.",
            [{"what": "assignments", "message": "Assign at least one person to a function."}],
        )
    wanted = touch_review(review.pk, states=("draft",))
    move(review, Review.State.SCORING, actor=member, action=STARTED)
    carry_forward(review, review.assignments.select_related("function"), actor=member)
    owe_review(review, wanted, member)
    return review


def move(
    review: Review,
    state: str,
    *,
    actor: Membership,
    action: str,
    reason: str = "",
    on_behalf_of: Membership | None = None,
    **more,
) -> None:
    """Move a locked review along an edge and record it. Raises WrongState where there is no such edge.

    on_behalf_of  in whose place the actor acts, by a delegation
    """
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
        on_behalf_of=on_behalf_of,
        subject=review,
        program=review.program,
        review=review,
        old={"state": old},
        new={"state": state},
        reason=reason,
    )
    announce(review, review.inputs_revision)
    telling.moved(review, action, reason, actor, on_behalf_of)


@transaction.atomic
def withdraw(*, member: Membership, review_id: int, reason: str, seen_version: int | None = None) -> Review:
    """End a review without a decision, for good.

    Raises NotAllowed, WrongState, DoneAlready, Invalid without a reason, Clash
    """
    try:
        review = lock_review(review_id, states=Review.OPEN)
    except WrongState:
        words = "You withdrew this review with this reason"
        twice.require_first_on_review(member, review_id, WITHDRAWN, words=words, reason=reason, page="review_setup")
        raise
    permissions.can_lead_review(member.now(), review.program).require()
    seen(review, seen_version)
    if not reason.strip():
        raise Invalid([problem("reason", "Say why the review is withdrawn.", reason)])
    review.steps.filter(state__in=("waiting", "open")).update(state="ended")
    move(review, Review.State.WITHDRAWN, actor=member, action=WITHDRAWN, reason=reason.strip())
    return review
