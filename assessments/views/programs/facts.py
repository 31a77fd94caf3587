"""The facts page: sections of the shared draft, saved field by field or a section at once."""

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from assessments import permissions
from assessments.errors import Clash, Invalid
from assessments.forms import facts as raw_facts
from assessments.forms.programs import OptionForm, SaveForm
from assessments.models import Program
from assessments.permissions import ProgramRights
from assessments.scoring.schema import HOSTED
from assessments.services import drafts
from assessments.services.drafts import Cell
from assessments.views.access import member_required, posted_from
from assessments.views.programs.cells import Answer, DraftView
from assessments.views.programs.frame import find_drafted, frame
from assessments.views.programs.implied import implied_context
from assessments.views.programs.moved import option_keys

OPTIONS = "options"


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def program_facts(request, uuid):
    """A section of the draft. A POST (without scripting) saves what was changed of it."""
    program = find_drafted(request, uuid)
    if request.method == "POST":
        return _save_section(request, program)
    return facts_page(request, program)


def facts_page(request, program: Program, *, section="", answers=None, status=200, save_form=None, problems=(), **more):
    """The page, with what was typed where an edit was not taken."""
    draft = drafts.read_draft(program)
    rights = ProgramRights(request.member, program)
    view = DraftView(draft, rights, answers)
    sections = view.sections()
    key = section or request.GET.get("section") or next(iter(sections), OPTIONS)
    if key not in sections and key != OPTIONS:
        raise Http404
    context = frame(request, program, "facts") | implied_context(view)
    context |= {
        "view": view,
        "draft": draft,
        "sections": sections.values(),
        "key": key,
        "option_keys": option_keys(draft),
        "section": view.section(key) if key != OPTIONS else None,
        "is_lead": rights.is_lead,
        "unsaved": draft.unsaved,
        "save_form": save_form or SaveForm(initial={"version": draft.version}),
        "save_problems": problem_links(view, problems),
        "option_form": OptionForm(kinds=draft.schema.kinds),
        "kinds": draft.schema.kinds,
        "hosts": [option for option in draft.options if option.kind in HOSTED.values()],
        "hosted_kinds": list(HOSTED),
    }
    return render(request, "programs/facts.html", context | more, status=status)


def problem_links(view: DraftView, problems) -> list[dict]:
    """Problems with the place to mend each; of a fact that the person may not see only that there is one."""
    names = {option.key: option.name for option in view.draft.options}
    found = []
    for one in problems:
        field = view.draft.schema.fields.get(one["field"])
        option = names.get(one["option"], one["option"])
        text = one["message"]
        if field is not None and field.commercial and not view.sees_commercial:
            text = f"{field.label} needs Finance."
        section = field.section if field is not None else OPTIONS if one["field"] in ("options", "host") else ""
        anchor = "#fact-" + (f"{one['option']}--{one['field']}" if one["option"] else one["field"]) if field else ""
        found.append(
            {"text": text, "option": option if field is not None else "", "section": section, "anchor": anchor}
        )
    return found


def _edit(request, program: Program, cell: Cell) -> Answer | None:
    """Hand one posted fact to the service; None once it is taken, else what was typed and why not."""
    raw = raw_facts.posted(cell.field, cell.name, request.POST, drop=request.POST.get("drop", ""))
    as_of = request.POST.get(f"{cell.name}.as_of", "").strip() if cell.field.dated else ""
    unmoved = as_of == request.POST.get(f"{cell.name}.as_of.was", "")
    answer = Answer(raw, as_of)
    try:
        drafts.edit_field(
            member=request.member,
            program=program,
            field=cell.field.key,
            option_key=cell.option_key,
            value=raw_facts.typed(cell.field, raw),
            seen_version=raw_facts.seen_version(cell.name, request.POST),
            # A date that nobody touched belongs to the value before.
            as_of=None if unmoved else as_of,
        )
    except Invalid as refused:
        answer.error = refused.problems[0]["message"]
        return answer
    except Clash as clash:
        answer.clash = clash
        return answer
    return None


def _save_section(request, program: Program):
    """Save every fact of a section that was changed on the page; each by itself, so that one wrong loses no other."""
    draft = drafts.read_draft(program)
    view = DraftView(draft, ProgramRights(request.member, program))
    key = request.POST.get("section", "")
    answers, saved = {}, 0
    for cell in view.visible():
        if cell.field.section != key or not raw_facts.was_posted(cell.field, cell.name, request.POST):
            continue
        raw = raw_facts.posted(cell.field, cell.name, request.POST, drop=request.POST.get("drop", ""))
        if not raw_facts.touched(cell.field, cell.name, raw, request.POST):
            continue
        answer = _edit(request, program, cell)
        if answer is None:
            saved += 1
        else:
            answers[cell.name] = answer
    if not answers:
        messages.success(
            request, f"{saved} fact{'' if saved == 1 else 's'} saved." if saved else "Nothing was changed."
        )
        return _to_section(program, key)
    status = 409 if any(answer.clash for answer in answers.values()) else 422
    messages.error(request, f"{len(answers)} of the facts you changed could not be saved; they are marked below.")
    return facts_page(request, program, section=key, answers=answers, status=status)


def _to_section(program: Program, key: str) -> HttpResponseRedirect:
    return redirect(f"{reverse('assessments:program_facts', args=[program.uuid])}?section={key}")


def _cell(request, program: Program) -> Cell:
    """The fact that the address names, if the person may see it; else 404."""
    draft = drafts.read_draft(program)
    cell = draft.cell(request.GET.get("field", ""), request.GET.get("option", ""))
    if cell is None or (cell.field.commercial and not ProgramRights(request.member, program).see_commercial()):
        raise Http404
    return cell


def _fact_answer(request, program: Program, cell: Cell, answer: Answer | None, template="fact_after.html"):
    """What the page swaps in after an edit: the fact's foot, and whatever followed from it."""
    rights = ProgramRights(request.member, program)
    view = DraftView(drafts.read_draft(program), rights, {cell.name: answer} if answer else None)
    fact = view.fact(view.draft.cell(cell.field.key, cell.option_key))
    context = {"fact": fact, "program": program, "view": view, "draft": view.draft, "is_lead": rights.is_lead}
    context |= {"sections": view.sections().values(), "key": cell.field.section, "unsaved": view.draft.unsaved}
    context |= implied_context(view) | {"oob": True}
    status = 200 if answer is None else 409 if answer.clash else 422
    return render(request, f"programs/partials/{template}", context, status=status)


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def program_fact(request, uuid):
    """One fact: GET shows it as it is stored, POST saves it (autosave)."""
    program = find_drafted(request, uuid)
    cell = _cell(request, program)
    if request.method != "POST":
        if not request.htmx:
            return _to_section(program, cell.field.section)
        return _fact_answer(request, program, cell, None, "fact_control.html")
    answer = _edit(request, program, cell)
    if request.htmx:
        return _fact_answer(request, program, cell, answer)
    if answer is None:
        return _to_section(program, cell.field.section)
    status = 409 if answer.clash else 422
    return facts_page(request, program, section=cell.field.section, answers={cell.name: answer}, status=status)


def _section_of(request, uuid) -> str:
    program = find_drafted(request, uuid)
    return _to_section(program, _cell(request, program).field.section).url


@member_required
@posted_from(_section_of)
def fact_confirm(request, uuid):
    """Say that a value still holds after month 0 moved."""
    program = find_drafted(request, uuid)
    cell = _cell(request, program)
    seen = raw_facts.seen_version(cell.name, request.POST)
    answer = None
    try:
        drafts.confirm_field(
            member=request.member,
            program=program,
            field=cell.field.key,
            option_key=cell.option_key,
            seen_version=seen,
        )
    except Clash as clash:
        answer = Answer(raw_facts.shown(cell.field, cell.value), clash=clash)
    if request.htmx:
        return _fact_answer(request, program, cell, answer)
    if answer is None:
        messages.success(request, f"{cell.label} is confirmed.")
        return _to_section(program, cell.field.section)
    return facts_page(request, program, section=cell.field.section, answers={cell.name: answer}, status=409)


@member_required
@posted_from("assessments:program_facts", find_drafted)
def program_save(request, uuid):
    """Save the draft as the next revision."""
    program = find_drafted(request, uuid)
    permissions.can_save_revision(request.member, program).require()
    form = SaveForm(request.POST, initial={"version": drafts.read_draft(program).version})
    section = request.POST.get("section", "")
    if not form.is_valid():
        return facts_page(request, program, section=section, save_form=form, open_save=True, status=422)
    given = form.cleaned_data
    try:
        revision = drafts.save_revision(
            member=request.member, program=program, summary=given["summary"], seen_version=given["version"]
        )
    except Invalid as refused:
        return facts_page(
            request, program, section=section, save_form=_again(form, program), problems=refused.problems,
            open_save=True, status=422,
        )  # fmt: skip
    except Clash as clash:
        form = _again(form, program)
        form.add_error(None, str(clash))
        return facts_page(request, program, section=section, save_form=form, open_save=True, status=409)
    messages.success(request, f"{revision} is saved. Its result is on its way.")
    return redirect("assessments:program_detail", program.uuid)


def _again(form: SaveForm, program: Program) -> SaveForm:
    """The form with what was typed and the draft's present version, since the page now shows that."""
    data = form.data.copy()
    data["version"] = drafts.read_draft(program).version
    again = SaveForm(data)
    again.is_valid()
    return again
