"""Bringing the route on: the lead reminds, the lead or an admin puts somebody else in a party's place."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect

from accounts.models import Membership
from accounts.permissions import NotAllowed
from assessments import permissions
from assessments.errors import Invalid, WrongState
from assessments.forms.routes import ReassignForm
from assessments.models import ApprovalStep
from assessments.services import rerouting
from assessments.views.access import member_required, posted_from
from assessments.views.approval.page import page, reassign_form
from assessments.views.workspace import find_review


def _find(request, uuid, key: str):
    """The review, and the step of its latest submission with this key; else 404."""
    review = find_review(request, uuid)
    steps = ApprovalStep.objects.filter(review=review, key=key).select_related("submission")
    step = steps.order_by("-submission__number").first()
    return review, get_object_or_404(steps, pk=step.pk if step else None)


@member_required
@posted_from("assessments:review_approval", find_review)
def step_remind(request, uuid, key):
    """Remind everyone whose signature a step waits for; once a day."""
    review, step = _find(request, uuid, key)
    try:
        told = rerouting.remind(member=request.member, step_id=step.pk)
    except WrongState as refusal:
        messages.warning(request, str(refusal))
        return page(request, review, status=409)
    names = ", ".join(person.name for person in told)
    messages.success(request, f"Reminded: {names}. The next reminder can go out in a day.")
    return redirect("assessments:review_approval", review.uuid)


@member_required
@posted_from("assessments:review_approval", find_review)
def step_reassign(request, uuid, key):
    """Put a named person in the place of one whom the step names, for a reason."""
    review, step = _find(request, uuid, key)
    permissions.can_reassign(request.member, review.program).require()
    form: ReassignForm = reassign_form(request.member, step, request.POST)
    opened = {"open_dialog": f"reassign-{step.key}", "reassigning": {step.key: form}}
    if not form.is_valid():
        return page(request, review, status=422, **opened)
    given = form.cleaned_data
    people = Membership.objects.visible_to(request.member)
    try:
        rerouting.reassign(
            member=request.member,
            step_id=step.pk,
            party_key=given["place"],
            person=get_object_or_404(people, uuid=given["person"]),
            reason=given["reason"],
        )
    except NotAllowed as refusal:
        form.add_error(None, str(refusal))
        return page(request, review, status=403, **opened)
    except WrongState as refusal:
        form.add_error(None, str(refusal))
        return page(request, review, status=409, **opened)
    except Invalid as invalid:
        form.take(invalid.problems)
        return page(request, review, status=422, **opened)
    messages.success(
        request, "Reassigned. Everyone concerned who is still here is told, and the route shows it with your reason."
    )
    return redirect("assessments:review_approval", review.uuid)
