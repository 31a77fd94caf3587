"""Tripwires before the submission: added, changed, taken over from the result, dropped."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse

from assessments import permissions
from assessments.errors import Clash, Invalid
from assessments.forms.approval import people_of
from assessments.forms.tripwires import TripwireForm, fact_choices
from assessments.models import Review
from assessments.services import tripwires
from assessments.services.frameworks import framework_of
from assessments.views.access import member_required, posted_from
from assessments.views.approval.page import page
from assessments.views.versions import posted_version
from assessments.views.workspace import find_review


def _back(review: Review):
    return redirect(reverse("assessments:review_approval", args=[review.uuid]) + "#tripwires")


@member_required
@posted_from("assessments:review_approval", find_review, part="#tripwires")
def tripwire_set(request, uuid):
    """Add a tripwire, change one, or take over one that the result proposes."""
    review = find_review(request, uuid)
    permissions.can_lead_review(request.member, review.program).require()
    prefix = request.POST.get("prefix", "new")
    commercial = bool(permissions.can_see_commercial(request.member, review.program))
    facts = fact_choices(framework_of(review.criteria_version).schema, review, commercial=commercial)
    rows = review.tripwires.with_gone().select_related("owner__user")
    row = rows.filter(key=request.POST.get(f"{prefix}-key", "")).first()
    form = TripwireForm(
        request.POST,
        review=review,
        facts=facts,
        people=people_of(review),
        changed=row,
        prefix=prefix,
        initial={"version": row.version} if row else None,
    )
    if not form.is_valid():
        return page(request, review, status=422, tripwire_failed=form)
    try:
        tripwires.set_tripwire(member=request.member, review_id=review.pk, **form.entry())
    except Invalid as invalid:
        form.take(invalid.problems)
        return page(request, review, status=422, tripwire_failed=form)
    except Clash as clash:
        return page(request, review, status=409, tripwire_failed=_again(request, form, clash))
    return _back(review)


def _again(request, form: TripwireForm, clash: Clash) -> TripwireForm:
    """What was typed, ready to be sent again over what others wrote meanwhile; the page shows that above it."""
    if clash.version is None:
        form.add_error(None, str(clash))
        return form
    typed = request.POST.copy()
    typed[form.add_prefix("version")] = str(clash.version)
    form.data = typed
    form.add_error(None, f"{clash} It stands above; what you typed is kept below and replaces it when you save again.")
    return form


@member_required
@posted_from("assessments:review_approval", find_review, part="#tripwires")
def tripwire_drop(request, uuid, key):
    review = find_review(request, uuid)
    seen = posted_version(request)
    tripwires.drop_tripwire(member=request.member, review_id=review.pk, key=key, seen_version=seen)
    messages.info(request, "The tripwire is off the list.")
    return _back(review)
