"""Conditions across programs, one of them with its evidence, and how far it is."""

import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from assessments import permissions
from assessments.errors import Clash, Invalid, NotStored, WrongState
from assessments.forms.approval import people_of
from assessments.forms.conditions import (
    SORTS,
    ConditionFilterForm,
    EvidenceForm,
    HandOverForm,
    MoveForm,
    RemovalForm,
)
from assessments.forms.whole_numbers import whole_number
from assessments.models import Condition, Evidence, Program
from assessments.reporting.csv_file import csv_bytes
from assessments.scoring.confidential import HIDDEN, confidential
from assessments.services import condition_states, telling
from assessments.services.downloads import record_download
from assessments.services.frameworks import framework_of
from assessments.services.routes import today_in
from assessments.views.access import member_required, posted_from
from assessments.views.told_words import told_words
from assessments.views.workspace import address

PER_PAGE = 50
MOST_PROGRAMS = 500
MOST_EXPORTED = 20_000
COLUMNS = (("title", "Condition"), ("program", "Program"), ("", "Owner"), ("due", "Due"), ("state", "State"))


def shown_conditions(member):
    """What of conditions a member sees: those of decisions that stand."""
    return (
        Condition.objects.visible_to(member)
        .standing()
        .with_due_on()
        .with_expired_evidence(member.organization)
        .with_gone()
        .select_related("review__program", "review__criteria_version", "owner__user", "owner_function", "done_by__user")
    )


def _found(member, asked: dict):
    rows = shown_conditions(member)
    if asked.get("q"):
        rows = rows.filter(Q(title__icontains=asked["q"]) | Q(review__program__name__icontains=asked["q"]))
    if asked.get("state") == "overdue":
        rows = rows.filter(pk__in=Condition.objects.overdue(member.organization).values("pk"))
    elif asked.get("state") == "undone":
        rows = rows.open()
    elif asked.get("state") == "left":
        rows = rows.left_behind()
    elif asked.get("state"):
        rows = rows.filter(state=asked["state"])
    if asked.get("program"):
        rows = rows.filter(review__program__uuid=asked["program"])
    if asked.get("function"):
        rows = rows.filter(owner_function__key=asked["function"])
    if asked.get("mine"):
        rows = rows.filter(owner=member)
    key = asked.get("sort", "due")
    order = F(SORTS[key.removeprefix("-")])
    return rows.order_by(order.desc(nulls_last=True) if key.startswith("-") else order.asc(nulls_last=True), "pk")


def _columns(asked: dict) -> list[dict]:
    now = asked.get("sort", "due")
    others = {key: value for key, value in asked.items() if key != "sort"}
    return [
        {
            "text": text,
            "num": False,
            "sort": f"?{urlencode(others | {'sort': f'-{key}' if now == key else key})}" if key else "",
            "sorted": {key: "ascending", f"-{key}": "descending"}.get(now, "") if key else "",
        }
        for key, text in COLUMNS
    ]


def days_late(row: Condition, today: datetime.date) -> int:
    """Whole days since it was due; 0 for one that is done or not late."""
    due = getattr(row, "due_on", None)
    return (today - due).days if due and due < today and row.state != Condition.State.DONE else 0


@member_required
@never_cache
@require_safe
def conditions(request):
    form = _form(request)
    asked = form.asked
    page = Paginator(_found(request.member, asked), PER_PAGE).get_page(request.GET.get("page"))
    today = today_in(request.member.organization)
    context = {
        "form": form,
        "asked": asked,
        "page": page,
        "rows": [(row, days_late(row, today)) for row in page.object_list],
        "columns": _columns(asked),
        "query": urlencode({key: "on" if value is True else value for key, value in asked.items()}),
        "filtered": bool(asked.keys() - {"sort"}),
    }
    return render(request, "conditions/list.html", context)


def _form(request) -> ConditionFilterForm:
    programs = Program.objects.visible_to(request.member).filter(reviews__state="approved").order_by("name").distinct()
    functions = request.member.organization.functions.all()
    return ConditionFilterForm(request.GET, programs=programs[:MOST_PROGRAMS], functions=functions)


@member_required
@never_cache
@require_safe
def conditions_export(request):
    organization = request.member.organization
    today = today_in(organization)
    asked = _form(request).asked
    header = (
        "Condition", "Program", "Review", "Kind", "Gate", "Owner", "Function", "Due month", "Due on", "State", "Days overdue",
        "Note", "Done at (UTC)", "Done by", "Owner gone", "Evidence expired",
    )  # fmt: skip
    cells = [
        (
            row.title,
            row.review.program.name,
            str(row.review),
            "mandatory" if row.mandatory else "advised",
            row.gate,
            row.owner.name if row.owner else "",
            row.owner_function.name if row.owner_function else "",
            row.due_month,
            row.due_on.isoformat() if row.due_on else "",
            row.get_state_display(),
            days_late(row, today),
            row.note,
            f"{row.done_at:%Y-%m-%d %H:%M}" if row.done_at else "",
            row.done_by.name if row.done_by else "",
            row.gone,
            "yes" if row.evidence_expired else "",
        )
        for row in _found(request.member, asked)[:MOST_EXPORTED]
    ]
    if request.method == "GET":
        record_download(
            "conditions.exported",
            member=request.member,
            subject=organization,
            new={"conditions": len(cells), "filter": {key: str(value) for key, value in asked.items()}},
        )
    name = f"conditions-{organization.slug}-{today.isoformat()}.csv"
    return HttpResponse(
        csv_bytes(header, cells),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def find_condition(request, uuid) -> Condition:
    """The condition, if the active membership may see it; else 404."""
    return get_object_or_404(shown_conditions(request.member), uuid=uuid)


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def condition_detail(request, uuid):
    row = find_condition(request, uuid)
    may_move = permissions.can_move_condition(request.member, row)
    states = condition_states.next_states(row)
    form = MoveForm(
        request.POST or None,
        request.FILES or None,
        states=states,
        initial={"version": row.version, "state": states[0]},
    )
    status = 200
    if request.method == "POST":
        may_move.require()
        status = 422
        seen = whole_number(request.POST.get("version", ""))
        if seen is not None and seen != row.version:
            # Before anything is checked: what it can become now is not what the page offered.
            asked = request.POST.get("state", ""), request.POST.get("note", "")
            condition_states.require_first_move(request.member, row, *asked, seen)
            row, form, status = _moved_meanwhile(request, uuid, seen)
        elif form.is_valid():
            data = form.cleaned_data
            try:
                condition_states.move(
                    member=request.member,
                    condition_id=row.pk,
                    state=data["state"],
                    note=data["note"],
                    given=form.given(),
                    seen_version=data["version"],
                )
            except Invalid as invalid:
                form.take(invalid.problems)
            except Clash:
                row, form, status = _moved_meanwhile(request, uuid, data["version"])
            except WrongState as refusal:
                form.add_error(None, str(refusal))
                status = 409
            except NotStored as refusal:
                form.add_error("file", str(refusal))
                status = 503
            else:
                messages.success(request, "Noted. The signed record stays as it was signed.")
                return redirect("assessments:condition_detail", row.uuid)
        form.ask_again_for_file()
    return detail_page(request, row, form=form, status=status)


def detail_page(
    request,
    row: Condition,
    *,
    form: MoveForm | None = None,
    evidence_form: EvidenceForm | None = None,
    removal: tuple[Evidence, RemovalForm] | None = None,
    hand_over_form: HandOverForm | None = None,
    status: int = 200,
):
    """The page of one condition; a form that was refused stands on it as it was typed."""
    may_move = permissions.can_move_condition(request.member, row)
    today = today_in(request.member.organization)
    if form is None:
        states = condition_states.next_states(row)
        form = MoveForm(states=states, initial={"version": row.version, "state": states[0]})
    commercial = bool(permissions.can_see_commercial(request.member, row.review.program))
    hides = not commercial and row.gate in confidential(framework_of(row.review.criteria_version)).gates
    context = {
        "row": row,
        "late": days_late(row, today),
        "because": HIDDEN if hides else row.because,
        "evidence": [
            (
                link.evidence,
                removal[1] if removal and removal[0].pk == link.evidence_id else RemovalForm(auto_id=f"{at}_%s"),
                bool(removal and removal[0].pk == link.evidence_id),
                link.evidence.has_expired(today),
            )
            for at, link in enumerate(row.evidence_links.select_related("evidence__uploaded_by__user"))
            if link.evidence.removed_at is None
        ],
        "evidence_form": evidence_form or EvidenceForm(auto_id="evidence_%s"),
        "attaching": evidence_form is not None,
        "hand_over_form": (hand_over_form or _hand_over_form(row)) if _may_hand_over(request.member, row) else None,
        "handing_over": hand_over_form is not None,
        "form": form if may_move else None,
        "may_move": may_move,
        "crumbs": [
            ("Conditions", address("assessments:conditions")),
            (row.review.program.name, address("assessments:program_detail", row.review.program)),
            (str(row.review), address("assessments:review_approval", row.review)),
        ],
    }
    return render(request, "conditions/detail.html", context, status=status)


def _may_hand_over(member, row: Condition) -> bool:
    return row.state != Condition.State.DONE and bool(permissions.can_hand_over_condition(member, row))


def _hand_over_form(row: Condition, data=None) -> HandOverForm:
    # Of the owner now the service says that it is theirs: a form that is sent twice names them.
    people = [person for person in people_of(row.review) if data is not None or person.pk != row.owner_id]
    key = row.owner_function.key if row.owner_function else ""
    initial = {"version": row.version}
    return HandOverForm(data, people=people, function_key=key, initial=initial, auto_id="hand_over_%s")


@member_required
@posted_from("assessments:condition_detail", find_condition)
def condition_hand_over(request, uuid):
    """Let somebody else see to a condition, with the reason."""
    row = find_condition(request, uuid)
    form = _hand_over_form(row, request.POST)
    former, status = row.owner, 422
    if not form.is_valid():
        permissions.can_hand_over_condition(request.member, row).require()
    else:
        data = form.cleaned_data
        try:
            taken = condition_states.hand_over(
                member=request.member,
                condition_id=row.pk,
                owner=data["owner"],
                reason=data["reason"],
                seen_version=data["version"],
            )
        except Invalid as invalid:
            form.take(invalid.problems)
        except Clash as clash:
            row = find_condition(request, uuid)
            typed = request.POST.copy()
            typed["version"] = str(row.version)
            form = _hand_over_form(row, typed)
            now = row.owner.name if row.owner else "nobody"
            form.add_error(None, f"{clash} Its owner is {now}. What you typed is kept: send it again to go on.")
            status = 409
        else:
            both = [taken.owner, former]
            told = told_words(both, telling.who_see(row.review, both), request.member)
            messages.success(request, f"Handed over. {told} The signed record stays as it was signed.")
            return redirect("assessments:condition_detail", row.uuid)
    return detail_page(request, row, hand_over_form=form, status=status)


def _moved_meanwhile(request, uuid, seen: int) -> tuple[Condition, MoveForm, int]:
    """The condition as it is now, with what was typed, ready to be sent again."""
    row = find_condition(request, uuid)
    typed = request.POST.copy()
    typed["version"] = str(row.version)
    form = MoveForm(typed, request.FILES, states=condition_states.next_states(row))
    now = row.get_state_display().lower()
    said = f"Somebody changed this condition meanwhile: it is {now}."
    if seen > row.version:
        said = f"There is no version {seen} of this condition: it is at version {row.version}, and {now}."
    form.add_error(None, f"{said} What you typed is kept below.")
    return row, form, 409
