"""Development and the demo: a key of its own in .local/, plain http on this machine."""

import os
import secrets

from config import environment as env
from config.settings.base import *  # noqa: F403
from config.settings.base import BASE_DIR, SECRET_KEY

if not SECRET_KEY:
    _key_file = BASE_DIR / ".local" / "secret_key"
    try:
        SECRET_KEY = _key_file.read_text().strip()
    except FileNotFoundError:
        SECRET_KEY = secrets.token_urlsafe(48)
        try:
            _key_file.parent.mkdir(exist_ok=True)
            _handle = os.open(_key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(_handle, "w") as _file:
                _file.write(SECRET_KEY)
        except OSError:
            pass  # a read-only checkout still works; sessions then end with the process

DEBUG = env.flag("DEBUG")
ALLOWED_HOSTS = env.listed("ALLOWED_HOSTS", "localhost,127.0.0.1")
STORAGES = {  # noqa: F405
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = None  # type: ignore[assignment]  # nothing is collected: static files are found where they are written
LOG_FORMAT = env.text("LOG_FORMAT", "console")
CANONICAL_HOST = env.text("CANONICAL_HOST")
AUDIT_ANCHOR = env.text("AUDIT_ANCHOR", str(BASE_DIR / ".local" / "anchors" / "heads.jsonl"))
