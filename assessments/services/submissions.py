"""Submitting a review: what is still missing, and the record and proposal that go to the signers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.audit import canonical_json, record_event, sha256_of
from accounts.models import Function, Membership
from assessments import permissions
from assessments.errors import Clash, Invalid, Missing, Refusal, ResultPending, WrongState, gathering
from assessments.models import (
    AgreedValue,
    Criterion,
    ProposedDecision,
    Rating,
    ReturnQuestion,
    Review,
    Scorecard,
    Submission,
)
from assessments.scoring.headline import ENGINE_VERSION
from assessments.services import coming_back, proposals, questions, rerouting, routes, tripwires, twice
from assessments.services import conditions as conditions_service
from assessments.services import places as places_service
from assessments.services.frameworks import framework_of
from assessments.services.inputs import lock_review
from assessments.services.problems import problem_of
from assessments.services.proposals import LONGEST_REASON
from assessments.services.ratings import asked_of
from assessments.services.records import record_of
from assessments.services.reviews import move, seen, too_long

BLOCKS, NEEDS_REASON, WARNS = "blocks", "needs a reason", "warns"
WANTS_A_REASON = "Ratings are missing. Say why the review is submitted without them."
EXPLAINED = {"missing_ratings", "to_confirm", "nobody_rated"}  # codes of what a reason lets pass


@dataclass(frozen=True)
class Finding:
    """One thing that is missing or stale before a submission.

    code    missing_ratings, to_confirm, nobody_rated, moved, condition, tripwire, route, result_pending
    weight  BLOCKS; NEEDS_REASON: a reason lets it pass; WARNS: signers should know
    step    key of the route's step that it is about; empty for anything else
    """

    code: str
    weight: str
    what: str
    message: str
    step: str = ""

    def as_thing(self) -> dict[str, str]:
        found = {"code": self.code, "weight": self.weight, "what": self.what, "message": self.message}
        return found | ({"step": self.step} if self.step else {})


def result_for_submission(review: Review) -> Scorecard:
    """The full result of exactly the inputs as they are now. Raises ResultPending until it is there."""
    current = review.full_revision == review.inputs_revision and review.full_engine == ENGINE_VERSION
    if review.full is None or not current:
        raise ResultPending("The result of the latest inputs is still being computed. Submit again once it is here.")
    return review.full


def check_submission(
    review: Review,
    *,
    submitter: Membership,
    reader: Membership | None = None,
    option_key: str | None = None,
) -> list[Finding]:
    """Everything that a submission of the review would be held up by, or that its signers should know.

    reader      who is told, where that is not the submitter: confidential facts are named to those who may see them
    option_key  of the choice whose conditions count; None: of the option that the result names
    """
    found = _without_route(review, reader or submitter, option_key) + _route(
        review, submitter, route_now(review, questions.open_question(review))
    )
    try:
        result_for_submission(review)
    except ResultPending as pending:
        found.append(Finding("result_pending", WARNS, "Result", str(pending)))
    return found


def _without_route(review: Review, reader: Membership, option_key: str | None) -> list[Finding]:
    numbers = review.headline.numbers if review.headline else None
    found = _ratings(review) + _nobody(review)
    if numbers is not None:
        found += _moved(review, numbers)
        chosen = (numbers["verdict"]["option"] or "") if option_key is None else option_key
        found += [
            Finding("condition", BLOCKS, line.title, f"This condition lacks {words}.")
            for line, words in conditions_service.lacking(conditions_service.lines_of(review, numbers, chosen))
        ]
    return found + _tripwires(review, reader)


def _tripwires(review: Review, reader: Membership) -> list[Finding]:
    commercial = permissions.can_see_commercial(reader, review.program)
    fields = framework_of(review.criteria_version).schema.fields
    found = []
    for row, message in tripwires.lapsed(review, review.revision.facts):
        field = fields.get(row.field)
        if field is None:
            what = "Tripwire on a fact that these criteria do not know"
        elif field.commercial and not commercial:
            what, message = "Tripwire on a confidential fact", "It does not fit the facts as they are."
        else:
            what = f"Tripwire on {field.label}"
        found.append(Finding("tripwire", BLOCKS, what, message))
    return found


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _ratings(review: Review) -> list[Finding]:
    """Cells that an assigned person has not rated, or only carried along from an earlier review."""
    rated: dict[int, dict[tuple[str, int], bool]] = {}
    for row in review.ratings.values_list("membership_id", "criterion", "option_id", "to_confirm"):
        person, criterion, option, to_confirm = row
        rated.setdefault(person, {})[criterion, option] = to_confirm
    options = list(review.options.values_list("pk", flat=True))
    criteria = list(review.criteria_version.criterion_rows.all())
    found = []
    for assignment in review.assignments.select_related("membership__user", "function"):
        who = f"{assignment.membership.name} ({assignment.function.name})"
        held = rated.get(assignment.membership_id, {})
        asked = [row.key for row in criteria if asked_of(row, assignment.function.key)]
        empty = sum((key, option) not in held for key in asked for option in options)
        kept = sum(held.get((key, option), False) for key in asked for option in options)
        if empty:
            found.append(Finding("missing_ratings", NEEDS_REASON, who, f"{_plural(empty, 'rating')} missing."))
        if kept:
            message = f"{_plural(kept, 'rating')} carried forward, not confirmed."
            found.append(Finding("to_confirm", NEEDS_REASON, who, message))
    return found


def _nobody(review: Review) -> list[Finding]:
    """Criteria for which no function was asked at all, so that some cells hold neither rating nor agreed value."""
    options = list(review.options.all())
    held = set(Rating.objects.filter(review=review).values_list("criterion", "option_id"))
    held |= set(AgreedValue.objects.filter(review=review).values_list("criterion", "option_id"))
    names = {row.key: row.name for row in Function.objects.filter(organization_id=review.organization_id)}
    asked = set(review.assignments.values_list("function__key", flat=True))
    empty: dict[str, list[str]] = {}
    for row in Criterion.objects.filter(criteria_version_id=review.criteria_version_id):
        if {row.owner_function, *row.consulted_functions} & asked:
            continue
        if any((row.key, option.pk) not in held for option in options):
            empty.setdefault(row.owner_function, []).append(row.name)
    return [
        Finding("nobody_rated", NEEDS_REASON, names.get(key, key), f"Nobody was asked to rate {', '.join(criteria)}.")
        for key, criteria in empty.items()
    ]


def _moved(review: Review, numbers: Mapping[str, Any]) -> list[Finding]:
    cells: dict[str, list[str]] = {}
    names = {option["key"]: option["name"] for option in numbers["options"]}
    for cell in numbers["moved"]:
        cells.setdefault(cell["criterion"], []).append(names[cell["option"]])
    titles = dict(review.criteria_version.criterion_rows.filter(key__in=cells).values_list("key", "name"))
    return [
        Finding("moved", WARNS, titles[key], f"The facts moved this since it was judged ({', '.join(options)}).")
        for key, options in cells.items()
    ]


def _route(review: Review, submitter: Membership, steps: Sequence[routes.Planned] | Missing) -> list[Finding]:
    """What keeps a route from being completed."""
    if isinstance(steps, Missing):
        things = steps.things
    else:
        things = places_service.without_signers(review, steps, submitter=submitter)
    return [Finding("route", BLOCKS, one["what"], one["message"], one.get("step", "")) for one in things]


def route_now(review: Review, question: ReturnQuestion | None) -> list[routes.Planned] | Missing:
    """The route as a submission would take it now, if nothing but the answer to the open question is new."""
    try:
        return routes.route_of(review.criteria_version, stands_on=question.submission if question else None)
    except Missing as faults:
        return faults


@transaction.atomic
def submit(
    *,
    member: Membership,
    review_id: int,
    kind: str,
    option_key: str = "",
    justification: str,
    conditions: Sequence[Mapping] = (),
    overrides: Mapping[str, str] | None = None,
    missing_reason: str = "",
    answer: str = "",
    places: Sequence[Mapping[str, Any]] = (),
    seen_version: int | None = None,
    seen_result: str = "",
) -> Submission:
    """Freeze a review and put a proposed decision up for signature. The lead's.

    kind         recommended (the option that the result names), alternative (another one), not_yet (none)
    conditions   owners and dates set at once; see conditions.put_conditions
    overrides    {gate: reason} for every gate that blocks an alternative
    answer       to what sent the former submission back: to the question (if nothing else changed, the functions'
                 signatures on it stand), or what was done about the return
    places       of the route that somebody else takes: {step, place, person, reason} each; see places.take_places
    seen_result  uuid of the result that the lead looked at; another one meanwhile is a Clash
    Raises       NotAllowed, WrongState, DoneAlready, Clash, ResultPending; Missing naming all that holds it up; Invalid
                 naming all that cannot be taken, and what else holds it up, with `what`
    """
    try:
        review = lock_review(review_id, states=("reconciling",))
    except WrongState:
        require_first(member, review_id, kind, option_key, justification)
        raise
    now = member.now()
    permissions.can_lead_review(now, review.program).require()
    seen(review, seen_version)
    scorecard = result_for_submission(review)
    _same_inputs(review, scorecard)
    numbers = scorecard.numbers
    if seen_result and str(scorecard.uuid) != seen_result:
        raise Clash(f"The result moved since you looked at it. It says now: {numbers['verdict']['sentence']}")
    question = questions.open_question(review)
    returned = None if question else coming_back.open_return(review)
    # Whatever is wrong is said at once: nothing of it stays where something is.
    problems: list[dict] = []
    choice = lines = steps = None
    with gathering(problems):
        choice = proposals.check_choice(
            review, numbers, kind=kind, option_key=option_key, justification=justification, overrides=overrides
        )
    with gathering(problems):
        answer = questions.check_answer(question, answer, returned=returned is not None)
    with gathering(problems):
        _check_reason(missing_reason)
    # Which conditions an option has that the review does not know, nobody can say.
    known = option_key in {"", *(option["key"] for option in numbers["options"])}
    chosen = choice.option_key if choice else option_key if known else None
    if chosen is not None:
        with gathering(problems):
            lines = _conditions(now, review, numbers, chosen, conditions)
    findings = _without_route(review, now, chosen)
    if lines is None:
        # What conditions lack follows from what was refused of them.
        findings = [finding for finding in findings if finding.code != "condition"]
    number = review.submissions.count() + 1
    passed = [finding.as_thing() for finding in findings]
    record = canonical_json(
        record_of(
            review,
            scorecard,
            number=number,
            submitter=now,
            missing=passed,
            missing_reason=missing_reason.strip(),
            question=questions.entry_of(question, answer) if question else None,
            returned=coming_back.entry_of(*returned, answer) if returned else None,
        )
    )
    # After a question the places depend on whether signatures stand, and that on the record.
    former = question.submission if question and questions.says_the_same(question.submission.record, record) else None
    with gathering(problems):
        steps = _steps(now, review, places, stands_on=former)
    held_up = _held_up(findings + (_route(review, now, steps) if steps is not None else []), missing_reason)
    if problems:
        things = held_up.things if held_up else []
        raise Invalid(problems + [{"field": one["what"], "option": "", "value": None, **one} for one in things])
    if held_up:
        raise held_up
    # None of them is left out without a problem or a thing that holds it up.
    assert choice is not None and lines is not None and steps is not None and not isinstance(steps, Missing)
    submission = Submission.objects.create(
        organization_id=review.organization_id,
        review=review,
        number=number,
        record=record,
        sha256=sha256_of(record),
        revision=review.revision,
        scorecard=scorecard,
        missing_reason=missing_reason.strip(),
        return_answer=answer if returned else "",
        submitted_by=now,
    )
    proposed = proposals.write(submission, choice, lines, now)
    if question:
        questions.answered(question, answer, by=now, submission=submission)
    laid = routes.lay(submission, steps)
    move(review, Review.State.IN_APPROVAL, actor=now, action="review.submitted")
    record_event(
        "submission.made",
        organization_id=review.organization_id,
        actor=now,
        subject=submission,
        program=review.program,
        review=review,
        new={
            "number": number,
            "sha256": submission.sha256,
            "proposed_sha256": proposed.sha256,
            "kind": proposed.kind,
            "option": choice.option_key,
            "missing": passed,
            "signatures_stand_from": former.number if former else None,
        },
        reason=missing_reason.strip(),
    )
    for step, planned in zip(laid, steps, strict=True):
        for place in planned.places:
            if place.former:
                rerouting.took_at_submission(now, step, place)
    return submission


def require_first(member: Membership, review_id: int, kind: str, option_key: str, justification: str) -> None:
    """Raises DoneAlready for a review that waits for signatures because the same person submitted it: this choice, in
    these words.
    """
    made = Submission.objects.filter(review=review_id, review__state=Review.State.IN_APPROVAL, submitted_by=member)
    last = made.defer("record").select_related("review").order_by("-number").first()
    if last is None or last.number != last.review.submissions.count():
        return
    first = last.proposed_decisions.select_related("option").get(number=1)
    named = first.option.key if first.option else ""
    # Of what the result recommends the API need not name the option.
    if kind == ProposedDecision.Kind.RECOMMENDED and not option_key:
        option_key = named
    if (first.kind, named, first.justification) == (kind, option_key, justification.strip()):
        url = rerouting.approval_address(last.review)
        raise twice.done_already("You submitted this review with this choice and these words", last.submitted_at, url)


def faults_of_submission(**given: Any) -> list[dict]:
    """What `submit`, which takes the same, would refuse, as problems (of what is missing with `what`); nothing is written."""
    try:
        with transaction.atomic():
            submit(**given)
            transaction.set_rollback(True)
    except Invalid as invalid:
        return invalid.problems
    except Missing as missing:
        return [{"field": one["what"], "option": "", "value": None, **one} for one in missing.things]
    except Refusal:
        pass
    return []


def _steps(
    member: Membership, review: Review, places: Sequence[Mapping[str, Any]], *, stands_on: Submission | None = None
) -> list[routes.Planned] | Missing:
    """The route that the submission will take; Missing without an executive step. Raises Invalid for a place"""
    try:
        steps = routes.route_of(review.criteria_version, stands_on=stands_on)
    except Missing as faults:
        return faults
    return places_service.take_places(member, review, steps, places)


def _conditions(
    member: Membership, review: Review, numbers: Mapping[str, Any], option_key: str, entries: Sequence[Mapping]
) -> list[conditions_service.Line]:
    if entries:
        conditions_service.put_conditions(
            member=member, review=review, numbers=numbers, option_key=option_key, entries=entries
        )
    return conditions_service.settle(member=member, review=review, numbers=numbers, option_key=option_key)


def _check_reason(reason: str) -> None:
    if found := too_long("missing_reason", reason.strip(), LONGEST_REASON):
        raise Invalid(found)


def _held_up(findings: Sequence[Finding], reason: str) -> Missing | None:
    """All that keeps a submission from being made, each thing named; None where nothing does."""
    blocking = [finding for finding in findings if finding.weight == BLOCKS]
    unexplained = [] if reason.strip() else [finding for finding in findings if finding.weight == NEEDS_REASON]
    if not blocking and not unexplained:
        return None
    words = ["Some things must be there before a submission."] if blocking else []
    words += [WANTS_A_REASON] if unexplained else []
    return Missing(" ".join(words), [one.as_thing() for one in blocking + unexplained])


def _same_inputs(review: Review, scorecard: Scorecard) -> None:
    """The count of inputs says that the result is current; the digest proves that it is of these very inputs."""
    if problem_of(review).digest() != scorecard.input_digest:
        raise WrongState("The stored result does not belong to these inputs. Have it computed again first.")
