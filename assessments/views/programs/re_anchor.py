"""Re-anchoring the draft to today: a preview, and the act."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from assessments import permissions
from assessments.errors import Clash, Refusal
from assessments.permissions import ProgramRights
from assessments.services import drafts
from assessments.views.access import member_required
from assessments.views.programs.frame import find_drafted, frame
from assessments.views.programs.words import date_words, month_words, value_words
from assessments.views.versions import posted_version


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def program_re_anchor(request, uuid):
    """What moving month 0 to today does to the draft; a POST does it."""
    program = find_drafted(request, uuid)
    permissions.can_re_anchor(request.member, program).require()
    if request.method == "POST":
        try:
            plan = drafts.re_anchor(member=request.member, program=program, seen_version=posted_version(request))
        except Clash as clash:
            return _page(request, program, refusal=clash, status=409)
        except Refusal as refusal:
            return _page(request, program, refusal=refusal, status=422)
        waiting = f" {len(plan.confirm)} values wait to be confirmed." if plan.confirm else ""
        messages.success(request, f"Month 0 of the draft is now {date_words(plan.new_date)}.{waiting}")
        return redirect("assessments:program_facts", program.uuid)
    return _page(request, program)


def _page(request, program, *, refusal=None, status=200):
    draft = drafts.read_draft(program)
    see = bool(ProgramRights(request.member, program).see_commercial())
    context = frame(request, program, "facts") | {"draft": draft, "refusal": refusal}
    try:
        plan = drafts.plan_re_anchor(draft)
    except Refusal as reason:
        context["nothing"] = reason
    else:
        context |= {
            "plan": plan,
            "moved": [
                {
                    "label": cell.label,
                    "old": value_words(cell.field, cell.value),
                    "new": value_words(cell.field, new),
                    "is_number": cell.field.type != "list",
                    "month": month_words(plan.new_date, new) if cell.field.type != "list" else "",
                }
                for cell, new in plan.moved
                if see or not cell.field.commercial
            ],
            "confirm": [
                {"label": cell.label, "value": value_words(cell.field, cell.value)}
                for cell in plan.confirm
                if see or not cell.field.commercial
            ],
        }
    return render(request, "programs/re_anchor.html", context, status=status)
