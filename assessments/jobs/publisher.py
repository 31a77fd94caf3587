"""Telling the workers about a due job, without ever making a request wait for a broker that is away."""

import threading
import time
from dataclasses import dataclass, field

import structlog
from celery import current_app

RUN_JOB = "assessments.run_job"
PAUSE_SECONDS = 5.0
LONG_DEPTHS = {"full", "batch"}
AT_ONCE, BEHIND = 0, 6  # priorities over Redis: lower goes first

log = structlog.get_logger(__name__)


@dataclass
class Publisher:
    """Sends job ids to the broker behind a breaker: after a failure nothing is tried for PAUSE_SECONDS.

    sent, failed, skipped  counts since the process started; `failed` are the only ones that waited for the broker
    """

    sent: int = 0
    failed: int = 0
    skipped: int = 0
    _closed_until: float = 0.0
    _trying: threading.Lock = field(default_factory=threading.Lock)

    def publish(self, job_id: int, depth: str = "") -> bool:
        """Whether the message was handed to the broker. Never raises: the dispatcher sends what is lost here.

        depth  long ones wait until the messages of edits are taken
        """
        if time.monotonic() < self._closed_until:
            self.skipped += 1
            return False
        broken = self._closed_until > 0
        # After a failure one caller tries again; the others would all wait for the same time-out.
        if broken and not self._trying.acquire(blocking=False):
            self.skipped += 1
            return False
        try:
            current_app.send_task(
                RUN_JOB,
                kwargs={"job_id": job_id},
                retry=False,
                ignore_result=True,
                priority=BEHIND if depth in LONG_DEPTHS else AT_ONCE,
            )
        except Exception as problem:  # noqa: BLE001  (kombu, redis and socket errors share no base)
            self._closed_until = time.monotonic() + PAUSE_SECONDS
            self.failed += 1
            log.warning("publish_failed", job_id=job_id, problem=str(problem))
            return False
        else:
            self._closed_until = 0.0
            self.sent += 1
            return True
        finally:
            if broken:
                self._trying.release()


publisher = Publisher()
