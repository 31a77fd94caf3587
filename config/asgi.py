"""The asynchronous entry point, for uvicorn: server events only; pages and API are config.wsgi's."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
django.setup()

from assessments.live.app import application  # noqa: E402  (needs the apps)
from config.roles import refuse_owner  # noqa: E402

__all__ = ["application"]

refuse_owner()
