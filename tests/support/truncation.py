"""Emptying the test database as its owner: frozen tables refuse the application's role."""

import psycopg
from psycopg import sql

KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def empty_tables(owner_url: str) -> None:
    """Truncate every table of the schema but Django's own registers, in one transaction."""
    with psycopg.connect(owner_url) as owner:
        tables = [
            row[0]
            for row in owner.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
            ).fetchall()
            if row[0] not in KEPT
        ]
        guarded = [
            row[0]
            for row in owner.execute(
                "SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal"
            ).fetchall()
        ]
        for table in guarded:
            owner.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
        owner.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(sql.SQL(", ").join(map(sql.Identifier, tables))))
        for table in guarded:
            owner.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))
