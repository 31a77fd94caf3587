"""The pages of a result, of a review and of a program: each says what it rests on and follows what changes elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assessments import permissions
from assessments.models import Review
from assessments.services.private_results import has_own_ratings, with_my_ratings
from assessments.services.shown import shown
from assessments.views.access import member_required
from assessments.views.freshness import freshness_of
from assessments.views.programs import frame as programs
from assessments.views.results.body import result_of
from assessments.views.results.reading import Reading, read
from assessments.views.results.risk import risk_of
from assessments.views.results.robustness import robustness_of
from assessments.views.results.stress import stress_of
from assessments.views.workspace import find_review, frame

MINE, FACTS = "mine", "facts"


@dataclass(frozen=True)
class Page:
    """read: what it shows; deep: whether it needs the full depth; rated: whether ratings move it at all."""

    read: Callable[[Reading], dict[str, Any]]
    heading: str
    deep: bool = True
    rated: bool = True


PAGES = {
    "result": Page(result_of, "What the facts of {} say", deep=False),
    "robustness": Page(robustness_of, "How firm the answer for {} is"),
    "risk": Page(risk_of, "Where the risk of {} lives", rated=False),
    "stress": Page(stress_of, "The answer for {} under stress"),
}


def _answer(request, template: str, context: dict[str, Any]):
    """The whole page, or its result alone where the page asks for that."""
    part = request.GET.get("part") == "result"
    return render(request, "results/partials/body.html" if part else template, context)


def _shown(page: str, reading: Reading | None) -> dict[str, Any]:
    """The context of results/partials/body.html."""
    return {
        "part": f"results/{page}.html",
        "result": PAGES[page].read(reading) if reading else None,
        "scorecard": reading.scorecard if reading else None,
        "commercial": bool(reading and reading.commercial),
    }


def _around(kind: str, subject, page: str, query: dict[str, str] | None = None) -> dict[str, str]:
    """The addresses of this page's part and of its neighbours, which keep the view."""
    tail = f"?{urlencode(query)}" if query else ""
    links = {f"{key}_url": reverse(f"assessments:{kind}_{key}", args=[subject.uuid]) + tail for key in PAGES}
    here = reverse(f"assessments:{kind}_{page}", args=[subject.uuid])
    return links | {"part_url": f"{here}?{urlencode((query or {}) | {'part': 'result'})}", "here": here}


@member_required
@never_cache
@require_safe
def review_page(request, uuid, page):
    """While ratings are blind: facts only, and to an assigned rater privately what their own ratings would make of it."""
    review = find_review(request, uuid)
    now = shown(review)
    may = PAGES[page].rated and now.scorecard is not None and has_own_ratings(request.member, review)
    private = None
    if may and request.GET.get("view") == MINE:
        private = with_my_ratings(request.member, review, deep=PAGES[page].deep)
    around = _around("review", review, page, {"view": MINE} if private else None)
    reading = read(request.member, review.program, now.scorecard, private.numbers if private else None)
    context = frame(review, page) | freshness_of(review, now, request.member) | _shown(page, reading) | around
    context |= {
        "private": private,
        "views": [
            (FACTS, "Facts only", around["here"]),
            (MINE, "With my ratings", f"{around['here']}?view={MINE}"),
        ]
        if may
        else [],
        "view": MINE if private else FACTS,
        "may_lead": permissions.leads(request.member, review.program),
    }
    return _answer(request, "results/review.html", context)


@member_required
@never_cache
@require_safe
def program_page(request, uuid, page):
    """What the saved facts alone say, whatever anybody rated."""
    program = programs.find_program(request, uuid)
    now = shown(program)
    newest = Review.objects.visible_to(request.member).filter(program=program).order_by("-number").first()
    context = programs.frame(request, program, page)
    context |= freshness_of(program, now, request.member)
    context |= _shown(page, read(request.member, program, now.scorecard)) | _around("program", program, page)
    context |= {
        "newest": newest,
        "newest_url": reverse(f"assessments:review_{page}", args=[newest.uuid]) if newest else "",
        "page_heading": PAGES[page].heading.format(program.name),
        "facts_url": next((url for key, _, url in context["tabs"] if key == "facts"), ""),
        "state_url": reverse("assessments:program_state", args=[program.uuid]),
    }
    return _answer(request, "results/program.html", context)
