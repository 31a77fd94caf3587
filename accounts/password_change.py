"""Changing one's own password: the old one is asked for, and wrong ones count as they do at signing."""

from typing import Any

from allauth.account.forms import ChangePasswordForm
from django import forms
from django.db import transaction

from accounts import proof
from accounts.audit import database_now, record_event
from accounts.field_words import OwnWords
from accounts.locks import tell_of_lock
from accounts.models import User
from accounts.permissions import NotAllowed, TooMany


def prove_old_password(user: User, password: str) -> None:
    """Raises NotAllowed for a wrong password, which is on record; TooMany after five in a row, here or at signing."""
    with transaction.atomic():
        refusal = _try(User.objects.select_for_update(no_key=True).get(pk=user.pk), password)
    # Raised after the commit: a refused attempt stays on record.
    if refusal:
        raise refusal


def _try(user: User, password: str) -> NotAllowed | None:
    if until := proof.locked_until(user):
        return _locked(until)
    if user.check_password(password):
        return None
    member = proof.counted_in(user)
    if member is None:
        return NotAllowed("You belong to no organization here: ask an admin of yours to add you.")
    common: dict[str, Any] = {"organization_id": member.organization_id, "actor": member, "subject": member}
    event = record_event(proof.OLD_PASSWORD_REFUSED, **common)
    until = proof.locked_until(user)
    if until is None:
        return NotAllowed("The password is wrong. The attempt is on record.")
    record_event(proof.LOCKED, new={"until": until}, **common)
    tell_of_lock(
        user,
        "signing_locked",
        key=f"signing_locked:{event.uuid}",
        title=f"Signing of {user.full_name} is locked until {until:%H:%M} UTC on {until:%-d %b %Y}",
        body=(
            f"After {proof.WRONG_ATTEMPTS} wrong passwords in a row, the last where a password is changed. If that was not "
            f"{user.full_name}, somebody has a session of theirs: let the password be set anew by mail, and deactivate the "
            "account until then."
        ),
    )
    return _locked(until)


def _locked(until: Any) -> TooMany:
    return TooMany(
        f"Your password is not taken until {until:%H:%M} UTC after {proof.WRONG_ATTEMPTS} wrong attempts in a row, which are on "
        "record. Meanwhile nothing is signed either.",
        until - database_now(),
    )


class CountingForm(OwnWords, ChangePasswordForm):
    """In place of allauth's, by which a session in other hands would try as many passwords as it likes.

    TooMany passes through the form: the page about it answers 429 and says when to come back.
    """

    def clean_oldpassword(self) -> str:
        given: str = self.cleaned_data.get("oldpassword", "")
        try:
            prove_old_password(self.user, given)
        except TooMany:
            raise
        except NotAllowed as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return given
