"""Trying a failed computation again."""

from django.db import transaction

from accounts.audit import record_event
from accounts.models import Membership
from assessments import jobs, permissions
from assessments.errors import WrongState
from assessments.models import Job, Program, Review
from assessments.services.shown import target_of


@transaction.atomic
def try_again(*, member: Membership, subject: Program | Review) -> None:
    """Make the failed computation of a program's or a review's result due again. Raises NotAllowed, WrongState."""
    review, program = (subject, subject.program) if isinstance(subject, Review) else (None, subject)
    permissions.can_retry(member.now(), program).require()
    job = Job.objects.select_for_update(no_key=True).filter(kind=Job.Kind.RESCORE, target=target_of(subject)).first()
    if job is None or job.state != Job.State.FAILED:
        raise WrongState("This computation has not failed; its result is here or on its way.")
    record_event(
        "result.tried_again",
        organization_id=subject.organization_id,
        actor=member,
        subject=subject,
        program=program,
        review=review,
        old={"error": job.error},
    )
    jobs.retry(job)
