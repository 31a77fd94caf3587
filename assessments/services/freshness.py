"""What an open page asks again and again: has anything that it shows moved?"""

import hashlib

from django.db.models import Count, Max, Q

from accounts.models import Membership
from assessments.models import ApprovalStep, Assignment, Job, ProfileDraft, Program, ProposedDecision, Rating, Review
from assessments.services.shown import Shown, is_blind


def mark_of(subject: Program | Review, now: Shown, member: Membership, *, leads: bool) -> str:
    """A short text that changes whenever something moved that this person may see of a program or a review.

    While ratings are blind it follows the facts and the person's own ratings, and for the lead (who sees progress)
    the count of finished raters; nobody learns from it that somebody else is rating.
    """
    parts: list[object] = [subject.version, now.state, now.scorecard and now.scorecard.pk, subject.revision_id]
    if isinstance(subject, Program):
        parts += [subject.inputs_revision, _running(now.job)]
        parts += ProfileDraft.objects.filter(program=subject).values_list("version", flat=True)
    elif is_blind(subject):
        own = Rating.objects.filter(review=subject, membership=member)
        parts += own.aggregate(last=Max("updated_at"), count=Count("pk")).values()
        if leads:
            parts += Assignment.objects.filter(review=subject).aggregate(Count("pk"), done=_done()).values()
    else:
        parts += [subject.inputs_revision, subject.headline_revision, subject.full_revision, _running(now.job)]
        parts += _decision(subject)
    return hashlib.sha256(repr([member.pk, *parts]).encode()).hexdigest()[:20]


def _done() -> Count:
    return Count("pk", filter=Q(state=Assignment.State.DONE))


def _running(job: Job | None) -> object:
    return job and (job.state, job.depth)


def _decision(review: Review) -> list[object]:
    """How far the signing of a review is; empty before its submission."""
    if review.state not in Review.FROM_APPROVAL_ON:
        return []
    steps = ApprovalStep.objects.filter(review=review).aggregate(
        Max("pk"), Max("opened_at"), Max("done_at"), signatures=Count("signatures")
    )
    proposed = ProposedDecision.objects.filter(submission__review=review).aggregate(Max("pk"))
    return [*steps.values(), *proposed.values()]
