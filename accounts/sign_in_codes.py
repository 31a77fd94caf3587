"""The code of the second factor at sign-in: each once, over signing too, and five wrong ones in a row lock sign-in."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from django import forms
from django.db import transaction

from accounts import proof
from accounts.audit import database_now
from accounts.field_words import OwnWords
from accounts.locks import tell_of_lock
from accounts.models import User
from accounts.permissions import NotAllowed, TooMany
from accounts.security_events import address_from, record_for_person


def use_to_sign_in(user: User, code: str, request: Any, *, in_session: bool = False) -> Authenticator:
    """Use a code up: what it is of. A wrong one is on record in every organization of the person.

    in_session  a right one is on record too, and ends a row of wrong ones, as a sign-in does
    Raises NotAllowed for a wrong or used code, TooMany while sign-in with a code is locked
    """
    with transaction.atomic():
        found, refusal = _try(User.objects.select_for_update(no_key=True).get(pk=user.pk), code, request, in_session)
    # Raised after the commit: a refused attempt stays on record.
    if found is None:
        raise refusal or NotAllowed("The code is wrong.")
    return found


def _try(user: User, code: str, request: Any, in_session: bool) -> tuple[Authenticator | None, NotAllowed | None]:
    counted = proof.counted_in(user)
    if counted is None:
        return None, NotAllowed("You belong to no organization here: ask an admin of yours to add you.")
    if until := proof.sign_in_locked_until(counted):
        return None, _locked(until)
    try:
        found = proof.use_code(user, code)
    except proof.NotProven as wrong:
        record_for_person(
            proof.SIGN_IN_CODE_REFUSED, user, by_themselves=False, new=address_from(request), also=counted
        )
        until = proof.sign_in_locked_until(counted)
        if until is None:
            return None, NotAllowed(str(wrong))
        record_for_person(
            "session.locked_out", user, by_themselves=False, new={**(address_from(request) or {}), "until": until}
        )
        tell_of_lock(
            user,
            "sign_in_locked",
            key=f"sign_in_locked:{until:%Y-%m-%dT%H:%M:%S}",
            title=f"Sign-in of {user.full_name} is locked until {until:%H:%M} UTC on {until:%-d %b %Y}",
            body=(
                f"After {proof.WRONG_ATTEMPTS} wrong codes of the second factor in a row, each after the right password. "
                f"If that was not {user.full_name}, somebody else has the password: let it be changed now."
            ),
        )
        return None, _locked(until)
    if in_session:
        record_for_person(proof.CONFIRMED, user, new=address_from(request), also=counted)
    return found, None


def _locked(until: Any) -> TooMany:
    return TooMany(
        f"Sign-in to this account is locked until {until:%H:%M} UTC after {proof.WRONG_ATTEMPTS} wrong codes in a row, which "
        "are on record. If they were not yours, somebody else has your password: change it, and tell an admin.",
        until - database_now(),
    )


class _CodeOnce:
    """In place of allauth's check, which counts no attempts in the database and marks a code as used in one process.

    TooMany passes through the form: the page about it answers 429 and says when to come back.
    """

    in_session = False
    user: User
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        try:
            self.authenticator = use_to_sign_in(self.user, code, context.request, in_session=self.in_session)
        except TooMany:
            raise
        except NotAllowed as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return code


class SignInForm(_CodeOnce, OwnWords, AuthenticateForm):
    """At sign-in, after the password."""


class ConfirmForm(_CodeOnce, OwnWords, ReauthenticateForm):
    """In a session, before an act that asks for it."""

    in_session = True
