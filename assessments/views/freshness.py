"""How an open page learns that what it shows has moved: a tiny answer with a tag, and a line of words."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Membership
from assessments import permissions
from assessments.errors import WrongState
from assessments.models import Program, Review
from assessments.services.freshness import mark_of
from assessments.services.retries import try_again
from assessments.services.shown import FAILED, Shown, shown
from assessments.views.access import member_required, posted_from
from assessments.views.programs.frame import find_program
from assessments.views.workspace import find_review


def find_subject(request, model: type[Program] | type[Review], uuid) -> Any:
    """The program or review, if the active membership may see it; else 404."""
    visible = model.objects.visible_to(request.member)
    if model is Review:
        visible = visible.select_related("program")
    return get_object_or_404(visible, uuid=uuid)


def freshness_of(subject: Program | Review, now: Shown, member: Membership) -> dict[str, Any]:
    """The context of reviews/partials/freshness.html; `retry_url` only after a failure and for who may try again."""
    program = subject.program if isinstance(subject, Review) else subject
    kind = "review" if isinstance(subject, Review) else "program"
    may = (now.state == FAILED or now.depth_cause) and permissions.can_retry(member, program)
    return {
        "freshness": now,
        "freshness_url": reverse(f"assessments:{kind}_freshness", args=[subject.uuid]),
        "retry_url": reverse(f"assessments:{kind}_retry", args=[subject.uuid]) if may else "",
    }


def _state(request, model, uuid) -> HttpResponse:
    subject = find_subject(request, model, uuid)
    program = subject.program if model is Review else subject
    now = shown(subject)
    etag = f'"{mark_of(subject, now, request.member, leads=permissions.leads(request.member, program))}"'
    fresh = HttpResponse(json.dumps({"state": now.state}), content_type="application/json", headers={"ETag": etag})
    answer = get_conditional_response(request, etag=etag, response=fresh)
    answer.headers["X-Result-State"] = now.state
    return answer


@member_required
@never_cache
@require_safe
def review_state(request, uuid):
    return _state(request, Review, uuid)


@member_required
@never_cache
@require_safe
def program_state(request, uuid):
    return _state(request, Program, uuid)


def _freshness(request, model, uuid) -> HttpResponse:
    subject = find_subject(request, model, uuid)
    context = freshness_of(subject, shown(subject), request.member)
    return render(request, "reviews/partials/freshness.html", context)


@member_required
@never_cache
@require_safe
def review_freshness(request, uuid):
    return _freshness(request, Review, uuid)


@member_required
@never_cache
@require_safe
def program_freshness(request, uuid):
    return _freshness(request, Program, uuid)


def _retry(request, model, uuid, page: str) -> HttpResponse:
    subject = find_subject(request, model, uuid)
    try:
        try_again(member=request.member, subject=subject)
    except WrongState as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, "The result is being computed again.")
    return redirect(page, subject.uuid)


@member_required
@posted_from("assessments:review_result", find_review)
def review_retry(request, uuid):
    return _retry(request, Review, uuid, "assessments:review_result")


@member_required
@posted_from("assessments:program_result", find_program)
def program_retry(request, uuid):
    return _retry(request, Program, uuid, "assessments:program_result")
