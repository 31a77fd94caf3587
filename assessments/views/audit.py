"""The audit trail: filtered, newest first, with what was before and after; and as a CSV file."""

import datetime
import uuid as uuids
from functools import reduce
from operator import or_
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Membership, TrailReview
from accounts.permissions import can_read_audit
from assessments.errors import Invalid
from assessments.forms.audit import GROUPS, AuditFilterForm, TrailReviewForm
from assessments.models import Program, Review
from assessments.reporting.csv_file import csv_bytes
from assessments.services import audit_trail
from assessments.services.audit_trail import MOST_EXPORTED, events_for, matching, record_export, record_read
from assessments.views.access import member_required, posted_from

PER_PAGE = 50
REVIEWS_PER_PAGE = 20
MOST_CHOICES = 500
LONG = 160


def words_of(action: str) -> str:
    """ "rating.given" as people say it."""
    return action.replace(".", " ").replace("_", " ").capitalize()


def _filtered(request, given):
    """The visible events that were asked for, and the form that says which."""
    events = events_for(request.member)
    form = AuditFilterForm(
        given,
        programs=Program.objects.visible_to(request.member).order_by("name")[:MOST_CHOICES],
        people=Membership.objects.visible_to(request.member).select_related("user")[:MOST_CHOICES],
    )
    asked = form.cleaned_data if form.is_valid() else {}
    if asked.get("words"):
        events = matching(events, asked["words"])
    if asked.get("program"):
        events = events.filter(program_uuid=asked["program"])
    if asked.get("review"):
        events = events.filter(review_uuid=asked["review"])
    if asked.get("person"):
        events = events.filter(actor__uuid=asked["person"])
    if asked.get("acts"):
        events = events.filter(reduce(or_, (Q(action__startswith=start) for start in GROUPS[asked["acts"]][1])))
    if asked.get("since"):
        events = events.filter(at__gte=_moment(asked["since"], datetime.time.min))
    if asked.get("until"):
        events = events.filter(at__lte=_moment(asked["until"], datetime.time.max))
    return events.order_by("-pk"), form, {key: str(value) for key, value in asked.items() if value}


def _moment(day: datetime.date, time: datetime.time) -> datetime.datetime:
    return datetime.datetime.combine(day, time, datetime.UTC)


def _before(events, given: str):
    """The events older than one of them: what a page goes on from, however many come in meanwhile."""
    try:
        last = events.filter(uuid=uuids.UUID(given)).first()
    except ValueError:
        return events
    return events.filter(pk__lt=last.pk) if last else events


@member_required
@require_GET
def audit(request):
    """A page of events."""
    events, form, filters = _filtered(request, request.GET)
    older = _before(events, request.GET["before"]) if request.GET.get("before") else events
    rows = list(older[: PER_PAGE + 1])
    more, rows = len(rows) > PER_PAGE, rows[:PER_PAGE]
    query = request.GET.copy()
    query.pop("before", None)
    programs = Program.objects.visible_to(request.member).filter(uuid__in={row.program_uuid for row in rows})
    reviews = Review.objects.visible_to(request.member).filter(uuid__in={row.review_uuid for row in rows})
    program_names = {row.uuid: row.name for row in programs}
    review_names = {row.uuid: str(row) for row in reviews}
    context = {
        "form": form,
        "filters": filters,
        "rows": [
            {
                "event": row,
                "words": words_of(row.action),
                "program": program_names.get(row.program_uuid, ""),
                "review": review_names.get(row.review_uuid, ""),
                "changes": changes(row.old, row.new),
                "withheld": bool(row.withheld),
            }
            for row in rows
        ],
        "query": query.urlencode(),
        "older": rows[-1].uuid if more else None,
        "later": bool(request.GET.get("before")),
        "review_name": _review_name(request, form),
        "most_exported": MOST_EXPORTED,
        "standing": audit_trail.standing(request.member),
    }
    record_read(member=request.member)
    return render(request, "audit/list.html", context)


@member_required
@require_http_methods(["GET", "POST"])
def audit_verify(request):
    """How the trail stands, verifying it from the rows (a bounded part a request), and who reviewed it."""
    can_read_audit(request.member).require()
    if request.method == "GET":
        return _trail_page(request)
    try:
        verification = audit_trail.verify(member=request.member, after=request.POST.get("after", ""))
    except Invalid as refusal:
        messages.error(request, str(refusal))
        return redirect("assessments:audit_verify")
    if request.htmx:
        context: dict[str, Any] = {"verification": verification}
        if verification.state != "more":  # what the page says of the last time is new too
            context |= {"follows": True, "standing": audit_trail.standing(request.member)}
        return render(request, "audit/verification.html", context)
    return _trail_page(request, verification=verification)


@member_required
@posted_from("assessments:audit_verify")
def audit_review(request):
    """Record that the person reviewed the trail."""
    can_read_audit(request.member).require()
    form = TrailReviewForm(request.POST)
    if form.is_valid():
        try:
            audit_trail.record_review(member=request.member, **form.cleaned_data)
        except Invalid as refusal:
            for problem in refusal.problems:
                form.add_error(problem["field"], problem["message"])
        else:
            messages.success(request, "Your review of the audit trail is recorded.")
            return redirect("assessments:audit_verify")
    return _trail_page(request, form=form)


def _trail_page(request, *, verification=None, form=None):
    standing = audit_trail.standing(request.member)
    reviews = TrailReview.objects.visible_to(request.member).select_related("reviewer__user")
    context = {
        "crumbs": [("Audit trail", reverse("assessments:audit"))],
        "standing": standing,
        "verification": verification,
        "form": form or TrailReviewForm(initial={"through_number": standing.head or None}),
        "page": Paginator(reviews, REVIEWS_PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "audit/verify.html", context, status=422 if form else 200)


def _review_name(request, form) -> str:
    asked = form.cleaned_data.get("review") if form.is_valid() else None
    if not asked:
        return ""
    review = Review.objects.visible_to(request.member).select_related("program").filter(uuid=asked).first()
    return f"{review.program.name}, {review}" if review else "one review"


def changes(old: Any, new: Any) -> list[dict[str, str]]:
    """What was before and what is after, as rows of words; parts that are the same are left out."""
    before, after = dict(_flat(old)), dict(_flat(new))
    if before.pop("left", False) and "owner" in before:
        before["owner"] = f"{before['owner']}, who had left"
    return [
        {"what": key.replace("_", " "), "old": _short(before.get(key)), "new": _short(after.get(key))}
        for key in [*before, *(key for key in after if key not in before)]
        if before.get(key) != after.get(key)
    ]


def _flat(value: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _flat(inner, f"{name}, {key}" if name else str(key))]
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return [pair for at, one in enumerate(value, 1) for pair in _flat(one, f"{name} {at}".strip())]
    return [] if value is None else [(name or "value", value)]


def _short(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONG else f"{text[:LONG]}…"


@member_required
@posted_from("assessments:audit")
def audit_export(request):
    """The asked-for events as CSV. The export is an event itself."""
    events, form, filters = _filtered(request, request.POST)
    rows = list(events[: MOST_EXPORTED + 1])
    if not form.is_valid() or len(rows) > MOST_EXPORTED:
        messages.error(request, f"An export holds at most {MOST_EXPORTED:,} events. Narrow the days or the program.")
        return redirect(reverse("assessments:audit"))
    record_export(member=request.member, filters=filters, count=len(rows))
    header = (
        "time (UTC)", "who", "on behalf of", "channel", "act", "on", "program", "review", "reason", "before", "after", "request",
        "number",
        "SHA-256",
    )  # fmt: skip
    cells = [
        (
            row.at.astimezone(datetime.UTC).isoformat(timespec="milliseconds"),
            row.actor_name,
            row.on_behalf_of.name if row.on_behalf_of else "",
            row.get_channel_display(),
            row.action,
            row.object_label,
            row.program_uuid or "",
            row.review_uuid or "",
            row.reason,
            _plain(row.old),
            _plain(row.new),
            row.request_id,
            row.sealed_number or "",
            row.digest,
        )
        for row in rows
    ]
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    return HttpResponse(
        csv_bytes(header, cells),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="audit-{request.member.organization.slug}-{day}.csv"'},
    )


def _plain(value: Any) -> str:
    return "; ".join(f"{name}: {_whole(one)}" for name, one in _flat(value))


def _whole(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
