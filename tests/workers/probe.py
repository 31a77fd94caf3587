"""Loaded by the workers of these tests: works off `deliver` jobs by waiting, then leaving one audit event.

It stands for any real handler: slow work outside a transaction, then one transaction that stores and closes.
"""

import time

from django.db import transaction

from accounts.audit import record_event
from accounts.models import Organization
from assessments import jobs
from assessments.models import Job

STEP_SECONDS = 0.05


@jobs.handler(Job.Kind.DELIVER)
def wait_and_leave_an_event(held: jobs.Claim) -> None:
    for at in range(held.target_id):
        jobs.report_progress(held, at + 1, "waiting")
        time.sleep(STEP_SECONDS)
    with transaction.atomic():
        record_event(
            "probe.done",
            organization_id=held.organization_id,
            actor=None,
            subject=Organization.objects.get(pk=held.organization_id),
            label=held.target,
            new={"wanted": held.wanted_revision},
        )
        jobs.close(held, done=held.wanted_revision)
