"""Settings, processes and servers of Makewhere."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
