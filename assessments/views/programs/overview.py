"""A program's first page, a new program, and the people of a program."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from assessments import permissions
from assessments.errors import Invalid
from assessments.forms.programs import PersonForm, ProgramForm
from assessments.models import Review
from assessments.permissions import ProgramRights
from assessments.scoring.confidential import without_commercial
from assessments.services import drafts, programs
from assessments.services.drafts.reading import completeness
from assessments.services.frameworks import framework_of
from assessments.services.shown import shown
from assessments.views.access import member_required, posted_from
from assessments.views.programs.frame import address, find_program, frame
from assessments.views.programs.implied import figures
from assessments.views.watches import SAID, watch_card, watched_review

REVIEWS_A_PAGE = 10


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def program_new(request):
    """A new program; an admin's act."""
    permissions.can_create_program(request.member).require()
    form = ProgramForm(request.POST if request.method == "POST" else None, member=request.member)
    if request.method == "POST" and form.is_valid():
        try:
            program = programs.create_program(member=request.member, **form.cleaned_data)
        except Invalid as refused:
            for one in refused.problems:
                form.add_error(one["field"] if one["field"] in form.fields else None, one["message"])
        else:
            messages.success(request, f"{program.name} is created. {form.cleaned_data['lead'].name} leads it.")
            return redirect("assessments:program_detail", program.uuid)
    context = {"form": form, "crumbs": [("Portfolio", address("assessments:portfolio"))]}
    context["has_criteria"] = form.fields["criteria_version"].queryset.exists()
    return render(request, "programs/new.html", context, status=422 if form.errors else 200)


@member_required
@require_GET
def program_detail(request, uuid):
    """The overview: where the program stands and what comes next."""
    program = find_program(request, uuid)
    rights = ProgramRights(request.member, program)
    sees_draft = bool(permissions.can_see_draft(request.member, program))
    draft = drafts.read_draft(program) if sees_draft else None
    reviews = Review.objects.visible_to(request.member).filter(program=program)
    reviews = reviews.select_related("criteria_version", "revision", "summary").order_by("-number")
    page = Paginator(reviews, REVIEWS_A_PAGE).get_page(request.GET.get("page"))
    current = next((one for one in page.object_list if one.state in Review.OPEN), None)
    state = shown(program)
    context = frame(request, program, "overview") | {
        "rights": rights,
        "is_lead": rights.is_lead,
        "page": page,
        "current": current,
        "freshness": state,
        "draft": draft,
        "members": program.members.select_related("membership__user").order_by(
            "-is_lead", "membership__user__full_name"
        ),
        "watch": watch_card(request.member, watched_review(request.member, program)),
        "can_manage": bool(permissions.can_manage_program_members(request.member)),
        "implied": _figures(program, state, rights) if sees_draft else None,
    }
    if draft is not None:
        context["complete"] = completeness(draft)
        context["to_confirm"] = sum(cell.to_confirm for cell in draft.cells)
    context["step"] = next_step(program, draft, current, rights, context["watch"], bool(page.paginator.count))
    if context["can_manage"]:
        context["person_form"] = PersonForm(member=request.member, program=program)
    return render(request, "programs/detail.html", context)


def _figures(program, state, rights) -> dict | None:
    numbers = state.numbers
    if numbers is None:
        return None
    if not rights.see_commercial():
        numbers = without_commercial(numbers, framework_of(program.criteria_version))
    return figures(numbers)


def next_step(program, draft, current, rights, watch: dict | None = None, before: bool = False) -> dict | None:
    """What to do next: {"text", "action", "url"}, for the person who looks.

    watch   of the decision that stands (`watch_card`)
    before  whether there is a review already
    """
    if current is not None:
        url = address("assessments:review_detail", current.uuid)
        return {"text": f"{current} is {current.get_state_display().lower()}.", "action": f"Open {current}", "url": url}
    if draft is None:
        return None
    facts = address("assessments:program_facts", program.uuid)
    lacking = len(draft.lacking)
    if lacking:
        said = f"{lacking} fact{' is' if lacking == 1 else 's are'} still missing before a result can be computed."
        return {"text": said, "action": "Complete the facts", "url": facts}
    if program.revision is None or draft.unsaved:
        changed = f"{len(draft.unsaved)} change{'' if len(draft.unsaved) == 1 else 's'} of the draft"
        said = "The facts are complete." if program.revision is None else f"{changed} since {program.revision}."
        who = "Save them as a revision" if rights.is_lead else "The program lead saves them as a revision"
        return {"text": f"{said} {who}; results and reviews follow saved revisions only.", "action": "Go to the facts",
                "url": facts}  # fmt: skip
    if watch and watch["next_url"]:
        said = f"The decision {SAID[watch['row'].state]}. Open the next review; why is written into it."
        return {"text": said, "action": "Open the next review", "url": watch["next_url"]}
    if rights.is_lead and (url := address("assessments:review_new", program.uuid)):
        said = "The facts are saved. Open a review to bring the functions' judgement in."
        if watch:
            said = "The decision holds. Open the next review once there is something to decide again."
        return {"text": said, "action": "Open the next review" if before else "Open a review", "url": url}
    return {"text": "The facts are saved. The program lead opens the next review.", "action": "", "url": ""}


def _act(request, uuid, service, words):
    program = find_program(request, uuid)
    permissions.can_manage_program_members(request.member).require()
    form = PersonForm(request.POST, member=request.member, program=program)
    # The choices shown are people who are not members yet; acts on members take any person of the organization.
    form.fields["membership"].choices = [(one.uuid, one.name) for one in form.fields["membership"].queryset]
    if not form.is_valid():
        messages.error(request, "Choose a person of this organization.")
        return redirect("assessments:program_detail", program.uuid)
    person = form.cleaned_data["membership"]
    try:
        service(member=request.member, program=program, membership=person)
    except Invalid as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, words.format(person=person.name))
    return redirect("assessments:program_detail", program.uuid)


@member_required
@posted_from("assessments:program_detail", find_program)
def program_member_add(request, uuid):
    return _act(request, uuid, programs.add_member, "{person} is a member of the program.")


@member_required
@posted_from("assessments:program_detail", find_program)
def program_member_remove(request, uuid):
    return _act(request, uuid, programs.remove_member, "{person} is no longer a member of the program.")


@member_required
@posted_from("assessments:program_detail", find_program)
def program_lead_appoint(request, uuid):
    return _act(request, uuid, programs.appoint_lead, "{person} leads the program.")


@member_required
@posted_from("assessments:program_detail", find_program)
def program_lead_release(request, uuid):
    return _act(request, uuid, programs.release_lead, "{person} is a member, no longer a lead.")
