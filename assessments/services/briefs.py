"""The decision brief of a review as plain data, from the database: what the page shows and the PDF prints."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from assessments.errors import ResultPending
from assessments.models import ApprovalStep, Decision, ProposedDecision, Review, Scorecard, Signature, Submission
from assessments.reporting import brief, result_view
from assessments.reporting.result_view import Names, month_words
from assessments.reporting.result_view.flips import flip_rows
from assessments.reporting.result_view.risk import beyond_figure, risk_over_time
from assessments.reporting.result_view.words import counted
from assessments.scoring.confidential import HIDDEN, confidential, without_commercial
from assessments.scoring.framework import Framework
from assessments.services import coming_back, proposals, questions, routes, verifying
from assessments.services.disagreement import disagreements, raters
from assessments.services.frameworks import framework_of
from assessments.services.shown import FRESH, Shown, shown, words_of

WATERMARKS = {
    "draft": "DRAFT",
    "scoring": "DRAFT",
    "reconciling": "DRAFT",
    "in_approval": "DRAFT",
    "rejected": "REJECTED",
    "withdrawn": "WITHDRAWN",
}
PROPOSAL_KINDS = {
    "recommended": "as the result says",
    "alternative": "another option than the result says",
    "not_yet": "do not commit yet",
}
STEP_STATES = {"done": "done", "open": "current", "waiting": "waiting", "ended": "stopped"}


@dataclass(frozen=True)
class Basis:
    """What a brief rests on: the frozen record once the review is submitted, else the result shown now.

    damaged  whether the record, its proposals or its signatures are no longer what was signed
    """

    scorecard: Scorecard | None
    submission: Submission | None
    freshness: Shown
    damaged: bool = False

    @property
    def is_current(self) -> bool:
        """Whether no newer result is owed: a frozen record never ages."""
        return self.submission is not None or self.freshness.state == FRESH

    @property
    def is_whole(self) -> bool:
        """Whether the full depth of these inputs is there too, so that a file made now says all there is to say."""
        return self.is_current and self.scorecard is not None and self.scorecard.depth == Scorecard.Depth.FULL

    @property
    def inputs(self) -> str:
        words = words_of(self.scorecard)
        return f"submission {self.submission.number}, {words}" if self.submission else words


def basis_of(review: Review) -> Basis:
    """The frozen record of a review from its submission on; before, and after a return, the result shown now."""
    now, submission = shown(review), None
    if review.state in Review.FROM_APPROVAL_ON:
        records = review.submissions.select_related("scorecard__revision", "submitted_by__user", "revision")
        submission = records.first()
    if submission is None:
        return Basis(now.scorecard, None, now)
    return Basis(submission.scorecard, submission, now, damaged=bool(verifying.verify(submission)))


def brief_of(
    review: Review, *, commercial: bool, made_at: datetime.datetime, basis: Basis | None = None
) -> brief.Brief:
    """The brief of a review as it stands. Before the reveal it says what the facts say and no rating.

    commercial  whether prices, terms and sentences that rest on them are in it
    made_at     when it is made; nothing else depends on a clock
    Raises      ResultPending while there is no result at all
    """
    basis = basis or basis_of(review)
    if basis.scorecard is None:
        raise ResultPending("There is no result of this review yet; it is on its way.")
    framework = framework_of(review.criteria_version)
    numbers = basis.scorecard.numbers if commercial else without_commercial(basis.scorecard.numbers, framework)
    names = Names.of(framework.data, framework.verdict)
    start = basis.scorecard.revision.assessment_date
    submission = basis.submission
    proposed = submission.proposed_decisions.select_related("option", "author__user").first() if submission else None
    decided = Decision.objects.filter(review=review).first() if submission else None
    steps = _steps(submission, proposed) if submission else ()
    return brief.Brief(
        organization=review.organization.name,
        program=review.program.name,
        review=str(review),
        question=review.question,
        about=_about(basis.scorecard, framework),
        state=_state_words(review, steps),
        notice=_notice(review, basis),
        verdict=result_view.verdict_words(numbers),
        choice=result_view.choice_words(numbers),
        sentence=result_view.headline_sentence(numbers, names),
        accent=result_view.choice_accent(numbers),
        headlines=_headlines(review, numbers),
        values=result_view.value_bars(numbers, names, inputs=basis.inputs),
        scenarios=result_view.scenario_matrix(numbers),
        risk=risk_over_time(numbers),
        gates=tuple(
            brief.Gate(gate.id, gate.effect, tuple(option.name for option in gate.options), gate.message)
            for gate in result_view.gate_rows(numbers)
        ),
        changes=tuple(
            brief.Change(flip.what, flip.then, flip.kind in ("scenario", "lens")) for flip in flip_rows(numbers, names)
        ),
        conditions=_conditions(review, submission, numbers, names, start, framework, commercial),
        disagreement=disagreements(review, numbers, names),
        proposal=_proposal(review, proposed, decided, commercial=commercial) if proposed else None,
        steps=steps,
        watermark="INTEGRITY CHECK FAILED" if basis.damaged else WATERMARKS.get(review.state, ""),
        provenance=brief.Provenance(
            application=f"Makewhere {settings.VERSION}",
            engine=basis.scorecard.engine_version,
            framework=str(review.criteria_version),
            scorecard=basis.scorecard.input_digest,
            made_at=made_at,
            inputs=basis.inputs,
            submission=submission.sha256 if submission else "",
            frozen_at=submission.submitted_at if submission else None,
        ),
    )


def brief_for_most(
    review: Review, *, commercial: bool, made_at: datetime.datetime, basis: Basis | None = None
) -> tuple[brief.Brief, bool]:
    """The brief for a reader, and whether it prints what only readers of commercial facts may see.

    Where prices and terms are not in it anyway, everyone who may see the review can share one file.
    """
    basis = basis or basis_of(review)
    public = brief_of(review, commercial=False, made_at=made_at, basis=basis)
    if not commercial:
        return public, False
    whole = brief_of(review, commercial=True, made_at=made_at, basis=basis)
    return whole, whole != public


def _about(scorecard: Scorecard, framework: Framework) -> tuple[str, ...]:
    """What the program is, in the schema's words."""
    facts = scorecard.revision.facts["program"]
    said = []
    for key in ("modality", "phase"):
        field = framework.schema.fields.get(key)
        if field is not None and facts.get(key) is not None:
            said.append(field.choices.get(facts[key], str(facts[key])))
    return tuple(said)


def _state_words(review: Review, steps: tuple[brief.Step, ...]) -> str:
    words = review.get_state_display()
    current = next((at for at, step in enumerate(steps, 1) if step.state == "current"), None)
    return f"{words} · step {current} of {len(steps)}" if review.state == "in_approval" and current else words


def _notice(review: Review, basis: Basis) -> str:
    said = []
    if basis.damaged:
        said.append("Integrity check failed: the record is not what was signed. Do not rely on it; see Approval.")
    if not review.is_revealed:
        said.append("Facts only: the ratings are not revealed yet, so this shows what the program's facts say.")
    if not basis.is_current:
        said.append("A newer result is on its way; this one belongs to earlier inputs.")
    asked = questions.open_question(review)
    if asked is not None:
        said.append(f"{asked.asker} asks before signing {asked.step.name}: {asked.question}")
    elif review.state == "reconciling" and review.returned:
        reason = f": {review.state_reason}" if review.state_reason else ""
        who = coming_back.returned_by(review)
        said.append(f"Returned{f' by {who}' if who else ''}{reason}.".replace("..", "."))
    if review.state in ("rejected", "withdrawn") and review.state_reason:
        said.append(f"{review.get_state_display()}: {review.state_reason}")
    return " ".join(said)


def _headlines(review: Review, numbers: Mapping[str, Any]) -> tuple[brief.Headline, ...]:
    """At most four figures: how sure, how robust, how far beyond what can be absorbed, and how far the panel agrees."""
    told = [brief.Headline(value, words) for value, words in result_view.figures(numbers)]
    last = []
    if beyond := beyond_figure(numbers):
        last.append(brief.Headline(*beyond))
    if numbers["panel"] is not None:
        people, functions = raters(review)
        agreement = numbers.get("agreement", {}).get("kendall_w", {}).get("value")
        if agreement is not None:
            last.append(brief.Headline(f"{agreement:.2f}", f"panel agreement (Kendall W, {counted(people, 'rater')})"))
        else:
            last.append(
                brief.Headline(
                    str(people), f"{'person' if people == 1 else 'people'} of {counted(functions, 'function')} rated"
                )
            )
    return (*told[: 4 - len(last)], *last)


def _conditions(
    review: Review,
    submission: Submission | None,
    numbers: Mapping[str, Any],
    names: Names,
    start: datetime.date,
    framework: Framework,
    commercial: bool,
) -> tuple[brief.Condition, ...]:
    """Those that were put up for signature, with where they stand; before a submission those that the gates ask for."""
    if submission is None:
        return tuple(
            brief.Condition(
                title=row.title,
                owner=row.owner,
                due=row.due,
                why=row.why,
                only_for="" if row.for_choice else " and ".join(option.name for option in row.options),
            )
            for row in result_view.condition_rows(numbers, names, start)
        )
    hidden = frozenset() if commercial else confidential(framework).gates
    return tuple(
        brief.Condition(
            title=row.title,
            owner=" · ".join(
                filter(None, (row.owner_function and row.owner_function.name, row.owner and row.owner.name))
            ),
            due=month_words(row.due_month, start),
            mandatory=row.mandatory,
            why=HIDDEN if row.gate in hidden else row.because,
            state=row.get_state_display(),
        )
        for row in review.conditions.select_related("owner_function", "owner__user")
    )


def _proposal(
    review: Review, proposed: ProposedDecision, decided: Decision | None, *, commercial: bool
) -> brief.Proposal:
    said = proposals.said_in(proposed, review, commercial=commercial)
    return brief.Proposal(
        number=proposed.number,
        kind=PROPOSAL_KINDS[proposed.kind],
        option=proposed.option.name if proposed.option else "",
        sentence=said["sentence"],
        justification=proposed.justification,
        hash=proposed.sha256,
        overrides=tuple(_override(one) for one in said["overrides"]),
        tripwires=tuple(one["sentence"] for one in said["tripwires"]),
        author=proposed.written_by,
        decided=decided is not None and decided.proposed_decision_id == proposed.pk,
    )


def _override(one: Mapping[str, Any]) -> str:
    return f"{one['gate']} {one['name']}: {one['reason']}"


def _steps(submission: Submission, proposed: ProposedDecision | None) -> tuple[brief.Step, ...]:
    """The route with its signatures; those on a proposal that was replaced are void."""
    found = list(submission.steps.prefetch_related("parties__function", "parties__membership__user"))
    signatures = routes.signatures_of(found)
    return tuple(
        brief.Step(
            title=step.name,
            state=STEP_STATES[step.state],
            signatures=tuple(
                brief.Signature(
                    name=signature.printed_name,
                    meaning=signature.get_meaning_display(),
                    at=signature.at,
                    hash=signature.proposed_sha256 or signature.submission_sha256,
                    function=signature.function.name if signature.function else "",
                    stands_from=None if signature.submission_id == submission.pk else signature.submission.number,
                    void=bool(
                        signature.proposed_decision_id and proposed and signature.proposed_decision_id != proposed.pk
                    ),
                )
                for signature in signatures[step.pk]
            ),
            note=_waiting_for(step, signatures[step.pk]),
        )
        for step in found
    )


def _waiting_for(step: ApprovalStep, signatures: Sequence[Signature]) -> str:
    """Whom an open step waits for, and until when."""
    if step.state != ApprovalStep.State.OPEN:
        return ""
    signed = {signature.function_id for signature in signatures}
    who = [
        party.function.name
        if party.function
        else party.membership.name
        if party.membership
        else f"an {party.role}"
        if party.role[:1] in "aeiou"
        else f"a {party.role}"
        for party in step.parties.all()
        if not (party.function_id and party.function_id in signed)
    ]
    said = (
        f"waiting for {', '.join(who[:-1])} and {who[-1]}" if len(who) > 1 else f"waiting for {who[0]}" if who else ""
    )
    due = f"due {step.due_on:%-d %b %Y}" if step.due_on else ""
    return ", ".join(filter(None, (said, due)))
