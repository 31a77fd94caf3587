"""Working off what is owed, here and now, without waiting for quiet or a worker."""

import datetime

from assessments import jobs
from assessments.models import Job


def work_off(*kinds: str) -> None:
    """Run every job of these kinds (default: rescore) that is queued, until none is; a failed one stays failed."""
    long_ago = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
    queued = Job.objects.filter(kind__in=kinds or [Job.Kind.RESCORE], state=Job.State.QUEUED)
    while queued.update(next_at=long_ago):
        for job_id in list(queued.order_by("pk").values_list("pk", flat=True)):
            jobs.run(job_id)
