"""Options of the draft: add, change, order, remove."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse

from assessments import permissions
from assessments.errors import Clash, Invalid
from assessments.forms.programs import OptionForm
from assessments.services import drafts
from assessments.views.access import member_required, posted_from
from assessments.views.programs.facts import OPTIONS, facts_page
from assessments.views.programs.frame import find_drafted
from assessments.views.versions import posted_version


def _begin(request, uuid):
    program = find_drafted(request, uuid)
    permissions.can_change_options(request.member, program).require()
    return program


def _done(request, program, text):
    messages.success(request, text)
    return redirect(f"{reverse('assessments:program_facts', args=[program.uuid])}?section={OPTIONS}")


def _refused(request, program, refusal, **more):
    messages.error(request, str(refusal))
    return facts_page(request, program, section=OPTIONS, status=409 if isinstance(refusal, Clash) else 422, **more)


@member_required
@posted_from("assessments:program_facts", find_drafted, part=f"?section={OPTIONS}")
def option_add(request, uuid):
    program = _begin(request, uuid)
    form = OptionForm(request.POST, kinds=drafts.read_draft(program).schema.kinds)
    if not form.is_valid():
        return facts_page(request, program, section=OPTIONS, status=422, option_form=form)
    try:
        option = drafts.add_option(member=request.member, program=program, **form.cleaned_data)
    except Invalid as refused:
        form.add_error("name", str(refused))
        return facts_page(request, program, section=OPTIONS, status=422, option_form=form)
    return _done(request, program, f"{option.name} is added. Its facts are still missing.")


@member_required
@posted_from("assessments:program_facts", find_drafted, part=f"?section={OPTIONS}")
def option_change(request, uuid, key):
    program = _begin(request, uuid)
    try:
        option = drafts.change_option(
            member=request.member,
            program=program,
            key=key,
            seen_version=posted_version(request),
            name=request.POST.get("name"),
            host=request.POST.get("host"),
        )
    except (Invalid, Clash) as refused:
        typed = {"key": key, "name": request.POST.get("name", "")}
        return _refused(request, program, refused, typed_option=typed)
    return _done(request, program, f"{option.name} is saved.")


@member_required
@posted_from("assessments:program_facts", find_drafted, part=f"?section={OPTIONS}")
def option_move(request, uuid, key):
    """One place up or down."""
    program = _begin(request, uuid)
    keys = [option.key for option in drafts.read_draft(program).options]
    if key in keys:
        at = keys.index(key)
        to = max(0, min(len(keys) - 1, at + (-1 if request.POST.get("to") == "up" else 1)))
        keys.insert(to, keys.pop(at))
    try:
        drafts.order_options(member=request.member, program=program, keys=keys, seen_version=posted_version(request))
    except (Invalid, Clash) as refused:
        return _refused(request, program, refused)
    return _done(request, program, "The order is saved.")


@member_required
@posted_from("assessments:program_facts", find_drafted, part=f"?section={OPTIONS}")
def option_remove(request, uuid, key):
    program = _begin(request, uuid)
    try:
        drafts.remove_option(member=request.member, program=program, key=key, seen_version=posted_version(request))
    except (Invalid, Clash) as refused:
        return _refused(request, program, refused)
    return _done(request, program, "The option is removed from the draft. Saved revisions keep it.")
