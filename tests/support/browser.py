"""A real browser for the tests. One that cannot start fails them loudly; nothing is skipped."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDE, PHONE = {"width": 1360, "height": 900}, {"width": 390, "height": 844}


def path_of_chromium() -> str:
    """The browser of this machine; CHROMIUM names another one."""
    given = os.environ.get("CHROMIUM")
    found = given or next(filter(None, map(shutil.which, NAMES)), None)
    if not found or not os.access(found, os.X_OK):
        pytest.fail("No Chromium was found. On Debian: apt-get install chromium; elsewhere set CHROMIUM to its path.")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium. Playwright runs a loop of its own, so Django's guard against async calls is off meanwhile."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path_of_chromium(), args=["--no-sandbox"])
            try:
                yield browser
            finally:
                # Django's connections of Playwright's greenlet are out of reach once it is gone.
                connections.close_all()
                browser.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
