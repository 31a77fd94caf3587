"""Telling of a lock: the person, and the admins of every organization of theirs, as it holds in all."""

from django.urls import reverse

from accounts.models import Membership, User
from accounts.outbound import notify


def tell_of_lock(user: User, kind: str, *, key: str, title: str, body: str) -> None:
    """Inside the transaction of the attempt that locked.

    kind  of `accounts.kinds`
    key   one for all: an admin who locked themselves out is told once, as the person
    """
    for one in Membership.objects.filter(user=user).select_related("user"):
        admins = Membership.objects.active().filter(
            organization_id=one.organization_id, grants__role="admin", grants__revoked_at=None
        )
        for people, url in (
            ([one], reverse("accounts:profile")),
            (admins, reverse("accounts:person", args=[one.uuid])),
        ):
            notify(people, kind, organization_id=one.organization_id, title=title, body=body, url=url, key=key)
