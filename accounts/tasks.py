"""Celery's entry points of this app."""

from celery import shared_task

from accounts import sealing


@shared_task(name="accounts.seal_audit", ignore_result=True)
def seal_audit(**_ignored) -> None:
    sealing.seal_all()
