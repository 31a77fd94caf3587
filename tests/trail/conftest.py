"""An organization with a trail, and a hand that changes rows as the owner of the tables would."""

import json

import psycopg
import pytest
from django.conf import settings
from django.db import transaction
from psycopg import sql

from accounts import people
from accounts.audit import Entry, record_events
from tests.support.truncation import empty_tables

GUARDED = ("accounts_auditevent", "accounts_auditseal", "accounts_auditsealentry")
REFERENCE = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid = 'accounts_auditsealentry'::regclass AND confrelid = 'accounts_auditevent'::regclass
"""


@pytest.fixture
def admin(transactional_db):
    return people.found_organization(
        name="Northbridge", slug="northbridge", admin_email="ada@northbridge.test", admin_name="Ada Quist"
    )


@pytest.fixture
def organization(admin):
    return admin.organization


@pytest.fixture
def write(admin):
    """Write so many events in one transaction."""

    def _write(count: int = 1, label: str = "written", **more):
        with transaction.atomic():
            return record_events(
                [Entry("profile.changed", admin, label=f"{label} {at}", new={"at": at}) for at in range(count)],
                organization_id=admin.organization_id,
                actor=admin,
                **more,
            )

    return _write


@pytest.fixture
def tamper(transactional_db):
    """Run statements as the owner with triggers and the reference between entry and event out of the way."""
    owner_url = settings.TEST_OWNER_URL
    with psycopg.connect(owner_url) as owner:
        name, definition = owner.execute(REFERENCE).fetchone()
        owner.execute(sql.SQL("ALTER TABLE accounts_auditsealentry DROP CONSTRAINT {}").format(sql.Identifier(name)))

    def run(statement: str, *values):
        with psycopg.connect(owner_url) as owner:
            for table in GUARDED:
                owner.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
            changed = owner.execute(statement, values).rowcount
            owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in GUARDED:
                owner.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))
        assert changed > 0, "nothing was changed"

    yield run
    empty_tables(owner_url)
    with psycopg.connect(owner_url) as owner:
        owner.execute(
            sql.SQL("ALTER TABLE accounts_auditsealentry ADD CONSTRAINT {} ").format(sql.Identifier(name))
            + sql.SQL(definition)
        )


@pytest.fixture
def anchor_file(settings, tmp_path):
    settings.AUDIT_ANCHOR = str(tmp_path / "anchors" / "heads.jsonl")

    def lines() -> list[dict]:
        return [json.loads(line) for line in (tmp_path / "anchors" / "heads.jsonl").read_text().splitlines()]

    lines.path = tmp_path / "anchors" / "heads.jsonl"
    return lines
