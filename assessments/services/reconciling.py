"""The reveal, and what the panel agrees on after it."""

from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.audit import record_event
from accounts.models import Membership
from assessments import permissions
from assessments.errors import Clash, Invalid, Missing
from assessments.models import AgreedValue, Assignment, Criterion, RatingVersion, Review, ReviewOption
from assessments.services.inputs import lock_review, owe_review, touch_review
from assessments.services.ratings import digest_of, label_of, value_of
from assessments.services.reviews import move, problem, seen


@transaction.atomic
def reveal(*, member: Membership, review_id: int, reason: str = "", seen_version: int | None = None) -> Review:
    """Show everyone's ratings to everyone. Writes one event per rating version with its value and salt, so that anyone
    can check that nothing was changed meanwhile.

    reason  needed while somebody is not done
    Raises  NotAllowed, WrongState, Missing without any rating or, without a reason, while scoring goes on; Clash
    """
    review = lock_review(review_id, states=("scoring",))
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
        action="review.revealed",
        reason=reason.strip(),
        revealed_at=Now(),
    )
    versions = RatingVersion.objects.filter(rating__review=review).select_related("rating__option", "rating")
    for version in versions.order_by("rating_id", "number"):
        record_event(
            "rating.revealed",
            organization_id=review.organization_id,
            actor=member,
            subject=version.rating,
            label=label_of(version.rating),
            program=review.program,
            review=review,
            new=value_of(version) | {"salt": version.salt, "digest": digest_of(version)},
        )
    owe_review(review, wanted, member)
    return review


@transaction.atomic
def agree(
    *,
    member: Membership,
    review_id: int,
    criterion_key: str,
    option_key: str,
    value: Decimal | str | float,
    note: str,
    seen_version: int = 0,
) -> AgreedValue:
    """Record what the panel agreed on for a cell; it stands before the mean of the functions.

    value   1 to 5, two decimals
    Raises  NotAllowed, ReviewClosed, Clash (with both values), Invalid
    """
    wanted = touch_review(review_id, states=("reconciling",))
    review = Review.objects.select_related("program", "criteria_version").get(pk=review_id)
    permissions.can_lead_review(member.now(), review.program).require()
    option = ReviewOption.objects.filter(review=review, key=option_key).first()
    problems = []
    if not Criterion.objects.filter(criteria_version_id=review.criteria_version_id, key=criterion_key).exists():
        problems.append(problem("criterion", f"The criteria have no criterion {criterion_key!r}.", criterion_key))
    if option is None:
        problems.append(problem("option", f"The review has no option {option_key!r}.", option_key))
    try:
        number = Decimal(str(value).replace(",", ".")).quantize(Decimal("0.01"))
        within = Decimal(1) <= number <= Decimal(5)
    except InvalidOperation:
        within = False
    if not within:
        problems.append(problem("value", "An agreed value lies between 1 and 5.", str(value), option_key))
    if not note.strip():
        problems.append(problem("note", "Write why the panel agreed on this value.", note, option_key))
    if problems:
        raise Invalid(problems)
    held = AgreedValue.objects.filter(review=review, option=option, criterion=criterion_key).first()
    if (held.version if held else 0) != seen_version:
        raise Clash(
            "Another agreed value was recorded meanwhile.",
            current={"value": str(held.value), "note": held.note} if held else None,
            attempted={"value": str(number), "note": note},
            version=held.version if held else 0,
        )
    old = {"value": str(held.value), "note": held.note} if held else None
    if held is None:
        held = AgreedValue.objects.create(
            organization_id=review.organization_id,
            review=review,
            option=option,
            criterion=criterion_key,
            value=number,
            note=note.strip(),
            recorded_by=member,
        )
    else:
        AgreedValue.objects.filter(pk=held.pk).update(
            value=number, note=note.strip(), recorded_by=member, updated_at=Now(), version=F("version") + 1
        )
        held.refresh_from_db()
    record_event(
        "value.agreed",
        organization_id=review.organization_id,
        actor=member,
        subject=held,
        label=f"{criterion_key}, {option_key}",
        program=review.program,
        review=review,
        old=old,
        new={"value": str(number), "note": note.strip()},
    )
    owe_review(review, wanted, member)
    return held


@transaction.atomic
def take_back(*, member: Membership, review_id: int, criterion_key: str, option_key: str, seen_version: int) -> None:
    """Remove an agreed value: the mean of the functions stands again. Raises NotAllowed, ReviewClosed, Clash."""
    wanted = touch_review(review_id, states=("reconciling",))
    review = Review.objects.select_related("program").get(pk=review_id)
    permissions.can_lead_review(member.now(), review.program).require()
    held = AgreedValue.objects.filter(review=review, option__key=option_key, criterion=criterion_key).first()
    if held is not None:
        if held.version != seen_version:
            raise Clash("The agreed value changed meanwhile.", current={"value": str(held.value)}, version=held.version)
        record_event(
            "value.taken_back",
            organization_id=review.organization_id,
            actor=member,
            subject=held,
            label=f"{criterion_key}, {option_key}",
            program=review.program,
            review=review,
            old={"value": str(held.value), "note": held.note},
        )
        held.delete()
    owe_review(review, wanted, member)
