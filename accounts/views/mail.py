"""What leaves the organization by mail: held or not, what waits, what failed and why. For admins."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import delivery
from accounts.access import member_required, posted_from
from accounts.kinds import KINDS
from accounts.models import Outbound
from accounts.permissions import can_manage_mail

PER_PAGE = 50
STATES = dict(Outbound.State.choices)


@member_required
@never_cache
@require_safe
def mail(request):
    """The list says to whom, of which kind and when, never what: an admin need not see every program."""
    can_manage_mail(request.member).require()
    rows = Outbound.objects.visible_to(request.member).filter(kind=Outbound.Kind.MAIL)
    counts = rows.aggregate(**{state: Count("pk", filter=Q(state=state)) for state in STATES})
    state = request.GET.get("state", "")
    if state in STATES:
        rows = rows.filter(state=state)
    page = Paginator(rows.select_related("membership__user", "notification"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "held_since": request.member.organization.outbound_held_since,
        "page": page,
        "rows": [(row, _kind(row)) for row in page.object_list],
        "states": [(key, label, counts[key]) for key, label in STATES.items()],
        "state": state,
        "query": f"state={state}" if state in STATES else "",
        "queued": counts["queued"],
        "stale_days": delivery.STALE_DAYS,
    }
    return render(request, "accounts/mail.html", context)


def _kind(row: Outbound) -> str:
    if row.notification is None:
        return "Daily summary"
    kind = KINDS.get(row.notification.kind)
    return kind.title if kind else row.notification.kind


@member_required
@posted_from("accounts:mail")
def mail_hold(request):
    """Let nothing leave until it is released."""
    try:
        delivery.hold(member=request.member, reason=request.POST.get("reason", ""))
    except ValueError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Outgoing mail is held. What people are told waits until you release it.")
    return redirect("accounts:mail")


@member_required
@posted_from("accounts:mail")
def mail_release(request):
    """Let mail leave again; old mail is sent or dropped as the admin says."""
    done = delivery.release(member=request.member, drop_old=request.POST.get("old") == "drop")
    words = (
        f"Outgoing mail is released: {done.sent} may go now." if done.sent else "Outgoing mail is released; none waits."
    )
    messages.success(request, f"{words} {done.dropped} too old ones were dropped." if done.dropped else words)
    return redirect("accounts:mail")


def _find(request, uuid) -> Outbound:
    can_manage_mail(request.member).require()
    return get_object_or_404(Outbound.objects.visible_to(request.member), uuid=uuid)


@member_required
@posted_from("accounts:mail", among=_find)
def mail_retry(request, uuid):
    """Try a mail again that failed."""
    row = _find(request, uuid)
    delivery.try_again(member=request.member, outbound=row)
    messages.success(request, "It is tried again now.")
    return redirect("accounts:mail")
