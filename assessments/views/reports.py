"""The files that the workers make of a review: asked for, shown on their way, handed out."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import TooMany
from assessments import permissions
from assessments.errors import ResultPending
from assessments.models import Job, Report
from assessments.services import reports
from assessments.services.shown import words_of
from assessments.views.access import member_required, posted_from
from assessments.views.refusals import wait
from assessments.views.workspace import find_review, frame

PER_PAGE = 20


@dataclass(frozen=True)
class Row:
    """A report as the list shows it. state: made, running, waiting, again (after a failure) or failed."""

    report: Report
    job: Job | None

    @property
    def state(self) -> str:
        if self.report.made_at:
            return "made"
        if self.job is None or self.job.state in (Job.State.FAILED, Job.State.DONE):
            return "failed"
        if self.job.state == Job.State.RUNNING:
            return "running"
        return "again" if self.job.error else "waiting"

    @property
    def is_moving(self) -> bool:
        return self.state in ("running", "waiting", "again")

    @property
    def inputs(self) -> str:
        return words_of(self.report.scorecard)

    @property
    def cause(self) -> str:
        return self.job.error if self.job else "No worker has it."


def _find_report(request, uuid) -> Report:
    """The report, if the active membership may see it; else 404."""
    visible = Report.objects.visible_to(request.member)
    return get_object_or_404(
        visible.select_related(
            "organization", "review__program", "scorecard__revision", "submission", "asked_by__user"
        ).defer("submission__record"),
        uuid=uuid,
    )


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def review_reports(request, uuid):
    review = find_review(request, uuid)
    too_many = None
    if request.method == "POST":
        try:
            report = reports.ask_for_report(member=request.member, review_id=review.pk)
        except TooMany as refusal:
            too_many = refusal
            messages.warning(request, str(refusal))
        except ResultPending as refusal:
            messages.warning(request, str(refusal))
        else:
            there = "The brief of this result is there already." if report.made_at else "The brief is being made."
            messages.info(request, there)
        if too_many is None:
            return redirect("assessments:review_reports", review.uuid)
    found = Report.objects.visible_to(request.member).filter(review=review)
    found = found.select_related("scorecard__revision", "submission", "asked_by__user").defer("submission__record")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    owed = reports.jobs_of(list(page.object_list))
    context = frame(review, "report") | {
        "page": page,
        "rows": [Row(report, owed.get(report.pk)) for report in page.object_list],
        "may_ask": permissions.can_ask_for_report(request.member, review),
    }
    answer = render(request, "reviews/reports.html", context, status=429 if too_many else 200)
    return wait(answer, too_many) if too_many else answer


@member_required
@require_safe
def report_row(request, uuid):
    """One row of the list again; the page asks for it while the file is on its way."""
    report = _find_report(request, uuid)
    return render(request, "reviews/partials/report_row.html", {"row": Row(report, reports.job_of(report))})


def _place(request, uuid) -> str:
    return reverse("assessments:review_reports", args=[_find_report(request, uuid).review.uuid])


@member_required
@posted_from(_place)
def report_retry(request, uuid):
    report = _find_report(request, uuid)
    reports.retry(member=request.member, report=report)
    if request.htmx:
        return render(request, "reviews/partials/report_row.html", {"row": Row(report, reports.job_of(report))})
    return redirect("assessments:review_reports", report.review.uuid)


@member_required
@require_safe
def report_file(request, uuid):
    """The file as an attachment; one that no longer matches its record answers 409 (the refusals' page)."""
    report = _find_report(request, uuid)
    data = reports.open_report(member=request.member, report=report)
    answer = HttpResponse(data, content_type=reports.CONTENT_TYPE)
    answer["Content-Disposition"] = content_disposition_header(True, report.filename)
    answer["Cache-Control"] = "private, no-store"
    return answer
