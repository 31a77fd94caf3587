"""What the machine owes, and how it is worked off. The database says what is owed; messages only hurry it along."""

from assessments.jobs.claims import Claim, LeaseLost, claim, close, close_and_rearm, fail, report_progress
from assessments.jobs.dispatch import dispatch_due
from assessments.jobs.owed import Owed, owe, owe_all, retry
from assessments.jobs.registry import handler
from assessments.jobs.running import run
from assessments.jobs.snapshots import snapshot

__all__ = [
    "Claim",
    "LeaseLost",
    "Owed",
    "claim",
    "close",
    "close_and_rearm",
    "dispatch_due",
    "fail",
    "handler",
    "owe",
    "owe_all",
    "report_progress",
    "retry",
    "run",
    "snapshot",
]
