"""Evidence of conditions: attached, removed with a reason, handed out."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assessments import permissions
from assessments.errors import Invalid, NotStored, WrongState
from assessments.forms.conditions import EvidenceForm, RemovalForm
from assessments.models import Condition, Evidence
from assessments.services import condition_states
from assessments.services import evidence as evidence_service
from assessments.services.downloads import record_download
from assessments.views.access import member_required, posted_from
from assessments.views.conditions import detail_page, find_condition, shown_conditions


@member_required
@posted_from("assessments:condition_detail", find_condition)
def evidence_attach(request, uuid):
    """Attach a file or a link, whatever state the condition is in."""
    row = find_condition(request, uuid)
    permissions.can_move_condition(request.member, row).require()
    form = EvidenceForm(request.POST, request.FILES, auto_id="evidence_%s")
    status = 422
    if form.is_valid():
        given = form.given()
        if given is None:
            form.add_error("file", "Choose a file or give a link.")
        else:
            try:
                kept = condition_states.keep_file(request.member, row.pk, given)
                condition_states.attach(member=request.member, condition_id=row.pk, kept=kept)
            except Invalid as invalid:
                form.take(invalid.problems)
            except NotStored as refusal:
                form.add_error("file", str(refusal))
                status = 503
            except WrongState as refusal:
                form.add_error(None, str(refusal))
                status = 409
            else:
                messages.success(request, "Attached.")
                return redirect("assessments:condition_detail", row.uuid)
    form.ask_again_for_file()
    return detail_page(request, row, evidence_form=form, status=status)


def _its_condition(request, uuid) -> str:
    evidence = get_object_or_404(Evidence.objects.visible_to(request.member), uuid=uuid)
    row = get_object_or_404(shown_conditions(request.member), evidence_links__evidence=evidence)
    return reverse("assessments:condition_detail", args=[row.uuid])


@member_required
@posted_from(_its_condition)
def evidence_remove(request, uuid):
    """Take a piece of evidence off its condition, with the reason."""
    conditions = shown_conditions(request.member)
    evidence = get_object_or_404(Evidence.objects.visible_to(request.member).filter(removed_at=None), uuid=uuid)
    row = get_object_or_404(conditions, evidence_links__evidence=evidence)
    permissions.can_move_condition(request.member, row).require()
    form = RemovalForm(request.POST, auto_id="removal_%s")
    status = 422
    if form.is_valid():
        try:
            condition_states.remove_evidence(
                member=request.member,
                condition_id=row.pk,
                evidence_id=evidence.pk,
                reason=form.cleaned_data["reason"],
            )
        except WrongState as refusal:
            form.add_error(None, str(refusal))
            status = 409
        else:
            messages.success(request, "Removed. The audit trail keeps what it was, and why.")
            return redirect("assessments:condition_detail", row.uuid)
    return detail_page(request, row, removal=(evidence, form), status=status)


@member_required
@never_cache
@require_safe
def evidence_file(request, uuid):
    """The file as an attachment that no browser runs or guesses at; a damaged one answers 409."""
    visible = Evidence.objects.visible_to(request.member).filter(kind=Evidence.Kind.FILE, removed_at=None)
    # What is attached to a condition is read by those who may read its review.
    visible = visible.filter(condition_links__condition__in=Condition.objects.visible_to(request.member)).distinct()
    evidence = get_object_or_404(visible, uuid=uuid)
    content = evidence_service.read_back(evidence)
    if request.method == "GET":
        record_download(
            "evidence.downloaded",
            member=request.member,
            subject=evidence,
            label=evidence.title,
            program=evidence.program,
            new={"file": evidence.filename, "sha256": evidence.sha256},
        )
    answer = HttpResponse(content, content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(True, evidence.filename)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = "private, no-store"
    return answer
