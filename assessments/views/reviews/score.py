"""Score: one's own sheet, rated by keyboard, with the criterion in focus explained beside it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts.models import AuditEvent
from assessments import permissions
from assessments.errors import Clash, Invalid, Missing, Refusal
from assessments.forms.reviews import RateForm
from assessments.forms.versions import UNREADABLE_OF_BUTTON
from assessments.models import Rating, Review
from assessments.services import ratings
from assessments.services.sheet import Cell, Sheet, anchors_of, history_of, sheet_of
from assessments.services.shown import shown
from assessments.views.access import member_required, posted_from
from assessments.views.workspace import find_review, frame

STEPS = ("1", "2", "3", "4", "5")


@member_required
def review_score(request, uuid):
    """The whole sheet; ?criterion= and ?option= say which cell the drawer explains."""
    review = find_review(request, uuid)
    sheet = sheet_of(review, request.member)
    focus = None
    if sheet:
        focus = sheet.cell(request.GET.get("criterion", ""), request.GET.get("option", "")) or sheet.first_open()
    return page(request, review, sheet, focus)


@member_required
@require_http_methods(["GET", "POST"])
def review_cell(request, uuid, criterion, option):
    """GET: the drawer of a cell. POST: rate it, say why, accept what the facts suggest, or confirm what was carried."""
    review = find_review(request, uuid)
    if request.method == "GET":
        if not request.htmx:
            return redirect(_place(review, criterion, option))
        sheet, cell = _find_cell(request, review, criterion, option)
        return render(request, "reviews/partials/score_drawer.html", drawer(request, review, sheet, cell))
    form = RateForm(request.POST)
    status: int = 200
    said: dict = {}
    try:
        if not form.is_valid():
            raise Invalid([{"field": field, "message": texts[0]} for field, texts in form.errors.items()])
        ratings.rate(
            member=request.member,
            review_id=review.pk,
            criterion_key=criterion,
            option_key=option,
            **form.given(),
        )
    except Invalid as refusal:
        status, said = 422, {"problems": {problem["field"]: problem["message"] for problem in refusal.problems}}
    except Clash as refusal:
        status, said = 409, {"clash": refusal}
    if status == 200 and not request.htmx:
        messages.success(request, "Saved.")
        return redirect(_place(review, criterion, option))
    sheet, cell = _find_cell(request, review, criterion, option)
    said["typed"] = request.POST
    context = drawer(request, review, sheet, cell, said)
    if request.htmx:
        context["cell"] = boxes(review, cell, context["may_rate"], said)
        return render(request, "reviews/partials/rated.html", context, status=status)
    return page(request, review, sheet, cell, said, status=status)


@member_required
@posted_from("assessments:review_score", find_review)
def review_accept(request, uuid):
    """Take over every suggestion for cells that are not rated yet."""
    review = find_review(request, uuid)
    given = ratings.accept_suggestions(member=request.member, review_id=review.pk)
    messages.success(request, f"{len(given)} suggestions are your ratings now. Change any that you judge otherwise.")
    return redirect("assessments:review_score", review.uuid)


@member_required
@posted_from("assessments:review_score", find_review)
def review_confirm(request, uuid):
    """Confirm the carried ratings for which the facts suggest what they did."""
    review = find_review(request, uuid)
    given = ratings.confirm_carried(member=request.member, review_id=review.pk)
    messages.success(request, f"{len(given)} earlier ratings are confirmed.")
    return redirect("assessments:review_score", review.uuid)


@member_required
@posted_from("assessments:review_score", find_review)
def review_done(request, uuid):
    """Say that one's scoring is done."""
    review = find_review(request, uuid)
    try:
        ratings.finish_scoring(member=request.member, review_id=review.pk)
    except Missing as refusal:
        named = "; ".join(thing["what"] for thing in refusal.things[:3])
        more = f" and {len(refusal.things) - 3} more" if len(refusal.things) > 3 else ""
        messages.error(request, f"{refusal} Still open: {named}{more}.")
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Your scoring is done. You can still change a rating; that opens it again.")
    return redirect("assessments:review_score", review.uuid)


def _find_cell(request, review: Review, criterion: str, option: str) -> tuple[Sheet, Cell]:
    """The cell of one's own sheet. 404 for one that is not on it, 403 where one has none."""
    sheet = sheet_of(review, request.member)
    permissions.can_read_sheet(request.member, sheet.assignment if sheet else None).require()
    cell = sheet.cell(criterion, option)
    if cell is None:
        raise Http404("This cell is not on the sheet.")
    return sheet, cell


def _place(review: Review, criterion: str, option: str) -> str:
    """The sheet with the drawer at a cell."""
    query = urlencode({"criterion": criterion, "option": option})
    return f"{reverse('assessments:review_score', args=[review.uuid])}?{query}#cell-{criterion}-{option}"


def page(request, review: Review, sheet: Sheet | None, focus: Cell | None, said: dict | None = None, status: int = 200):
    """The sheet with its drawer; `said` is what became of a rating that was not taken, with what was typed."""
    context = frame(review, "score") | {"freshness": shown(review), "sheet": sheet}
    if sheet and focus:
        context |= drawer(request, review, sheet, focus, said)
        context["groups"] = [
            (
                dimension,
                [
                    {
                        "row": row,
                        "cells": [
                            boxes(review, cell, context["may_rate"], said if cell is focus else None)
                            for cell in row.cells
                        ],
                    }
                    for row in rows
                ],
            )
            for dimension, rows in sheet.groups
        ]
    return render(request, "reviews/score.html", context, status=status)


def boxes(review: Review, cell: Cell, may_rate: bool, said: dict | None = None) -> dict:
    """What components/score_cell.html shows of a cell."""
    rating, said = cell.rating, said or {}
    below = ""
    if cell.is_rated and cell.moved:
        below = "facts moved"
    typed = said.get("typed", {})
    problem = next(iter(said.get("problems", {}).values()), "")
    unread = "version" in said.get("problems", {})
    return {
        "row": cell.criterion.key,
        "col": cell.option.key,
        "option_name": cell.option.name,
        "legend": f"{cell.criterion.name}, {cell.option.name}",
        "value": rating.score if rating else None,
        "pale": bool(rating and rating.to_confirm),
        "suggested": cell.box,
        "post_url": reverse("assessments:review_cell", args=[review.uuid, cell.criterion.key, cell.option.key]),
        "version": rating.version if rating else 0,
        "facts": review.revision.number,
        "disabled": not may_rate,
        "dots": cell.agrees,
        "below": below,
        "error": "" if "rationale" in typed else UNREADABLE_OF_BUTTON if unread else problem,
        "again": typed.get("score", "") if unread and typed.get("score") in STEPS else "",
        "clash": said.get("clash") if "rationale" not in typed else None,
    }


def drawer(request, review: Review, sheet: Sheet, cell: Cell, said: dict | None = None) -> dict:
    """The context of the drawer: the cell in focus, its scale, its suggestion, one's reason and its history."""
    rating, said = cell.rating, said or {}
    typed = said.get("typed", {})
    row = next(row for row in sheet.rows if row.criterion == cell.criterion)
    return {
        "review": review,
        "here": reverse("assessments:review_score", args=[review.uuid]),
        "sheet": sheet,
        "focus": cell,
        "focus_row": row,
        "place": f"{cell.criterion.key}-{cell.option.key}",
        "post_url": reverse("assessments:review_cell", args=[review.uuid, cell.criterion.key, cell.option.key]),
        "question": cell.criterion.definition.get("question", ""),
        "why": cell.criterion.definition.get("why", ""),
        "anchors": anchors_of(cell.criterion, cell.option.kind),
        "may_rate": bool(permissions.can_rate(request.member, review, sheet.assignment)),
        "why_not": permissions.can_rate(request.member, review, sheet.assignment).reason,
        "history": history_of(rating) if rating else [],
        "is_carried": bool(rating) and _was_carried(review, rating),
        "confidences": Rating.Confidence.choices,
        "confidence": typed.get("confidence") or (rating.confidence if rating else Rating.Confidence.MEDIUM),
        "rationale": typed.get("rationale", rating.rationale if rating else ""),
        "note_problem": next(iter(said.get("problems", {}).values()), "") if "rationale" in typed else "",
        "clash": said.get("clash") if "rationale" in typed else None,
        "seen_version": typed.get("version", 0),
    }


def _was_carried(review: Review, rating: Rating) -> bool:
    events = AuditEvent.objects.filter(review_uuid=review.uuid, object_uuid=rating.uuid)
    return events.filter(action="rating.carried").exists()
