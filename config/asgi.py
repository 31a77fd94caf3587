"""Server events under /live/, for uvicorn. Pages and API are not served here."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

get_asgi_application()

from assessments.live import application  # noqa: E402  (needs the apps)
from config.roles import refuse_owner  # noqa: E402

refuse_owner()

__all__ = ["application"]
