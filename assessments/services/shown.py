"""Which result a subject shows now, what it rests on, and whether a newer one is owed."""

import datetime
from dataclasses import dataclass

from assessments.models import Job, Program, Review, Scorecard
from assessments.scoring.headline import ENGINE_VERSION

FRESH, PENDING, FAILED, NONE = "fresh", "pending", "failed", "none"


@dataclass(frozen=True)
class Shown:
    """state   fresh, pending (a newer one is on its way), failed (with its cause), none (no inputs yet)
    scorecard  the shown result; the full one where it belongs to the same inputs as the headline; None before the first
    inputs     in words, what the shown result rests on: "facts r12, panel"
    revision   the count of inputs that it belongs to; `wanted` the count that there is now
    job        the row that owes the next result, None before the first
    """

    state: str
    scorecard: Scorecard | None
    inputs: str
    revision: int
    wanted: int
    job: Job | None

    @property
    def at(self) -> datetime.datetime | None:
        return self.scorecard.created_at if self.scorecard else None

    @property
    def cause(self) -> str:
        return self.job.error if self.job and self.state == FAILED else ""

    @property
    def is_full(self) -> bool:
        """Whether risk and robustness in depth belong to the shown result; they follow seconds after a headline."""
        return self.scorecard is not None and self.scorecard.depth == Scorecard.Depth.FULL

    @property
    def numbers(self) -> dict | None:
        return self.scorecard.numbers if self.scorecard else None


def target_of(subject: Program | Review) -> str:
    """The target of the subject's rescore job."""
    return f"{'review' if isinstance(subject, Review) else 'program'}:{subject.pk}"


def shown(subject: Program | Review) -> Shown:
    """The shown result of a program (facts only) or of a review, in at most three queries."""
    job = Job.objects.filter(kind=Job.Kind.RESCORE, target=target_of(subject)).first()
    wanted_id = subject.full_id if subject.shows_full else subject.headline_id
    scorecard = Scorecard.objects.select_related("revision").filter(pk=wanted_id).first() if wanted_id else None
    if subject.is_stale(ENGINE_VERSION):
        failed = job is not None and job.state == Job.State.FAILED
        has_inputs = subject.inputs_revision > 0 and subject.revision_id is not None
        state = FAILED if failed else PENDING if has_inputs else NONE
    else:
        state = FRESH
    return Shown(state, scorecard, words_of(scorecard), subject.headline_revision, subject.inputs_revision, job)


def words_of(scorecard: Scorecard | None) -> str:
    """What a result rests on, in words."""
    if scorecard is None:
        return ""
    basis = "panel" if scorecard.numbers["basis"] == "panel" else "facts only"
    return f"facts r{scorecard.revision.number}, {basis}"
