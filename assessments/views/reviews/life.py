"""The lead's acts on a whole review: start, reveal, withdraw."""

from django.contrib import messages
from django.shortcuts import redirect

from assessments.errors import DoneAlready, Invalid, Missing, Refusal
from assessments.forms.reviews import ReasonForm
from assessments.services import reconciling, reviews
from assessments.views.access import member_required, posted_from
from assessments.views.reviews.problems import show
from assessments.views.reviews.setup import page
from assessments.views.workspace import find_review


@member_required
@posted_from("assessments:review_setup", find_review)
def review_start(request, uuid):
    review, form = _asked(request, uuid, "start")
    if refused := _refused(request, review, form, "start_form", reviews.start, seen_version=_version(form)):
        return refused
    messages.success(request, "Scoring has begun. Everyone rates blind until you reveal.")
    return redirect("assessments:review_setup", review.uuid)


@member_required
@posted_from("assessments:review_setup", find_review)
def review_reveal(request, uuid):
    review, form = _asked(request, uuid, "reveal")
    given = {"reason": form.cleaned_data.get("reason", ""), "seen_version": _version(form)}
    if refused := _refused(request, review, form, "reveal_form", reconciling.reveal, **given):
        return refused
    messages.success(request, "The ratings are revealed. Settle what is far apart.")
    return redirect("assessments:review_panel", review.uuid)


@member_required
@posted_from("assessments:review_setup", find_review)
def review_withdraw(request, uuid):
    review, form = _asked(request, uuid, "withdraw")
    given = {"reason": form.cleaned_data.get("reason", ""), "seen_version": _version(form)}
    if refused := _refused(request, review, form, "withdraw_form", reviews.withdraw, **given):
        return refused
    messages.success(request, f"{review} is withdrawn. Its ratings and its record are kept.")
    return redirect("assessments:review_setup", review.uuid)


def _asked(request, uuid, name):
    form = ReasonForm(request.POST, auto_id=f"{name}_%s")
    form.is_valid()
    return find_review(request, uuid), form


def _version(form) -> int | None:
    return form.cleaned_data.get("version")


def _refused(request, review, form, name, act, **given):
    """Do the act; the set-up page with what was typed where it was refused, None where it was done."""
    status = 409
    if form.is_valid():
        try:
            act(member=request.member, review_id=review.pk, **given)
            return None
        except DoneAlready:
            raise
        except Invalid as refusal:
            status = 422
            show(form, refusal)
        except Missing as refusal:
            named = "; ".join(f"{thing['what']}: {thing['message']}" for thing in refusal.things)
            form.add_error(None, f"{refusal} {named}")
        except Refusal as refusal:
            form.add_error(None, str(refusal))
    else:
        status = 422
    # The form is bound to the version that was refused; the next try is of the review as it stands now.
    review = find_review(request, review.uuid)
    form.data = form.data.copy()
    form.data["version"] = review.version
    return page(request, review, status=status, **{name: form})
