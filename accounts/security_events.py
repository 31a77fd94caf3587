"""Sign-in, sign-out, refusals, passwords and second factors, as events of every organization that the person belongs to."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from axes.helpers import get_client_ip_address
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver

from accounts.audit import record_event
from accounts.models import Membership, User


@transaction.atomic
def record_for_person(
    action: str,
    user: User,
    *,
    by_themselves: bool = True,
    new: dict[str, Any] | None = None,
    also: Membership | None = None,
) -> None:
    """Record something about a person's access where they are active.

    by_themselves  False where nobody knows who did it: a wrong password, or too many of them
    also           a membership of theirs in whose organization it is recorded whether active or not
    """
    where = list(Membership.objects.active().filter(user=user).select_related("user"))
    if also is not None and also not in where:
        where.append(also)
    for membership in where:
        record_event(
            action,
            organization_id=membership.organization_id,
            actor=membership if by_themselves else None,
            subject=membership,
            label=user.full_name,
            new=new,
        )


@receiver(user_logged_in)
def signed_in(sender, request, user, **_ignored) -> None:
    record_for_person("session.begun", user, new=address_from(request))


@receiver(user_logged_out)
def signed_out(sender, request, user, **_ignored) -> None:
    if user is not None:
        record_for_person("session.ended", user, new=address_from(request))


@receiver(user_login_failed)
def refused(sender, credentials, request=None, **_ignored) -> None:
    """Whoever is not known here has no organization to be recorded in: those stand in the log alone."""
    user = _named(address_of(request, credentials))
    if user:
        record_for_person("session.refused", user, by_themselves=False, new=address_from(request))


@receiver(user_locked_out)
def locked_out(sender, request, username, **_ignored) -> None:
    user = _named(username)
    if user:
        record_for_person("session.locked_out", user, by_themselves=False, new=address_from(request))


@receiver(authenticator_added)
def factor_added(sender, request, user, authenticator, **_ignored) -> None:
    record_for_person("mfa.added", user, new=_kind(authenticator))


@receiver(authenticator_removed)
def factor_removed(sender, request, user, authenticator, **_ignored) -> None:
    record_for_person("mfa.removed", user, new=_kind(authenticator))


@receiver(authenticator_reset)
def factor_reset(sender, request, user, authenticator, **_ignored) -> None:
    record_for_person("mfa.renewed", user, new=_kind(authenticator))


def address_of(request, credentials=None) -> str:
    """The address that somebody tries to sign in with, in one spelling: attempts are counted by it."""
    given = credentials or (request.POST if request is not None else {})
    return str(given.get("email") or given.get("login") or "").strip().lower()


def _named(email: str | None) -> User | None:
    return User.objects.filter(email__iexact=email).first() if email else None


def address_from(request) -> dict[str, Any] | None:
    address = get_client_ip_address(request) if request is not None else None
    return {"address": str(address)} if address else None


def _kind(authenticator: Authenticator) -> dict[str, Any]:
    return {"kind": authenticator.get_type_display()}
