"""The result of a review and of a program: one page, which says what it rests on and follows what changes elsewhere."""

from typing import Any
from urllib.parse import urlencode

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assessments import permissions
from assessments.models import Review
from assessments.services.private_results import with_my_ratings
from assessments.services.shown import shown
from assessments.views.access import member_required
from assessments.views.freshness import freshness_of
from assessments.views.programs import frame as programs
from assessments.views.result_body import body_of
from assessments.views.workspace import find_review, frame

MINE, FACTS = "mine", "facts"


def _answer(request, template: str, context: dict[str, Any]):
    """The whole page, or its result alone where the page asks for that."""
    part = request.GET.get("part") == "result"
    return render(request, "results/partials/body.html" if part else template, context)


@member_required
@never_cache
@require_safe
def review_result(request, uuid):
    """While ratings are blind: facts only, and to an assigned rater privately what their own ratings would make of it."""
    review = find_review(request, uuid)
    now = shown(review)
    mine = with_my_ratings(request.member, review) if now.scorecard else None
    private = mine if request.GET.get("view") == MINE else None
    here = reverse("assessments:review_result", args=[review.uuid])
    query = {"view": MINE} if private else {}
    context = frame(review, "result") | freshness_of(review, now, request.member)
    context |= body_of(request.member, review.program, now.scorecard, numbers=private.numbers if private else None)
    context |= {
        "part_url": f"{here}?{urlencode(query | {'part': 'result'})}",
        "private": private,
        "views": [(FACTS, "Facts only", here), (MINE, "With my ratings", f"{here}?view={MINE}")] if mine else [],
        "view": MINE if private else FACTS,
        "may_lead": permissions.leads(request.member, review.program),
    }
    return _answer(request, "results/review.html", context)


@member_required
@never_cache
@require_safe
def program_result(request, uuid):
    """What the saved facts alone say, whatever anybody rated."""
    program = programs.find_program(request, uuid)
    now = shown(program)
    newest = Review.objects.visible_to(request.member).filter(program=program).order_by("-number").first()
    here = reverse("assessments:program_result", args=[program.uuid])
    context = programs.frame(request, program, "result")
    context |= freshness_of(program, now, request.member) | body_of(request.member, program, now.scorecard)
    context |= {
        "newest": newest,
        "facts_url": next((url for key, _, url in context["tabs"] if key == "facts"), ""),
        "part_url": f"{here}?part=result",
        "state_url": reverse("assessments:program_state", args=[program.uuid]),
    }
    return _answer(request, "results/program.html", context)
