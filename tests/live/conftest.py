"""A real live process on the test database, and people who listen to it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.test import Client

from config.servers import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
WEB_PORT = free_port()
ORIGIN = f"http://localhost:{WEB_PORT}"


class Stream:
    """An open stream of server events."""

    def __init__(self, answer: httpx.Response):
        self.answer, self._lines = answer, answer.iter_lines()

    def next_event(self) -> dict:
        """The data of the next event. Raises StopIteration when the stream has ended."""
        while True:
            line = next(self._lines)
            if line.startswith("data: "):
                return json.loads(line.removeprefix("data: "))

    def ends(self) -> bool:
        """Read to the end; a stream that goes on fails by the client's timeout."""
        for _ in self._lines:
            pass
        return True


class Live:
    """The live process, asked by httpx."""

    def __init__(self, log: Path):
        self.port, self.log = free_port(), log
        self.process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(self.port), "--no-access-log"],
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "config.settings.test",
                "DATABASE_URL": settings.TEST_APP_URL,
                "SITE_URL": ORIGIN,
                "LIVE_CHECK_SECONDS": "1",
            },
            stdout=log.open("wb"),
            stderr=subprocess.STDOUT,
        )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=httpx.Timeout(10))
        until = time.monotonic() + 30
        while not answers(f"http://127.0.0.1:{self.port}/healthz/ready"):
            assert self.process.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        self._open = []

    def ask(self, *subjects: str, cookies: dict | None = None, origin: str = ORIGIN) -> httpx.Response:
        """The answer's head; its body is a stream where it is allowed."""
        request = self.client.build_request(
            "GET", "/live/events/", params={"subject": subjects}, headers={"Origin": origin}, cookies=cookies
        )
        self._open.append(self.client.send(request, stream=True))
        return self._open[-1]

    def listen(self, *subjects: str, cookies: dict) -> Stream:
        """A stream, once its process surely hears what is announced."""
        # Numbers of people begin anew with each test: streams that a former one has closed may still count for a moment.
        until = time.monotonic() + 10
        while (answer := self.ask(*subjects, cookies=cookies)).status_code == 429 and time.monotonic() < until:
            time.sleep(0.1)
        assert answer.status_code == 200, answer.read()
        stream = Stream(answer)
        assert stream.next_event() == {}
        return stream

    def close_streams(self) -> None:
        for answer in self._open:
            answer.close()
        self._open = []

    def stop(self) -> None:
        self.close_streams()
        self.client.close()
        self.process.terminate()
        self.process.wait(timeout=10)


@pytest.fixture(scope="session")
def live_process(django_db_setup, tmp_path_factory):
    process = Live(tmp_path_factory.mktemp("live") / "live.log")
    yield process
    process.stop()


@pytest.fixture
def web(live, tmp_path):
    """A real web process whose pages listen to the live one, on another port of the same host."""
    log = tmp_path / "web.log"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{WEB_PORT}"),
            *("--worker-class", "gthread", "--threads", "8", "--no-control-socket"),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DATABASE_URL": settings.TEST_APP_URL,
            "SITE_URL": ORIGIN,
            "LIVE_URL": f"http://localhost:{live.port}",
        },
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        until = time.monotonic() + 60
        while not answers(f"{ORIGIN}/healthz/ready"):
            assert process.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        yield ORIGIN
    finally:
        process.terminate()
        process.wait(timeout=20)


def answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def live(live_process, transactional_db):
    yield live_process
    live_process.close_streams()


@pytest.fixture
def cookies_of():
    """The session cookie of a person who signs in."""

    def sign_in(member) -> dict:
        client = Client()
        client.force_login(member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return {settings.SESSION_COOKIE_NAME: client.session.session_key}

    return sign_in
