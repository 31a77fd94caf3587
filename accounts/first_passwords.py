"""A new person's way in until mail is sent: a link, made by an admin, with which they set their own first password.

Nobody sets a password for somebody else. A link exists only for an account that never had a password and that no
other organization knows; whoever has a password already changes it with the password itself.
"""

from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import transaction

from accounts.audit import record_event
from accounts.models import Membership, User
from accounts.permissions import ALLOWED, NotAllowed, Verdict, can_manage_people


class _Codes(PasswordResetTokenGenerator):
    key_salt = "accounts.first_passwords"


codes = _Codes()


class LinkRefused(Exception):
    """The code of a link is wrong, too old, or was used."""


def can_have_link(membership: Membership) -> Verdict:
    """Whether a link may be made for the person (2 queries at most)."""
    if not (membership.is_active and membership.user.is_active):
        return Verdict("The person is not active.")
    if membership.user.has_usable_password():
        return Verdict("The person has set a password; nobody else can replace it.")
    if membership.user.memberships.exclude(pk=membership.pk).exists():
        return Verdict("The person belongs to another organization too, and comes in through it.")
    return ALLOWED


@transaction.atomic
def make_link_code(*, actor: Membership, membership_id: int) -> tuple[Membership, str]:
    """The membership and a fresh code for its link; earlier codes end. Raises NotAllowed, Membership.DoesNotExist."""
    can_manage_people(actor.now()).require()
    membership = Membership.objects.select_related("user").get(pk=membership_id, organization_id=actor.organization_id)
    user = User.objects.select_for_update(no_key=True).get(pk=membership.user_id)
    membership.user = user
    can_have_link(membership).require()
    user.set_unusable_password()  # another random mark, on which all codes depend
    user.save(update_fields=["password"])
    record_event(
        "member.link_made",
        organization_id=actor.organization_id,
        actor=actor,
        subject=membership,
        label=user.full_name,
    )
    return membership, codes.make_token(user)


@transaction.atomic
def set_first_password(*, membership_uuid: UUID, code: str, password: str) -> Membership:
    """Set the first password with the code of a link, which then is used up.

    Raises LinkRefused, ValidationError where the password breaks a rule
    """
    membership = Membership.objects.select_related("user").filter(uuid=membership_uuid).first()
    if membership is None:
        raise LinkRefused("This link does not work.")
    user = User.objects.select_for_update(no_key=True).get(pk=membership.user_id)
    membership.user = user
    try:
        can_have_link(membership).require()
    except NotAllowed as refusal:
        raise LinkRefused("This link was used already, or ended. Sign in, or ask an admin for another.") from refusal
    if not codes.check_token(user, code):
        raise LinkRefused("The code is wrong or older than three days. Ask an admin for another link.")
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    record_event(
        "password.first_set",
        organization_id=membership.organization_id,
        actor=membership,
        subject=membership,
        label=user.full_name,
    )
    return membership
