"""What people change about themselves: name, time zone, tokens."""

from uuid import UUID
from zoneinfo import available_timezones

from django.db import transaction
from django.db.models.functions import Now

from accounts import names
from accounts.audit import record_event
from accounts.models import ApiToken, Membership, Organization, User


@transaction.atomic
def change_profile(*, member: Membership, full_name: str, time_zone: str) -> None:
    """Change one's own name and time zone. Raises ValueError for a name that nobody may have (`names.fault_in`) or that
    somebody else has, or an unknown zone.
    """
    full_name = names.tidy(full_name)
    if fault := names.fault_in(full_name):
        raise ValueError(fault)
    if time_zone not in available_timezones():
        raise ValueError(f"There is no time zone {time_zone!r}.")
    # Of two people who take one name at once the second sees the first: in every organization, as when somebody is added.
    homes = Organization.objects.filter(memberships__user=member.user_id).order_by("pk")
    list(homes.select_for_update(no_key=True, of=("self",)))
    user = User.objects.select_for_update(no_key=True).get(pk=member.user_id)
    old = {"name": user.full_name, "time_zone": user.time_zone}
    new = {"name": full_name, "time_zone": time_zone}
    if old == new:
        return
    if full_name != user.full_name and names.is_anothers(user, full_name):
        raise ValueError("Somebody here bears this name: add an initial, so that signatures tell you apart.")
    User.objects.filter(pk=user.pk).update(full_name=full_name, time_zone=time_zone)
    record_event(
        "profile.changed",
        organization_id=member.organization_id,
        actor=member,
        subject=member,
        label=full_name,
        old=old,
        new=new,
    )


@transaction.atomic
def revoke_token(*, member: Membership, token_uuid: UUID) -> None:
    """End one of one's own tokens at once. Raises ApiToken.DoesNotExist for anybody else's."""
    token = ApiToken.objects.visible_to(member).select_for_update(no_key=True).get(uuid=token_uuid)
    if token.revoked_at is not None:
        return
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=Now())
    record_event(
        "token.revoked",
        organization_id=member.organization_id,
        actor=member,
        subject=token,
        old={"name": token.name, "scopes": token.scopes},
    )
