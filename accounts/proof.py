"""Proving at the moment of an act that one is oneself: the password, and the second factor where one is enrolled."""

import datetime

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare

from accounts.audit import database_now
from accounts.models import AuditEvent, Membership, User

WRONG_ATTEMPTS = 5
LOCKED_FOR = datetime.timedelta(minutes=15)
PASSWORD_REFUSED, CODE_REFUSED = "signing.password_refused", "signing.code_refused"
GRANTED, LOCKED = "signing.granted", "signing.locked"
OLD_PASSWORD_REFUSED = "password.refused"
SIGN_IN_CODE_REFUSED = "session.code_refused"
SIGNED_IN, CONFIRMED = "session.begun", "session.confirmed"
CODE, PASSKEY = "code", "passkey"
FACTORS = {Authenticator.Type.TOTP: "totp", Authenticator.Type.RECOVERY_CODES: "recovery_code"}


class NotProven(Exception):
    """Somebody did not prove who they are.

    action  the audit event that records the attempt
    counts  whether it counts as a wrong attempt
    """

    def __init__(self, message: str, action: str, *, counts: bool = True):
        super().__init__(message)
        self.action, self.counts = action, counts


def locked_until(user: User) -> datetime.datetime | None:
    """Until when the person cannot sign, after five wrong attempts in a row; None if they can.

    Counted from the audit trail, so it lies in PostgreSQL and holds over every session, organization and process.
    """
    counted = (PASSWORD_REFUSED, CODE_REFUSED, OLD_PASSWORD_REFUSED, GRANTED)
    return _until(AuditEvent.objects.filter(actor__user=user, action__in=counted))


def sign_in_locked_until(member: Membership) -> datetime.datetime | None:
    """Until when the person signs in with no code, after five wrong ones in a row; None if they can.

    member  of `counted_in`. Counted over every address: who types a code here has given the right password
    """
    attempts = AuditEvent.objects.filter(
        organization_id=member.organization_id,
        object_uuid=member.uuid,
        action__in=(SIGN_IN_CODE_REFUSED, SIGNED_IN, CONFIRMED),
    )
    return _until(attempts)


def counted_in(user: User) -> Membership | None:
    """The membership in whose organization a person's wrong codes at sign-in are counted; they are recorded in all."""
    return Membership.objects.filter(user=user).select_related("user").order_by("-is_active", "pk").first()


def _until(attempts: QuerySet[AuditEvent]) -> datetime.datetime | None:
    now = database_now()
    # Five attempts that span up to the length of a lock lock for that long after the last one.
    events = attempts.filter(at__gt=now - 2 * LOCKED_FOR).order_by("-pk")[:WRONG_ATTEMPTS]
    wrong = [event for event in events if event.action not in (GRANTED, SIGNED_IN, CONFIRMED)]
    if len(wrong) < WRONG_ATTEMPTS or wrong[0].at - wrong[-1].at > LOCKED_FOR:
        return None
    until = wrong[0].at + LOCKED_FOR
    return until if until > now else None


def second_factor(user: User) -> str:
    """What is asked beside the password: CODE (an authenticator app or a recovery code), PASSKEY, or "" for nothing."""
    types = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    if Authenticator.Type.TOTP in types or types == {Authenticator.Type.RECOVERY_CODES}:
        return CODE
    return PASSKEY if Authenticator.Type.WEBAUTHN in types else ""


def prove(user: User, *, password: str, code: str = "") -> str:
    """What the person proved themselves with: "password", "password+totp" or "password+recovery_code".

    user    locked by the caller, so that of two requests with one code a single one succeeds
    Raises  NotProven; runs inside the transaction that grants what was asked for
    """
    if not (user.is_active and user.has_usable_password() and user.check_password(password)):
        raise NotProven("The password is wrong.", PASSWORD_REFUSED)
    asked = second_factor(user)
    if not asked:
        return "password"
    if asked == PASSKEY:
        raise NotProven(
            "Signing takes the code of an authenticator app, and you have enrolled a passkey alone. Enrol an "
            "authenticator app too, then sign.",
            CODE_REFUSED,
            counts=False,
        )
    return f"password+{FACTORS[use_code(user, code).type]}"


def use_code(user: User, code: str) -> Authenticator:
    """Use a code up, to sign or to sign in: what it is of. Raises NotProven for one that is wrong or was used for either.

    user  locked by the caller
    """
    code = code.replace(" ", "")
    enrolled = {one.type: one for one in Authenticator.objects.select_for_update(no_key=True).filter(user=user)}
    if totp := enrolled.get(Authenticator.Type.TOTP):
        if (counter := _counter_of(totp, code)) is not None:
            # The time of the last use lies in PostgreSQL; allauth's own mark of a used code lies in one process's cache.
            if totp.last_used_at and counter <= int(totp.last_used_at.timestamp()) // app_settings.TOTP_PERIOD:
                raise NotProven("This code was used already. Wait for the next one.", CODE_REFUSED)
            totp.last_used_at = datetime.datetime.fromtimestamp(counter * app_settings.TOTP_PERIOD, datetime.UTC)
            totp.save(update_fields=["last_used_at"])
            return totp
    recovery = enrolled.get(Authenticator.Type.RECOVERY_CODES)
    if recovery and recovery.wrap().validate_code(code):
        recovery.record_usage()
        return recovery
    raise NotProven("The code of your second factor is missing or wrong.", CODE_REFUSED)


def _counter_of(totp: Authenticator, code: str) -> int | None:
    """The period whose code this is, among those that count now (30 s each, by this server's clock)."""
    secret = decrypt(totp.data["secret"])
    for counter in yield_hotp_counters_from_time():
        if constant_time_compare(format_hotp_value(hotp_value(secret, counter)), code):
            return counter
    return None
