"""What every page's frame shows: where one may go, and under which organization."""

from functools import partial

from django.conf import settings

from accounts.models import Membership, RoleGrant
from accounts.permissions import can_manage_people, can_read_audit
from accounts.reading import unread_count


def navigation(request) -> dict:
    member = getattr(request, "member", None)
    if not member:
        return {"nav": {}, "app_version": settings.VERSION, "live_url": settings.LIVE_URL}
    others = Membership.objects.active().filter(user=request.user).select_related("organization")
    return {
        "nav": {
            "unread": partial(unread_count, member),  # asked for by the bar alone
            "portfolio": True,
            "criteria": True,
            "conditions": True,
            "audit": bool(can_read_audit(member)),
            "people": bool(can_manage_people(member)),
            "roles": ", ".join(str(RoleGrant.Role(role).label) for role in sorted(member.roles)),
            "organizations": list(others.order_by("organization__name")),
        },
        "app_version": settings.VERSION,
        "live_url": settings.LIVE_URL,
    }
