"""Child processes: they end with the supervisor, come back when they crash, and are never looked for by name."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0  # a child that ran this long starts again without a pause


def started_at(pid: int) -> str | None:
    """When a process began, as its kernel says (with the id, it names a process for good); None if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return None
        return _started_elsewhere(pid)
    after_name = stat.rpartition(")")[2].split()
    # A zombie has ended; only its parent's question for the exit code is open.
    return None if after_name[0] in "ZX" else after_name[19]


def _started_elsewhere(pid: int) -> str | None:
    """The same where there is no /proc (macOS)."""
    import psutil

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def _end_with_parent(parent: int) -> Callable[[], None]:
    """What a child runs before it becomes its program: the kernel ends it when the supervisor is killed."""
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


class Records:
    """The processes that a supervisor started, in a file, so that the next one can end what a killed one left."""

    def __init__(self, file: Path):
        self.file = file
        self.known: dict[str, dict] = {}

    def add(self, name: str, pid: int, *, end_with: int = signal.SIGTERM) -> None:
        self.known[name] = {"pid": pid, "started": started_at(pid), "signal": int(end_with)}
        self._write()

    def clear(self) -> None:
        self.known = {}
        self.file.unlink(missing_ok=True)

    def _write(self) -> None:
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(self.known))
        draft.replace(self.file)

    def end_leftovers(self, patience: float = 10.0) -> list[str]:
        """End the processes that a killed supervisor left; their names. Another process with a reused id is spared."""
        try:
            left = json.loads(self.file.read_text())
        except (FileNotFoundError, ValueError):
            return []
        alive = {name: one for name, one in left.items() if one["started"] and started_at(one["pid"]) == one["started"]}
        for one in alive.values():
            _signal(one["pid"], one["signal"])
            _signal(one["pid"], signal.SIGCONT)
        deadline = time.monotonic() + patience
        for one in alive.values():
            while started_at(one["pid"]) == one["started"] and time.monotonic() < deadline:
                time.sleep(0.05)
            if started_at(one["pid"]) == one["started"]:
                _signal(one["pid"], signal.SIGKILL)
        self.clear()
        return list(alive)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


@dataclass
class Child:
    """A program that is kept running.

    sockets  file descriptors of listening sockets that it inherits; they outlive it, so that nobody is refused meanwhile
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    log: Path
    records: Records
    sockets: tuple[int, ...] = ()
    process: subprocess.Popen | None = None
    since: float = 0.0
    _pause: float = 0.0
    _next_try: float = field(default=0.0)

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops them in order
                pass_fds=self.sockets,
                preexec_fn=_end_with_parent(os.getpid()),
            )
        self.since = time.monotonic()
        self.records.add(self.name, self.process.pid)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def keep_running(self) -> bool:
        """Start a crashed child again, later each time (1, 2, 4 .. 30 s). Returns whether it was started now."""
        now = time.monotonic()
        if self.running():
            return False
        if not self._next_try:
            steady = now - self.since > STEADY_SECONDS
            self._pause = 1.0 if steady or not self._pause else min(self._pause * 2, LONGEST_PAUSE)
            self._next_try = now + self._pause
        if now < self._next_try:
            return False
        self._next_try = 0.0
        self.start()
        return True

    def replace(self) -> None:
        """Kill it with all that it started (a stopped process answers nothing gentler), and start it anew."""
        self.kill()
        self.start()

    def ask_to_end(self) -> None:
        if self.process is not None and self.running():
            _signal(self.process.pid, signal.SIGTERM)
            _signal(self.process.pid, signal.SIGCONT)

    def wait(self, seconds: float) -> None:
        """Wait for its end and kill it after `seconds`; what it started itself ends with it."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout=max(seconds, 0.05))
        except subprocess.TimeoutExpired:
            pass
        self.kill()

    def kill(self) -> None:
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.process.wait()

    def last_words(self, lines: int = 8) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])
