"""Panel: everyone's ratings once revealed, the widest disagreements first, and what was agreed on."""

from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from assessments import permissions
from assessments.errors import Clash, Invalid
from assessments.forms.reviews import AgreeForm
from assessments.models import AgreedValue, Review
from assessments.services import reconciling
from assessments.services.matrix import Cell, Matrix, matrix_of
from assessments.services.sheet import anchors_of
from assessments.services.shown import shown
from assessments.views.access import member_required, posted_from
from assessments.views.reviews.problems import show
from assessments.views.versions import posted_version
from assessments.views.workspace import find_review, frame

SORTS = (("disagreement", "Widest disagreement first"), ("criteria", "In the order of the criteria"))


@member_required
def review_panel(request, uuid):
    """The matrix, and one cell's ratings beside it. Until the reveal: who is done, and why nothing else is shown."""
    review = find_review(request, uuid)
    if not permissions.can_see_all_ratings(request.member, review):
        return blind(request, review)
    fresh = shown(review)
    matrix = matrix_of(review, request.member, _moved(fresh))
    focus = matrix.cell(request.GET.get("criterion", ""), request.GET.get("option", "")) or matrix.first_open()
    return page(request, review, fresh, matrix, focus)


def _address(request, uuid, criterion, option) -> str:
    return _place(request, find_review(request, uuid), criterion, option)


@member_required
@posted_from(_address)
def review_agree(request, uuid, criterion, option):
    """Record what the panel agreed on for a cell."""
    review = find_review(request, uuid)
    permissions.can_see_all_ratings(request.member, review).require()
    held = AgreedValue.objects.filter(review=review, criterion=criterion, option__key=option).first()
    form = AgreeForm(request.POST, initial={"version": held.version if held else 0})
    status, clash = 422, None
    if form.is_valid():
        given = form.cleaned_data
        try:
            reconciling.agree(
                member=request.member,
                review_id=review.pk,
                criterion_key=criterion,
                option_key=option,
                value=given["value"],
                note=given["note"],
                seen_version=given["version"],
                seen_facts=given["facts"],
            )
            messages.success(request, "The agreed value stands in the panel.")
            return redirect(_place(request, review, criterion, option))
        except Invalid as refusal:
            show(form, refusal)
        except Clash as refusal:
            status, clash = 409, refusal
            # What was typed stays; sent again it goes over the value that is now shown beside it.
            form.data = form.data.copy()
            form.data["version"] = refusal.version
    fresh = shown(review)
    matrix = matrix_of(review, request.member, _moved(fresh))
    focus = matrix.cell(criterion, option)
    if focus is None:
        raise Http404("The panel has no such cell.")
    return page(request, review, fresh, matrix, focus, status=status, agree_form=form, clash=clash)


@member_required
@posted_from(_address)
def review_take_back(request, uuid, criterion, option):
    """Remove an agreed value."""
    review = find_review(request, uuid)
    reconciling.take_back(
        member=request.member,
        review_id=review.pk,
        criterion_key=criterion,
        option_key=option,
        seen_version=posted_version(request),
    )
    messages.success(request, "Taken back: the mean of the functions stands again.")
    return redirect(_place(request, review, criterion, option))


def _moved(fresh) -> list[dict]:
    return fresh.numbers["moved"] if fresh.numbers else []


def _place(request, review: Review, criterion: str, option: str) -> str:
    query = {"criterion": criterion, "option": option}
    if request.POST.get("sort") in dict(SORTS):
        query["sort"] = request.POST["sort"]
    return f"{reverse('assessments:review_panel', args=[review.uuid])}?{urlencode(query)}#drawer"


def blind(request, review: Review):
    """How far everyone is, without a word of what they said."""
    assignments = list(review.assignments.select_related("function", "membership__user"))
    context = frame(review, "panel") | {
        "freshness": shown(review),
        "assignments": assignments,
        "done": sum(one.state == "done" for one in assignments),
        "why": permissions.can_see_all_ratings(request.member, review).reason,
        "leads": bool(permissions.can_lead_review(request.member, review.program)),
    }
    return render(request, "reviews/panel_blind.html", context)


def page(
    request, review: Review, fresh, matrix: Matrix, focus: Cell | None, *, status=200, agree_form=None, clash=None
):
    sort = request.POST.get("sort") or request.GET.get("sort")
    sort = sort if sort in dict(SORTS) else "disagreement"
    place = [review.uuid, focus.criterion.key, focus.option.key] if focus else []
    may_agree = bool(permissions.can_lead_review(request.member, review.program)) and review.state == "reconciling"
    context = frame(review, "panel") | {
        "here": reverse("assessments:review_panel", args=[review.uuid]),
        "freshness": fresh,
        "matrix": matrix,
        "groups": matrix.groups if sort == "criteria" else [(None, matrix.by_disagreement())],
        "sort": sort,
        "sorts": SORTS,
        "focus": focus,
        "may_agree": may_agree,
        "apart": sum(cell.spread >= 2 for cell in matrix.cells),
        "settled": sum(cell.is_settled for cell in matrix.cells),
        "without": sum(cell.value is None for cell in matrix.cells),
        "moved": sum(cell.moved is not None for cell in matrix.cells),
        "clash": clash,
    }
    if focus:
        agreed = focus.agreed
        initial = {
            "value": agreed.value if agreed else "",
            "note": agreed.note if agreed else "",
            "version": agreed.version if agreed else 0,
            "facts": review.revision.number,
        }
        context |= {
            "agree_url": reverse("assessments:review_agree", args=place),
            "take_back_url": reverse("assessments:review_take_back", args=place),
            "agree_form": agree_form or AgreeForm(initial=initial),
            "anchors": anchors_of(focus.criterion, focus.option.kind),
            "mine": any(rating.membership_id == request.member.pk for rating in focus.ratings),
            "may_rate": review.state in Review.TAKES_RATINGS
            and review.assignments.filter(Q(membership=request.member)).exists(),
        }
    template = "reviews/partials/panel_drawer.html" if _for_drawer(request) else "reviews/panel.html"
    return render(request, template, context, status=status)


def _for_drawer(request) -> bool:
    return bool(request.htmx and request.htmx.target and request.htmx.target.endswith("drawer"))
