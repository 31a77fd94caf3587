"""The frame of a review's workspace: the review that the person may see, its crumbs and its tabs."""

from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse

from assessments.models import Review

TABS = (
    ("setup", "Set-up", "assessments:review_setup"),
    ("score", "Score", "assessments:review_score"),
    ("panel", "Panel", "assessments:review_panel"),
    ("result", "Result", "assessments:review_result"),
    ("robustness", "Robustness", "assessments:review_robustness"),
    ("risk", "Risk", "assessments:review_risk"),
    ("stress", "Stress", "assessments:review_stress"),
    ("changes", "Changes", "assessments:review_changes"),
    ("brief", "Decision brief", "assessments:review_brief"),
    ("approval", "Approval", "assessments:review_approval"),
    ("report", "Report", "assessments:review_reports"),
)


def find_review(request, uuid) -> Review:
    """The review, if the active membership may see it; else 404."""
    visible = Review.objects.visible_to(request.member)
    return get_object_or_404(
        visible.select_related("program", "criteria_version__criteria_set", "revision", "opened_by__user"), uuid=uuid
    )


def frame(review: Review, current: str) -> dict:
    """What `reviews/workspace.html` needs around a tab's own context."""
    return {
        "review": review,
        "tab": current,
        "tab_text": next((text for key, text, _ in TABS if key == current), ""),
        "tabs": [(key, text, url) for key, text, name in TABS if (url := address(name, review))],
        "crumbs": [
            ("Portfolio", address("assessments:portfolio")),
            (review.program.name, address("assessments:program_detail", review.program)),
            (str(review), ""),
        ],
        "state_url": address("assessments:review_state", review),
        "freshness_url": address("assessments:review_freshness", review),
    }


def address(name: str, subject=None) -> str:
    """The address of a page, of a program or review where one is given; empty where there is no such page."""
    try:
        return reverse(name, args=[subject.uuid] if subject else None)
    except NoReverseMatch:
        return ""
