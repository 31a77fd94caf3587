"""What can be compared: a review, one of its submissions, or saved facts; and what the engine is asked about it."""

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from accounts.models import Membership
from assessments.models import ProfileRevision, Program, Review, Submission
from assessments.scoring.headline import Problem
from assessments.services import records
from assessments.services.differences import differences
from assessments.services.frameworks import framework_of
from assessments.services.problems import problem_of
from assessments.services.shown import FRESH, shown

Subject = Review | Submission | ProfileRevision
MOST_CHOICES = 100


@dataclass(frozen=True)
class Side:
    """One of two things that are compared.

    kind      review, submission or revision; name: as people call it
    numbers   the stored result, None where there is none of exactly these inputs; of a record the one that is in it
    why_none  why a review has no panel yet; empty where it has one
    frozen    whether it is read from a frozen record
    """

    kind: str
    uuid: UUID
    name: str
    at: datetime.datetime
    problem: Problem
    numbers: Mapping[str, Any] | None
    revision: int
    assessment_date: datetime.date
    criteria: str
    why_none: str
    frozen: bool

    @property
    def has_panel(self) -> bool:
        return self.problem.panel is not None


@dataclass(frozen=True)
class Choice:
    """One thing to compare with, for a list to choose from."""

    uuid: UUID
    kind: str
    name: str


def visible_submissions(member: Membership, program: Program):
    return Submission.objects.filter(review__in=Review.objects.visible_to(member), review__program=program)


def choices(member: Membership, program: Program) -> list[Choice]:
    """Everything of the program that the person may compare, reviews first, the newest of each first; three queries."""
    reviews = Review.objects.visible_to(member).filter(program=program).order_by("-number")[:MOST_CHOICES]
    found = [Choice(row.uuid, "review", f"{row}, {row.get_state_display().lower()}") for row in reviews]
    submissions = (
        visible_submissions(member, program)
        .select_related("review")
        .defer("record")
        .order_by("-review__number", "-number")[:MOST_CHOICES]
    )
    found += [Choice(row.uuid, "submission", _submission_name(row)) for row in submissions]
    revisions = ProfileRevision.objects.visible_to(member).filter(program=program).defer("facts")
    found += [
        Choice(row.uuid, "revision", f"{row}: {row.summary}") for row in revisions.order_by("-number")[:MOST_CHOICES]
    ]
    return found


def find(member: Membership, program: Program, uuid: UUID) -> Subject | None:
    """The review, submission or revision of the program, if the person may see it."""
    review = (
        Review.objects.visible_to(member)
        .filter(program=program, uuid=uuid)
        .select_related("program", "criteria_version__criteria_set", "revision")
        .first()
    )
    return (
        review
        or visible_submissions(member, program).select_related("review", "revision").filter(uuid=uuid).first()
        or ProfileRevision.objects.visible_to(member)
        .filter(program=program, uuid=uuid)
        .select_related("criteria_version__criteria_set", "program")
        .first()
    )


def default_base(member: Membership, program: Program, before: Review | None = None) -> Review | None:
    """The last approved review of the program that the person may see; of those opened before a review, if one is given."""
    approved = Review.objects.visible_to(member).filter(program=program, state__in=Review.RECORDED)
    if before is not None:
        approved = approved.filter(number__lt=before.number)
    return approved.select_related("program", "criteria_version__criteria_set", "revision").order_by("-number").first()


def side_of(subject: Subject) -> Side:
    """What the engine is asked about a subject. A review from its submission on is its record, never its live rows."""
    if isinstance(subject, ProfileRevision):
        return _of_revision(subject)
    if isinstance(subject, Submission):
        return _of_record(subject, _submission_name(subject), "submission", subject.uuid)
    if subject.state in Review.FROM_APPROVAL_ON:
        submission = subject.submissions.select_related("revision").order_by("-number").first()
        if submission is not None:
            return _of_record(submission, str(subject), "review", subject.uuid)
    return _of_review(subject)


def in_order(one: Side, other: Side) -> tuple[Side, Side]:
    """The earlier and the later of two sides, whichever way they were chosen; the older facts first on one instant."""
    if (other.at, other.revision) < (one.at, one.revision):
        return other, one
    return one, other


def _submission_name(row: Submission) -> str:
    return f"{row.review}, submission {row.number}"


@lru_cache(maxsize=16)
def _read(_id: int, _sha256: str, record: str) -> tuple[dict[str, Any], Problem]:
    """A record never changes: it is read, and its framework compiled, once per process."""
    held = json.loads(record)
    return held, records.problem_of(held)


def _of_record(submission: Submission, name: str, kind: str, uuid: UUID) -> Side:
    held, problem = _read(submission.pk, submission.sha256, submission.record)
    criteria = held["criteria"]
    return Side(
        kind=kind,
        uuid=uuid,
        name=name,
        at=submission.submitted_at,
        problem=problem,
        numbers=held["result"]["numbers"],
        revision=held["facts"]["revision"]["number"],
        assessment_date=datetime.date.fromisoformat(held["facts"]["revision"]["assessment_date"]),
        criteria=f"{criteria['name']} v{criteria['number']}",
        why_none="",
        frozen=True,
    )


def _of_review(review: Review) -> Side:
    now = shown(review)
    current = now.state == FRESH and now.scorecard is not None
    return Side(
        kind="review",
        uuid=review.uuid,
        name=str(review),
        at=review.inputs_changed_at if review.is_revealed else review.state_since,
        problem=problem_of(review),
        numbers=now.numbers if current else None,
        revision=review.revision.number,
        assessment_date=review.revision.assessment_date,
        criteria=str(review.criteria_version),
        why_none="" if review.is_revealed else f"the ratings of {review} are not revealed yet",
        frozen=False,
    )


def _of_revision(revision: ProfileRevision) -> Side:
    program, version = revision.program, revision.criteria_version
    numbers = None
    if program.revision_id == revision.pk and program.criteria_version_id == version.pk:
        now = shown(program)
        numbers = now.numbers if now.state == FRESH else None
    return Side(
        kind="revision",
        uuid=revision.uuid,
        name=str(revision),
        at=revision.created_at,
        problem=Problem(framework_of(version), revision.facts, tuple(revision.option_keys)),
        numbers=numbers,
        revision=revision.number,
        assessment_date=revision.assessment_date,
        criteria=str(version),
        why_none="saved facts hold no ratings",
        frozen=True,
    )


@dataclass(frozen=True)
class Since:
    """What is no longer as it was when the program's last review was approved. criteria: the former, empty if the same."""

    base: Review
    facts: int
    criteria: str


def since_approved(member: Membership, review: Review, *, commercial: bool) -> Since | None:
    """How far a review's facts and criteria are from those of the last approved one before it; None without one.

    commercial  whether differences of prices and terms count for this reader
    """
    base = default_base(member, review.program, review)
    if base is None:
        return None
    schema = framework_of(review.criteria_version).schema
    found = differences(base.revision.facts, review.revision.facts, schema)
    return Since(
        base,
        sum(1 for one in found if commercial or not one.commercial),
        "" if base.criteria_version_id == review.criteria_version_id else str(base.criteria_version),
    )
