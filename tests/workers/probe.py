"""Loaded by the workers of these tests: works off `import` jobs by waiting, then leaving one audit event.

It stands for any real handler: slow work outside a transaction, then one transaction that stores and closes.
PROBE_SLOW_FULL makes the full depth of a review with ratings take so many seconds, to be killed in the middle of; a `watch` job
of no decision never ends, an `impact` job always fails, and an `export` job kills its worker. PROBE_RECOMPUTED names a file that
gets a line for each record that the daily check computes again, which then takes PROBE_SLOW_RECOMPUTING seconds, or kills the
process where it holds the words PROBE_KILLED_BY.
"""

import itertools
import os
import signal
import time

from django.db import transaction

from accounts.audit import record_event
from accounts.models import Organization
from assessments import jobs
from assessments.models import Job
from assessments.services import recomputing, rescore, watches

STEP_SECONDS = 0.05


@jobs.handler(Job.Kind.IMPORT)
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


@jobs.handler(Job.Kind.WATCH)
def never_end(held: jobs.Claim) -> None:
    """Watches of real decisions are worked off as they are, after PROBE_SLOW_WATCH seconds."""
    if held.target.partition(":")[0] in ("review", "criteria", "organization"):
        time.sleep(float(os.environ.get("PROBE_SLOW_WATCH", "0")))
        watches.watch(held)
        return
    for _ in itertools.count():
        time.sleep(STEP_SECONDS)


@jobs.handler(Job.Kind.IMPACT)
def always_fail(held: jobs.Claim) -> None:
    raise ArithmeticError("There is no answer to this.")


@jobs.handler(Job.Kind.EXPORT)
def kill_the_worker(held: jobs.Claim) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def slowed(full, seconds: float):
    def slow(problem, report):
        if problem.panel is None:
            return full(problem, report)
        for at in range(int(seconds / STEP_SECONDS)):
            report(min(at, 99), "slowly")
            time.sleep(STEP_SECONDS)
        return full(problem, report)

    return slow


if os.environ.get("PROBE_SLOW_FULL"):
    rescore.full = slowed(rescore.full, float(os.environ["PROBE_SLOW_FULL"]))


def recomputed_on_record(recomputed, path: str):
    def told(record):
        with open(path, "a") as lines:
            lines.write("again\n")
        killed_by = os.environ.get("PROBE_KILLED_BY")
        if killed_by and killed_by in record:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(float(os.environ.get("PROBE_SLOW_RECOMPUTING", "0")))
        return recomputed(record)

    return told


if os.environ.get("PROBE_RECOMPUTED"):
    recomputing.recomputed = recomputed_on_record(recomputing.recomputed, os.environ["PROBE_RECOMPUTED"])
