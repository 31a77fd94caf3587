"""Saved revisions: the list, one to read with what differs from another, and setting the draft back to one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from assessments import permissions
from assessments.errors import Clash, Invalid
from assessments.forms.whole_numbers import whole_number
from assessments.models import ProfileRevision, Program
from assessments.permissions import ProgramRights
from assessments.scoring.profile import known_on
from assessments.services import drafts
from assessments.services.differences import differences
from assessments.services.frameworks import framework_of
from assessments.services.revisions import facts_in_order
from assessments.views.access import member_required, posted_from
from assessments.views.programs.frame import address, find_drafted, find_program, frame
from assessments.views.programs.words import difference_words, month_words, value_words
from assessments.views.versions import posted_version

REVISIONS_A_PAGE = 20


def visible_revisions(request, program: Program):
    return ProfileRevision.objects.visible_to(request.member).filter(program=program)


@member_required
@require_GET
def program_revisions(request, uuid):
    """The history of saved facts, newest first."""
    program = find_program(request, uuid)
    found = visible_revisions(request, program).select_related("created_by__user").defer("facts").order_by("-number")
    page = Paginator(found, REVISIONS_A_PAGE).get_page(request.GET.get("page"))
    context = frame(request, program, "revisions") | {
        "page": page,
        "sees_draft": bool(permissions.can_see_draft(request.member, program)),
    }
    return render(request, "programs/revisions.html", context)


@member_required
@require_GET
def revision_detail(request, uuid, number):
    """One revision: what differs from another (?against=N, by default the one before), and every fact."""
    program = find_program(request, uuid)
    found = visible_revisions(request, program)
    revision = get_object_or_404(
        found.select_related("created_by__user", "criteria_version__criteria_set"), number=number
    )
    others = list(
        found.exclude(pk=revision.pk).order_by("-number").values_list("number", "summary")[:200]
    )  # fmt: skip
    against = _against(request, found, revision)
    framework = framework_of(revision.criteria_version)
    rights = ProgramRights(request.member, program)
    see = bool(rights.see_commercial())
    facts = facts_in_order(revision)
    context = frame(request, program, "revisions") | {
        "revision": revision,
        "against": against,
        "others": others,
        "options": [{"key": key, **option} for key, option in facts["options"].items()],
        "sections": read_sections(facts, framework, revision.assessment_date, see),
        "sees_commercial": see,
        "is_lead": rights.is_lead,
        "is_latest": program.revision_id == revision.pk,
        "draft_version": program.draft.version if rights.is_lead else None,
        "two_of_a_kind": has_two_of_a_kind(facts),
    }
    context["crumbs"][-1:] = [
        (program.name, address("assessments:program_detail", program.uuid)),
        ("Revisions", address("assessments:program_revisions", program.uuid)),
    ]
    if against is not None:
        context["differences"] = difference_rows(facts_in_order(against), facts, framework, see)
    return render(request, "programs/revision.html", context)


def _against(request, found, revision) -> ProfileRevision | None:
    wanted = request.GET.get("against", "")
    if wanted:
        return get_object_or_404(found, number=whole_number(wanted) or -1)
    return found.filter(number__lt=revision.number).order_by("-number").first()


def difference_rows(old: dict, new: dict, framework, sees_commercial: bool) -> list[dict]:
    """What differs, in words; commercial facts are left out without the right."""
    kinds = framework.schema.kinds
    found = differences(old, new, framework.schema)
    return [difference_words(one, kinds) for one in found if sees_commercial or not one.commercial]


def has_two_of_a_kind(facts: dict) -> bool:
    kinds = [option["kind"] for option in facts["options"].values()]
    return len(set(kinds)) < len(kinds)


def read_sections(facts: dict, framework, start, sees_commercial: bool) -> list[dict]:
    """Every fact in words by section: rows of the program, and rows with a value for each option."""
    schema = framework.schema
    sections = {key: {"name": name, "rows": [], "option_rows": []} for key, name in schema.sections.items()}
    for field in schema.fields.values():
        if field.commercial and not sees_commercial:
            continue
        section = sections.setdefault(field.section, {"name": "Other facts", "rows": [], "option_rows": []})

        def cell(key, holder, field=field):
            value = holder.get(field.key)
            on_clock = field.clock in ("anchored", "remaining") and isinstance(value, int | float)
            return {
                "words": value_words(field, value),
                "is_number": field.type in ("decimal", "integer"),
                "month": month_words(start, value) if on_clock else "",
                "as_of": facts["as_of"].get(known_on(field.key, key)),
            }

        if field.scope == "program":
            section["rows"].append({"label": field.label, "cells": [cell("", facts["program"])]})
            continue
        cells = [
            cell(key, option["facts"]) if option["kind"] in field.kinds else None
            for key, option in facts["options"].items()
        ]
        if any(cells):
            section["option_rows"].append({"label": field.label, "cells": cells})
    return [section for section in sections.values() if section["rows"] or section["option_rows"]]


def _place(request, uuid, number) -> str:
    program = find_drafted(request, uuid)
    revision = get_object_or_404(visible_revisions(request, program), number=number)
    return reverse("assessments:revision_detail", args=[program.uuid, revision.number])


@member_required
@posted_from(_place)
def draft_reset(request, uuid, number):
    """Set the draft back to a revision."""
    program = find_drafted(request, uuid)
    permissions.can_save_revision(request.member, program).require()
    revision = get_object_or_404(visible_revisions(request, program), number=number)
    try:
        seen = posted_version(request)
        drafts.reset_draft(member=request.member, program=program, revision=revision, seen_version=seen)
    except (Clash, Invalid) as refusal:
        messages.error(request, str(refusal))
        return redirect("assessments:revision_detail", program.uuid, number)
    messages.success(request, f"The draft now says what {revision} says. Nothing is saved until you save a revision.")
    return redirect("assessments:program_facts", program.uuid)
