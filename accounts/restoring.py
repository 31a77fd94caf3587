"""Restoring a backup: checked before anything is touched, whole or not at all, sealed, and with outbound held.

What is replaced waits in the schema `before_restore` until the end; while that schema stands, no serving process starts, and
the application's role cannot connect: a worker that came in between could send what was queued, or write past the seal.

Anchors lie outside the database and cannot be written in one transaction with it. So they are written before the end, and
whoever puts back what was there first says that they are void: killed anywhere, the anchors are those of what stands.
"""

import datetime
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models.functions import Now

from accounts import anchors, backups, chain, postgres_programs, sealing
from accounts.audit import database_now, record_event
from accounts.backups import BackupRefused, Manifest
from accounts.models import ApiToken, Organization
from accounts.postgres_programs import ProgramFailed

KEPT = "before_restore"
NOTED = "Restoring: "  # begins the remark at the kept schema: when it was set aside, and who is to be let in again
OTHERS = """
SELECT count(*), string_agg(DISTINCT usename, ', ') FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL
"""
# Who may connect by a grant of their own: PUBLIC is nobody's number, and a database without grants lets PUBLIC in.
MAY_CONNECT = """
SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
WHERE d.datname = current_database() AND a.privilege_type = 'CONNECT'
    AND a.grantee IN (0, (SELECT oid FROM pg_roles WHERE rolname = %s))
"""
HOLDABLE = """
SELECT count(*) FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = 'accounts_organization' AND column_name = 'outbound_held_since'
"""
RELATIONS = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm')
"""


@dataclass(frozen=True)
class Restored:
    """What a restore did.

    results  of verifying each organization's trail, by slug
    tokens   how many API tokens it revoked
    """

    manifest: Manifest
    results: dict[str, chain.Result]
    rows: int
    files: int
    tokens: int


def restore(folder: Path, *, replace: bool = False, reason: str = "") -> Restored:
    """Bring a backup into the database that Django is connected to as the owner of its tables.

    replace  what the database holds now may go
    Raises   BackupRefused before anything was touched, or after all of it was put back as it was
    """
    manifest = backups.read(folder)
    _check(folder, manifest)
    undo_broken_off()
    if _one(RELATIONS) and not replace:
        raise BackupRefused(
            f"The database {connection.settings_dict['NAME']!r} is not empty. Restore into an empty one, or say "
            "that what it holds may be replaced (--replace; with make: REPLACE=1)."
        )
    _set_aside()
    try:
        _refuse_company(patience=10)
        postgres_programs.run(
            "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(folder / backups.DUMP)
        )
        _hold()
        differing = _differing(manifest.rows, backups.rows_per_table())
        if differing:
            raise BackupRefused(f"After the restore these tables hold other numbers of rows: {differing}.")
        _execute("ANALYZE")
    except (ProgramFailed, BackupRefused) as problem:
        undo_broken_off()
        raise BackupRefused(f"The database is as it was before: {problem}") from problem
    try:
        call_command("migrate", interactive=False, verbosity=0)
        _hold()  # where the backup is of a version that could not hold yet
        _refuse_company(patience=10)  # an event that another is writing would be passed over by the sealing
        files = _media(folder, manifest)
        return _finish(manifest, files, reason)
    except (BackupRefused, anchors.Unreadable) as problem:
        undo_broken_off()
        raise BackupRefused(f"The database is as it was before: {problem}") from problem
    finally:
        _let_in()


def _finish(manifest: Manifest, files: int, reason: str) -> Restored:
    """Seal and verify while nobody else can write, and drop what was replaced."""
    Session.objects.all().delete()  # whoever was signed in then may have lost the right to it since
    tokens = ApiToken.objects.filter(revoked_at=None).count()
    results = {one.slug: _seal(one, manifest, reason) for one in Organization.objects.order_by("slug")}
    with transaction.atomic():
        _let_in()
        _execute(f"DROP SCHEMA {KEPT} CASCADE")
    return Restored(manifest, results, sum(manifest.rows.values()), files, tokens)


def _check(folder: Path, manifest: Manifest) -> None:
    """All that can be known before anything is touched. Raises BackupRefused."""
    try:
        postgres_programs.look_into(folder / backups.DUMP)
    except ProgramFailed as problem:
        raise BackupRefused(f"The dump cannot be read: {problem}") from problem
    if manifest.app_role != settings.MAKEWHERE_APP_ROLE:
        raise BackupRefused(
            f"The backup grants rights to the role {manifest.app_role!r}, and MAKEWHERE_APP_ROLE is "
            f"{settings.MAKEWHERE_APP_ROLE!r}. Set it to the former, and make that role on this server."
        )
    if not _one("SELECT count(*) FROM pg_roles WHERE rolname = %s", manifest.app_role):
        raise BackupRefused(f"The role {manifest.app_role!r} does not exist on this server: make it first.")
    known = set(MigrationLoader(None).disk_migrations)
    unknown = [f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in known]
    if unknown:
        raise BackupRefused(
            f"The backup was made by a newer version ({manifest.versions.get('makewhere', '?')}): this one does not know "
            f"{unknown[0]}. Install that version first."
        )
    file = anchors.configured()
    if file is not None and file.exists():
        anchors.read(file)
    _refuse_company()


def _refuse_company(patience: float = 0) -> None:
    """Raises BackupRefused while others are connected; `patience` seconds for those that are just leaving."""
    ends = time.monotonic() + patience
    while (others := _row(OTHERS))[0]:
        if time.monotonic() > ends:
            raise BackupRefused(
                f"{others[0]} others are connected to the database (as {others[1]}). Stop web, live, worker and beat, "
                "and restore again."
            )
        time.sleep(0.1)


def undo_broken_off() -> None:
    """Put back what a restore that did not end had set aside, and say that what it anchored is void.

    Raises OSError where that cannot be said: the next restore tries again
    """
    if _one("SELECT count(*) FROM pg_namespace WHERE nspname = %s", KEPT):
        _void_anchors()
        with transaction.atomic():
            _let_in()
            _execute("DROP SCHEMA public CASCADE")
            _execute(f"ALTER SCHEMA {KEPT} RENAME TO public")


def _void_anchors() -> None:
    began = _noted().get("began")
    if began is None or not _one("SELECT to_regclass('public.accounts_organization') IS NOT NULL"):
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT uuid::text, slug FROM public.accounts_organization ORDER BY slug")
        for uuid, slug in cursor.fetchall():
            anchors.append_undone(uuid, slug, began)


def _set_aside() -> None:
    with transaction.atomic():
        _execute(f"ALTER SCHEMA public RENAME TO {KEPT}")
        _execute("CREATE SCHEMA public")
        _execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
        _keep_out()


def _keep_out() -> None:
    """Let the application's role not connect. Who might is noted at the schema, for a restore that comes after a kill."""
    app_role = settings.MAKEWHERE_APP_ROLE
    with connection.cursor() as cursor:
        cursor.execute(MAY_CONNECT, [app_role])
        grantees = ", ".join(sorted(name for (name,) in cursor.fetchall()))
    remark = NOTED + json.dumps({"began": database_now().isoformat(), "may_connect": grantees})
    _execute(f"COMMENT ON SCHEMA {KEPT} IS {_literal(remark)}")
    if grantees:
        _execute(f"REVOKE CONNECT ON DATABASE {_database()} FROM {grantees}")
    if _one("SELECT has_database_privilege(%s, current_database(), 'CONNECT')", app_role):
        raise BackupRefused(
            f"The role {app_role!r} cannot be kept out of the database meanwhile. Make the role that restores the owner of "
            f"the database (ALTER DATABASE {_database()} OWNER TO ...)."
        )


def _let_in() -> None:
    """Give back the right to connect to whoever had it before the restore."""
    if grantees := _noted().get("may_connect"):
        _execute(f"GRANT CONNECT ON DATABASE {_database()} TO {grantees}")


def _noted() -> dict[str, str]:
    """The remark at the kept schema; empty where there is none of ours."""
    remark = _one("SELECT max(obj_description(oid, 'pg_namespace')) FROM pg_namespace WHERE nspname = %s", KEPT)
    # The schema that was set aside may bear a remark of PostgreSQL's own.
    return json.loads(remark.removeprefix(NOTED)) if remark and remark.startswith(NOTED) else {}


def _hold() -> None:
    """Nothing that was waiting to be sent may leave from here."""
    if _one(HOLDABLE):
        _execute("UPDATE accounts_organization SET outbound_held_since = now()")


def _database() -> str:
    return _one("SELECT quote_ident(current_database())")


def _literal(text: str) -> str:
    return _one("SELECT quote_literal(%s)", text)


def _differing(expected: dict[str, int], found: dict[str, int]) -> str:
    return ", ".join(
        f"{table} ({found.get(table, 0)} instead of {expected.get(table, 0)})"
        for table in sorted(expected.keys() | found.keys())
        if expected.get(table) != found.get(table)
    )


def _media(folder: Path, manifest: Manifest) -> int:
    """Put the files in place, each whole. Files of other names stay: nothing refers to them."""
    for one in manifest.media:
        place = Path(settings.MEDIA_ROOT) / one.path
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_name(f".{place.name}.restored.part")
        shutil.copyfile(folder / backups.MEDIA / one.path, unfinished)
        os.replace(unfinished, place)
    return len(manifest.media)


def _seal(organization: Organization, manifest: Manifest, reason: str) -> chain.Result:
    """Seal what came unsealed, record the restore as the first event after it, and verify to the heads of the backup."""
    sealing.after_restore(organization, datetime.datetime.fromisoformat(_noted()["began"]))
    with transaction.atomic():
        record_event(
            "system.restored",
            organization_id=organization.pk,
            actor=None,
            subject=organization,
            new={
                "backup_of": manifest.at,
                "newest_event": manifest.newest_event,
                "outbound": "held",
                "sessions": "ended",
                "tokens_revoked": _revoke_tokens(organization),
                "files_missing": [one.path for one in manifest.missing if one.organization == str(organization.uuid)],
            },
            reason=reason,
        )
    sealing.seal(organization.pk)
    heads = [one for one in manifest.heads if one.organization == str(organization.uuid)]
    kept = anchors.kept_of(organization)
    return chain.verify(organization, heads or None if kept is None else [*kept, *heads])


def _revoke_tokens(organization: Organization) -> int:
    """Revoke every API token: one that was revoked since the backup would be good again, and no row tells which."""
    return ApiToken.objects.filter(organization=organization, revoked_at=None).update(revoked_at=Now())


def _row(statement: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchone()


def _one(statement: str, *values: Any) -> Any:
    return _row(statement, *values)[0]


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(statement)


def age_of_the_newest(manifest: Manifest) -> float:
    """Seconds from the newest event in the backup to now: what was done in them is lost."""
    newest = manifest.newest_event or manifest.at
    return (database_now() - datetime.datetime.fromisoformat(newest)).total_seconds()
