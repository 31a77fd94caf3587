"""What the tests of a file begin with, made once: each of them works in a savepoint and leaves it as it was.

A world is built by the services themselves, which takes a second of work; a file of fifty tests would spend a minute on
it. The transaction stays open from the first test that begins with the world to the last; SQL's now() stands still
that long, and rows that a test makes beside it are gone with the test.
"""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction


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
