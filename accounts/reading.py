"""Reading what one was told."""

from django.db.models.functions import Now

from accounts.models import Membership, Notification

MOST_COUNTED = 100


def unread_count(member: Membership) -> int:
    """How many are unread, counted up to MOST_COUNTED."""
    return len(Notification.objects.visible_to(member).unread().order_by().values_list("pk")[:MOST_COUNTED])


def mark(member: Membership) -> str:
    """Moves whenever the person is told something or reads something; bounded, however much they were told."""
    newest = Notification.objects.visible_to(member).values_list("pk", flat=True).first()
    return f"{newest or 0}-{unread_count(member)}"


def set_read(row: Notification, *, read: bool) -> None:
    """Mark one's own notification as read, or unread again."""
    own = Notification.objects.filter(pk=row.pk)
    if read:
        own.filter(read_at=None).update(read_at=Now())
    else:
        own.update(read_at=None)


def read_all(member: Membership, *, newest: int | None = None) -> int:
    """Mark everything as read up to the newest one that was looked at (its key), or all; how many were unread."""
    unread = Notification.objects.visible_to(member).unread()
    if newest is not None:
        unread = unread.filter(pk__lte=newest)
    return unread.update(read_at=Now())
