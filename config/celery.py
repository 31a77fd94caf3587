"""The Celery application: carries job ids; what is owed stands in the database."""

import os

from celery import Celery
from celery.signals import beat_init, celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

app = Celery("makewhere")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
@beat_init.connect
def refuse_unsafe_role(**_ignored) -> None:
    from config.roles import refuse_owner

    refuse_owner()
