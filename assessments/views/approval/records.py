"""The frozen record: its hashes checked before one's eyes, and the record itself as a file."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from assessments import permissions
from assessments.services import recomputing, records, verifying
from assessments.views.access import member_required, posted_from
from assessments.views.approval import stages
from assessments.views.workspace import find_review, frame


def _find(request, uuid, number: int):
    review = find_review(request, uuid)
    found = review.submissions.select_related("submitted_by__user", "revision", "scorecard", "review__program")
    return review, get_object_or_404(found, number=number)


@member_required
@require_safe
def submission_detail(request, uuid, number):
    """Every hash of a submission, computed again now, with what does not match by name."""
    return _page(request, *_find(request, uuid, number))


def _place(request, uuid, number) -> str:
    review, submission = _find(request, uuid, number)
    return reverse("assessments:submission_detail", args=[review.uuid, submission.number])


@member_required
@posted_from(_place)
def submission_recompute(request, uuid, number):
    """The result computed again from the record, shown on the submission's page; nothing of it is stored."""
    review, submission = _find(request, uuid, number)
    found = recomputing.recompute(member=request.member, submission=submission)
    return _page(request, review, submission, recomputed=found)


def _page(request, review, submission, recomputed=None):
    may_download = permissions.can_see_commercial(request.member, review.program)
    found = stages.proposals_of(submission, review, commercial=bool(may_download))
    context = frame(review, "approval") | {
        "submission": submission,
        "mismatches": verifying.verify(submission),
        "software": records.software_of(submission),
        "size": len(submission.record.encode()),
        "proposals": found,
        "stages": stages.stages_of(submission, found[0].row),
        "may_download": may_download,
        "may_recompute": permissions.can_verify(request.member, review.program),
        "recomputed": recomputed,
    }
    return render(request, "approval/submission.html", context)


@member_required
@require_safe
def submission_record(request, uuid, number):
    """The canonical record as it was hashed, for whoever may see the prices in it."""
    review, submission = _find(request, uuid, number)
    text = records.hand_out(member=request.member, submission=submission)
    name = slugify(f"{review.program.name} review {review.number} submission {submission.number}")
    answer = HttpResponse(text.encode(), content_type="application/json")
    answer["Content-Disposition"] = content_disposition_header(True, f"{name} {submission.sha256[:12]}.json")
    answer["Cache-Control"] = "private, no-store"
    return answer
