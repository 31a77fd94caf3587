"""The executive's page: what is recommended, how sure, what it rests on, what would change it, who disagrees, who signs."""

from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from assessments import permissions
from assessments.models import ApprovalStep
from assessments.reporting import charts
from assessments.services.briefs import Basis, basis_of, brief_for_most
from assessments.services.reports import made_report
from assessments.views.access import member_required
from assessments.views.workspace import find_review, frame


@member_required
@require_safe
def review_brief(request, uuid):
    review = find_review(request, uuid)
    basis = basis_of(review)
    context = frame(review, "brief") | {"freshness": None if basis.submission else basis.freshness, "brief": None}
    if basis.scorecard is not None:
        wants_all = bool(permissions.can_see_commercial(request.member, review.program))
        # The page has no time of making: what it says depends on the record alone.
        brief, commercial = brief_for_most(
            review, commercial=wants_all, made_at=basis.scorecard.created_at, basis=basis
        )
        context |= {
            "brief": brief,
            "drawn": {
                "values": charts.figure(brief.values, "values"),
                "scenarios": charts.figure(brief.scenarios, "scenarios"),
                "risk": charts.figure(brief.risk, "risk") if brief.risk else None,
            },
            "figures": [(headline.value, headline.words) for headline in brief.headlines],
            "report": made_report(review, brief, commercial),
            "may_ask": permissions.can_ask_for_report(request.member, review),
        }
        context["crumbs"] = [
            (review.program.name, context["crumbs"][1][1]),
            *((words, "") for words in brief.about),
            (str(review), ""),
        ]
        context |= _acts(request.member, basis, review)
    return render(request, "reviews/brief.html", context)


def _acts(member, basis: Basis, review) -> dict:
    """Where the reader signs or returns, if an open step waits for them."""
    if basis.submission is None:
        return {}
    waiting = basis.submission.steps.filter(state=ApprovalStep.State.OPEN).exclude(signatures__membership=member)
    mine = [step for step in waiting.select_related("review", "submission") if permissions.can_sign(member, step)]
    try:
        approval_url = reverse("assessments:review_approval", args=[review.uuid])
    except NoReverseMatch:
        return {}
    return {"step": mine[0] if mine else None, "approval_url": approval_url}
