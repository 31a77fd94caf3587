"""Tests: as in the demo, with a fixed key and a cheap password hash. Never used to serve people."""

import os

os.environ.setdefault("DJANGO_SECRET_KEY", "tests-only-" + "x" * 50)
os.environ.setdefault("LOG_LEVEL", "WARNING")

from config.settings.dev import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.locmem.EmailBackend")
# Every client of a test is a server of its own, and would look through all static files when it is made.
WHITENOISE_AUTOREFRESH = True
AUDIT_ANCHOR = "log"
