"""What others changed in the draft since an open facts page was made."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assessments.forms.whole_numbers import whole_number
from assessments.permissions import ProgramRights
from assessments.services import drafts
from assessments.views.access import member_required
from assessments.views.programs.cells import DraftView
from assessments.views.programs.frame import find_drafted
from assessments.views.programs.implied import implied_context


@member_required
@never_cache
@require_safe
def draft_state(request, uuid):
    """A tag that moves with every change of the draft."""
    program = find_drafted(request, uuid)
    etag = f'"{program.draft.version}"'
    return get_conditional_response(request, etag=etag, response=HttpResponse(headers={"ETag": etag}))


@member_required
@never_cache
@require_safe
def facts_moved(request, uuid):
    """The facts of a section that changed after the draft's version `since`, each to be put in its place on the page."""
    program = find_drafted(request, uuid)
    since = whole_number(request.GET.get("since", ""))
    if since is None:
        raise Http404
    draft = drafts.read_draft(program)
    rights = ProgramRights(request.member, program)
    view = DraftView(draft, rights)
    key = request.GET.get("section", "")
    moved = [
        view.fact(cell)
        for cell in view.visible()
        if cell.field.section == key and cell.row is not None and cell.version > since
    ]
    context = {
        "program": program,
        "draft": draft,
        "view": view,
        "key": key,
        "moved": moved,
        "option_keys": option_keys(draft),
        "options_moved": request.GET.get("options", "") != option_keys(draft),
        "sections": view.sections().values(),
        "unsaved": draft.unsaved,
        "is_lead": rights.is_lead,
    }
    return render(request, "programs/partials/moved.html", context | implied_context(view))


def option_keys(draft: drafts.Draft) -> str:
    """The draft's options with their names, as one text that differs once any of it does."""
    return ",".join(f"{option.key}.{option.version}" for option in draft.options)
