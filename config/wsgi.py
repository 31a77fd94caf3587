"""Pages and API, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

application = get_wsgi_application()

from config.roles import refuse_owner  # noqa: E402  (needs the apps)

refuse_owner()
