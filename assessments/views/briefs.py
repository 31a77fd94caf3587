"""The executive's page: what is recommended, how sure, what it rests on, what would change it, who disagrees, who signs."""

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Membership
from assessments import permissions
from assessments.models import Review
from assessments.reporting import charts
from assessments.reporting.brief import Brief
from assessments.services.approvals import steps_waiting_for
from assessments.services.briefs import basis_of, brief_for_most
from assessments.services.reports import made_report
from assessments.views.access import member_required
from assessments.views.freshness import freshness_of
from assessments.views.watches import watch_card
from assessments.views.workspace import address, find_review, frame


@member_required
@never_cache
@require_safe
def review_brief(request, uuid):
    """The whole page, or the brief alone where the page asks for that after something moved."""
    review = find_review(request, uuid)
    basis = basis_of(review)
    context = frame(review, "brief") | {
        "brief": None,
        "part_url": f"{reverse('assessments:review_brief', args=[review.uuid])}?part=brief",
        "approval_url": address("assessments:review_approval", review),
        "watch": watch_card(request.member, review),
        "step": steps_waiting_for(request.member).filter(review=review).first(),
    }
    if basis.submission is None:
        context |= freshness_of(review, basis.freshness, request.member)
    if basis.scorecard is not None:
        wants_all = bool(permissions.can_see_commercial(request.member, review.program))
        # The page has no time of making: what it says depends on the record alone.
        brief, commercial = brief_for_most(
            review, commercial=wants_all, made_at=basis.scorecard.created_at, basis=basis
        )
        context |= _shown(request.member, review, brief)
        context["report"] = made_report(review, brief, commercial)
        context["crumbs"] = [
            (review.program.name, address("assessments:program_detail", review.program)),
            *((words, "") for words in brief.about),
            (str(review), ""),
        ]
    return render(
        request, "reviews/brief/body.html" if request.GET.get("part") == "brief" else "reviews/brief.html", context
    )


def _shown(member: Membership, review: Review, brief: Brief) -> dict:
    return {
        "brief": brief,
        "drawn": {
            name: charts.figure(drawing, name)
            for name, drawing in (("values", brief.values), ("scenarios", brief.scenarios), ("risk", brief.risk))
            if drawing is not None
        },
        "figures": [(headline.value, headline.words) for headline in brief.headlines],
        "may_ask": permissions.can_ask_for_report(member, review),
    }
