"""The reveal, and what the panel agrees on after it."""

from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.audit import Entry, record_event, record_events
from accounts.models import Membership
from assessments import permissions
from assessments.errors import Invalid, Missing, WrongState
from assessments.models import AgreedValue, Assignment, RatingVersion, Review, ReviewOption
from assessments.services import twice
from assessments.services.inputs import lock_review, owe_review, touch_review
from assessments.services.ratings import (
    criterion_names,
    label_of,
    looked_at,
    problem,
    revealed,
    stored,
    suggestion_for,
    too_long,
)
from assessments.services.reviews import move, seen
from assessments.services.versions import require_seen

LONGEST_NOTE = 4000
REVEALED = "review.revealed"


@transaction.atomic
def reveal(*, member: Membership, review_id: int, reason: str = "", seen_version: int | None = None) -> Review:
    """Show everyone's ratings to everyone. Writes one event per rating version with its value and salt, so that anyone
    can check that nothing was changed meanwhile.

    reason  needed while somebody is not done
    Raises  NotAllowed, WrongState, DoneAlready, Missing without any rating or, without a reason, while scoring goes on;
            Clash
    """
    try:
        review = lock_review(review_id, states=("scoring",))
    except WrongState:
        words = "You revealed the ratings of this review"
        twice.require_first_on_review(member, review_id, REVEALED, words=words, reason=reason, page="review_panel")
        raise
    permissions.can_lead_review(member.now(), review.program).require()
    seen(review, seen_version)
    waiting = review.assignments.filter(state=Assignment.State.OPEN).select_related("membership__user", "function")
    if not review.ratings.filter(to_confirm=False).exists():
        raise Missing("Nobody has rated yet.", [{"what": "ratings", "message": "There is nothing to reveal."}])
    if waiting and not reason.strip():
        raise Missing(
            "Scoring is not done. Give a reason to reveal now.",
            [
                {"what": f"{one.membership.name} ({one.function.name})", "message": "Has not finished scoring."}
                for one in waiting
            ],
        )
    wanted = touch_review(review.pk, states=("scoring",))
    move(
        review,
        Review.State.RECONCILING,
        actor=member,
        action=REVEALED,
        reason=reason.strip(),
        revealed_at=Now(),
    )
    names = criterion_names(review)
    versions = RatingVersion.objects.filter(rating__review=review).select_related("rating__option", "revision")
    record_events(
        [
            Entry(
                "rating.revealed",
                version.rating,
                label=label_of(version.rating.criterion, version.rating.option, names),
                new=revealed(version),
            )
            for version in versions.order_by("rating_id", "number")
        ],
        organization_id=review.organization_id,
        actor=member,
        program=review.program,
        review=review,
    )
    owe_review(review, wanted, member)
    return review


def agree(
    *,
    member: Membership,
    review_id: int,
    criterion_key: str,
    option_key: str,
    value: Decimal | str | float,
    note: str,
    seen_version: int = 0,
    seen_facts: int | None = None,
) -> AgreedValue:
    """Record what the panel agreed on for a cell; it stands before the mean of the functions. The same again changes
    nothing.

    value       1 to 5, two decimals
    seen_facts  number of the revision that the panel looked at; None: the one that the review rests on
    Raises      NotAllowed, ReviewClosed, Clash (with both values), Invalid
    """
    _, suggested = looked_at(review_id, seen_facts)
    with transaction.atomic():
        wanted = touch_review(review_id, states=("reconciling",))
        review = Review.objects.select_related("program", "criteria_version").get(pk=review_id)
        permissions.can_lead_review(member.now(), review.program).require()
        option = ReviewOption.objects.filter(review=review, key=option_key).first()
        number, problems = _number(value, option_key)
        problems += _problems_of_cell(review, criterion_key, option, option_key)
        problems += _problems_of_note(note, option_key)
        if problems:
            raise Invalid(problems)
        values = {
            "value": number,
            "note": note.strip(),
            "suggestion": stored(suggestion_for(suggested, criterion_key, option_key)),
            "recorded_by": member,
        }
        held = AgreedValue.objects.filter(review=review, option=option, criterion=criterion_key).first()
        same = held is not None and all(getattr(held, key) == values[key] for key in ("value", "note", "suggestion"))
        if not same:
            held = _record_agreed(member, review, option, criterion_key, held, values, seen_version)
        owe_review(review, wanted, member)
        return held


def _number(value: Decimal | str | float, option_key: str) -> tuple[Decimal, list[dict]]:
    number = Decimal(0)
    try:
        number = Decimal(str(value).strip().replace(",", ".")).quantize(Decimal("0.01"))
        within = Decimal(1) <= number <= Decimal(5)
    except InvalidOperation:
        within = False
    refused = [problem("value", "An agreed value lies between 1 and 5.", str(value), option_key)]
    return number, [] if within else refused


def _problems_of_cell(review: Review, criterion_key: str, option: ReviewOption | None, option_key: str) -> list[dict]:
    found = []
    if not review.criteria_version.criterion_rows.filter(key=criterion_key).exists():
        found.append(problem("criterion", f"The criteria have no criterion {criterion_key!r}.", criterion_key))
    if option is None:
        found.append(problem("option", f"The review has no option {option_key!r}.", option_key))
    return found


def _problems_of_note(note: str, option_key: str) -> list[dict]:
    if not note.strip():
        return [problem("note", "Write why the panel agreed on this value.", note, option_key)]
    return too_long("note", note, LONGEST_NOTE, what="A note", option=option_key)


def _shown(held: AgreedValue | None) -> dict | None:
    return {"value": str(held.value), "note": held.note} if held else None


def _record_agreed(
    member: Membership,
    review: Review,
    option: ReviewOption,
    criterion_key: str,
    held: AgreedValue | None,
    values: dict,
    seen_version: int,
) -> AgreedValue:
    new = {"value": str(values["value"]), "note": values["note"]}
    now, moved = held.version if held else 0, "Another agreed value was recorded meanwhile."
    require_seen("this agreed value", seen_version, now, moved=moved, current=_shown(held), attempted=new)
    old = _shown(held)
    if held is None:
        held = AgreedValue.objects.create(
            organization_id=review.organization_id, review=review, option=option, criterion=criterion_key, **values
        )
    else:
        AgreedValue.objects.filter(pk=held.pk).update(**values, updated_at=Now(), version=F("version") + 1)
        held.refresh_from_db()
    record_event(
        "value.agreed",
        organization_id=review.organization_id,
        actor=member,
        subject=held,
        label=label_of(criterion_key, option, criterion_names(review)),
        program=review.program,
        review=review,
        old=old,
        new=new,
    )
    return held


@transaction.atomic
def take_back(*, member: Membership, review_id: int, criterion_key: str, option_key: str, seen_version: int) -> None:
    """Remove an agreed value: the mean of the functions stands again. Raises NotAllowed, ReviewClosed, Clash."""
    wanted = touch_review(review_id, states=("reconciling",))
    review = Review.objects.select_related("program").get(pk=review_id)
    permissions.can_lead_review(member.now(), review.program).require()
    held = (
        AgreedValue.objects.select_related("option")
        .filter(review=review, option__key=option_key, criterion=criterion_key)
        .first()
    )
    if held is not None:
        moved = "The agreed value changed meanwhile."
        require_seen("this agreed value", seen_version, held.version, moved=moved, current=_shown(held))
        record_event(
            "value.taken_back",
            organization_id=review.organization_id,
            actor=member,
            subject=held,
            label=label_of(criterion_key, held.option, criterion_names(review)),
            program=review.program,
            review=review,
            old=_shown(held),
        )
        held.delete()
    owe_review(review, wanted, member)
