"""Making a backup: a dump, the media files, and a manifest that says what both must be when they are restored."""

import datetime
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from accounts import postgres_programs, sealing
from accounts.anchors import Anchor
from accounts.audit import database_now
from accounts.models import AuditEvent, Organization

FORMAT = 1
DUMP, MEDIA, MANIFEST = "database.dump", "media", "manifest.json"
BLOCK = 1024 * 1024
LOCK = 0xBAC0  # of the database: held by a backup, shared by whoever deletes stored files


class BackupRefused(Exception):
    """A backup cannot be made, or one is not whole. Nothing was changed. The text says why."""


@dataclass(frozen=True)
class Stored:
    """A file of a backup. path: below the folder of media, or the dump's name."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Referred:
    """A file that a row names. organization: uuid; path: below the folder of media."""

    organization: str
    path: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    at            the moment of the snapshot (UTC, database time); nothing younger is in it
    newest_event  when the newest event of the trail in it was written; None for an empty one
    rows          rows per table
    heads         the sealed head of each organization's trail
    migrations    app and name, as applied
    missing       files that rows in it name and that were not there to be copied
    """

    format: int
    at: str
    newest_event: str | None
    versions: dict[str, str]
    app_role: str
    dump: Stored
    media: list[Stored]
    rows: dict[str, int]
    heads: list[Anchor]
    migrations: list[list[str]]
    missing: list[Referred] = field(default_factory=list)

    @property
    def moment(self) -> datetime.datetime:
        return datetime.datetime.fromisoformat(self.at)


def make(parent: Path, versions: dict[str, str], referred: Callable[[], Iterable[Referred]]) -> Path:
    """Seal the trail, then dump one snapshot and copy the media; the new folder (mode 0700) below `parent`.

    referred  the files that rows name; asked in the snapshot
    The folder bears its final name only once it is whole. Raises BackupRefused, ProgramFailed, OSError.
    """
    _refuse_other_roles()
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        sealing.seal(organization_id, most=2**62)
    former = os.umask(0o077)
    try:
        with _files_kept():
            return _make(parent, versions, referred)
    finally:
        os.umask(former)


@contextmanager
def _files_kept() -> Iterator[None]:
    """Let nobody delete stored files meanwhile; waits for who does. From before the snapshot until the last is copied."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def may_delete_files() -> bool:
    """Whether stored files may go in this transaction: not while a backup is made, which then waits for its end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [LOCK])
        return cursor.fetchone()[0]


def _make(parent: Path, versions: dict[str, str], referred: Callable[[], Iterable[Referred]]) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    now = database_now()
    target = parent / f"makewhere-{now:%Y%m%d-%H%M%S}"
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    unfinished.mkdir(mode=0o700)
    try:
        manifest = _dump(unfinished, versions, referred)
        (unfinished / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1), encoding="utf-8")
        for file in (unfinished / DUMP, unfinished / MANIFEST):
            _sync(file)
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return target


def _dump(folder: Path, versions: dict[str, str], referred: Callable[[], Iterable[Referred]]) -> Manifest:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # One snapshot for the dump and for all that the manifest says about it.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot(), clock_timestamp(), current_setting('server_version')")
        snapshot, at, server = cursor.fetchone()
        postgres_programs.run("pg_dump", "--format=custom", f"--snapshot={snapshot}", "--file", str(folder / DUMP))
        rows = rows_per_table()
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        migrations = [list(row) for row in cursor.fetchall()]
        newest = AuditEvent.objects.order_by("-at").values_list("at", flat=True).first()
        heads = []
        for organization in Organization.objects.order_by("pk"):
            head = sealing.head_of(organization.pk)
            heads.append(Anchor(str(organization.uuid), head.number, head.digest, "seal", at.isoformat()))
        wanted = list(referred())
    # After the dump: a file is stored before the row that names it, and is never changed.
    media = copy_media(Path(settings.MEDIA_ROOT), folder / MEDIA)
    copied = {one.path for one in media}
    return Manifest(
        format=FORMAT,
        at=at.isoformat(),
        newest_event=newest.isoformat() if newest else None,
        versions={**versions, "postgresql": server, "python": platform.python_version()},
        app_role=settings.MAKEWHERE_APP_ROLE,
        dump=stored(folder / DUMP, DUMP),
        media=media,
        rows=rows,
        heads=heads,
        migrations=migrations,
        missing=[one for one in wanted if one.path not in copied],
    )


def _refuse_other_roles() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE NOT pg_has_role(current_user, c.relowner, 'USAGE')) FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'"
        )
        tables, foreign = cursor.fetchone()
        if not tables:
            raise BackupRefused("The database holds no tables.")
        if foreign:
            raise BackupRefused(
                "Backups run as the owner of the tables: give DATABASE_OWNER_URL in the place of DATABASE_URL."
            )


def rows_per_table() -> dict[str, int]:
    counts = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        for (table,) in cursor.fetchall():
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
            counts[table] = cursor.fetchone()[0]
    return counts


def copy_media(source: Path, target: Path) -> list[Stored]:
    """Copy every finished file; those of other names begin with a dot. One that goes away meanwhile is left out."""
    target.mkdir()
    copied = []
    for file in sorted(source.rglob("*")) if source.exists() else ():
        path = file.relative_to(source)
        if any(part.startswith(".") for part in path.parts) or not file.is_file():
            continue
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(file, place)
        except FileNotFoundError:
            continue
        copied.append(stored(place, path.as_posix()))
    return copied


def stored(file: Path, name: str) -> Stored:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(BLOCK):
            digest.update(block)
    return Stored(name, file.stat().st_size, digest.hexdigest())


def _sync(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(folder: Path) -> Manifest:
    """The manifest of a backup whose every file is what it says. Raises BackupRefused, naming the first that is not."""
    try:
        said: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest(
            **{
                **said,
                "dump": Stored(**said["dump"]),
                "media": [Stored(**one) for one in said["media"]],
                "heads": [Anchor(**one) for one in said["heads"]],
                "missing": [Referred(**one) for one in said.get("missing", [])],
            }
        )
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BackupRefused(f"{folder} is no whole backup: its {MANIFEST} cannot be read ({problem}).") from problem
    if manifest.format != FORMAT:
        raise BackupRefused(f"{folder} has format {manifest.format}; this version reads format {FORMAT}.")
    for file, expected in [
        (folder / DUMP, manifest.dump),
        *((folder / MEDIA / one.path, one) for one in manifest.media),
    ]:
        if not file.is_file():
            raise BackupRefused(f"{folder} is not whole: {expected.path} is missing.")
        if file.stat().st_size != expected.size:
            raise BackupRefused(
                f"{folder} is not whole: {expected.path} has {file.stat().st_size:,} bytes instead of {expected.size:,}."
            )
        if stored(file, expected.path) != expected:
            raise BackupRefused(f"{folder} was changed: the SHA-256 of {expected.path} is not the one in its manifest.")
    return manifest
