"""Emptying the test database as its owner, and putting rows back: frozen tables refuse the application's role."""

from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

KEPT = {"django_migrations", "django_content_type", "auth_permission"}
# Deleted rows leave their room behind; a truncation gives it back, at the price of new files for every table and index.
TRUNCATED_EVERY = 100
_deleted = 0


def empty_tables(owner_url: str) -> None:
    """Empty every table of the schema but Django's own registers, in one transaction."""
    global _deleted
    with psycopg.connect(owner_url) as owner:
        if _deleted < TRUNCATED_EVERY:
            _delete(owner)
            return
        names = _tables(owner)
        with _no_triggers(owner, names):
            owner.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(_joined(names)))
        _deleted = 0


def _delete(owner: psycopg.Connection) -> None:
    """Delete every row, and wait for whoever writes one still: it would stand in the next test."""
    global _deleted
    _deleted += 1
    owner.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(_joined(_tables(owner))))
    filled = _filled(owner)
    with _no_triggers(owner, filled):
        for name in filled:
            owner.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
    for name, _ in _sequences(owner):
        owner.execute(sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(name)))


def _tables(owner: psycopg.Connection) -> list[str]:
    found = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename").fetchall()
    return [name for (name,) in found if name not in KEPT]


def _joined(names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _filled(owner: psycopg.Connection) -> list[str]:
    one = sql.SQL("(SELECT {} FROM {} LIMIT 1)")
    asked = sql.SQL(" UNION ALL ").join(one.format(sql.Literal(name), sql.Identifier(name)) for name in _tables(owner))
    return [name for (name,) in owner.execute(asked).fetchall()]


def _sequences(owner: psycopg.Connection) -> list[tuple[str, int]]:
    """The sequences that gave a number, with the last one; not those of tables that keep their rows."""
    kept = [f"{name}_id_seq" for name in KEPT]
    return owner.execute(
        "SELECT sequencename, last_value FROM pg_sequences "
        "WHERE schemaname = 'public' AND last_value IS NOT NULL AND sequencename <> ALL(%s)",
        [kept],
    ).fetchall()


@contextmanager
def _no_triggers(owner: psycopg.Connection, tables: list[str]):
    guarded = [
        name
        for (name,) in owner.execute(
            "SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT t.tgisinternal AND c.relname = ANY(%s)",
            [tables],
        ).fetchall()
    ]
    for name in guarded:
        owner.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(name)))
    # References are looked at when all rows are written, in whatever order; and before a table is altered again.
    owner.execute("SET CONSTRAINTS ALL DEFERRED")
    yield
    owner.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for name in guarded:
        owner.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(name)))


@dataclass(frozen=True)
class Rows:
    """What the database held: the rows of each table as COPY writes them, and the last number of each sequence."""

    tables: dict[str, bytes]
    sequences: list[tuple[str, int]]

    @classmethod
    def taken(cls, owner_url: str) -> "Rows":
        with psycopg.connect(owner_url) as owner:
            tables = {}
            for name in _filled(owner):
                with owner.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))) as rows:
                    tables[name] = b"".join(bytes(part) for part in rows)
            return cls(tables, _sequences(owner))

    def put_back(self, owner_url: str) -> None:
        """Make the database hold exactly these rows."""
        with psycopg.connect(owner_url) as owner:
            _delete(owner)
            with _no_triggers(owner, list(self.tables)):
                for name, rows in self.tables.items():
                    with owner.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copy:
                        copy.write(rows)
            for name, last in self.sequences:
                owner.execute("SELECT setval(%s, %s)", [name, last])
