"""Facts as YAML files: out in both layouts, in with a preview of what would change."""

import yaml
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.datastructures import MultiValueDictKeyError
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from assessments import permissions
from assessments.errors import Clash, Invalid
from assessments.forms.programs import ConfirmImportForm, ImportForm
from assessments.forms.yaml_text import YamlProblem, read_yaml
from assessments.models import Program
from assessments.permissions import ProgramRights
from assessments.scoring.profile import write_profile
from assessments.services import drafts, programs
from assessments.services.downloads import record_download
from assessments.services.frameworks import framework_of
from assessments.services.revisions import facts_in_order
from assessments.views.access import member_required, posted_from
from assessments.views.programs.frame import find_drafted, find_program, frame
from assessments.views.programs.revisions import difference_rows, has_two_of_a_kind, visible_revisions

LAYOUTS = ("kinds", "options")


@member_required
@require_GET
def revision_export(request, uuid, number):
    """A saved revision as a YAML file (?layout=kinds or options)."""
    program = find_program(request, uuid)
    revision = get_object_or_404(visible_revisions(request, program).select_related("criteria_version"), number=number)
    facts, name = facts_in_order(revision), f"r{revision.number}"
    said = f"Revision {revision.number}, saved {revision.created_at:%Y-%m-%d %H:%M} UTC: {revision.summary}"
    return _file(request, program, facts, framework_of(revision.criteria_version), name, said)


@member_required
@require_GET
def draft_export(request, uuid):
    """The draft as a YAML file: complete or not, to be filled in elsewhere."""
    program = find_drafted(request, uuid)
    draft = drafts.read_draft(program)
    said = f"Draft, as it stood at {draft.row.updated_at:%Y-%m-%d %H:%M} UTC; it was not saved as a revision"
    return _file(request, program, draft.facts, draft.framework, "draft", said)


def _file(request, program: Program, facts: dict, framework, name: str, said: str) -> HttpResponse:
    layout = request.GET.get("layout") or ("options" if has_two_of_a_kind(facts) else "kinds")
    if layout not in LAYOUTS or (layout == "kinds" and has_two_of_a_kind(facts)):
        raise Http404
    left_out = []
    if not ProgramRights(request.member, program).see_commercial():
        left_out = [field for field in framework.schema.fields.values() if field.commercial]
    content = write_profile(facts, framework.schema, layout, without=frozenset(field.key for field in left_out))
    head = [f"{program.name}: facts", said, f"Criteria: {framework.data.get('name', framework.key)} {framework.label}"]
    if left_out:
        head.append("Prices and terms are left out, as they are confidential: " + ", ".join(f.label for f in left_out))
        head.append("This file cannot be imported as it stands: those facts would be missing.")
    text = "".join(f"# {' '.join(line.split())}\n" for line in head)
    text += yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
    record_download(
        "facts.downloaded",
        member=request.member,
        subject=program,
        program=program,
        new={"what": said.partition(",")[0]},
    )
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    stem = slugify(program.name)[:60] or "program"
    response["Content-Disposition"] = f'attachment; filename="{stem}-facts-{name}.yaml"'
    return response


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def program_import(request, uuid):
    """A file in: a POST shows what it would change, every wrong value named; nothing is saved yet."""
    program = find_drafted(request, uuid)
    if request.method != "POST":
        return _import_page(request, program, ImportForm())
    permissions.can_save_revision(request.member, program).require()
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _import_page(request, program, form, status=422)
    return _preview(request, program, form.document, form.content)


def _import_page(request, program, form, *, problems=(), content=None, status=200):
    draft = drafts.read_draft(program)
    if content is None:
        content = getattr(form, "content", "")
    if content and form.is_bound:
        form.data = form.data.copy()
        form.data["text"] = content
    context = frame(request, program, "files") | {
        "form": form,
        "problems": problems,
        "is_lead": bool(permissions.can_save_revision(request.member, program)),
        "two_of_a_kind_draft": has_two_of_a_kind(draft.facts),
        "two_of_a_kind": bool(program.revision) and has_two_of_a_kind(program.revision.facts),
        "sees_commercial": bool(ProgramRights(request.member, program).see_commercial()),
    }
    return render(request, "programs/import.html", context, status=status)


def _preview(request, program, document, content, *, confirm=None, status=200):
    try:
        facts = programs.read_file(program, document)
    except Invalid as refused:
        again = ImportForm({"text": content})
        again.is_valid()
        return _import_page(
            request, program, again, problems=_named(program, refused.problems), content=content, status=422
        )
    draft = drafts.read_draft(program)
    see = bool(ProgramRights(request.member, program).see_commercial())
    revision = program.revision
    before = facts_in_order(revision) if revision else {"program": {}, "options": {}, "as_of": {}}
    context = frame(request, program, "files") | {
        "differences": difference_rows(before, facts, draft.framework, see) if revision else None,
        "options": list(facts["options"].values()),
        "replaced": difference_rows(before, draft.facts, draft.framework, see) if revision and draft.unsaved else [],
        "confirm": confirm or ConfirmImportForm(initial={"text": content, "version": draft.version}),
    }
    return render(request, "programs/import_preview.html", context, status=status)


def _named(program, problems) -> list[dict]:
    """Problems of a file with the field's own words beside its key, and what was typed."""
    schema = framework_of(program.criteria_version).schema
    return [
        {
            **one,
            "label": schema.fields[one["field"]].label if one["field"] in schema.fields else "",
            "typed": _typed(one),
        }
        for one in problems
    ]


def _typed(one: dict) -> str:
    return "" if one["value"] is None else str(one["value"])[:200]


@member_required
@posted_from("assessments:program_import", find_drafted)
def program_import_confirm(request, uuid):
    """Save the previewed content as the next revision."""
    program = find_drafted(request, uuid)
    permissions.can_save_revision(request.member, program).require()
    form = ConfirmImportForm(request.POST, initial={"version": program.draft.version})
    try:
        content = request.POST["text"]
        document = read_yaml(content)
    except (MultiValueDictKeyError, YamlProblem):
        return redirect("assessments:program_import", program.uuid)
    if not form.is_valid():
        return _preview(request, program, document, content, confirm=form, status=422)
    given = form.cleaned_data
    try:
        revision = programs.import_revision(
            member=request.member, program=program, document=document, summary=given["summary"],
            seen_version=given["version"],
        )  # fmt: skip
    except Invalid as refused:
        form.add_error(None, str(refused))
        return _preview(request, program, document, content, confirm=form, status=422)
    except Clash as clash:
        data = request.POST.copy()
        data["version"] = clash.version
        again = ConfirmImportForm(data)
        again.is_valid()
        again.add_error(None, f"{clash} What it says now and this file would replace is listed below.")
        return _preview(request, program, document, content, confirm=again, status=409)
    messages.success(request, f"{revision} is saved from the file, and the draft says the same.")
    return redirect("assessments:program_detail", program.uuid)
