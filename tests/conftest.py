"""Real servers for the tests: PostgreSQL with its two roles. Tests run as the application's role."""

import gc
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from config.environment import database
from config.servers import APP, OWNER, start_postgres
from tests.support.begun import Kept
from tests.support.truncation import empty_tables

# How fast examples come says how busy the machine is, not whether a rule holds.
hypothesis_settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("busy")


def _url_of(values: dict) -> str:
    login = quote(values["USER"], safe="") + ":" + quote(values["PASSWORD"], safe="")
    host = quote(values["HOST"], safe="")
    return f"postgresql://{login}@/{values['NAME']}?host={host}" + (f"&port={values['PORT']}" if values["PORT"] else "")


@pytest.fixture(scope="session")
def servers():
    """The addresses of the database for both roles: those given, or an embedded server of this run."""
    given = os.environ.get("DATABASE_URL"), os.environ.get("DATABASE_OWNER_URL")
    if all(given):
        yield {"app": given[0], "owner": given[1]}
        return
    folder = Path(tempfile.mkdtemp(prefix="makewhere-tests-"))
    server = start_postgres(folder)
    try:
        yield {"app": server.url(APP, "makewhere"), "owner": server.url(OWNER, "makewhere")}
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(servers, django_db_blocker):
    """Make the test database as its owner, then hand the connection to the application's role."""
    from django.test.utils import setup_databases, teardown_databases

    connection = connections["default"]
    app, owner = database(servers["app"]), database(servers["owner"])
    # The owner's long DDL may take longer than a request may.
    owner["OPTIONS"] = {**owner["OPTIONS"], "options": "-c statement_timeout=120000"}

    def take(values: dict, name: str) -> None:
        connection.close()
        connection.settings_dict.update(values, NAME=name)
        settings.DATABASES["default"].update(values, NAME=name)

    with django_db_blocker.unblock():
        take(owner, owner["NAME"])
        # Tests that run at once on a server that was given each have a database of their own.
        if worker := os.environ.get("PYTEST_XDIST_WORKER"):
            connection.settings_dict["TEST"]["NAME"] = f"test_{owner['NAME']}_{worker}"
        made = setup_databases(verbosity=0, interactive=False)
        name = connection.settings_dict["NAME"]
        take(app, name)
        settings.TEST_OWNER_URL = _url_of({**owner, "NAME": name})
        settings.TEST_APP_URL = _url_of({**app, "NAME": name})
    yield
    with django_db_blocker.unblock():
        take(owner, name)
        teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True, scope="session")
def _empty_as_owner():
    """Django's own flush runs as the application's role, which may not truncate."""
    original = TransactionTestCase._fixture_teardown

    def teardown(self):
        for connection in connections.all():
            connection.close()
        empty_tables(settings.TEST_OWNER_URL)

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = original


@pytest.fixture
def owner_url(db) -> str:
    return settings.TEST_OWNER_URL


@pytest.fixture
def app_url(db) -> str:
    return settings.TEST_APP_URL


_open: list[Kept] = []


@pytest.fixture(scope="module")
def kept(django_db_setup, django_db_blocker):
    """`kept(build)` makes rows that every test of the file begins with; see tests.support.begun."""
    kept = Kept(django_db_blocker)
    kept.begin()
    _open.append(kept)
    yield kept
    kept.end()
    _open.remove(kept)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if "kept" not in item.fixturenames:
        for kept in _open:
            kept.end()


# The generated requests and the table of rights: one process is at each for a quarter of an hour on a slow machine.
LONGEST = ("test_fuzz.py", "test_table.py")


def pytest_collection_modifyitems(items):
    """The longest files come first, then those with long tests, then what starts processes: of several that run at once,
    none is left with the slow ones at the end.

    In each file the tests that begin with its world come before those that begin with an empty database.
    """
    long = {item.path for item in items if item.get_closest_marker("long")}
    slow = {
        item.path
        for item in items
        if item.get_closest_marker("worker") or item.get_closest_marker("browser") or item.path.parent.name == "faults"
    }

    def place(item):
        rank = (item.path.name not in LONGEST, item.path not in long, item.path not in slow)
        return *rank, "kept" not in item.fixturenames

    items.sort(key=place)


def pytest_collection_finish():
    """What is imported stays until the end: looking through it for garbage again and again took an eighth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
