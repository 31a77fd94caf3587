"""Mail is owed as everything else is: a job of its organization, hurried along after the commit that wrote the mail.

The rows of `Outbound` say what is owed. A job that was never written (the process ended between the commit and the
hurry) is owed by the next tick of beat.
"""

from functools import partial

from django.db import connection, transaction

from accounts import delivery
from accounts.outbound import told
from assessments import jobs
from assessments.live import announce_inboxes
from assessments.models import Job


def listen() -> None:
    """Hear of everything that people are told; once per process, when the application is ready."""
    told.connect(_when_told, dispatch_uid="assessments.deliveries")


def _when_told(sender, *, organization_id: int, memberships, mails: int, **_ignored) -> None:
    announce_inboxes([member.pk for member in memberships], organization_id)
    if mails:
        # After the commit, so that people who tell something at once do not wait for each other on one job's row.
        transaction.on_commit(partial(owe, organization_id), robust=True)


def _moment() -> int:
    """The database's time in microseconds: a count of what is wanted that only grows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
        return cursor.fetchone()[0]


@transaction.atomic
def owe(organization_id: int) -> None:
    """Owe the delivery of what an organization has due."""
    jobs.owe(Job.Kind.DELIVER, f"outbound:{organization_id}", organization_id=organization_id, wanted=_moment())


def owe_due() -> int:
    """Owe what waits without a job on its way; how many organizations had some."""
    due = delivery.organizations_with_due_mail()
    busy = Job.objects.filter(kind=Job.Kind.DELIVER, state__in=(Job.State.QUEUED, Job.State.RUNNING))
    on_their_way = set(busy.values_list("organization_id", flat=True))
    left = [organization_id for organization_id in due if organization_id not in on_their_way]
    for organization_id in left:
        owe(organization_id)
    return len(left)


@jobs.handler(Job.Kind.DELIVER)
def deliver(held: jobs.Claim) -> None:
    """Deliver what "outbound:ORGANIZATION" has due, then wait for its next attempt."""
    while True:
        done = _moment()
        if delivery.deliver_next(held.target_id) is None:
            break
        # Ends this run if another worker took over: the mails that are left are its.
        jobs.report_progress(held, 50)
    due = delivery.next_due(held.target_id)
    if due is None:
        with transaction.atomic():
            jobs.close(held, done=done)
    else:
        jobs.close_and_rearm(held, done=done, depth="", due_at=due)
