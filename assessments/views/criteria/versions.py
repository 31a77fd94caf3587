"""Criteria to read: the sets with their versions, one version by sections, its file, search, and what changed."""

from collections import defaultdict

from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from accounts.models import AuditEvent
from assessments import permissions
from assessments.models import CriteriaVersion, Program, Review
from assessments.services.criteria import content_of
from assessments.services.framework_files import write_framework
from assessments.services.frameworks import framework_of
from assessments.views.access import member_required
from assessments.views.criteria import reading
from assessments.views.criteria.comparing import compare
from assessments.views.criteria.finding import find

SECTIONS = {
    "criteria": ("Criteria and rules", reading.tree),
    "gates": ("Gates", reading.gates),
    "risks": ("Risk events", reading.risks),
    "stress": ("Stress and lenses", reading.stress),
    "facts": ("Facts", reading.facts),
    "sources": ("Sources", reading.sources),
}
MOST_NAMED = 12


def find_version(request, uuid) -> CriteriaVersion:
    """The version, if the active membership may see it; else 404. Drafts are for admins."""
    visible = CriteriaVersion.objects.visible_to(request.member)
    return get_object_or_404(
        visible.select_related("criteria_set", "published_by__user", "created_by__user", "cloned_from"), uuid=uuid
    )


def frame(request, version: CriteriaVersion, current: str) -> dict:
    """What every page of one version shows around its content."""
    tabs = [("overview", "Overview", reverse("assessments:criteria_version", args=[version.uuid]))]
    tabs += [
        (key, text, reverse("assessments:criteria_section", args=[version.uuid, key]))
        for key, (text, _) in SECTIONS.items()
    ]
    manage = permissions.can_manage_criteria(request.member)
    if manage and version.state == CriteriaVersion.State.DRAFT:
        tabs.insert(1, ("weights", "Set weights", reverse("assessments:criteria_weights", args=[version.uuid])))
    return {
        "version": version,
        "tab": current,
        "tab_text": next((text for key, text, _ in tabs if key == current), ""),
        "tabs": tabs,
        "crumbs": [("Criteria", reverse("assessments:criteria_list")), (version.criteria_set.name, "")],
        "manage": manage,
    }


@member_required
@require_GET
def criteria_list(request):
    """Every set with its versions, newest first, and how many programs and reviews rest on each."""
    visible = CriteriaVersion.objects.visible_to(request.member)
    rows = list(visible.select_related("criteria_set", "published_by__user", "created_by__user"))
    programs = _counted(Program.objects.visible_to(request.member))
    reviews = _counted(Review.objects.visible_to(request.member))
    open_reviews = _counted(Review.objects.visible_to(request.member).filter(state__in=Review.OPEN))
    sets = defaultdict(list)
    for row in rows:
        sets[row.criteria_set].append(
            {
                "version": row,
                "programs": programs.get(row.pk, 0),
                "reviews": reviews.get(row.pk, 0),
                "open_reviews": open_reviews.get(row.pk, 0),
            }
        )
    return render(
        request,
        "criteria/list.html",
        {"sets": list(sets.items()), "manage": permissions.can_manage_criteria(request.member)},
    )


def _counted(rows) -> dict[int, int]:
    """How many rows pin each criteria version."""
    return dict(rows.order_by().values_list("criteria_version_id").annotate(many=Count("pk", distinct=True)))


@member_required
@require_GET
def criteria_version(request, uuid):
    """The version on one page: what it weighs, when a result is sure, who signs, what rests on it."""
    version = find_version(request, uuid)
    programs = Program.objects.visible_to(request.member).filter(criteria_version=version).distinct()
    reviews = Review.objects.visible_to(request.member).filter(criteria_version=version)
    counted = reviews.aggregate(
        all=Count("pk", distinct=True), open=Count("pk", distinct=True, filter=Q(state__in=Review.OPEN))
    )
    events = AuditEvent.objects.visible_to(request.member).filter(
        object_uuid=version.uuid,
        action__in=("criteria.drafted", "criteria.weighed", "criteria.published", "criteria.retired"),
    )
    context = frame(request, version, "overview") | reading.overview(framework_of(version))
    context |= {
        "programs": list(programs.order_by("name")[:MOST_NAMED]),
        "program_count": programs.count(),
        "reviews": counted,
        "history": list(events.order_by("pk")[:20]),
        "others": CriteriaVersion.objects.visible_to(request.member)
        .filter(criteria_set=version.criteria_set)
        .exclude(pk=version.pk)
        .select_related("criteria_set"),
    }
    return render(request, "criteria/overview.html", context)


@member_required
@require_GET
def criteria_section(request, uuid, section):
    """One section of a version."""
    version = find_version(request, uuid)
    if section not in SECTIONS:
        raise Http404
    _, read = SECTIONS[section]
    context = frame(request, version, section) | {"read": read(framework_of(version))}
    return render(request, f"criteria/{section}.html", context)


@member_required
@require_GET
def criteria_file(request, uuid):
    """The version as a YAML file, which can be read in again."""
    version = find_version(request, uuid)
    name = f"{slugify(version.criteria_set.key)}-v{version.number}.yaml"
    return HttpResponse(
        write_framework(content_of(version)),
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@member_required
@require_GET
def criteria_search(request, uuid):
    """Where a word stands in the version."""
    version = find_version(request, uuid)
    asked = request.GET.get("q", "").strip()[:100]
    found = find(framework_of(version), asked) if asked else []
    return render(request, "criteria/search.html", frame(request, version, "") | {"asked": asked, "found": found})


@member_required
@require_GET
def criteria_changes(request, uuid):
    """What changed from another version of the same set: by default the one before it."""
    version = find_version(request, uuid)
    visible = CriteriaVersion.objects.visible_to(request.member).filter(criteria_set=version.criteria_set)
    others = list(visible.exclude(pk=version.pk).select_related("criteria_set"))
    against = request.GET.get("against", "")
    if against:
        base = next((other for other in others if str(other.uuid) == against), None)
        if base is None:
            raise Http404
    else:
        base = next((other for other in others if other.number < version.number), others[0] if others else None)
    context = frame(request, version, "") | {"others": others, "base": base}
    if base is not None:
        context["areas"] = compare(framework_of(base), framework_of(version))
    return render(request, "criteria/changes.html", context)
