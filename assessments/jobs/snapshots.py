"""Reading all inputs of a computation as of one instant."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def snapshot() -> Iterator[None]:
    """One REPEATABLE READ, READ ONLY transaction. Raises RuntimeError inside another: it would not be a snapshot."""
    if connection.in_atomic_block:
        raise RuntimeError("A snapshot must be the outermost transaction.")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
