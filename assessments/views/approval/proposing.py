"""Putting a decision up for signature: the lead submits, an approver amends."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from assessments import permissions
from assessments.errors import Clash, Invalid, Missing, ResultPending, WrongState
from assessments.forms.amending import AmendForm
from assessments.forms.approval import SubmitForm, people_of
from assessments.forms.tripwires import fact_choices
from assessments.forms.whole_numbers import whole_number
from assessments.models import ApprovalStep, Review, Submission
from assessments.services import approvals, coming_back, proposals, questions, submissions
from assessments.services.frameworks import framework_of
from assessments.services.shown import FAILED, shown
from assessments.views.access import member_required, posted_from
from assessments.views.approval import stages
from assessments.views.approval.page import is_pending, page, route_to_mend
from assessments.views.workspace import find_review, frame

# A waiting page asks every two seconds, at most a minute long.
MOST_TRIES = 30


@member_required
@posted_from("assessments:review_approval", find_review)
def review_submit(request, uuid):
    """Submit; 409 while the result of the latest inputs is on its way: the page then waits, visibly, for it."""
    review = find_review(request, uuid)
    permissions.can_lead_review(request.member, review.program).require()
    numbers = shown(review).numbers
    if numbers is None or review.state != Review.State.RECONCILING:
        kind, _, option = request.POST.get("choice", "").partition(":")
        submissions.require_first(request.member, review.pk, kind, option, request.POST.get("justification", ""))
        raise WrongState("Only a review that is being reconciled, with a result, is submitted.")
    question = questions.open_question(review)
    mended = route_to_mend(request.member, review, question, request.POST)
    now = {"version": review.version}
    returned = coming_back.open_return(review) is not None
    form = SubmitForm(request.POST, numbers=numbers, question=question, returned=returned, initial=now, **mended)
    valid, data = form.is_valid(), form.cleaned_data
    given = {
        "member": request.member,
        "review_id": review.pk,
        "missing_reason": data.get("missing_reason", ""),
        "answer": data.get("answer", ""),
        "places": form.taken_places(),
        "seen_version": data.get("version"),
        "seen_result": data.get("seen_result", ""),
        **form.proposed(),
    }
    if not valid:
        form.take(submissions.faults_of_submission(**given))
        return page(request, review, status=422, form=form)
    try:
        submissions.submit(**given)
    except ResultPending:
        return page(request, review, status=409, form=form, waits=True)
    except Clash as clash:
        form.add_error(None, str(clash))
        return page(request, find_review(request, uuid), status=409, form=_seen_now(form, review))
    except Missing as missing:
        form.take({"field": "", "option": "", **thing} for thing in missing.things)
        return page(request, review, status=422, form=form)
    except Invalid as invalid:
        form.take(invalid.problems)
        return page(request, review, status=422, form=form)
    messages.success(request, "Submitted. The record is frozen, and the route is open for signatures.")
    return redirect("assessments:review_approval", review.uuid)


def _words(thing: dict) -> str:
    return f"{thing['what']}: {thing['message']}"


def _seen_now(form: SubmitForm, review: Review) -> SubmitForm:
    """After a clash the page shows the review and its result as they are: the next try is made on these."""
    review.refresh_from_db()
    given = dict(form.data.items())
    form.data = given | {"version": review.version, "seen_result": str(shown(review).scorecard.uuid)}
    return form


@member_required
@require_safe
def review_result_wait(request, uuid):
    """The submit button with what it waits for; asks again by itself while the result is on its way."""
    review = find_review(request, uuid)
    permissions.can_lead_review(request.member, review.program).require()
    try:
        tries = min(max(int(request.GET.get("tries", "1")), 1), MOST_TRIES)
    except ValueError:
        tries = 1
    freshness = shown(review)
    context = {
        "review": review,
        "pending": is_pending(review),
        "failed": freshness.state == FAILED,
        "cause": freshness.cause,
        "gives_up": tries >= MOST_TRIES,
        "tries": tries + 1,
        "waits": True,
        "freshness": freshness,
        "seen_result": freshness.scorecard.uuid if freshness.scorecard else "",
    }
    return render(request, "approval/partials/submit_bar.html", context)


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def review_amend(request, uuid):
    """Another decision in place of the proposed one; executive signatures on the former become void."""
    review = find_review(request, uuid)
    if review.state != Review.State.IN_APPROVAL:
        raise WrongState(f"The review is {review.get_state_display().lower()}; nothing is amended now.")
    steps = list(review.steps.filter(state=ApprovalStep.State.OPEN).select_related("submission"))
    for step in steps:
        step.review = review
    verdicts = [permissions.can_amend(request.member, step) for step in steps]
    if not any(verdicts):
        verdicts[0].require()
    submission = approvals.submission_of(review)
    commercial = bool(permissions.can_see_commercial(request.member, review.program))
    proposal = stages.proposals_of(submission, review, commercial=commercial, reader=request.member)[0]
    form = _amend_form(request, review, submission, proposal, request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if _looked_at_a_former(request, proposal):
            # Before anything is checked: nobody was asked for what the later proposal brought.
            said = proposals.amended_words(proposal.row, request.member)
            form = _over_what_stands(request, review, submission, proposal, said)
            status = 409
        elif form.is_valid():
            try:
                approvals.amend(
                    member=request.member,
                    review_id=review.pk,
                    seen_number=form.cleaned_data["number"],
                    **form.proposed(),
                )
            except Clash as clash:
                proposal = stages.proposals_of(submission, review, commercial=commercial, reader=request.member)[0]
                form = _over_what_stands(request, review, submission, proposal, str(clash))
                status = 409
            except Missing as missing:
                form.add_error(None, f"{missing} {' '.join(_words(thing) for thing in missing.things)}")
            except Invalid as invalid:
                form.take(invalid.problems)
            else:
                messages.success(request, "Amended. Executive signatures on the former proposal no longer count.")
                return redirect("assessments:review_approval", review.uuid)
        else:
            given = {"member": request.member, "review_id": review.pk, **form.proposed()}
            form.take_further(approvals.faults_of_amendment(**given))
    context = frame(review, "approval") | {"form": form, "proposal": proposal, "submission": submission}
    return render(request, "approval/amend.html", context, status=status)


def _amend_form(request, review: Review, submission: Submission, proposal: stages.Proposal, data) -> AmendForm:
    option = proposal.row.option
    commercial = bool(permissions.can_see_commercial(request.member, review.program))
    rows = review.conditions.with_gone().select_related("owner__user", "owner_function")
    schema = framework_of(review.criteria_version).schema
    form = AmendForm(
        data,
        numbers=submission.scorecard.numbers,
        review=review,
        people=people_of(review),
        rows={row.key: row for row in rows},
        facts=fact_choices(schema, review, commercial=commercial),
        schema=schema,
        initial={
            "choice": f"{proposal.row.kind}:{option.key if option else ''}",
            "justification": proposal.row.justification,
            "number": proposal.row.number,
            **{f"override-{entry['gate']}": entry["reason"] for entry in proposal.overrides},
        },
    )
    form.wire_words = {wire["key"]: wire["sentence"] for wire in proposal.tripwires}
    return form


def _over_what_stands(
    request, review: Review, submission: Submission, proposal: stages.Proposal, said: str
) -> AmendForm:
    """After a clash: what was typed, over the proposal that stands now; what is new in that is as it stands."""
    typed = request.POST.copy()
    typed["number"] = str(proposal.row.number)
    fresh = _amend_form(request, review, submission, proposal, None)
    for name in fresh.fields:
        if name not in typed and name.startswith(("owner-", "due-", "wire-", "watched-")):
            typed[name] = fresh[name].value()
    form = _amend_form(request, review, submission, proposal, typed)
    words = "It stands beside this form; what you typed is kept and replaces it if you send it again."
    form.add_error(None, f"{said} {words}")
    return form


def _looked_at_a_former(request, proposal: stages.Proposal) -> bool:
    seen = whole_number(request.POST.get("number", ""))
    return seen is not None and seen < proposal.row.number
