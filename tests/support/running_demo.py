"""A whole demo in processes of its own, as `make demo` starts it."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

from config.supervisor.processes import started_at

ROOT = Path(__file__).resolve().parent.parent.parent


def until(happens, seconds: float = 60.0):
    """What `happens` returns once it is true. Fails loudly when it never is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = happens()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"did not happen within {seconds} s")


class RunningDemo:
    """A supervisor in a process of its own, and what it recorded."""

    def __init__(self, local: Path, *arguments: str, **environment: str):
        self.local = local
        self.output = (local.parent / "output.txt").open("w+")
        given = {
            key: value
            for key, value in os.environ.items()
            if key not in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "WEB_PORT", "DJANGO_SETTINGS_MODULE")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.supervisor", *arguments],
            cwd=ROOT,
            env={**given, "MAKEWHERE_LOCAL": str(local), "WATCHDOG_SECONDS": "6", "DEMO_DATA": "0", **environment},
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )
        until(lambda: "Makewhere runs at" in self.said() or self.process.poll() is not None, 300)
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        return Path(self.output.name).read_text()

    def address(self) -> str:
        return next(word for word in self.said().split() if word.startswith("http://"))

    def answers(self, path: str = "healthz/ready") -> bool:
        try:
            with urllib.request.urlopen(self.address() + path, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(timeout=60) == 0

    def recorded(self) -> dict[str, dict]:
        return json.loads((self.local / "processes.json").read_text())

    def database_url(self) -> str:
        password = quote((self.local / "makewhere_app.password").read_text(), safe="")
        return f"postgresql://makewhere_app:{password}@/makewhere?host={quote(str(self.local / 'postgres'), safe='')}"

    def alive(self, recorded: dict[str, dict]) -> list[str]:
        return [name for name, one in recorded.items() if started_at(one["pid"]) == one["started"]]
