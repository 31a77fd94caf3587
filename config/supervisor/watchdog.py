"""Is the worker alive but idle while jobs are due? Workers are known to reconnect to a broker and take nothing."""

import time

import psycopg
import redis
import structlog

PATIENCE_SECONDS = 20
EVERY_SECONDS = 5.0

log = structlog.get_logger(__name__)

# Due and left alone, while nobody holds a living lease: a long job under way is no reason to kill its worker.
LEFT_ALONE = """
SELECT count(*) FROM assessments_job
WHERE ((state = 'queued' AND next_at < clock_timestamp() - make_interval(secs => %(patience)s))
       OR (state = 'running' AND lease_until < clock_timestamp() - make_interval(secs => %(patience)s)))
  AND NOT EXISTS (SELECT 1 FROM assessments_job WHERE state = 'running' AND lease_until > clock_timestamp())
"""


def jobs_left_alone(database_url: str, patience: float = PATIENCE_SECONDS) -> int:
    """How many jobs have been due for `patience` seconds while no worker works on anything."""
    with psycopg.connect(database_url, connect_timeout=3, options="-c statement_timeout=3000") as connection:
        row = connection.execute(LEFT_ALONE, {"patience": patience}).fetchone()
    return row[0] if row else 0


def broker_answers(redis_url: str) -> bool:
    """A broker that is away is not the worker's fault."""
    client = redis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


class Watchdog:
    """Says when the worker has to be replaced.

    patience  seconds that a job may be due, and that a new worker has to begin
    """

    def __init__(self, database_url: str, redis_url: str, patience: float = PATIENCE_SECONDS):
        self.database_url, self.redis_url, self.patience = database_url, redis_url, patience
        self._next_look = 0.0

    def worker_is_stuck(self, worker_since: float) -> bool:
        """`worker_since` in time.monotonic(). False while it cannot be known."""
        now = time.monotonic()
        if now < self._next_look or now - worker_since < self.patience:
            return False
        self._next_look = now + EVERY_SECONDS
        try:
            left = jobs_left_alone(self.database_url, self.patience)
        except psycopg.Error as problem:
            log.warning("watchdog_waits", problem=str(problem))
            return False
        return bool(left) and broker_answers(self.redis_url)
