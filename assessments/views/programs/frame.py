"""The frame of a program's pages: the program that the person may see, its crumbs and its tabs."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse

from assessments import permissions
from assessments.models import Program

TABS = (
    ("overview", "Overview", "assessments:program_detail"),
    ("facts", "Facts", "assessments:program_facts"),
    ("result", "Result", "assessments:program_result"),
    ("robustness", "Robustness", "assessments:program_robustness"),
    ("risk", "Risk", "assessments:program_risk"),
    ("stress", "Stress", "assessments:program_stress"),
    ("changes", "Changes", "assessments:program_changes"),
    ("revisions", "Revisions", "assessments:program_revisions"),
    ("files", "Import and export", "assessments:program_import"),
)
OF_THE_DRAFT = ("facts", "files")


def find_program(request, uuid) -> Program:
    """The program, if the active membership may see it; else 404."""
    visible = Program.objects.visible_to(request.member)
    return get_object_or_404(visible.select_related("criteria_version__criteria_set", "revision"), uuid=uuid)


def find_drafted(request, uuid) -> Program:
    """The program, if the active membership may see its draft; else 404."""
    program = find_program(request, uuid)
    if not permissions.can_see_draft(request.member, program):
        raise Http404
    return program


def frame(request, program: Program, current: str) -> dict:
    """What `programs/frame.html` needs around a page's own context."""
    sees_draft = bool(permissions.can_see_draft(request.member, program))
    tabs = [(key, text, name) for key, text, name in TABS if sees_draft or key not in OF_THE_DRAFT]
    return {
        "program": program,
        "tab": current,
        "tab_text": next((text for key, text, _ in TABS if key == current), ""),
        "tabs": [(key, text, url) for key, text, name in tabs if (url := address(name, program.uuid))],
        "crumbs": [("Portfolio", address("assessments:portfolio")), (program.name, "")],
    }


def address(name: str, *args) -> str:
    """The address of a page; "" where this version of the product has no such page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
