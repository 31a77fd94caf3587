"""What admins do with criteria versions: read one in, publish, retire, discard, clone."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from assessments import permissions
from assessments.errors import Clash, Invalid
from assessments.forms.criteria import ImportForm, ReasonForm
from assessments.models import Review
from assessments.services import criteria
from assessments.services.framework_files import read_framework
from assessments.views.access import member_required, posted_from
from assessments.views.criteria.versions import find_version

MOST_SHOWN = 100


@member_required
@require_http_methods(["GET", "POST"])
def criteria_import(request):
    """Read a framework in as a draft; every error is named at its place, and nothing is written before there is none."""
    permissions.can_manage_criteria(request.member).require()
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    context = {
        "form": form,
        "crumbs": [("Criteria", reverse("assessments:criteria_list")), ("Read in", "")],
    }
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["file"] or form.cleaned_data["text"]
        try:
            version = _import(request.member, text)
        except Invalid as refused:
            context |= _told(text, refused.problems)
            context["form"] = ImportForm(initial={"text": text})
        else:
            messages.success(request, f"{version} is here as a draft. Read it, then publish it.")
            return redirect("assessments:criteria_version", version.uuid)
    failed = bool(form.errors or context.get("problems"))
    return render(request, "criteria/import.html", context, status=422 if failed else 200)


def _import(member, text):
    file = read_framework(text)
    try:
        return criteria.import_draft(member=member, document=file.document)
    except Invalid as refused:
        raise Invalid([problem | {"line": file.line_of(problem["field"])} for problem in refused.problems]) from refused


def _told(text: str, problems: list[dict]) -> dict:
    """Problems in the order of the lines, each with the line it is about."""
    lines = text.splitlines()
    told = [
        problem
        | {"excerpt": lines[line - 1].strip()[:160] if (line := problem.get("line")) and line <= len(lines) else ""}
        for problem in problems
    ]
    told.sort(key=lambda problem: problem.get("line") or 0)
    return {"problems": told[:MOST_SHOWN], "problem_count": len(told)}


def _act(request, uuid, act, **words):
    """Ask for a reason, perform, and say what happened; a refusal keeps what was typed."""
    version = find_version(request, uuid)
    permissions.can_manage_criteria(request.member).require()
    form = ReasonForm(
        request.POST if request.method == "POST" else None, initial={"version": version.version}, label=words["label"]
    )
    if request.method == "POST" and form.is_valid():
        try:
            act(version, form.cleaned_data)
        except Clash as clash:
            form.add_error(None, f"{clash} Read it again before you go on.")
        except Invalid as refused:
            for problem in refused.problems:
                form.add_error("reason" if problem["field"] == "reason" else None, problem["message"])
        else:
            messages.success(request, words["done"].format(version=version))
            return redirect("assessments:criteria_version", version.uuid)
    reviews = Review.objects.visible_to(request.member).filter(criteria_version=version, state__in=Review.OPEN)
    context = words | {
        "version": version,
        "form": form,
        "open_reviews": reviews.distinct().count(),
        "crumbs": [
            ("Criteria", reverse("assessments:criteria_list")),
            (str(version), reverse("assessments:criteria_version", args=[version.uuid])),
        ],
    }
    return render(request, "criteria/act.html", context, status=422 if form.errors else 200)


@member_required
@require_http_methods(["GET", "POST"])
def criteria_publish(request, uuid):
    """Publish a draft with a reason."""

    def act(version, given):
        criteria.publish(
            member=request.member, version_id=version.pk, reason=given["reason"], seen_version=given["version"]
        )

    return _act(
        request,
        uuid,
        act,
        kind="publish",
        title="Publish",
        label="Why does this version come?",
        action="Publish",
        done="{version} is published. No review has changed.",
    )


@member_required
@require_http_methods(["GET", "POST"])
def criteria_retire(request, uuid):
    """Retire a published version with a reason."""

    def act(version, given):
        criteria.retire(member=request.member, version_id=version.pk, reason=given["reason"])

    return _act(
        request,
        uuid,
        act,
        kind="retire",
        title="Retire",
        label="Why does this version go?",
        action="Retire",
        done="{version} is retired. What rests on it keeps it.",
    )


@member_required
@posted_from("assessments:criteria_version", find_version)
def criteria_discard(request, uuid):
    """Delete a draft for good; its name has to be typed."""
    version = find_version(request, uuid)
    permissions.can_manage_criteria(request.member).require()
    if request.POST.get("name", "").strip() != str(version):
        messages.error(request, f"Nothing was deleted: type “{version}” to discard this draft.")
        return redirect("assessments:criteria_version", version.uuid)
    name = str(version)
    criteria.discard_draft(member=request.member, version_id=version.pk)
    messages.success(request, f"{name} was discarded.")
    return redirect("assessments:criteria_list")


@member_required
@posted_from("assessments:criteria_version", find_version)
def criteria_clone(request, uuid):
    """A draft that begins as a copy."""
    version = find_version(request, uuid)
    draft = criteria.clone(member=request.member, version=version)
    messages.success(request, f"{draft} is a draft and begins as a copy of {version}.")
    return redirect("assessments:criteria_version", draft.uuid)
