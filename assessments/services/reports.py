"""Reports: asked for, or following the result by themselves; made by a worker; handed out under the review's rights."""

import datetime
import hashlib

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils.text import slugify

from accounts import backups
from accounts.audit import database_now, record_event
from accounts.models import AuditEvent, Membership, User
from accounts.permissions import TooMany
from assessments import jobs, permissions
from assessments.errors import FileDamaged, ResultPending
from assessments.models import Job, Report, Review, Scorecard
from assessments.reporting.brief import Brief, brief_pdf, inputs_of
from assessments.services import files
from assessments.services.briefs import Basis, basis_of, brief_for_most, brief_of
from assessments.services.inputs import lock_review
from assessments.services.shown import FAILED

QUIET_SECONDS = 60
KEPT_DAYS = 7
MOST_AN_HOUR, MOST_RUNNING = 10, 2  # of one person, over every organization of theirs
HOUR = datetime.timedelta(hours=1)
AGAIN_AFTER = datetime.timedelta(seconds=15)  # what a file takes at most, where no worker is behind
FOLLOWED = ("reconciling", "in_approval")
CONTENT_TYPE = "application/pdf"


def target_of(report: Report) -> str:
    return f"report:{report.pk}"


def job_of(report: Report) -> Job | None:
    """The row that owes the file, and says how far it is or why it failed."""
    return Job.objects.filter(kind=Job.Kind.REPORT, target=target_of(report)).first()


def jobs_of(reports: list[Report]) -> dict[int, Job]:
    """The jobs of many reports by report id, in one query."""
    targets = {target_of(report): report.pk for report in reports}
    found = Job.objects.filter(kind=Job.Kind.REPORT, target__in=list(targets))
    return {targets[job.target]: job for job in found}


def made_report(review: Review, brief: Brief, commercial: bool) -> Report | None:
    """The file that says exactly this, if it is made."""
    made = Report.objects.filter(review=review, inputs=inputs_of(brief), commercial=commercial, made_at__isnull=False)
    return made.first()


# -- asked for -----------------------------------------------------------------------------------------------------


def ask_for_report(*, member: Membership, review_id: int) -> Report:
    """Ask for the decision brief of a review as it stands. Asking again for the same inputs answers with the same report,
    made or on its way; a failed one is tried again, which counts like a new one.

    Raises NotAllowed before the reveal, ResultPending while a newer result is owed, TooMany for a new one beyond the limits
    """
    review = Review.objects.select_related("program", "organization", "criteria_version").get(pk=review_id)
    permissions.can_ask_for_report(member, review).require()
    basis = basis_of(review)
    if not basis.is_whole:
        failed = basis.freshness.state == FAILED
        raise ResultPending(
            f"The newest result could not be computed: {basis.freshness.cause} Try that again first."
            if failed
            else "A newer result is on its way. Make the brief once it is there."
        )
    wants_all = bool(permissions.can_see_commercial(member, review.program))
    brief, commercial = brief_for_most(review, commercial=wants_all, made_at=database_now(), basis=basis)
    with transaction.atomic():
        lock_review(review.pk, states=tuple(Review.State.values))
        permissions.can_ask_for_report(member.now(), review).require()
        report = _wanted(review, brief, commercial)
        again = report is not None and _has_failed(report)
        if report is None or again:
            _require_few(member, besides=report)
        report = report or _new(review, basis, brief, commercial, member)
        record_event(
            "report.retried" if again else "report.asked",
            organization_id=review.organization_id,
            actor=member,
            subject=report,
            program=review.program,
            review=review,
            new={"kind": report.kind, "inputs": report.inputs, "scorecard": brief.provenance.scorecard},
        )
        _owe_unless_done(report, member)
    return report


def retry(*, member: Membership, report: Report) -> None:
    """Try a report that failed, or waits after a failure, again now. Raises NotAllowed, TooMany."""
    with transaction.atomic():
        permissions.can_ask_for_report(member.now(), report.review).require()
        if report.made_at is None:
            # A worker has as much to do as for a new one, so it counts like one.
            _require_few(member, besides=report)
        record_event(
            "report.retried",
            organization_id=report.organization_id,
            actor=member,
            subject=report,
            program=report.review.program,
            review=report.review,
        )
        if report.made_at is None:
            _owe(report, member)


def _wanted(review: Review, brief: Brief, commercial: bool) -> Report | None:
    """The report of exactly these inputs, if there is one. The review is locked."""
    same = Report.objects.filter(review=review, kind=Report.Kind.BRIEF, inputs=inputs_of(brief), commercial=commercial)
    return same.first()


def _new(review: Review, basis: Basis, brief: Brief, commercial: bool, member: Membership | None) -> Report:
    return Report.objects.create(
        organization_id=review.organization_id,
        review=review,
        submission=basis.submission,
        scorecard=basis.scorecard,
        kind=Report.Kind.BRIEF,
        is_draft=review.state in Review.OPEN,
        inputs=inputs_of(brief),
        commercial=commercial,
        asked_by=member,
    )


def _require_few(member: Membership, besides: Report | None = None) -> None:
    """Raises TooMany where the person asked for so many files within the hour, or so many are being made for them.

    besides  not counted as being made: the one that is tried again
    """
    # Of two requests at once the second counts the first.
    user = User.objects.select_for_update(no_key=True).get(pk=member.user_id)
    now = database_now()
    asked = Report.objects.filter(asked_by__user=user, asked_at__gt=now - HOUR).values_list("asked_at", flat=True)
    retried = AuditEvent.objects.filter(actor__user=user, action="report.retried", at__gt=now - HOUR)
    times = sorted([*asked, *retried.values_list("at", flat=True)])
    if len(times) >= MOST_AN_HOUR:
        until = times[-MOST_AN_HOUR] + HOUR
        raise TooMany(
            f"You have asked for {MOST_AN_HOUR} reports within an hour. The next can be made from {until:%H:%M} UTC on.",
            until - now,
        )
    running = Job.objects.filter(kind=Job.Kind.REPORT, asked_by__user=user, target__startswith="report:")
    running = running.exclude(state__in=(Job.State.DONE, Job.State.FAILED))
    if besides:
        running = running.exclude(target=target_of(besides))
    if running.count() >= MOST_RUNNING:
        raise TooMany(f"{MOST_RUNNING} reports are being made for you. Ask again once one is there.", AGAIN_AFTER)


def _owe_unless_done(report: Report, member: Membership | None) -> None:
    """Owe the file, unless it is there or a worker has it."""
    if _has_failed(report):
        _owe(report, member)


def _has_failed(report: Report) -> bool:
    """Whether the file is neither there nor owed; also of one that is new."""
    job = job_of(report)
    return report.made_at is None and (job is None or job.state in (Job.State.FAILED, Job.State.DONE))


def _owe(report: Report, member: Membership | None) -> None:
    jobs.owe(Job.Kind.REPORT, target_of(report), organization_id=report.organization_id, wanted=1, asked_by=member)


# -- following the result ------------------------------------------------------------------------------------------


def follow_report(review: Review, scorecard: Scorecard) -> None:
    """Owe a draft of a review's new full result, due once it has been quiet for a minute. Part of the transaction that
    stores the scorecard; before the reveal and after the decision nothing is owed.
    """
    if review.state in FOLLOWED and review.is_revealed and scorecard.depth == Scorecard.Depth.FULL:
        jobs.owe(
            Job.Kind.REPORT,
            f"review:{review.pk}",
            organization_id=review.organization_id,
            wanted=scorecard.inputs_revision,
            delay=QUIET_SECONDS,
        )


def _follow(held: jobs.Claim) -> None:
    """Ask, for everyone, for a draft of the result as it stands; one that is stale is followed by its successor."""
    review = _review(held.target_id)
    basis = basis_of(review)
    with transaction.atomic():
        if review.state in FOLLOWED and basis.is_whole:
            lock_review(review.pk, states=tuple(Review.State.values))
            brief = brief_of(review, commercial=False, made_at=database_now(), basis=basis)
            found = _wanted(review, brief, False) or _new(review, basis, brief, False, None)
            _owe_unless_done(found, None)
        jobs.close(held, done=held.wanted_revision)


def prune_reports(most: int) -> int:
    """Delete drafts older than a week that a newer file of the same review replaced and no submission refers to; at most
    so many, and how many. None while a backup is made: its rows name files that it has still to copy.
    """
    newer = Report.objects.filter(
        review=OuterRef("review"),
        commercial=OuterRef("commercial"),
        made_at__isnull=False,
        asked_at__gt=OuterRef("asked_at"),
    )
    old = Report.objects.filter(
        Exists(newer), is_draft=True, submission=None, asked_at__lt=Now() - datetime.timedelta(days=KEPT_DAYS)
    )
    with transaction.atomic():
        if not backups.may_delete_files():
            return 0
        found = list(old.select_related("organization").order_by("asked_at", "pk")[:most])
        Report.objects.filter(pk__in=[report.pk for report in found]).delete()
    for report in found:
        for path in files.leftovers(_folder(report), str(report.uuid)):
            path.unlink(missing_ok=True)
    return len(found)


# -- made by a worker ----------------------------------------------------------------------------------------------


@jobs.handler(Job.Kind.REPORT)
def make_report(held: jobs.Claim) -> None:
    """Make the file of "report:ID", or ask for the draft that follows the result of "review:ID"."""
    if held.target.startswith("review:"):
        _follow(held)
        return
    report = Report.objects.select_related("organization").filter(pk=held.target_id, made_at=None).first()
    if report is None:
        with transaction.atomic():
            jobs.close(held, done=held.wanted_revision)
        return
    for leftover in files.leftovers(_folder(report), str(report.uuid)):  # of a run that was killed
        leftover.unlink(missing_ok=True)
    jobs.report_progress(held, 10, "Reading the record")
    made_at = database_now()
    with jobs.snapshot():
        review = _review(report.review_id)
        basis = basis_of(review)
        brief = brief_of(review, commercial=report.commercial, made_at=made_at, basis=basis)
    jobs.report_progress(held, 35, "Setting the pages")
    data = brief_pdf(brief)
    jobs.report_progress(held, 80, "Storing the file")
    sha256 = hashlib.sha256(data).hexdigest()
    path = f"{_folder(report)}/{report.uuid}-{sha256[:16]}.pdf"
    files.store(path, data, str(held.token))
    with transaction.atomic():
        Report.objects.filter(pk=report.pk).update(
            scorecard=basis.scorecard,
            submission=basis.submission,
            is_draft=review.state in Review.OPEN,
            inputs=inputs_of(brief),
            path=path,
            filename=filename_of(review, basis, made_at),
            sha256=sha256,
            size=len(data),
            made_at=made_at,
        )
        record_event(
            "report.made",
            organization_id=report.organization_id,
            actor=report.asked_by,
            subject=report,
            label=filename_of(review, basis, made_at),
            program=review.program,
            review=review,
            new={"sha256": sha256, "size": len(data), "scorecard": brief.provenance.scorecard},
        )
        jobs.close(held, done=held.wanted_revision)


def filename_of(review: Review, basis: Basis, made_at: datetime.datetime) -> str:
    """Names program, review, submission, scorecard digest and time (UTC)."""
    parts = [slugify(review.program.name)[:60] or "program", f"review-{review.number}"]
    parts += [f"submission-{basis.submission.number}"] if basis.submission else []
    parts += ["draft"] if review.state in Review.OPEN else []
    digest = basis.scorecard.input_digest[:12] if basis.scorecard else ""
    return "_".join([*parts, "brief", digest, f"{made_at.astimezone(datetime.UTC):%Y%m%d-%H%M%SZ}"]) + ".pdf"


def _review(review_id: int) -> Review:
    return Review.objects.select_related("program", "organization", "criteria_version__criteria_set").get(pk=review_id)


def _folder(report: Report) -> str:
    return f"reports/{report.organization.uuid}"


# -- handed out ----------------------------------------------------------------------------------------------------


def open_report(*, member: Membership, report: Report) -> bytes:
    """The bytes of a made report, checked against its record; every hand-out is an audit event.

    report  one that `Report.objects.visible_to(member)` found
    Raises  ResultPending while it is not made, FileDamaged if the file is gone or not what was made (also recorded)
    """
    if report.made_at is None:
        raise ResultPending("The report is not made yet.")
    try:
        data = files.read_back(report.path, report.sha256)
    except FileDamaged as damage:
        with transaction.atomic():
            # So that asking again makes a new one; the record of this one stays.
            Report.objects.filter(pk=report.pk).update(inputs="")
            _record("report.damaged", member, report, reason=str(damage))
        raise
    with transaction.atomic():
        _record("report.downloaded", member, report)
    return data


def _record(action: str, member: Membership, report: Report, reason: str = "") -> None:
    record_event(
        action,
        organization_id=report.organization_id,
        actor=member,
        subject=report,
        program=report.review.program,
        review=report.review,
        new={"filename": report.filename, "sha256": report.sha256},
        reason=reason,
    )
