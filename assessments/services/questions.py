"""The one question that sends a submission back, its answer, and whether anything else changed meanwhile."""

import json
from typing import Any

from django.db.models.functions import Now

from accounts.audit import canonical_json
from accounts.letters import fault_in
from accounts.models import Membership
from assessments.errors import Invalid
from assessments.models import ReturnQuestion, Review, Submission
from assessments.services import telling
from assessments.services.reviews import problem, too_long

LONGEST_ANSWER = 8000
# What of a record tells one submission from the next, whatever was submitted. The result names its own engine.
OF_THE_SUBMISSION = ("number", "submitted_by", "question", "return", "software")


def open_question(review: Review) -> ReturnQuestion | None:
    """The question that waits for the lead's answer: asked on the latest submission, and not answered."""
    if review.state != Review.State.RECONCILING:
        return None
    asked = ReturnQuestion.objects.filter(review=review, answered_at=None).select_related(
        "asked_by__user", "on_behalf_of__user", "step", "submission"
    )
    found = asked.order_by("-pk").first()
    last = review.submissions.defer("record").order_by("-number").first()
    return found if found and last and found.submission_id == last.pk else None


def check_answer(question: ReturnQuestion | None, answer: str, *, returned: bool = False) -> str:
    """The answer as it will be kept. Raises Invalid for one that is missing, too long, or to nothing.

    returned  whether it says what was done about a return with a reason
    """
    answer = answer.strip()
    if question is None and not returned and answer:
        raise Invalid([problem("answer", "No question and no return waits for an answer.", answer)])
    if returned and not answer:
        words = "Say what was done about the return; the signers read it beside the reason."
        raise Invalid([problem("answer", words, answer)])
    if question is not None and not answer:
        raise Invalid([problem("answer", "Answer the question; the answer becomes part of the record.", answer)])
    if found := too_long("answer", answer, LONGEST_ANSWER, what="An answer"):
        raise Invalid(found)
    if fault := fault_in(answer):
        raise Invalid([problem("answer", fault, answer)])
    return answer


def entry_of(question: ReturnQuestion, answer: str) -> dict[str, Any]:
    """Question and answer as the record of the next submission holds them."""
    asked_by: dict[str, Any] = {"uuid": question.asked_by.uuid, "name": question.asked_by.name}
    if question.on_behalf_of:
        asked_by["on_behalf_of"] = {"uuid": question.on_behalf_of.uuid, "name": question.on_behalf_of.name}
    return {
        "of_submission": {"number": question.submission.number, "sha256": question.submission.sha256},
        "step": question.step.name,
        "asked_by": asked_by,
        "asked_at": question.asked_at,
        "question": question.question,
        "answer": answer,
    }


def says_the_same(former: str, later: str) -> bool:
    """Whether two records freeze the same facts, criteria, ratings and result: all but who froze them with
    what, when, and on which question."""
    return _without(former) == _without(later)


def _without(record: str) -> str:
    held = json.loads(record)
    return canonical_json({key: value for key, value in held.items() if key not in OF_THE_SUBMISSION})


def answered(question: ReturnQuestion, answer: str, *, by: Membership, submission: Submission) -> None:
    """Write the answer beside its question, and tell whoever asked, and in whose place it was."""
    ReturnQuestion.objects.filter(pk=question.pk).update(
        answer=answer, answered_by=by, answered_at=Now(), answered_in=submission, version=question.version + 1
    )
    review = submission.review
    asked = f"the question of {question.asker}" if question.on_behalf_of else "your question"
    telling.tell(
        [question.asked_by, question.on_behalf_of],
        "question_answered",
        review,
        title=f"{by.name} answered {asked} ({telling.named(review)})",
        body=answer,
        url=telling.page("review_approval", review),
        key=f"question_answered:{question.uuid}",
        actor=by,
    )
