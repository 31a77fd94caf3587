"""Ratings: one person's word on a cell, with its history. Blind until the lead reveals them."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.audit import Entry, record_event, record_events, sha256_of
from accounts.models import Membership
from assessments import permissions
from assessments.errors import Invalid, Missing
from assessments.models import Assignment, Criterion, ProfileRevision, Rating, RatingVersion, Review, ReviewOption
from assessments.models.texts import AsStored
from assessments.services import telling
from assessments.services.inputs import lock_review, owe_review, touch_review
from assessments.services.suggestions import suggestions_of
from assessments.services.versions import require_seen

LONGEST_RATIONALE = 4000
SALT_BYTES = 16


@dataclass(frozen=True)
class Given:
    """One rating as a person gives it.

    score         1 to 5; None keeps the score that is there, which confirms one that was carried forward
    seen_version  of one's rating as it was on the page; 0 where there was none
    confidence, rationale  None keeps what was there
    accepted      take over the score that the facts suggest
    """

    criterion: str
    option: str
    score: int | None = None
    seen_version: int = 0
    confidence: str | None = None
    rationale: str | None = None
    accepted: bool = False


def problem(field: str, message: str, value=None, option: str = "") -> dict:
    """One entry of Invalid.problems."""
    return {"field": field, "option": option, "value": value, "message": message}


def too_long(field: str, text: str, most: int, *, what: str = "A reason", option: str = "") -> list[dict]:
    """The entry of Invalid.problems of a text with more than `most` characters; none of a shorter one."""
    return [problem(field, f"{what} has at most {most} characters.", text, option)] if len(text) > most else []


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
        "confidence": str(version.confidence),
        "rationale": version.rationale,
        "suggestion": version.suggestion,
        "accepted": version.accepted,
        "facts": version.revision.number,
    }


def digest_of(version: RatingVersion) -> str:
    """The salted digest that the audit trail shows while ratings are blind."""
    return sha256_of(value_of(version) | {"salt": version.salt})


def revealed(version: RatingVersion) -> dict:
    """All that anyone needs to take the digest again: the value, the salt, and the digest itself."""
    return value_of(version) | {"salt": version.salt, "digest": digest_of(version)}


def criterion_names(review: Review) -> dict[str, str]:
    """The name of every criterion by its key, as the review's criteria give it."""
    return dict(review.criteria_version.criterion_rows.values_list("key", "name"))


def label_of(criterion: str, option: ReviewOption, names: dict[str, str]) -> str:
    """How the audit trail names a cell, in words and without giving a score away."""
    return f"{names.get(criterion, criterion)}, {option.name}"


def rounded(suggestion: float) -> int:
    """The score that accepting a suggestion gives: halves go up."""
    return int(Decimal(str(suggestion)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def rate(
    *,
    member: Membership,
    review_id: int,
    criterion_key: str,
    option_key: str,
    score: int | None,
    seen_version: int = 0,
    confidence: str | None = None,
    rationale: str | None = None,
    accepted: bool = False,
    seen_facts: int | None = None,
) -> Rating:
    """Record one rating; see `Given` and `rate_many`."""
    given = Given(criterion_key, option_key, score, seen_version, confidence, rationale, accepted)
    return rate_many(member=member, review_id=review_id, given=[given], seen_facts=seen_facts)[0]


def rate_many(
    *, member: Membership, review_id: int, given: Iterable[Given], seen_facts: int | None = None
) -> list[Rating]:
    """Record one's ratings, all or none of them, and owe a new scorecard.

    What is given again as it stands writes no second version, so a request may be repeated.

    seen_facts  number of the revision whose suggestions were on the page; None: the one that the review rests on
    Raises      NotAllowed, ReviewClosed, Clash (with both values), Invalid with every problem
    """
    revision, suggested = looked_at(review_id, seen_facts)
    with transaction.atomic():
        wanted, review, assignment = _begin(member, review_id)
        held = _mine(review, member)
        return _record(member, review, assignment, wanted, held, list(given), revision, suggested)


def accept_suggestions(
    *,
    member: Membership,
    review_id: int,
    criterion_key: str = "",
    option_key: str = "",
    seen_version: int = 0,
    seen_facts: int | None = None,
) -> list[Rating]:
    """Take over what the facts suggest in one's own cells that are not rated yet; or in one named cell.

    Returns the ratings given. Raises NotAllowed, ReviewClosed, Clash, Invalid for a cell without a suggestion
    """
    if criterion_key:
        named = Given(criterion_key, option_key, seen_version=seen_version, accepted=True)
        return rate_many(member=member, review_id=review_id, given=[named], seen_facts=seen_facts)
    revision, suggested = looked_at(review_id, seen_facts)
    with transaction.atomic():
        wanted, review, assignment = _begin(member, review_id)
        held = _mine(review, member)
        given = [
            Given(criterion.key, option.key, accepted=True)
            for criterion in criteria_for(review, assignment)
            for option in review.options.all()
            if (criterion.key, option.key) not in held
            and suggestion_for(suggested, criterion.key, option.key) is not None
        ]
        return _record(member, review, assignment, wanted, held, given, revision, suggested)


def confirm_carried(*, member: Membership, review_id: int) -> list[Rating]:
    """Confirm those of one's carried ratings for which the facts suggest what they did when they were given.

    Returns the ratings confirmed. Raises NotAllowed, ReviewClosed
    """
    revision, suggested = looked_at(review_id, None)
    with transaction.atomic():
        wanted, review, assignment = _begin(member, review_id)
        held = _mine(review, member)
        asked = {criterion.key for criterion in criteria_for(review, assignment)}
        given = [
            Given(criterion, option, seen_version=rating.version)
            for (criterion, option), rating in held.items()
            if rating.to_confirm
            and criterion in asked
            and rating.suggestion == stored(suggestion_for(suggested, criterion, option))
        ]
        return _record(member, review, assignment, wanted, held, given, revision, suggested)


def looked_at(review_id: int, facts: int | None) -> tuple[ProfileRevision, dict]:
    """The revision that an author looked at and what it suggests. Outside the transaction: neither ever changes.

    facts  its number; None: the revision that the review rests on now
    """
    review = Review.objects.select_related("criteria_version", "revision").get(pk=review_id)
    revision = review.revision
    if facts is not None and facts != revision.number:
        earlier = ProfileRevision.objects.filter(program_id=review.program_id, number=facts).first()
        revision = earlier or revision
    return revision, suggestions_of(review, revision)


def suggestion_for(suggested: dict, criterion: str, option: str) -> float | None:
    """The suggested score of a cell, None where the facts suggest nothing."""
    return suggested.get(criterion, {}).get(option, {}).get("score")


def stored(suggestion: float | None) -> Decimal | None:
    """A suggestion as ratings keep it."""
    return None if suggestion is None else Decimal(str(suggestion)).quantize(Decimal("0.01"))


def _begin(member: Membership, review_id: int) -> tuple[int, Review, Assignment]:
    """Guard, permission again, and the assignment of the person."""
    wanted = touch_review(review_id, states=Review.TAKES_RATINGS)
    review = Review.objects.select_related("program", "criteria_version", "revision").get(pk=review_id)
    now = member.now()
    assignment = Assignment.objects.filter(review=review, membership=now).select_related("function").first()
    permissions.can_rate(now, review, assignment).require()
    return wanted, review, assignment


def _mine(review: Review, member: Membership) -> dict[tuple[str, str], Rating]:
    rows = Rating.objects.select_for_update(no_key=True, of=("self",)).filter(review=review, membership=member)
    return {(row.criterion, row.option.key): row for row in rows.select_related("option").order_by("pk")}


def _record(
    member: Membership,
    review: Review,
    assignment: Assignment,
    wanted: int,
    held: dict[tuple[str, str], Rating],
    given: list[Given],
    revision: ProfileRevision,
    suggested: dict,
) -> list[Rating]:
    """Check everything, then write everything, then owe the next scorecard."""
    criteria = {row.key: row for row in review.criteria_version.criterion_rows.all()}
    options = {option.key: option for option in review.options.all()}
    problems: list[dict] = []
    cells = [(one.criterion, one.option) for one in given]
    if len(set(cells)) < len(cells):
        problems.append(problem("criterion", "The same cell is rated twice in one request."))
    values = []
    for one in given:
        found = _problems_of_cell(one, criteria, options, assignment)
        rating = held.get((one.criterion, one.option))
        if not found:
            suggestion = suggestion_for(suggested, one.criterion, one.option)
            found, value = _values(one, rating, suggestion)
            values.append(value | {"revision": revision})
        problems += found
    if problems:
        raise Invalid(problems)
    changes = []
    for one, value in zip(given, values, strict=True):
        rating = held.get((one.criterion, one.option))
        same = rating is not None and not rating.to_confirm and _same(rating, value)
        if not same:
            _require_seen(one, rating, value)
        stands = same and rating.revision_id == revision.pk and rating.accepted == value["accepted"]
        if not stands:
            changes.append((one, value))
    written = _write(member, review, assignment, options, held, changes)
    if written and assignment.state == Assignment.State.DONE and not review.is_revealed:
        Assignment.objects.filter(pk=assignment.pk).update(state=Assignment.State.OPEN, done_at=None)
    owe_review(review, wanted, member)
    return [written.get(cell) or held[cell] for cell in cells]


def _problems_of_cell(one: Given, criteria: dict, options: dict, assignment: Assignment) -> list[dict]:
    found = []
    criterion = criteria.get(one.criterion)
    if criterion is None:
        found.append(problem("criterion", f"The criteria have no criterion {one.criterion!r}.", one.criterion))
    if one.option not in options:
        found.append(problem("option", f"The review has no option {one.option!r}.", one.option))
    if criterion and not asked_of(criterion, assignment.function.key):
        found.append(problem("criterion", f"{assignment.function.name} is not asked about {criterion.name}."))
    return found


def _values(one: Given, rating: Rating | None, suggestion: float | None) -> tuple[list[dict], dict[str, Any]]:
    """The problems of what was given, and the values that it comes to."""
    found = []
    score = one.score
    if one.accepted:
        score = None if suggestion is None else rounded(suggestion)
        if score is None:
            found.append(problem("score", "The facts suggest nothing here; rate it yourself.", None, one.option))
    else:
        if score is None and rating is not None:
            score = rating.score
        if score is None:
            found.append(problem("score", "Choose a score from 1 to 5 first.", None, one.option))
        elif isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= 5:
            found.append(problem("score", "A score is a whole number from 1 to 5.", score, one.option))
    confidence = one.confidence or (rating.confidence if rating else Rating.Confidence.MEDIUM.value)
    if confidence not in Rating.Confidence.values:
        found.append(problem("confidence", "Confidence is low, medium or high.", confidence, one.option))
    rationale = one.rationale if one.rationale is not None else rating.rationale if rating else ""
    if len(rationale) > LONGEST_RATIONALE:
        text = f"A rationale has at most {LONGEST_RATIONALE} characters; this one has {len(rationale)}."
        found.append(problem("rationale", text, rationale, one.option))
    suggestion_stored = stored(suggestion)
    kept = rating is not None and rating.accepted and (rating.score, rating.suggestion) == (score, suggestion_stored)
    values = {
        "score": score,
        "confidence": str(confidence),
        "rationale": AsStored(rationale) if rating and rationale == rating.rationale else rationale.strip(),
        "accepted": one.accepted or kept,
        "suggestion": suggestion_stored,
    }
    return found, values


def _same(rating: Rating, value: dict) -> bool:
    return all(getattr(rating, key) == value[key] for key in ("score", "confidence", "rationale"))


def _require_seen(one: Given, rating: Rating | None, value: dict) -> None:
    shown = ("score", "confidence", "rationale")
    require_seen(
        "this rating",
        one.seen_version,
        rating.version if rating else 0,
        moved="You changed this rating elsewhere meanwhile.",
        current={key: getattr(rating, key) for key in shown} if rating else None,
        attempted={key: value[key] for key in shown},
    )


def _write(
    member: Membership, review: Review, assignment: Assignment, options: dict, held: dict, changes: list
) -> dict[tuple[str, str], Rating]:
    """Write new and changed ratings with their versions and events, in few statements however many there are."""
    new, changed = {}, {}
    for one, value in changes:
        cell = (one.criterion, one.option)
        rating = held.get(cell)
        if rating is None:
            new[cell] = Rating(
                organization_id=review.organization_id,
                review=review,
                option=options[one.option],
                criterion=one.criterion,
                membership=member,
                function=assignment.function,
                **value,
            )
        else:
            Rating.objects.filter(pk=rating.pk).update(
                **value, to_confirm=False, version=F("version") + 1, updated_at=Now()
            )
            changed[cell] = rating.pk
    Rating.objects.bulk_create(new.values())
    touched = [*(rating.pk for rating in new.values()), *changed.values()]
    rows = Rating.objects.filter(pk__in=touched).select_related("option", "revision").order_by("pk")
    written = {(row.criterion, row.option.key): row for row in rows}
    _write_versions(member, review, written.values())
    return written


def _write_versions(member: Membership, review: Review, ratings: Iterable[Rating], action: str = "") -> None:
    """Keep what ratings say now as their next versions. Blind events bear the digest alone."""
    versions = [
        RatingVersion(
            organization_id=review.organization_id,
            rating=rating,
            number=rating.version,
            score=rating.score,
            confidence=rating.confidence,
            rationale=AsStored(rating.rationale),
            suggestion=rating.suggestion,
            revision=rating.revision,
            accepted=rating.accepted,
            salt=secrets.token_hex(SALT_BYTES),
        )
        for rating in ratings
    ]
    RatingVersion.objects.bulk_create(versions)
    names = criterion_names(review)
    record_events(
        [
            Entry(
                action or ("rating.given" if version.number == 1 else "rating.changed"),
                version.rating,
                label=label_of(version.rating.criterion, version.rating.option, names),
                new=revealed(version)
                if review.is_revealed
                else {"number": version.number, "digest": digest_of(version)},
            )
            for version in versions
        ],
        organization_id=review.organization_id,
        actor=member,
        program=review.program,
        review=review,
    )


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
    """Say that one's scoring is done; again changes nothing.

    Raises NotAllowed, WrongState, Missing naming the cells without a rating
    """
    review = lock_review(review_id, states=Review.TAKES_RATINGS)
    now = member.now()
    assignment = Assignment.objects.filter(review=review, membership=now).select_related("function").first()
    permissions.can_rate(now, review, assignment).require()
    if assignment.state == Assignment.State.DONE:
        return assignment
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
    telling.scoring_done(review, now)
    return assignment


def carry_forward(review: Review, assignments: Iterable[Assignment], *, actor: Membership) -> int:
    """Copy the assigned people's latest ratings of earlier reviews of the program as "to confirm"; how many.

    Only cells whose criterion and option still exist, of functions that are asked, and that have no rating yet. Each
    copy is the first version of its own history.
    """
    asked = {row.membership_id: row for row in assignments}
    options = {option.key: option for option in review.options.all()}
    criteria = {row.key: row for row in review.criteria_version.criterion_rows.all()}
    there = set(review.ratings.filter(membership__in=asked).values_list("membership", "criterion", "option__key"))
    cell = ("membership_id", "criterion", "option__key")
    latest = (
        Rating.objects.filter(review__program_id=review.program_id, review__number__lt=review.number)
        .filter(membership__in=asked)
        .order_by(*cell, "-review__number")
        .distinct(*cell)
        .select_related("option")
    )
    copies = [
        Rating(
            organization_id=review.organization_id,
            review=review,
            option=options[old.option.key],
            criterion=old.criterion,
            membership_id=old.membership_id,
            function=asked[old.membership_id].function,
            score=old.score,
            confidence=old.confidence,
            rationale=AsStored(old.rationale),
            suggestion=old.suggestion,
            revision_id=old.revision_id,
            to_confirm=True,
        )
        for old in latest
        if (old.membership_id, old.criterion, old.option.key) not in there
        and old.criterion in criteria
        and old.option.key in options
        and asked_of(criteria[old.criterion], asked[old.membership_id].function.key)
    ]
    Rating.objects.bulk_create(copies)
    rows = Rating.objects.filter(pk__in=[copy.pk for copy in copies]).select_related("option", "revision")
    _write_versions(actor, review, rows, action="rating.carried")
    return len(copies)
