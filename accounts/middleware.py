"""The active membership of a request: the scope of every right of a page."""

from functools import partial

from django.utils.functional import SimpleLazyObject

from accounts.audit import acting_through
from accounts.models import AuditEvent, Membership

SESSION_KEY = "membership"


def active_membership(request) -> Membership | None:
    """The membership chosen in the session, or the person's only or first one; None when signed out."""
    if not request.user.is_authenticated:
        return None
    mine = Membership.objects.active().with_rights().filter(user=request.user)
    chosen = request.session.get(SESSION_KEY)
    found = mine.filter(uuid=chosen).first() if chosen else None
    return found or mine.order_by("created_at", "pk").first()


class ActiveMembership:
    """Sets `request.member` (asked for only when used) and the channel of audit events."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        # A page asks `if request.member`; a lazy wrapper around None is false as None is.
        request.member = SimpleLazyObject(partial(active_membership, request))
        channel = AuditEvent.Channel.API if request.path.startswith("/api/") else AuditEvent.Channel.WEB
        with acting_through(channel, request.headers.get("X-Request-ID", "")[:64]):
            return self.get_response(request)
