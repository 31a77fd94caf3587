"""Acts of those whom the route names: sign, return, reject."""

import json
from uuid import UUID

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from accounts.models import Membership
from accounts.permissions import NotAllowed, TooMany
from assessments import permissions
from assessments.errors import Clash, GrantRefused, Invalid, Missing, WrongState
from assessments.forms.approval import QuestionForm, ReasonForm
from assessments.models import ApprovalStep, Review
from assessments.services import approvals, signing
from assessments.views.access import member_required, posted_from
from assessments.views.approval.page import has_program, page, sign_form
from assessments.views.refusals import wait
from assessments.views.workspace import find_review, frame


@sensitive_post_parameters("password", "code")
@member_required
@posted_from("assessments:review_approval", find_review)
def review_sign(request, uuid):
    """Confirm with the password and sign, in one act. A wrong password answers 403 and is on record, the fifth 429.

    With `through=program` the grant is shown, once, for a program of the person's own to sign with by the API.
    """
    review = find_review(request, uuid)
    through_program = request.POST.get("through") == "program"
    if through_program and not has_program(request.member):
        raise NotAllowed("You have no API token that may write: no program could sign with a grant.")
    named = request.POST.get("step", "")
    steps = ApprovalStep.objects.filter(review=review).select_related("submission", "review")
    if _is_uuid(named):
        _require_first(request, get_object_or_404(steps, uuid=named))
    if review.state != Review.State.IN_APPROVAL:
        raise WrongState(f"The review is {review.get_state_display().lower()}; nothing is signed now.")
    step = get_object_or_404(steps, uuid=named) if _is_uuid(named) else _open_step(steps, request.member)
    proposed = signing.proposed_of(step)
    form = sign_form(request.member, step, proposed, request.POST)
    if not form.is_valid():
        if not request.POST.get("password"):
            permissions.may_sign(request.member, step).require()
        return page(request, review, status=422, sign_form=form)
    data, capacity = form.cleaned_data, form.capacity
    if capacity is None and data.get("capacity"):
        form.refuse("In this capacity the step does not wait for you any more.", "capacity")
        return page(request, review, status=409, sign_form=form)
    try:
        grant = signing.grant_to_sign(
            member=request.member,
            step_id=step.pk,
            password=data["password"],
            code=data.get("code", ""),
            bound_to=data["bound"],
            on_behalf_of=capacity.giver if capacity else None,
            function_key=capacity.function.key if capacity and capacity.function else "",
        )
        if through_program:
            return _grant_page(request, review, step, capacity, grant)
        approvals.sign(
            member=request.member,
            step_id=step.pk,
            grant=grant,
            meaning=data["meaning"],
            function_key=capacity.function.key if capacity and capacity.function else "",
            on_behalf_of=capacity.giver if capacity else None,
        )
    except TooMany as refusal:
        form.refuse(str(refusal))
        return wait(page(request, review, status=429, sign_form=form), refusal)
    except signing.NotProven as refusal:
        form.refuse(str(refusal), refusal.field)
        return page(request, review, status=403, sign_form=form)
    except NotAllowed as refusal:
        form.refuse(str(refusal), "capacity")
        return page(request, review, status=403, sign_form=form)
    except (Clash, GrantRefused) as refusal:
        messages.warning(request, str(refusal))
        return page(request, find_review(request, uuid), status=409, capacity=data.get("capacity", ""))
    except Invalid as invalid:
        for entry in invalid.problems:
            form.refuse(entry["message"], "capacity" if entry["field"] == "function" else entry["field"])
        return page(request, review, status=422, sign_form=form)
    except Missing as missing:
        return page(request, review, status=409, sign_form=form, held_up=missing.things, sign_refused=True)
    review.refresh_from_db()
    decided = review.state == Review.State.APPROVED
    messages.success(request, "Signed. The decision is made." if decided else "Signed. Your signature is on record.")
    return redirect("assessments:review_approval", review.uuid)


def _require_first(request, step: ApprovalStep) -> None:
    """Raises DoneAlready where the person has signed the step in the capacity that is sent."""
    function_key, _, giver = request.POST.get("capacity", "").partition("@")
    people = Membership.objects.visible_to(request.member)
    person = people.filter(uuid=giver).first() if _is_uuid(giver) else None
    signing.require_first(request.member, step, signing.proposed_of(step), person, function_key)


def _grant_page(request, review: Review, step: ApprovalStep, capacity: signing.Capacity | None, grant: str):
    """What a program sends to sign; kept nowhere, so that it is in no session and on no other page."""
    body = {"action": "sign", "step": str(step.uuid), "meaning": signing.MEANING_OF[step.kind], "grant": grant}
    if capacity and capacity.function:
        body["function"] = capacity.function.key
    if capacity and capacity.giver:
        body["on_behalf_of"] = str(capacity.giver.uuid)
    context = frame(review, "approval") | {
        "step": step,
        "giver": capacity.giver if capacity else None,
        "place": reverse("api:transitions", args=[review.uuid]),
        "body": json.dumps(body, indent=2),
        "minutes": int(signing.GOOD_FOR.total_seconds() // 60),
    }
    return render(request, "approval/grant.html", context)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _open_step(steps, member) -> ApprovalStep:
    """The open step that waits for the person, or else any: the service says why it is not theirs."""
    waiting = approvals.steps_waiting_for(member).filter(pk__in=steps.values("pk")).first()
    return waiting or get_object_or_404(steps.filter(state=ApprovalStep.State.OPEN)[:1])


def _again(form, clash: Clash) -> None:
    """What was typed, ready to be sent again over the review as it stands now."""
    form.data = form.data.copy()
    form.data["version"] = str(clash.version)
    form.add_error(None, f"{clash} What you typed is kept: read the review again, then send it once more.")


def _end(request, uuid, act, form_name: str, dialog: str, words: str):
    review = find_review(request, uuid)
    form = ReasonForm(request.POST, initial={"version": review.version}, auto_id=f"{dialog}_%s")
    if not form.is_valid():
        return page(request, review, status=422, **{form_name: form, "open_dialog": dialog})
    try:
        act(
            member=request.member,
            review_id=review.pk,
            reason=form.cleaned_data["reason"],
            seen_version=form.cleaned_data["version"],
        )
    except Invalid as invalid:
        form.add_error("reason", str(invalid))
        return page(request, review, status=422, **{form_name: form, "open_dialog": dialog})
    except Clash as clash:
        _again(form, clash)
        return page(request, find_review(request, uuid), status=409, **{form_name: form, "open_dialog": dialog})
    messages.success(request, words)
    return redirect("assessments:review_approval", review.uuid)


@member_required
@posted_from("assessments:review_approval", find_review)
def review_return(request, uuid):
    words = "Returned. The lead reconciles it again, and your reason stands at the top of the review."
    return _end(request, uuid, approvals.return_review, "return_form", "return", words)


@member_required
@posted_from("assessments:review_approval", find_review)
def review_question(request, uuid):
    """Send it back with one question; the functions' signatures stand if nothing but the answer is new."""
    review = find_review(request, uuid)
    form = QuestionForm(request.POST, initial={"version": review.version}, auto_id="question_%s")
    if form.is_valid():
        try:
            approvals.ask_question(
                member=request.member,
                review_id=review.pk,
                question=form.cleaned_data["question"],
                seen_version=form.cleaned_data["version"],
            )
        except Invalid as invalid:
            form.add_error("question", str(invalid))
        except Clash as clash:
            _again(form, clash)
            return page(request, find_review(request, uuid), status=409, question_form=form, open_dialog="question")
        else:
            messages.success(request, "Asked. The lead answers and submits again; you are told.")
            return redirect("assessments:review_approval", review.uuid)
    return page(request, review, status=422, question_form=form, open_dialog="question")


@member_required
@posted_from("assessments:review_approval", find_review)
def review_reject(request, uuid):
    return _end(request, uuid, approvals.reject, "reject_form", "reject", "Rejected. The review has ended.")
