"""The pages: a tab of a review's workspace, and a page of the program where both sides are chosen."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assessments import permissions
from assessments.errors import Invalid
from assessments.models import Program, Review
from assessments.reporting import charts
from assessments.services import changes
from assessments.views.access import member_required
from assessments.views.changes import rows
from assessments.views.programs import frame as programs
from assessments.views.workspace import find_review, frame

VIEWS = ((changes.MATTERS, "Only what matters"), (changes.ALL, "Everything"))
WIDE = 600  # px that the page's columns give a chart


@member_required
@never_cache
@require_safe
def review_changes(request, uuid):
    """What changed up to this review, since the last approved one or another that is chosen (?against=)."""
    review = find_review(request, uuid)
    program = review.program
    base = _chosen(request, program, "against") or changes.default_base(request.member, program, review)
    context = frame(review, "changes") | _page(request, program, base, review)
    context |= {"chooses": [("against", "Compared with", context["options"], _id(base))]}
    if context["found"] is None and _facts_since(request.member, program, review):
        context["since_url"] = reverse("assessments:program_changes", args=[program.uuid])
    return render(request, "changes/review.html", context, status=context["status"])


@member_required
@never_cache
@require_safe
def program_changes(request, uuid):
    """Any two reviews, submissions or revisions of a program (?against= and ?target=)."""
    program = programs.find_program(request, uuid)
    target = _chosen(request, program, "target") or _newest(request.member, program)
    before = target if isinstance(target, Review) else None
    base = _chosen(request, program, "against") or changes.default_base(request.member, program, before)
    context = programs.frame(request, program, "changes") | _page(request, program, base, target)
    context |= {
        "chooses": [
            ("against", "One side", context["options"], _id(base)),
            ("target", "The other", context["options"], _id(target)),
        ]
    }
    return render(request, "changes/program.html", context, status=context["status"])


def _newest(member, program: Program):
    """The newest review that the person may see; the newest facts where none is, or where they are newer than the decision."""
    newest = Review.objects.visible_to(member).filter(program=program).order_by("-number").first()
    if newest is None:
        return changes.find(member, program, program.revision.uuid) if program.revision is not None else None
    return _facts_since(member, program, newest) or changes.find(member, program, newest.uuid)


def _facts_since(member, program: Program, review: Review):
    """The facts that were saved since a review was decided, where the person may see them; else None."""
    revision = program.revision
    if revision is None or review.state not in Review.RECORDED or review.revision_id == revision.pk:
        return None
    return changes.find(member, program, revision.uuid)


def _chosen(request, program: Program, name: str):
    """What a parameter names. Raises Http404 for what is not there, and for what may not be seen alike."""
    given = request.GET.get(name, "")
    if not given:
        return None
    try:
        found = changes.find(request.member, program, UUID(given))
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def _id(subject: Any) -> str:
    return str(subject.uuid) if subject is not None else ""


def _page(request, program: Program, base: Any, target: Any) -> dict[str, Any]:
    """The context of changes/partials/body.html."""
    show = changes.ALL if request.GET.get("show") == changes.ALL else changes.MATTERS
    every = show == changes.ALL
    context: dict[str, Any] = {
        "options": changes.choices(request.member, program),
        "every": every,
        "show": show,
        "views": [(key, words, f"?{urlencode(_query(request) | {'show': key})}") for key, words in VIEWS],
        "found": None,
        "status": 200,
        "overview_url": reverse("assessments:program_detail", args=[program.uuid]),
    }
    if base is None or target is None or base.uuid == target.uuid:
        return context | {"same": base is not None and target is not None}
    commercial = bool(permissions.can_see_commercial(request.member, program))
    sides = changes.side_of(base), changes.side_of(target)
    before, after = changes.in_order(*sides)
    refused: list[str] = []
    try:
        found = changes.compare(before, after, commercial=commercial, pair=changes.pair_of(request.GET))
    except Invalid as fault:
        refused = list(dict.fromkeys(problem["message"] for problem in fault.problems))
        found = changes.compare(before, after, commercial=commercial)
    names = rows.names_of(found)
    shown, hidden = (found, changes.Hidden()) if every else changes.only_what_matters(found)
    grouped, single = rows.by_group(found), rows.by_criterion(found, names)
    return context | {
        "found": found,
        "status": 400 if refused else 200,
        "refused": refused,
        "turned": before is not sides[0],
        "pairing": rows.pairing(found),
        "commercial": commercial,
        "result": rows.result_rows(found),
        "shift": rows.shift_words(found),
        "grouped": charts.figure(grouped, ident="by-group", width=WIDE) if grouped else None,
        "single": charts.figure(single, ident="by-criterion", width=WIDE) if single else None,
        "shift_table": rows.shift_table(found, names),
        "hidden": hidden,
        "facts": rows.fact_rows(shown),
        "all_facts": len(found.facts),
        "scores": rows.score_rows(shown, names),
        "columns": [(key, name, rows.accents_of(found)[key]) for key, name in found.names.items()],
        "weights": rows.weight_rows(found, names, every=every),
        "gates": rows.gate_rows(shown),
        "risk": rows.risk_rows(found) if any(found.risks) else [],
        "areas": rows.criteria_areas(found, every=every),
        "areas_hidden": 0 if every else rows.areas_hidden(found),
        "added": [found.names[key] for key in found.added],
        "removed": [found.names[key] for key in found.removed],
    }


def _query(request) -> dict[str, str]:
    return {key: request.GET[key] for key in ("against", "target", *changes.PAIR) if request.GET.get(key)}
