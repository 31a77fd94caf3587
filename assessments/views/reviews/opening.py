"""Opening a review, and which of its tabs suits whom."""

import uuid as uuids

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render

from assessments import permissions
from assessments.errors import Invalid, Refusal
from assessments.forms.reviews import NewReviewForm
from assessments.models import Program, Review
from assessments.services import reviews
from assessments.views.access import member_required
from assessments.views.reviews.problems import show
from assessments.views.watches import cause_of
from assessments.views.workspace import address, find_review, frame


@member_required
def review_new(request, uuid):
    """The question, the options and the day of the next review of a program."""
    visible = Program.objects.visible_to(request.member).select_related("revision", "criteria_version__criteria_set")
    program = get_object_or_404(visible, uuid=uuid)
    permissions.can_lead_review(request.member, program).require()
    facts = program.revision.facts["options"] if program.revision else {}
    keys = program.revision.option_keys if program.revision else []
    choices = [(key, facts[key]["name"]) for key in keys]
    form = NewReviewForm(
        request.POST or None,
        choices=choices,
        initial={
            "question": f"Where should {program.name} be made through month 48?",
            "options": keys,
            **_after(request, program),
        },
    )
    status = 422
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            review = reviews.open_review(
                member=request.member,
                program=program,
                question=given["question"],
                option_keys=given["options"],
                due_on=given["due_on"],
                cause=given["cause"],
            )
            messages.success(request, f"{review} is open. Assign the people who rate, then start scoring.")
            return redirect("assessments:review_setup", review.uuid)
        except Invalid as refusal:
            show(form, refusal)
        except Refusal as refusal:
            status = 409
            form.add_error(None, str(refusal))
    context = {
        "form": form,
        "program": program,
        "open_review": program.reviews.filter(state__in=Review.OPEN).first(),
        "crumbs": [
            ("Portfolio", address("assessments:portfolio")),
            (program.name, address("assessments:program_detail", program)),
            ("New review", ""),
        ],
    }
    return render(request, "reviews/new.html", context, status=status if form.errors else 200)


def _after(request, program: Program) -> dict[str, str]:
    """What the next review begins with where it follows a decision that grew weaker: the same question, and why now."""
    try:
        former = uuids.UUID(request.GET.get("after", ""))
    except ValueError:
        return {}
    review = (
        Review.objects.visible_to(request.member).select_related("program").filter(program=program, uuid=former).first()
    )
    return {"question": review.question, "cause": cause_of(request.member, review)} if review else {}


@member_required
def review_detail(request, uuid):
    """The tab that suits the person and the state."""
    review = find_review(request, uuid)
    there = {key: url for key, _, url in frame(review, "")["tabs"]}
    return redirect(next(there[key] for key in _preferred(request.member, review) if key in there))


def _preferred(member, review: Review) -> list[str]:
    if review.state in (Review.State.APPROVED, Review.State.SUPERSEDED, Review.State.REJECTED):
        return ["brief", "result", "panel", "setup"]
    if review.state == Review.State.IN_APPROVAL:
        return ["approval", "brief", "panel", "setup"]
    if review.state == Review.State.SCORING and review.assignments.filter(membership=member).exists():
        return ["score", "setup"]
    if review.state == Review.State.RECONCILING:
        return ["panel", "setup"]
    return ["setup"]
