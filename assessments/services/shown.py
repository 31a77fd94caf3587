"""Which result a subject shows now, what it rests on, and whether a newer one is owed."""

import datetime
from dataclasses import dataclass

from assessments.models import Job, Program, Review, Scorecard
from assessments.scoring.headline import ENGINE_VERSION

FRESH, PENDING, FAILED, NONE = "fresh", "pending", "failed", "none"
_SAID = ("EvaluationError", "ValueError", "FrameworkErrors")  # their texts are written for people


@dataclass(frozen=True)
class Shown:
    """state   fresh, pending (a newer one is on its way), failed (with its cause), none (no inputs yet)
    scorecard  the shown result; the full one where it belongs to the same inputs as the headline; None before the first
    inputs     in words, what the shown result rests on: "facts r12, panel"
    revision   the count of inputs that it belongs to; `wanted` the count that there is now; both None while ratings are
               blind, as each one counts
    job        the row that owes the next result, None before the first
    """

    state: str
    scorecard: Scorecard | None
    inputs: str
    revision: int | None
    wanted: int | None
    job: Job | None

    @property
    def at(self) -> datetime.datetime | None:
        return self.scorecard.created_at if self.scorecard else None

    @property
    def cause(self) -> str:
        """Why the newer result failed, in plain words; empty unless it did."""
        return plain_cause(self.job.error) if self.job and self.state == FAILED else ""

    @property
    def depth_cause(self) -> str:
        """Why risk and robustness in depth are missing though the headline is fresh; empty unless that failed."""
        failed = self.job is not None and self.job.state == Job.State.FAILED
        return plain_cause(self.job.error) if failed and self.state == FRESH and not self.is_full else ""

    @property
    def deepens(self) -> bool:
        """Whether risk and robustness in depth of the shown headline are on their way."""
        owed = self.job is not None and self.job.state in (Job.State.QUEUED, Job.State.RUNNING)
        return owed and self.scorecard is not None and not self.is_full

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
    scorecard = _scorecard(subject)
    if _lags(subject, scorecard):
        failed = job is not None and job.state == Job.State.FAILED
        has_inputs = subject.inputs_revision > 0 and subject.revision_id is not None
        state = FAILED if failed else PENDING if has_inputs else NONE
    else:
        state = FRESH
    counts = (None, None) if is_blind(subject) else (subject.headline_revision, subject.inputs_revision)
    return Shown(state, scorecard, words_of(scorecard), *counts, job)


def is_blind(subject: Program | Review) -> bool:
    """Whether the result must not follow ratings, not even by the moment at which it is computed anew."""
    return isinstance(subject, Review) and subject.is_blind


def _scorecard(subject: Program | Review) -> Scorecard | None:
    cards = Scorecard.objects.select_related("revision", "criteria_version__criteria_set")
    found = {card.pk: card for card in cards.filter(pk__in={subject.headline_id, subject.full_id} - {None})}
    headline, full = found.get(subject.headline_id), found.get(subject.full_id)
    if is_blind(subject):
        # Each rating asks for the same facts' headline again; the full result of these facts stays the shown one.
        same = headline and full and headline.input_digest == full.input_digest
        return full if same and full.engine_version == headline.engine_version else headline
    return full if subject.shows_full else headline


def _lags(subject: Program | Review, scorecard: Scorecard | None) -> bool:
    """Whether a newer result is owed. While ratings are blind the result rests on the facts alone, so a rating, which
    raises the count of inputs, makes nothing stale and its moment stays unseen."""
    if scorecard is None or not is_blind(subject):
        return subject.is_stale(ENGINE_VERSION)
    rests_on = scorecard.revision_id, scorecard.criteria_version_id, scorecard.engine_version
    return rests_on != (subject.revision_id, subject.criteria_version_id, ENGINE_VERSION)


def plain_cause(error: str) -> str:
    """A job's error for people: our own sentences as they are, faults of the program without their jargon."""
    kind, _, text = error.partition(": ")
    if kind in _SAID and text:
        return text
    if not kind.isidentifier():
        return error
    return "a fault in the computation, which an admin finds in the log"


def words_of(scorecard: Scorecard | None) -> str:
    """What a result rests on, in words."""
    if scorecard is None:
        return ""
    return rests_on(scorecard.revision.number, scorecard.numbers["basis"])


def rests_on(revision: int, basis: str) -> str:
    """ "facts r12, panel", or "facts r12 only" where no rating is in it."""
    return f"facts r{revision}, panel" if basis == "panel" else f"facts r{revision} only"
