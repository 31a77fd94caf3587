"""Set-up: what is asked, of which options, by whom until when; and how far everyone is, never how they rate."""

from collections import defaultdict

from django.contrib import messages
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render

from accounts.models import Function, Membership
from assessments import permissions
from assessments.errors import Invalid, Refusal
from assessments.forms.reviews import AssignForm, OptionsForm, ReasonForm, ReviewForm
from assessments.models import Assignment, Rating, Review
from assessments.services import changes, reviews
from assessments.services.ratings import asked_of
from assessments.services.shown import shown
from assessments.views.access import id_given, member_required, posted_from
from assessments.views.reviews.problems import show
from assessments.views.workspace import find_review, frame


@member_required
def review_setup(request, uuid):
    return page(request, find_review(request, uuid))


@member_required
@posted_from("assessments:review_setup", find_review)
def review_edit(request, uuid):
    """Change question and day."""
    review = find_review(request, uuid)
    form = ReviewForm(request.POST, initial={"version": review.version})
    if review.state != Review.State.DRAFT:
        form.fields["question"].required = False
    if form.is_valid():
        given = form.cleaned_data
        question = given["question"] if review.state == Review.State.DRAFT else None
        return _done(
            request, review, form, "Saved.", {"edit_form": form}, reviews.edit_review,
            question=question, due_on=given["due_on"], seen_version=given["version"],
        )  # fmt: skip
    return page(request, review, status=422, edit_form=form)


@member_required
@posted_from("assessments:review_setup", find_review)
def review_options(request, uuid):
    """Choose the options anew."""
    review = find_review(request, uuid)
    form = OptionsForm(request.POST, choices=_choices(review), initial={"version": review.version})
    if form.is_valid():
        return _done(
            request, review, form, "The options are chosen.", {"options_form": form}, reviews.choose_options,
            option_keys=form.cleaned_data["options"], seen_version=form.cleaned_data["version"],
        )  # fmt: skip
    return page(request, review, status=422, options_form=form)


@member_required
@posted_from("assessments:review_setup", find_review)
def review_assign(request, uuid):
    """Ask a person for a function."""
    review = find_review(request, uuid)
    form = AssignForm(request.POST)
    refused = {"assign_form": form, "assigning": request.POST.get("function", "")}
    if not form.is_valid():
        return page(request, review, status=422, **refused)
    given = form.cleaned_data
    function = get_object_or_404(Function, organization_id=request.member.organization_id, uuid=given["function"])
    person = get_object_or_404(Membership.objects.visible_to(request.member), uuid=given["membership"])
    words = f"{person.name} is asked to rate for {function.name}."
    return _done(
        request, review, form, words, refused, reviews.assign,
        membership=person, function=function, due_on=given["due_on"],
    )  # fmt: skip


@member_required
@posted_from("assessments:review_setup", find_review)
def review_unassign(request, uuid):
    """Take an assignment back."""
    review = find_review(request, uuid)
    asked = Assignment.objects.filter(review=review).select_related("membership__user")
    found = get_object_or_404(asked, uuid=id_given(request.POST.get("assignment")))
    reviews.unassign(member=request.member, review_id=review.pk, membership=found.membership)
    messages.success(request, f"{found.membership.name} is no longer asked.")
    return redirect("assessments:review_setup", review.uuid)


def _done(request, review, form, words, refused, act, **given):
    try:
        act(member=request.member, review_id=review.pk, **given)
    except Invalid as refusal:
        show(form, refusal)
        return page(request, review, status=422, **refused)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return page(request, find_review(request, review.uuid), status=409, **refused)
    messages.success(request, words)
    return redirect("assessments:review_setup", review.uuid)


def _choices(review: Review) -> list[tuple[str, str]]:
    facts = review.revision.facts["options"]
    return [(key, facts[key]["name"]) for key in review.revision.option_keys]


def page(request, review: Review, *, status: int = 200, **refused):
    """The set-up page; `refused` are the forms of an act that was not taken, with what was typed."""
    leads = bool(permissions.can_lead_review(request.member, review.program))
    options = list(review.options.all())
    version = {"version": review.version}
    functions = _functions(review, leads, len(options))
    waiting = [one for row in functions for one in row["people"] if one["assignment"].state == "open"]
    reveal_form = ReasonForm(initial=version, auto_id="reveal_%s")
    withdraw_form = ReasonForm(initial=version, auto_id="withdraw_%s")
    reveal_form.fields["reason"].required = bool(waiting)
    withdraw_form.fields["reason"].required = True
    context = frame(review, "setup") | {
        "freshness": shown(review),
        "options": options,
        "functions": functions,
        "alone": [row["function"] for row in functions if row["owns"] and not row["people"]],
        "leads": leads,
        "is_draft": review.state == Review.State.DRAFT,
        "before_approval": review.state in Review.BEFORE_APPROVAL,
        "is_open": review.state in Review.OPEN,
        "waiting": waiting,
        "asked": sum(len(row["people"]) for row in functions),
        "edit_form": ReviewForm(initial={"question": review.question, "due_on": review.due_on} | version),
        "options_form": OptionsForm(
            choices=_choices(review), initial={"options": [one.key for one in options]} | version
        ),
        "since": _since(request.member, review),
        "start_form": ReasonForm(initial=version, auto_id="start_%s"),
        "reveal_form": reveal_form,
        "withdraw_form": withdraw_form,
    }
    return render(request, "reviews/setup.html", context | refused, status=status)


def _since(member: Membership, review: Review) -> changes.Since | None:
    """What an open review finds otherwise than the last approved one did."""
    if review.state not in Review.OPEN:
        return None
    commercial = bool(permissions.can_see_commercial(member, review.program))
    return changes.since_approved(member, review, commercial=commercial)


def _functions(review: Review, leads: bool, options: int) -> list[dict]:
    """Each function that the criteria ask, with its people and, for the lead, whom else to ask. Seven queries."""
    criteria = list(review.criteria_version.criterion_rows.all())
    own_word = Rating.objects.filter(review=review, to_confirm=False)
    counts = dict(own_word.order_by().values_list("membership").annotate(cells=Count("pk")))
    people: dict[int, list[Assignment]] = defaultdict(list)
    for assignment in review.assignments.select_related("membership__user", "function"):
        people[assignment.function_id].append(assignment)
    asked = {one.membership_id for assigned in people.values() for one in assigned}
    speakers: dict[int, list[Membership]] = defaultdict(list)
    if leads and review.state in Review.BEFORE_APPROVAL:
        members = Membership.objects.visible_to(review.opened_by).active().with_rights()
        for member in members.order_by("user__full_name", "pk"):
            if member.roles - {"auditor"} and member.pk not in asked:
                for function in member.functions:
                    speakers[function.pk].append(member)
    rows = []
    for function in Function.objects.filter(organization_id=review.organization_id):
        owns = sum(row.owner_function == function.key for row in criteria)
        cells = options * sum(asked_of(row, function.key) for row in criteria)
        if cells or people[function.pk]:
            rows.append(
                {
                    "function": function,
                    "owns": owns,
                    "consulted": cells // max(options, 1) - owns,
                    "cells": cells,
                    "people": [
                        {"assignment": one, "rated": counts.get(one.membership_id, 0)} for one in people[function.pk]
                    ],
                    "speakers": speakers[function.pk],
                }
            )
    return rows
