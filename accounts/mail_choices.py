"""How a person hears of each kind by mail: the kind's own way, or the one they chose."""

from collections.abc import Mapping

from django.db import transaction

from accounts.audit import record_event
from accounts.kinds import KINDS
from accounts.models import Membership, NotificationSetting


def choices_of(member: Membership) -> dict[str, str]:
    """{kind: at_once, daily or never} of every kind."""
    chosen = dict(NotificationSetting.objects.filter(membership=member).values_list("kind", "mail"))
    return {name: kind.mail if kind.fixed else chosen.get(name, kind.mail) for name, kind in KINDS.items()}


@transaction.atomic
def choose(*, member: Membership, choices: Mapping[str, str]) -> None:
    """Set how one hears of kinds; what is not named stays.

    Raises ValueError for a kind that there is not, one that nobody chooses, or an unknown way
    """
    for name, mail in choices.items():
        if name not in KINDS or KINDS[name].fixed or mail not in KINDS[name].ways:
            raise ValueError(f"{name} cannot be set to {mail}.")
    # Two windows that save at once take turns.
    Membership.objects.select_for_update(no_key=True).get(pk=member.pk)
    old = choices_of(member)
    new = {name: mail for name, mail in choices.items() if old[name] != mail}
    if not new:
        return
    NotificationSetting.objects.filter(membership=member, kind__in=new).delete()
    NotificationSetting.objects.bulk_create(
        NotificationSetting(organization_id=member.organization_id, membership=member, kind=name, mail=mail)
        for name, mail in new.items()
        if mail != KINDS[name].mail
    )
    record_event(
        "mail_settings.changed",
        organization_id=member.organization_id,
        actor=member,
        subject=member,
        label=member.name,
        old={name: old[name] for name in new},
        new=new,
    )
