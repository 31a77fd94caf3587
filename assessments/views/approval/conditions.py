"""Conditions before the submission: assigned, advised, dropped."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse

from assessments import permissions
from assessments.errors import Clash, Invalid
from assessments.forms.approval import AdvisedForm, ConditionForm, people_of
from assessments.services import conditions
from assessments.views.access import member_required, posted_from
from assessments.views.approval.page import page
from assessments.views.versions import posted_version
from assessments.views.workspace import find_review


def _back(review):
    return redirect(reverse("assessments:review_approval", args=[review.uuid]) + "#conditions")


@member_required
@posted_from("assessments:review_approval", find_review, part="#conditions")
def condition_assign(request, uuid, key):
    review = find_review(request, uuid)
    permissions.can_lead_review(request.member, review.program).require()
    row = review.conditions.filter(key=key).first()
    now = {"version": row.version if row else 0}
    form = ConditionForm(request.POST, people=people_of(review), prefix=key, initial=now)
    if not form.is_valid():
        return page(request, review, status=422, row_form=form)
    data = form.cleaned_data
    try:
        conditions.assign_condition(
            member=request.member,
            review_id=review.pk,
            key=key,
            owner=data["owner"],
            due_month=data["due_month"],
            seen_version=data["version"],
        )
    except Invalid as invalid:
        for entry in invalid.problems:
            form.add_error(entry["field"] if entry["field"] in form.fields else None, entry["message"])
        return page(request, review, status=422, row_form=form)
    except Clash as clash:
        return page(request, review, status=409, row_form=_again(request, form, clash))
    return _back(review)


def _again(request, form: ConditionForm, clash: Clash) -> ConditionForm:
    """What was typed, ready to be sent again over what stands now, which the refusal says."""
    form.data = request.POST.copy()
    form.data[form.add_prefix("version")] = str(clash.version)
    held = clash.current or {}
    owner = held["owner"]["name"] if held.get("owner") else "nobody"
    month = held.get("due_month")
    stands = (
        f"{owner} sees to it{f' by month {month}' if month is not None else ''}" if held else "nobody was asked yet"
    )
    form.add_error(
        None, f"{clash} As it stands, {stands}. What you typed is kept and replaces it when you send it again."
    )
    return form


@member_required
@posted_from("assessments:review_approval", find_review, part="#conditions")
def condition_advise(request, uuid):
    review = find_review(request, uuid)
    permissions.can_lead_review(request.member, review.program).require()
    form = AdvisedForm(request.POST, people=people_of(review), prefix="advised")
    if not form.is_valid():
        return page(request, review, status=422, advised_form=form)
    try:
        conditions.advise_condition(member=request.member, review_id=review.pk, **form.cleaned_data)
    except Invalid as invalid:
        for entry in invalid.problems:
            form.add_error(entry["field"] if entry["field"] in form.fields else None, entry["message"])
        return page(request, review, status=422, advised_form=form)
    return _back(review)


@member_required
@posted_from("assessments:review_approval", find_review, part="#conditions")
def condition_drop(request, uuid, key):
    review = find_review(request, uuid)
    seen = posted_version(request)
    conditions.drop_condition(member=request.member, review_id=review.pk, key=key, seen_version=seen)
    messages.info(request, "The advised condition is off the list.")
    return _back(review)
