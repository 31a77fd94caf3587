"""The handler of rescore jobs: reads all inputs as of one instant, computes, stores unless somebody was faster."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from assessments import jobs
from assessments.models import Job, Program, ProgramSummary, Review, ReviewSummary, Scorecard
from assessments.scoring.headline import Problem, headline
from assessments.services.frameworks import framework_of
from assessments.services.panel import panel_of


@dataclass(frozen=True)
class Inputs:
    """What one computation reads, as of one instant."""

    subject: Program | Review
    problem: Problem
    revision_id: int
    inputs_revision: int


def read_inputs(target: str) -> Inputs | None:
    """The inputs of "program:ID" or "review:ID" in one snapshot; None while a program has no saved revision."""
    kind, _, number = target.partition(":")
    with jobs.snapshot():
        if kind == "program":
            program = Program.objects.select_related("criteria_version", "revision").get(pk=number)
            if program.revision is None:
                return None
            problem = Problem(
                framework_of(program.criteria_version), program.revision.facts, tuple(program.revision.option_keys)
            )
            return Inputs(program, problem, program.revision_id, program.inputs_revision)
        review = Review.objects.select_related("program", "criteria_version", "revision").get(pk=number)
        options = tuple(review.options.values_list("key", flat=True))
        problem = Problem(framework_of(review.criteria_version), review.revision.facts, options, panel_of(review))
        return Inputs(review, problem, review.revision_id, review.inputs_revision)


@jobs.handler(Job.Kind.RESCORE)
def rescore(held: jobs.Claim) -> None:
    inputs = read_inputs(held.target)
    if inputs is None:
        with transaction.atomic():
            jobs.close(held, done=held.wanted_revision)
        return
    numbers = headline(inputs.problem)
    with transaction.atomic():
        store(inputs, numbers)
        jobs.close(held, done=inputs.inputs_revision)


def store(inputs: Inputs, numbers: dict[str, Any]) -> Scorecard:
    """Store a result once, and show it if it belongs to newer inputs (or another engine) than the shown one."""
    subject = inputs.subject
    review = subject if isinstance(subject, Review) else None
    program = review.program if review else subject
    identity = {
        "program": program,
        "review": review,
        "input_digest": numbers["input_digest"],
        "engine_version": numbers["engine"],
        "depth": numbers["depth"],
    }
    scorecard = Scorecard(
        **identity,
        organization_id=subject.organization_id,
        revision_id=inputs.revision_id,
        criteria_version_id=subject.criteria_version_id,
        inputs_revision=inputs.inputs_revision,
        numbers=numbers,
    )
    # Two runs over the same inputs may meet here; the first one's row stands.
    Scorecard.objects.bulk_create([scorecard], ignore_conflicts=True)
    scorecard = Scorecard.objects.get(**identity)
    shown = type(subject).objects.filter(
        Q(headline_revision__lt=inputs.inputs_revision)
        | Q(headline_revision=inputs.inputs_revision) & ~Q(headline_engine=numbers["engine"]),
        pk=subject.pk,
    )
    if shown.update(headline_revision=inputs.inputs_revision, headline_engine=numbers["engine"], headline=scorecard):
        summarise(subject, scorecard)
    return scorecard


def summarise(subject: Program | Review, scorecard: Scorecard) -> None:
    """Write the few figures of a result that lists show."""
    numbers = scorecard.numbers
    verdict, basis = numbers["verdict"], numbers["basis"]
    names = {option["key"]: option for option in numbers["options"]}
    chosen = names.get(verdict["option"], {})
    results = numbers[basis]["options"]
    share = numbers["robustness"]["first_share"].get(verdict["option"], {})
    values = {
        "organization_id": subject.organization_id,
        "scorecard": scorecard,
        "basis": basis,
        "verdict": verdict["kind"],
        "option_key": chosen.get("key", ""),
        "option_name": chosen.get("name", ""),
        "option_kind": chosen.get("kind", ""),
        "runner_up_name": names.get(verdict["runner_up"], {}).get("name", ""),
        "total": results.get(verdict["option"], {}).get("total"),
        "margin": verdict["margin"],
        "first_share": share.get("value"),
        "scenarios_kept": verdict["scenarios_kept"],
        "scenarios_run": len(numbers["scenarios"]),
        "conditions": verdict["conditions"],
        "blocked": [key for key, option in results.items() if option["blocked"]],
        "computed_at": Now(),
    }
    if isinstance(subject, Review):
        ReviewSummary.objects.update_or_create(review=subject, defaults=values)
    else:
        ProgramSummary.objects.update_or_create(program=subject, defaults=values)
