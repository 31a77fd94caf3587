"""Production refuses to start with an unsafe setting, and names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SAFE = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "DJANGO_SECRET_KEY": "kX9" + "abcdefghijklmnopqrstuvwxyz0123456789-ABCDEFGHIJKLMNOP",
    "ALLOWED_HOSTS": "makewhere.example.org",
    "SITE_URL": "https://makewhere.example.org",
    "DATABASE_URL": "postgresql://makewhere_app:secret@127.0.0.1:1/makewhere",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PATH": os.environ["PATH"],
}


def start(**changed):
    """Run Django's own checks under production settings in a process of its own."""
    environment = {key: value for key, value in {**SAFE, **changed}.items() if value is not None}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_safe_settings_pass_the_deployment_checklist():
    done = start()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"DJANGO_SECRET_KEY": None}, "DJANGO_SECRET_KEY"),
        ({"DJANGO_SECRET_KEY": "short"}, "DJANGO_SECRET_KEY"),
        ({"DEBUG": "1"}, "DEBUG"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": ".example.org"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": None}, "ALLOWED_HOSTS"),
        ({"SESSION_COOKIE_SECURE": "0"}, "SESSION_COOKIE_SECURE"),
        ({"CSRF_COOKIE_SECURE": "0"}, "CSRF_COOKIE_SECURE"),
        ({"SITE_URL": "http://makewhere.example.org"}, "SITE_URL"),
        ({"LIVE_URL": "https://elsewhere.example.com"}, "LIVE_URL"),
        ({"EMAIL_HOST_PASSWORD": "x"}, "EMAIL_USE_TLS"),
        ({"DATABASE_URL": None}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:///x.db"}, "DATABASE_URL"),
        ({"REDIS_URL": None}, "REDIS_URL"),
        ({"DEBUG": "maybe"}, "DEBUG"),
    ],
)
def test_an_unsafe_setting_stops_the_start_and_is_named(changed, named):
    done = start(**changed)
    assert done.returncode != 0
    assert named in done.stderr


def test_every_unsafe_setting_is_named_at_once():
    done = start(DJANGO_SECRET_KEY=None, ALLOWED_HOSTS="*", DEBUG="1")
    assert all(name in done.stderr for name in ("DJANGO_SECRET_KEY", "ALLOWED_HOSTS", "DEBUG"))


@pytest.mark.django_db
@pytest.mark.parametrize("entry", ["config.wsgi", "config.asgi"])
def test_a_role_that_owns_tables_serves_nobody(entry, owner_url, app_url):
    def load(url):
        return subprocess.run(
            [sys.executable, "-c", f"import {entry}"],
            cwd=ROOT,
            env={**SAFE, "DATABASE_URL": url},
            capture_output=True,
            text=True,
            timeout=60,
        )

    refused = load(owner_url)
    assert refused.returncode != 0
    assert "owns" in refused.stderr and "makewhere_owner" in refused.stderr
    allowed = load(app_url)
    assert allowed.returncode == 0, allowed.stderr
