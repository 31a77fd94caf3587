"""The inbox: what waits for the person, and what they were told."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import reading
from accounts.access import member_required, posted_from
from accounts.kinds import KINDS, TOPICS
from accounts.models import Notification
from assessments.forms.whole_numbers import whole_number
from assessments.services.waiting import page_of, waiting_for

PER_PAGE = 25


def _asked(request) -> dict[str, str]:
    """The filters as the address keeps them; unknown values are none."""
    topic = request.GET.get("topic", "")
    return {
        key: value
        for key, value in {
            "show": "unread" if request.GET.get("show") == "unread" else "",
            "topic": topic if topic in TOPICS else "",
        }.items()
        if value
    }


@member_required
@never_cache
@require_safe
def inbox(request):
    """What waits, oldest due first, then what was told, newest first."""
    asked = _asked(request)
    mine = Notification.objects.visible_to(request.member)
    rows = mine.unread() if asked.get("show") else mine
    if topic := asked.get("topic"):
        rows = rows.filter(kind__in=[name for name, kind in KINDS.items() if kind.topic == topic])
    page = Paginator(rows.select_related("actor__user"), PER_PAGE).get_page(request.GET.get("page"))
    here = request.GET.copy()
    context = {
        "waiting": [(one, page_of(one)) for one in waiting_for(request.member)],
        "page": page,
        "rows": [(row, KINDS[row.kind].topic if row.kind in KINDS else "") for row in page.object_list],
        "asked": asked,
        "query": urlencode(asked),
        "topics": TOPICS,
        "unread": reading.unread_count(request.member),
        "here": f"{reverse('assessments:inbox')}?{here.urlencode()}",
        "newest": mine.values_list("pk", flat=True).first() or 0,
    }
    part = {"waiting": "inbox/partials/waiting.html", "told": "inbox/partials/told.html"}.get(request.GET.get("part"))
    return render(request, part or "inbox/inbox.html", context)


@member_required
@never_cache
@require_safe
def inbox_state(request):
    """Whether the person was told anything, or read it, since."""
    etag = f'"{reading.mark(request.member)}"'
    fresh = HttpResponse("{}", content_type="application/json", headers={"ETag": etag})
    return get_conditional_response(request, etag=etag, response=fresh)


@member_required
@never_cache
@require_safe
def inbox_count(request):
    """The number beside "Inbox" in the bar, for pages that stay open."""
    return render(request, "components/inbox_count.html")


def _find(request, uuid) -> Notification:
    return get_object_or_404(Notification.objects.visible_to(request.member), uuid=uuid)


@member_required
@posted_from("assessments:inbox", among=_find)
def notification_read(request, uuid):
    """Mark one as read, or as unread again."""
    row = _find(request, uuid)
    reading.set_read(row, read=request.POST.get("act") != "unread")
    return _back(request)


@member_required
@posted_from("assessments:inbox")
def notifications_read(request):
    """Mark as read whatever stood on the page that was looked at, and what is older."""
    count = reading.read_all(request.member, newest=whole_number(request.POST.get("newest", "")))
    messages.success(request, f"{count} marked as read." if count else "Nothing was unread.")
    return _back(request)


def _back(request):
    kept = {key: request.POST[key] for key in ("show", "topic", "page") if request.POST.get(key)}
    return redirect(f"{reverse('assessments:inbox')}{'?' + urlencode(kept) if kept else ''}")
