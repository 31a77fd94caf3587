"""The handler of rescore jobs: reads all inputs as of one instant, computes, stores unless somebody was faster.

The headline comes first and at once; the same job row is then armed again with depth full, due after two quiet seconds.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat, Now

from assessments import jobs
from assessments.live import announce
from assessments.models import Job, Program, ProgramSummary, Review, ReviewSummary, Scorecard
from assessments.reporting import result_view
from assessments.scoring.full import full
from assessments.scoring.headline import ENGINE_VERSION, Problem, headline
from assessments.services.problems import problem_of
from assessments.services.reports import follow_report
from assessments.services.shown import is_blind

HEADLINE, FULL = Scorecard.Depth.HEADLINE, Scorecard.Depth.FULL
QUIET = timedelta(seconds=2)


@dataclass(frozen=True)
class Inputs:
    """What one computation reads, as of one instant."""

    subject: Program | Review
    problem: Problem
    revision_id: int
    inputs_revision: int

    @property
    def identity(self) -> dict[str, Any]:
        """What makes a result of these inputs the same result, besides its depth."""
        review = self.subject if isinstance(self.subject, Review) else None
        return {
            "program": review.program if review else self.subject,
            "review": review,
            "input_digest": self.problem.digest(),
            "engine_version": ENGINE_VERSION,
        }


class Overtaken(Exception):
    """Newer inputs came while a long computation ran; its result would be shown to nobody."""


def read_inputs(target: str) -> Inputs | None:
    """The inputs of "program:ID" or "review:ID" in one snapshot; None while a program has no saved revision."""
    kind, _, number = target.partition(":")
    with jobs.snapshot():
        if kind == "program":
            program = Program.objects.select_related("criteria_version", "revision").get(pk=number)
            if program.revision is None:
                return None
            return Inputs(program, problem_of(program), program.revision_id, program.inputs_revision)
        review = Review.objects.select_related("program", "criteria_version", "revision").get(pk=number)
        return Inputs(review, problem_of(review), review.revision_id, review.inputs_revision)


@jobs.handler(Job.Kind.RESCORE)
def rescore(held: jobs.Claim) -> None:
    inputs = read_inputs(held.target)
    if inputs is None:
        with transaction.atomic():
            jobs.close(held, done=held.wanted_revision)
        return
    # Inputs newer than the claim want their headline first, whatever depth the row was armed with.
    if held.depth == FULL and inputs.inputs_revision <= held.wanted_revision:
        rescore_full(held, inputs)
    else:
        rescore_headline(held, inputs)


def rescore_headline(held: jobs.Claim, inputs: Inputs) -> None:
    """Store the headline, and owe the full depth once the inputs have been quiet."""
    numbers = computed(inputs, HEADLINE) or headline(inputs.problem)
    with transaction.atomic():
        store(inputs, numbers)
        jobs.close_and_rearm(
            held, done=inputs.inputs_revision, depth=FULL, due_at=inputs.subject.inputs_changed_at + QUIET
        )


def rescore_full(held: jobs.Claim, inputs: Inputs) -> None:
    """Store the full depth, unless newer inputs come meanwhile: then the row is due again at once for their headline."""

    def report(percent: int, step: str) -> None:
        if jobs.report_progress(held, percent, step) > inputs.inputs_revision:
            raise Overtaken

    try:
        numbers = computed(inputs, FULL) or full(inputs.problem, report)
    except Overtaken:
        with transaction.atomic():
            jobs.close(held, done=inputs.inputs_revision)
        return
    with transaction.atomic():
        scorecard = store(inputs, numbers)
        if isinstance(inputs.subject, Review):
            follow_report(inputs.subject, scorecard)
        jobs.close(held, done=inputs.inputs_revision)


def computed(inputs: Inputs, depth: str) -> dict[str, Any] | None:
    """The numbers of exactly these inputs where this engine has computed them before; None otherwise."""
    return Scorecard.objects.filter(**inputs.identity, depth=depth).values_list("numbers", flat=True).first()


def store(inputs: Inputs, numbers: dict[str, Any]) -> Scorecard:
    """Store a result once, and show it if it belongs to newer inputs (or another engine) than the shown one.

    A full result also serves as headline. Call inside the transaction that closes the job.
    """
    subject, depth, engine = inputs.subject, numbers["depth"], numbers["engine"]
    identity = {**inputs.identity, "engine_version": engine, "depth": depth}
    # Against the pruning, which locks the subject before it deletes a scorecard that nothing refers to.
    type(subject).objects.select_for_update(no_key=True).only("pk").get(pk=subject.pk)
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
    shown = [show(inputs, scorecard, as_depth) for as_depth in ((FULL, HEADLINE) if depth == FULL else (HEADLINE,))]
    # Lists show the deeper result where it belongs to the same inputs as the shown headline.
    if any(shown) and type(subject).objects.filter(pk=subject.pk, headline_revision=inputs.inputs_revision).exists():
        if not is_shown_blind(subject, scorecard):
            summarise(subject, scorecard)
            announce(subject, inputs.inputs_revision)
    return scorecard


def is_shown_blind(subject: Program | Review, scorecard: Scorecard) -> bool:
    """Whether a review with blind ratings shows this result already, or the deeper one of the same inputs: then only a
    rating can have asked for it again, and nobody learns when that was.
    """
    if not is_blind(subject):
        return False
    same = ReviewSummary.objects.filter(
        review_id=subject.pk,
        scorecard__input_digest=scorecard.input_digest,
        scorecard__engine_version=scorecard.engine_version,
        scorecard__depth__in={scorecard.depth, FULL},
    )
    return same.exists()


def show(inputs: Inputs, scorecard: Scorecard, depth: str) -> bool:
    """Make a scorecard the subject's shown one of a depth if it is newer; whether it was."""
    revision, engine = f"{depth}_revision", f"{depth}_engine"
    newer = Q(**{f"{revision}__lt": inputs.inputs_revision})
    other_engine = Q(**{revision: inputs.inputs_revision}) & ~Q(**{engine: scorecard.engine_version})
    subjects = type(inputs.subject).objects.filter(newer | other_engine, pk=inputs.subject.pk)
    moved = {revision: inputs.inputs_revision, engine: scorecard.engine_version, str(depth): scorecard}
    return bool(subjects.update(**moved))


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
        "risk": result_view.risk_summary(numbers),
        "computed_at": Now(),
    }
    if isinstance(subject, Review):
        ReviewSummary.objects.update_or_create(review=subject, defaults=values)
    else:
        ProgramSummary.objects.update_or_create(program=subject, defaults=values)


def owe_outdated(limit: int = 200, *, failed_too: bool = False) -> int:
    """Owe again the results that another engine made or that nothing owes though they lag; how many were owed.

    limit       at most so many at once, and none while as many rescore jobs wait already
    failed_too  with those whose last computation failed: a new engine may succeed where the former did not
    """
    closed = [Job.State.DONE, *([Job.State.FAILED] if failed_too else [])]
    lags = (
        ~Q(headline_engine=ENGINE_VERSION) | ~Q(full_engine=ENGINE_VERSION) | Q(full_revision__lt=F("inputs_revision"))
    )
    waiting = Job.objects.filter(kind=Job.Kind.RESCORE, state=Job.State.QUEUED, next_at__lte=Now()).count()
    room = max(0, limit - waiting)
    owed = 0
    for kind, subjects in (
        ("program", Program.objects.exclude(revision=None)),
        ("review", Review.objects.filter(state__in=Review.BEFORE_APPROVAL)),
    ):
        open_jobs = Job.objects.filter(
            kind=Job.Kind.RESCORE, target=Concat(Value(f"{kind}:"), Cast(OuterRef("pk"), CharField()))
        ).exclude(state__in=closed)
        found = subjects.filter(lags).exclude(Exists(open_jobs)).order_by("pk")[: room - owed]
        for subject in found.only("organization_id", "inputs_revision"):
            with transaction.atomic():
                jobs.owe(
                    Job.Kind.RESCORE,
                    f"{kind}:{subject.pk}",
                    organization_id=subject.organization_id,
                    wanted=subject.inputs_revision,
                    depth=HEADLINE,
                )
            owed += 1
    return owed
