"""What tests begin with, made once: a world is built by the services themselves, which takes a second of work.

`shared`  tests of one file work in savepoints and leave the world as it was. The transaction stays open from the first
          test that begins with it to the last; SQL's now() stands still that long
`afresh`  tests that commit: what was built is written down as rows, and these are put back
"""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections, transaction

from tests.support.truncation import Rows, empty_tables


class Kept:
    """The open transaction of a file, and whether it was ended by a test that begins with an empty database."""

    def __init__(self, blocker):
        self._blocker = blocker
        self._atomic = None

    def begin(self) -> None:
        with self._blocker.unblock():
            self._atomic = transaction.atomic()
            # A service may ask for the outermost transaction of its own, as in any test.
            self._atomic._from_testcase = True
            self._atomic.__enter__()

    def __call__(self, build: Callable[[], Any]) -> Any:
        if self._atomic is None:
            raise pytest.UsageError(
                "A test that begins with an empty database stands before one that begins with a world."
            )
        with self._blocker.unblock():
            return build()

    def require_open(self) -> None:
        """Else what was made is gone, and a test that nothing happened would pass on nothing."""
        if self._atomic is None:
            raise pytest.UsageError("The world of this file ended before this test: see pytest_collection_modifyitems.")

    def end(self) -> None:
        if self._atomic is None:
            return
        with self._blocker.unblock():
            transaction.set_rollback(True)
            self._atomic.__exit__(None, None, None)
            transaction.get_connection().close()
        self._atomic = None


def shared(build: Callable[[], Any]):
    """Fixtures `begun` and `world` of a file: what `build` makes, and a copy of it that one test may change.

    `begun, world = shared(decided_world)`
    """

    @pytest.fixture(scope="module")
    def begun(kept):
        return kept(build)

    @pytest.fixture
    def world(begun, kept, db):
        kept.require_open()
        # Counts of tries stand beside the database, under people who are the same in every test.
        cache.clear()
        # Unlike a deep copy this keeps what was read along with a row.
        return pickle.loads(pickle.dumps(begun))

    return begun, world


_made: dict[tuple, tuple[Rows, bytes]] = {}


def afresh(build: Callable[..., Any], *given: Any) -> Any:
    """What `build(*given)` makes, as the only thing that the database holds; built once in a run of the tests.

    For tests that commit. What `build` makes outside the database is not made again
    """
    key = (build.__module__, build.__qualname__, given)
    if connections["default"].in_atomic_block:
        raise pytest.UsageError("Only a test that commits begins afresh: give it django_db(transaction=True).")
    connections.close_all()
    cache.clear()
    if key in _made:
        rows, world = _made[key]
        rows.put_back(settings.TEST_OWNER_URL)
        return pickle.loads(world)
    empty_tables(settings.TEST_OWNER_URL)
    made = pickle.dumps(build(*given))
    _made[key] = Rows.taken(settings.TEST_OWNER_URL), made
    return pickle.loads(made)
