"""What somebody with the owner's rights can do to tables that nobody else can change."""

import psycopg
from django.db import connection
from psycopg import sql


def as_owner(owner_url: str, table: str, statement: str, *values) -> int:
    """Run one statement with the table's triggers switched off; how many rows it touched."""
    name = sql.Identifier(table)
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
        try:
            touched = owner.execute(statement, values).rowcount
        finally:
            owner.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))
    connection.close()
    return touched
