"""Celery's entry points of this app."""

from celery import shared_task

from accounts import sealing, trail_watch
from accounts.models import Organization


@shared_task(name="accounts.seal_audit", ignore_result=True)
def seal_audit(**_ignored) -> None:
    sealing.seal_all()


@shared_task(name="accounts.verify_trails", ignore_result=True)
def verify_trails(**_ignored) -> None:
    """Each organization's trail in a task of its own: a long one takes no other's time."""
    for organization_id in Organization.objects.order_by("pk").values_list("pk", flat=True):
        verify_trail.delay(organization_id=organization_id)


@shared_task(name="accounts.verify_trail", ignore_result=True)
def verify_trail(*, organization_id: int, **_ignored) -> None:
    trail_watch.verify(organization_id)
