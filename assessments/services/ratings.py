"""Ratings: one person's word on a cell, with its history. Blind until the lead reveals them."""

import secrets
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.audit import record_event, sha256_of
from accounts.models import Membership
from assessments import permissions
from assessments.errors import Clash, Invalid, Missing
from assessments.models import Assignment, Criterion, Rating, RatingVersion, Review, ReviewOption
from assessments.services.inputs import lock_review, owe_review, touch_review
from assessments.services.suggestions import suggestions_of

LONGEST_RATIONALE = 4000
SALT_BYTES = 16


def _problem(field: str, message: str, value=None, option: str = "") -> dict:
    return {"field": field, "option": option, "value": value, "message": message}


def asked_of(criterion: Criterion, function_key: str) -> bool:
    """Whether a function rates a criterion: it owns it or is consulted."""
    return function_key == criterion.owner_function or function_key in criterion.consulted_functions


def criteria_for(review: Review, assignment: Assignment) -> list[Criterion]:
    """The criteria that an assigned person rates, in the framework's order."""
    rows = review.criteria_version.criterion_rows.select_related("dimension")
    return [row for row in rows if asked_of(row, assignment.function.key)]


def value_of(version: RatingVersion) -> dict:
    """What the digest of a rating version covers, besides its salt."""
    return {
        "rating": version.rating.uuid,
        "number": version.number,
        "score": version.score,
        "confidence": version.confidence,
        "rationale": version.rationale,
        "suggestion": version.suggestion,
        "accepted": version.accepted,
    }


def digest_of(version: RatingVersion) -> str:
    """The salted digest that the audit trail shows while ratings are blind."""
    return sha256_of(value_of(version) | {"salt": version.salt})


def label_of(rating: Rating) -> str:
    """How the audit trail names a rating without giving its score away."""
    return f"{rating.criterion}, {rating.option.key}"


def _begin(member: Membership, review_id: int) -> tuple[int, Review, Assignment]:
    """Guard, permission again, and the assignment of the person."""
    wanted = touch_review(review_id, states=Review.TAKES_RATINGS)
    review = Review.objects.select_related("program", "criteria_version", "revision").get(pk=review_id)
    now = member.now()
    assignment = Assignment.objects.filter(review=review, membership=now).select_related("function").first()
    permissions.can_rate(now, review, assignment).require()
    return wanted, review, assignment


def _write(
    member: Membership,
    review: Review,
    assignment: Assignment,
    criterion: Criterion,
    option: ReviewOption,
    rating: Rating | None,
    *,
    score: int,
    confidence: str,
    rationale: str,
    accepted: bool,
    suggestion: float | None,
) -> Rating:
    values = {
        "score": score,
        "confidence": confidence,
        "rationale": rationale,
        "accepted": accepted,
        "suggestion": None if suggestion is None else Decimal(str(suggestion)).quantize(Decimal("0.01")),
        "revision": review.revision,
    }
    if rating is None:
        rating = Rating.objects.create(
            organization_id=review.organization_id,
            review=review,
            option=option,
            criterion=criterion.key,
            membership=member,
            function=assignment.function,
            **values,
        )
    else:
        Rating.objects.filter(pk=rating.pk).update(
            **values, to_confirm=False, version=F("version") + 1, updated_at=Now()
        )
        rating.refresh_from_db()
    version = RatingVersion.objects.create(
        organization_id=review.organization_id,
        rating=rating,
        number=rating.version,
        salt=secrets.token_hex(SALT_BYTES),
        **values,
    )
    shown = {"number": version.number, "digest": digest_of(version)}
    if review.is_revealed:
        shown |= {"score": score, "confidence": confidence, "rationale": rationale, "salt": version.salt}
    record_event(
        "rating.given" if version.number == 1 else "rating.changed",
        organization_id=review.organization_id,
        actor=member,
        subject=rating,
        label=label_of(rating),
        program=review.program,
        review=review,
        new=shown,
    )
    return rating


def _reopen(review: Review, assignment: Assignment) -> None:
    if assignment.state == Assignment.State.DONE and not review.is_revealed:
        Assignment.objects.filter(pk=assignment.pk).update(state=Assignment.State.OPEN, done_at=None)


def _cell(review: Review, assignment: Assignment, criterion_key: str, option_key: str) -> tuple:
    criterion = Criterion.objects.filter(criteria_version_id=review.criteria_version_id, key=criterion_key).first()
    option = ReviewOption.objects.filter(review=review, key=option_key).first()
    if criterion is None:
        raise Invalid([_problem("criterion", f"The criteria have no criterion {criterion_key!r}.", criterion_key)])
    if option is None:
        raise Invalid([_problem("option", f"The review has no option {option_key!r}.", option_key)])
    if not asked_of(criterion, assignment.function.key):
        raise Invalid([_problem("criterion", f"{assignment.function.name} is not asked about {criterion.name}.")])
    return criterion, option


@transaction.atomic
def rate(
    *,
    member: Membership,
    review_id: int,
    criterion_key: str,
    option_key: str,
    score: int,
    seen_version: int = 0,
    confidence: str | None = None,
    rationale: str | None = None,
    accepted: bool = False,
) -> Rating:
    """Record one rating and owe a new scorecard.

    score         1 to 5
    seen_version  of one's rating as it was on the page; 0 where there was none
    confidence, rationale  None keeps what was there
    Raises        NotAllowed, ReviewClosed, Clash (with both values), Invalid
    """
    wanted, review, assignment = _begin(member, review_id)
    criterion, option = _cell(review, assignment, criterion_key, option_key)
    rating = (
        Rating.objects.select_for_update(no_key=True)
        .filter(review=review, option=option, criterion=criterion.key, membership=member)
        .first()
    )
    if (rating.version if rating else 0) != seen_version:
        raise Clash(
            "You changed this rating elsewhere meanwhile.",
            current={"score": rating.score, "rationale": rating.rationale} if rating else None,
            attempted={"score": score, "rationale": rationale},
            version=rating.version if rating else 0,
        )
    if isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= 5:
        raise Invalid([_problem("score", "A score is a whole number from 1 to 5.", score, option_key)])
    confidence = confidence or (rating.confidence if rating else Rating.Confidence.MEDIUM)
    if confidence not in Rating.Confidence.values:
        raise Invalid([_problem("confidence", "Confidence is low, medium or high.", confidence, option_key)])
    if rationale is None:
        rationale = rating.rationale if rating else ""
    if len(rationale) > LONGEST_RATIONALE:
        raise Invalid(
            [_problem("rationale", f"A rationale has at most {LONGEST_RATIONALE} characters.", rationale, option_key)]
        )
    suggestion = suggestions_of(review).get(criterion.key, {}).get(option.key, {}).get("score")
    rating = _write(
        member,
        review,
        assignment,
        criterion,
        option,
        rating,
        score=score,
        confidence=confidence,
        rationale=rationale.strip(),
        accepted=accepted,
        suggestion=suggestion,
    )
    _reopen(review, assignment)
    owe_review(review, wanted, member)
    return rating


def rounded(suggestion: float) -> int:
    """The score that accepting a suggestion gives: halves go up."""
    return int(Decimal(str(suggestion)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


@transaction.atomic
def accept_suggestions(
    *, member: Membership, review_id: int, criterion_key: str = "", option_key: str = ""
) -> list[Rating]:
    """Take over what the facts suggest in one's own cells that are not rated yet; in one named cell in any case.

    Returns the ratings given. Raises NotAllowed, ReviewClosed, Invalid for a cell without a suggestion
    """
    wanted, review, assignment = _begin(member, review_id)
    suggested = suggestions_of(review)
    options = list(review.options.all())
    mine = {
        (rating.criterion, rating.option_id): rating
        for rating in Rating.objects.select_for_update(no_key=True, of=("self",))
        .filter(review=review, membership=member)
        .select_related("option")
    }
    if criterion_key:
        cells = [_cell(review, assignment, criterion_key, option_key)]
        if suggested.get(criterion_key, {}).get(option_key, {}).get("score") is None:
            raise Invalid([_problem("score", "The facts suggest nothing here; rate it yourself.", None, option_key)])
    else:
        cells = [
            (criterion, option)
            for criterion in criteria_for(review, assignment)
            for option in options
            if (criterion.key, option.pk) not in mine
            and suggested.get(criterion.key, {}).get(option.key, {}).get("score") is not None
        ]
    given = []
    for criterion, option in cells:
        rating = mine.get((criterion.key, option.pk))
        suggestion = suggested[criterion.key][option.key]["score"]
        given.append(
            _write(
                member,
                review,
                assignment,
                criterion,
                option,
                rating,
                score=rounded(suggestion),
                confidence=rating.confidence if rating else Rating.Confidence.MEDIUM,
                rationale=rating.rationale if rating else "",
                accepted=True,
                suggestion=suggestion,
            )
        )
    if given:
        _reopen(review, assignment)
    owe_review(review, wanted, member)
    return given


def unrated(review: Review, assignment: Assignment) -> list[tuple[Criterion, ReviewOption]]:
    """The cells that an assigned person has not rated, or only carried along."""
    rated = set(
        Rating.objects.filter(review=review, membership_id=assignment.membership_id, to_confirm=False).values_list(
            "criterion", "option_id"
        )
    )
    options = list(review.options.all())
    return [
        (criterion, option)
        for criterion in criteria_for(review, assignment)
        for option in options
        if (criterion.key, option.pk) not in rated
    ]


@transaction.atomic
def finish_scoring(*, member: Membership, review_id: int) -> Assignment:
    """Say that one's scoring is done. Raises NotAllowed, WrongState, Missing naming the cells without a rating."""
    review = lock_review(review_id, states=Review.TAKES_RATINGS)
    now = member.now()
    assignment = Assignment.objects.filter(review=review, membership=now).select_related("function").first()
    permissions.can_rate(now, review, assignment).require()
    empty = unrated(review, assignment)
    if empty:
        raise Missing(
            f"{len(empty)} of your ratings are missing.",
            [{"what": f"{criterion.name}, {option.name}", "message": "Not rated yet."} for criterion, option in empty],
        )
    Assignment.objects.filter(pk=assignment.pk).update(state=Assignment.State.DONE, done_at=Now())
    assignment.refresh_from_db()
    record_event(
        "scoring.done",
        organization_id=review.organization_id,
        actor=member,
        subject=review,
        program=review.program,
        review=review,
        new={"function": assignment.function.name},
    )
    return assignment


def carry_forward(review: Review) -> int:
    """Copy the assigned people's ratings of the program's last rated review as "to confirm"; how many.

    Only cells whose criterion and option still exist, of functions that are still asked.
    """
    before = (
        Review.objects.filter(program_id=review.program_id, number__lt=review.number, ratings__isnull=False)
        .order_by("-number")
        .first()
    )
    if before is None:
        return 0
    options = {option.key: option for option in review.options.all()}
    criteria = {row.key: row for row in review.criteria_version.criterion_rows.all()}
    assignments = {row.membership_id: row for row in review.assignments.select_related("function", "membership")}
    carried = 0
    for old in before.ratings.select_related("option"):
        assignment = assignments.get(old.membership_id)
        criterion, option = criteria.get(old.criterion), options.get(old.option.key)
        if not assignment or not criterion or not option or not asked_of(criterion, assignment.function.key):
            continue
        Rating.objects.create(
            organization_id=review.organization_id,
            review=review,
            option=option,
            criterion=criterion.key,
            membership=assignment.membership,
            function=assignment.function,
            score=old.score,
            confidence=old.confidence,
            rationale=old.rationale,
            suggestion=old.suggestion,
            revision_id=old.revision_id,
            to_confirm=True,
            version=1,
        )
        carried += 1
    return carried
