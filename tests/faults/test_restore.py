"""The backup and restore drill: a running demo is backed up, and restored into another cluster (BR-1, BR-3, BR-4)."""

import datetime
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from config.servers import OWNER, start_postgres, url_of_running
from tests.support.running_demo import ROOT, RunningDemo

pytestmark = [pytest.mark.long, pytest.mark.worker]

ELSEWHERE = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "WEB_PORT", "DJANGO_SETTINGS_MODULE", "AUDIT_ANCHOR")
CHANGED_BY_A_RESTORE = {
    "accounts_auditevent",
    "accounts_auditseal",
    "accounts_auditsealentry",
    "accounts_apitoken",
    "accounts_organization",
    "django_session",
}
MAIL = """
INSERT INTO accounts_outbound (uuid, organization_id, kind, "to", subject, body, message_id, state, due_at, attempts,
    error, created_at, sent_at)
SELECT gen_random_uuid(), id, 'mail', 'nobody@harbor.example', %(state)s::varchar, 'Body', %(state)s::varchar,
    %(state)s::varchar, now(), 0, '',
    now(), CASE %(state)s::varchar WHEN 'sent' THEN now() END FROM accounts_organization WHERE slug = 'harbor'
"""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    given = {key: value for key, value in os.environ.items() if key not in ELSEWHERE}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={**given, **environment}, capture_output=True, text=True
    )


def archive(local: Path, *arguments: str) -> subprocess.CompletedProcess:
    return run("-m", "config.supervisor.archive", *arguments, MAKEWHERE_LOCAL=str(local))


def manage(database_url: str, local: Path, *arguments: str) -> subprocess.CompletedProcess:
    return run(
        "manage.py",
        *arguments,
        DATABASE_URL=database_url,
        MEDIA_ROOT=str(local / "media"),
        AUDIT_ANCHOR=str(local / "anchors" / "heads.jsonl"),
        DJANGO_SETTINGS_MODULE="config.settings.dev",
        LOG_LEVEL="WARNING",
    )


def digest_of_each_table(url: str) -> dict[str, str]:
    """Of every row of every table, whatever their order."""
    found = {}
    with psycopg.connect(url) as owner:
        names = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            table = sql.Identifier(name)
            row = owner.execute(
                sql.SQL("SELECT count(*), md5(string_agg(md5({0}::text), '' ORDER BY md5({0}::text))) FROM {0}").format(
                    table
                )
            ).fetchone()
            found[name] = str(row)
    return found


def files_of(media: Path) -> dict[str, str]:
    return {
        file.relative_to(media).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in media.rglob("*")
        if file.is_file()
    }


@dataclass
class Source:
    """What was backed up: the backup's folder, the former place, and what stood there; a file that a row names was gone.

    said  by the backup at its end
    """

    backup: Path
    local: Path
    tables: dict[str, str]
    files: dict[str, str]
    newest: datetime.datetime
    gone: str
    said: str


@pytest.fixture(scope="module")
def place():
    made = Path(tempfile.mkdtemp(prefix="makewhere-restore-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def source(place):
    """A demo with its data, a mail that was sent and one that waits, and an event that no seal could take yet."""
    (place / "first").mkdir()
    demo = RunningDemo(place / "first" / "local", DEMO_DATA="1")
    try:
        owner_url = url_of_running(demo.local, OWNER)
        with psycopg.connect(demo.database_url()) as app:
            app.execute(MAIL, {"state": "sent"})
        with psycopg.connect(demo.database_url()) as older:
            # An older transaction that still runs: what is written after it began cannot be sealed yet.
            older.execute("SELECT pg_current_xact_id()")
            issued = manage(
                demo.database_url(), demo.local, "api_token", "grace.lin@harbor.example", "--organization", "harbor"
            )
            assert issued.returncode == 0, issued.stderr
            with psycopg.connect(demo.database_url()) as app:
                app.execute("UPDATE accounts_organization SET outbound_held_since = NULL")
                # Due in an hour, so that the demo itself leaves it alone; the restored one is asked whether it is due now.
                app.execute(MAIL, {"state": "queued"})
                app.execute("UPDATE accounts_outbound SET due_at = now() + interval '1 hour' WHERE state = 'queued'")
                gone = app.execute(
                    "SELECT path FROM assessments_report WHERE made_at IS NOT NULL ORDER BY id LIMIT 1"
                ).fetchone()[0]
            (demo.local / "media" / gone).unlink()
            made = archive(demo.local, "backup")
        assert made.returncode == 0, made.stderr + made.stdout
        backup = Path(made.stdout.splitlines()[0])
        with psycopg.connect(owner_url) as owner:
            newest = owner.execute("SELECT max(at) FROM accounts_auditevent").fetchone()[0]
    finally:
        demo.process.terminate()
        demo.process.wait(timeout=60)
        demo.output.close()
    server = start_postgres(demo.local)
    try:
        tables = digest_of_each_table(server.url(OWNER, "makewhere"))
    finally:
        server.stop()
    return Source(backup, demo.local, tables, files_of(demo.local / "media"), newest, gone, made.stdout)


def test_a_backup_is_for_its_maker_alone_and_says_what_it_holds(source):
    assert oct(source.backup.stat().st_mode & 0o777) == "0o700"
    assert {oct(file.stat().st_mode & 0o777) for file in source.backup.rglob("*") if file.is_file()} == {"0o600"}
    manifest = json.loads((source.backup / "manifest.json").read_text())
    assert {one["path"]: one["sha256"] for one in manifest["media"]} == source.files
    assert len(source.files) > 0
    assert manifest["rows"]["accounts_auditevent"] > 1000
    assert [one["path"] for one in manifest["missing"]] == [source.gone], "every other file that a row names is there"
    assert source.gone in source.said
    assert set(manifest["versions"]) == {"makewhere", "engine", "postgresql", "python"}
    # The backup's head is the newest that was anchored outside.
    anchored = [json.loads(line) for line in (source.local / "anchors" / "heads.jsonl").read_text().splitlines()]
    for head in manifest["heads"]:
        last = [one for one in anchored if one["organization"] == head["organization"]][-1]
        assert (last["number"], last["digest"]) == (head["number"], head["digest"])


def test_br_1_br_3_a_restored_system_is_what_it_was_and_sends_nothing(source, place, capsys):
    local = place / "second" / "local"
    local.parent.mkdir()
    began = time.monotonic()
    done = archive(local, "restore", str(source.backup), "--reason", "Drill")
    assert done.returncode == 0, done.stderr + done.stdout
    assert source.gone in done.stdout and "1 API tokens were revoked" in done.stdout
    assert f"The heads are anchored in {local / 'anchors' / 'heads.jsonl'}." in done.stdout
    assert "audit_anchor" not in done.stderr
    minutes = (time.monotonic() - began) / 60
    age = (datetime.datetime.now(datetime.UTC) - source.newest).total_seconds() / 60
    with capsys.disabled():
        print(
            f"\nRestore drill: {minutes:.2f} minutes to restore and verify (RTO); the newest row was {age:.1f} minutes old (RPO)."
        )

    server = start_postgres(local)
    try:
        owner_url = server.url(OWNER, "makewhere")
        tables = digest_of_each_table(owner_url)
        same = source.tables.keys() - CHANGED_BY_A_RESTORE - {"assessments_job"}
        assert {name: tables[name] for name in same} == {name: source.tables[name] for name in same}
        assert tables.keys() == source.tables.keys()
        assert files_of(local / "media") == source.files, "every report is what it was, byte by byte"

        with psycopg.connect(owner_url) as owner:
            unsealed = owner.execute(
                "SELECT count(*) FROM accounts_auditevent e LEFT JOIN accounts_auditsealentry s ON s.event_id = e.id "
                "WHERE s.id IS NULL"
            ).fetchone()[0]
            assert unsealed == 0
            restored = owner.execute(
                "SELECT e.action, e.reason, e.channel FROM accounts_auditsealentry s "
                "JOIN accounts_auditevent e ON e.id = s.event_id JOIN accounts_organization o ON o.id = s.organization_id "
                "WHERE o.slug = 'harbor' ORDER BY s.number DESC LIMIT 2"
            ).fetchall()
            assert restored == [("system.restored", "Drill", "command"), ("token.issued", "", "command")]
            told = owner.execute(
                "SELECT e.new FROM accounts_auditevent e JOIN accounts_organization o ON o.id = e.organization_id "
                "WHERE e.action = 'system.restored' AND o.slug = 'harbor'"
            ).fetchone()[0]
            assert (told["tokens_revoked"], told["sessions"]) == (1, "ended")
            assert owner.execute("SELECT count(*) FROM accounts_apitoken WHERE revoked_at IS NULL").fetchone() == (0,)
            causes = owner.execute("SELECT DISTINCT cause FROM accounts_auditseal").fetchall()
            assert {cause for (cause,) in causes} == {"regular", "restore"}
            held = owner.execute(
                "SELECT bool_and(outbound_held_since IS NOT NULL) FROM accounts_organization"
            ).fetchone()[0]
            assert held
            assert owner.execute("SELECT count(*) FROM django_session").fetchone() == (0,)
            owner.execute("UPDATE accounts_outbound SET due_at = now() WHERE state = 'queued'")

        against_the_former_anchors = manage(
            owner_url, local, "verify_audit", "--anchors", str(source.local / "anchors" / "heads.jsonl")
        )
        assert against_the_former_anchors.returncode == 0, against_the_former_anchors.stderr
        assert manage(owner_url, local, "verify_audit").returncode == 0
        assert manage(owner_url, local, "migrate", "--check").returncode == 0
    finally:
        server.stop()

    demo = RunningDemo(local)
    try:
        assert demo.answers()
        with psycopg.connect(demo.database_url()) as app:
            app.execute("SELECT 1 FROM accounts_organization")
            head = "SELECT max(last_number) FROM accounts_auditseal"
            before = app.execute(head).fetchone()[0]
            app.commit()
            issued = manage(
                demo.database_url(), local, "api_token", "grace.lin@harbor.example", "--organization", "harbor"
            )
            assert issued.returncode == 0, issued.stderr
            sealed = manage(demo.database_url(), local, "seal_audit")
            assert sealed.returncode == 0, sealed.stderr
            assert app.execute(head).fetchone()[0] == before + 1, "sealing goes on where the restore left it"
            app.commit()
            time.sleep(15)  # longer than anything that sends waits between two looks
            mails = app.execute(
                "SELECT subject, state, attempts FROM accounts_outbound WHERE subject IN ('sent', 'queued') ORDER BY subject"
            ).fetchall()
            assert mails == [("queued", "queued", 0), ("sent", "sent", 0)]
        assert manage(demo.database_url(), local, "verify_audit").returncode == 0
    finally:
        demo.process.terminate()
        demo.process.wait(timeout=60)
        demo.output.close()


WATCHED = """
import sys
import django
django.setup()
import psycopg
from pathlib import Path
from django.db import connection
from accounts import restoring

migrate = restoring.call_command

def as_the_application():
    try:
        psycopg.connect(sys.argv[2]).close()
        return "comes in"
    except psycopg.OperationalError as refusal:
        return "is refused" if "permission denied for database" in str(refusal) else str(refusal)

def watched(*arguments, **more):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(outbound_held_since) FROM accounts_organization")
        print("meanwhile", as_the_application(), *cursor.fetchone())
    if sys.argv[3] == "breaks off":
        raise OSError("broken off here")
    migrate(*arguments, **more)

restoring.call_command = watched
try:
    restoring.restore(Path(sys.argv[1]), replace=True)
finally:
    print("afterwards", as_the_application())
"""
CUT_SHORT = """
import sys
import django
django.setup()
from pathlib import Path
from accounts import restoring

execute = restoring._execute

def cut_short(statement):
    if statement.startswith("DROP SCHEMA before_restore"):
        raise OSError("the power fails here")
    execute(statement)

restoring._execute = cut_short
restoring.restore(Path(sys.argv[1]), replace=True)
"""
ACL = "SELECT coalesce(datacl, acldefault('d', datdba))::text[] FROM pg_database WHERE datname = 'makewhere'"


@pytest.mark.parametrize("end", ["ends", "breaks off"])
@pytest.mark.parametrize("granted", ["to everyone", "to the application alone"])
def test_br_3_the_application_cannot_connect_before_outbound_is_held_and_the_trail_is_sealed(
    source, place, end, granted
):
    local = place / f"watched_{end}_{granted}".replace(" ", "_")
    server = start_postgres(local)
    try:
        url, application = server.url(OWNER, "makewhere"), server.url("makewhere_app", "makewhere")
        if granted == "to the application alone":
            with psycopg.connect(url) as owner:
                owner.execute("REVOKE CONNECT ON DATABASE makewhere FROM PUBLIC")
                owner.execute("GRANT CONNECT ON DATABASE makewhere TO makewhere_app")
        with psycopg.connect(url) as owner:
            before = set(owner.execute(ACL).fetchone()[0])
        done = run(
            *("-c", WATCHED, str(source.backup), application, end),
            DATABASE_URL=url,
            MEDIA_ROOT=str(local / "media"),
            AUDIT_ANCHOR=str(local / "anchors" / "heads.jsonl"),
            DJANGO_SETTINGS_MODULE="config.settings.dev",
            LOG_LEVEL="WARNING",
        )
        assert (done.returncode == 0) == (end == "ends"), done.stderr
        said = [line.split() for line in done.stdout.splitlines() if line.startswith(("meanwhile", "afterwards"))]
        (*meanwhile, organizations, held), afterwards = said
        assert meanwhile == ["meanwhile", "is", "refused"], done.stdout
        assert organizations == held != "0", "held before anything else is done"
        assert afterwards == ["afterwards", "comes", "in"]
        with psycopg.connect(url) as owner:
            assert set(owner.execute(ACL).fetchone()[0]) == before
    finally:
        server.stop()


def test_anchors_agree_with_what_stands_after_a_restore_that_was_broken_off_once_it_had_sealed(source, place):
    local = place / "anchored"
    assert archive(local, "restore", str(source.backup)).returncode == 0
    server = start_postgres(local)
    try:
        url = server.url(OWNER, "makewhere")
        verified = manage(url, local, "verify_audit")
        assert verified.returncode == 0 and "are lost" not in verified.stdout
        before = digest_of_each_table(url)
        cut_short = run(
            *("-c", CUT_SHORT, str(source.backup)),
            DATABASE_URL=url,
            MEDIA_ROOT=str(local / "media"),
            AUDIT_ANCHOR=str(local / "anchors" / "heads.jsonl"),
            DJANGO_SETTINGS_MODULE="config.settings.dev",
            LOG_LEVEL="WARNING",
        )
        assert "the power fails here" in cut_short.stderr
        refused = manage(url, local, "restore", str(source.backup))
        assert refused.returncode == 1 and "not empty" in refused.stderr, "the next restore put back what was there"
        assert digest_of_each_table(url) == before
        again = manage(url, local, "verify_audit")
        assert (again.returncode, again.stdout) == (0, verified.stdout), again.stderr
        # Guard off: without the lines that void it, what was broken off stands against the database.
        heads = local / "anchors" / "heads.jsonl"
        whole = heads.read_text()
        lines = [line for line in whole.splitlines() if json.loads(line)["cause"] != "undone"]
        heads.write_text("\n".join(lines) + "\n")
        assert manage(url, local, "verify_audit").returncode == 1
        heads.write_text(whole)
        digest = json.loads(lines[0])["digest"]
        heads.write_text(whole.replace(digest, "0" * 64, 1))
        found = manage(url, local, "verify_audit")
        assert found.returncode == 1 and "written anew" in found.stderr, "an anchor that truly disagrees is found"
        heads.write_text(whole)
        done = manage(url, local, "restore", str(source.backup), "--replace")
        assert done.returncode == 0, done.stderr
        assert manage(url, local, "verify_audit").returncode == 0
    finally:
        server.stop()


def test_a_restore_over_data_asks_and_one_beside_a_running_demo_is_refused(source):
    refused = archive(source.local, "restore", str(source.backup))
    assert refused.returncode == 1 and "is not empty" in refused.stderr
    replaced = archive(source.local, "restore", str(source.backup), "--replace")
    assert replaced.returncode == 0, replaced.stderr
    demo = RunningDemo(source.local)
    try:
        refused = archive(source.local, "restore", str(source.backup), "--replace")
        assert refused.returncode == 1 and "Stop it with Ctrl-C first" in refused.stderr
        assert demo.answers()
    finally:
        demo.process.terminate()
        demo.process.wait(timeout=60)
        demo.output.close()


def _cut(backup: Path) -> None:
    """By a megabyte, or by half where it has no more than that."""
    dump = backup / "database.dump"
    size = dump.stat().st_size
    os.truncate(dump, size - min(1024 * 1024, size // 2))


def _flip(backup: Path) -> None:
    with (backup / "database.dump").open("r+b") as dump:
        dump.seek(5000)
        dump.write(b"!")


def _lose_a_file(backup: Path) -> None:
    next(file for file in (backup / "media").rglob("*") if file.is_file()).unlink()


def _cut_the_manifest(backup: Path) -> None:
    os.truncate(backup / "manifest.json", 200)


def _no_dump_at_all(backup: Path) -> None:
    (backup / "database.dump").unlink()


def _a_cut_dump_that_the_manifest_vouches_for(backup: Path) -> None:
    _cut(backup)
    dump, file = (backup / "database.dump").read_bytes(), backup / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["dump"] |= {"size": len(dump), "sha256": hashlib.sha256(dump).hexdigest()}
    file.write_text(json.dumps(manifest))


def _another_count(backup: Path) -> None:
    file = backup / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["rows"]["accounts_user"] += 1
    file.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    "spoil",
    [
        _cut,
        _flip,
        _lose_a_file,
        _cut_the_manifest,
        _no_dump_at_all,
        _a_cut_dump_that_the_manifest_vouches_for,
        _another_count,
    ],
)
def test_br_4_a_wrong_or_cut_backup_fails_loudly_and_leaves_what_was_there(source, place, spoil):
    spoilt = place / f"spoilt{spoil.__name__}"
    shutil.copytree(source.backup, spoilt)
    spoil(spoilt)
    local = place / "target"
    server = start_postgres(local)
    (local / "postgres.made").touch()
    url = server.url(OWNER, "makewhere")
    try:
        if not digest_of_each_table(url):
            assert manage(url, local, "migrate", "--noinput").returncode == 0
        before, files = digest_of_each_table(url), files_of(local / "media") if (local / "media").exists() else {}
    finally:
        server.stop()
    refused = archive(local, "restore", str(spoilt), "--replace")
    assert refused.returncode == 1
    assert "CommandError" in refused.stderr and "Traceback" not in refused.stderr, refused.stderr
    server = start_postgres(local)
    try:
        assert digest_of_each_table(url) == before
        with psycopg.connect(url) as owner:
            assert owner.execute("SELECT to_regnamespace('before_restore')").fetchone() == (None,)
    finally:
        server.stop()
    assert (files_of(local / "media") if (local / "media").exists() else {}) == files


def test_a_restore_that_was_broken_off_keeps_processes_from_serving_and_is_undone_by_the_next(source, place):
    local = place / "broken"
    server = start_postgres(local)
    (local / "postgres.made").touch()
    url = server.url(OWNER, "makewhere")
    try:
        assert manage(url, local, "migrate", "--noinput").returncode == 0
        before = digest_of_each_table(url)
        with psycopg.connect(url) as owner:
            owner.execute("ALTER SCHEMA public RENAME TO before_restore")
            owner.execute("CREATE SCHEMA public")
            owner.execute("CREATE TABLE half (id int)")
        served = run(
            "-c", "import config.wsgi", DATABASE_URL=server.url("makewhere_app", "makewhere"),
            DJANGO_SETTINGS_MODULE="config.settings.dev",
        )  # fmt: skip
        assert served.returncode != 0 and "broken off" in served.stderr
        assert set(digest_of_each_table(url)) == {"half"}
    finally:
        server.stop()
    refused = archive(local, "restore", str(source.backup))
    assert refused.returncode == 1 and "not empty" in refused.stderr
    server = start_postgres(local)
    try:
        assert digest_of_each_table(url) == before
    finally:
        server.stop()
