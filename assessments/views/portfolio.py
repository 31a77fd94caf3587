"""The start page: what waits for the person, and every program that they may see."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assessments.forms.portfolio import PortfolioForm
from assessments.permissions import can_create_program
from assessments.reporting.csv_file import csv_bytes
from assessments.services import portfolio as services
from assessments.services.downloads import record_download
from assessments.services.shown import PENDING
from assessments.services.waiting import page_of, waiting_for
from assessments.views.access import member_required
from assessments.views.workspace import address

PER_PAGE = 50
COLUMNS = (
    ("name", "Program", False),
    ("", "State", False),
    ("", "Recommendation", False),
    ("margin", "Margin", True),
    ("share", "First share", True),
    ("", "Delay per half-year", False),
    ("", "Gates", False),
    ("since", "Next step", False),
)
FIRST_DESCENDING = ("margin", "share")  # the largest is what one looks for


def _asked(wanted: services.Wanted) -> dict[str, str]:
    """The filters and the order as the address keeps them."""
    kept = {"q": wanted.search, "state": wanted.state, "verdict": wanted.verdict, "watch": wanted.watch}
    kept |= {"mine": "on" if wanted.mine else "", "sort": "" if wanted.sort == "name" else wanted.sort}
    return {key: value for key, value in kept.items() if value}


def _columns(wanted: services.Wanted) -> list[dict]:
    now, asked = wanted.sort, _asked(wanted)
    columns = []
    for key, text, num in COLUMNS:
        if now.removeprefix("-") == key:
            turned = key if now.startswith("-") else f"-{key}"
        else:
            turned = f"-{key}" if key in FIRST_DESCENDING else key
        columns.append(
            {
                "text": text,
                "num": num,
                "sort": f"?{urlencode(asked | {'sort': turned})}" if key else "",
                "sorted": {key: "ascending", f"-{key}": "descending"}.get(now, "") if key else "",
            }
        )
    return columns


def _addresses(row: services.Row) -> tuple[str, str, str]:
    """(the program's page, the page of the shown result, that of its risk)."""
    kind, subject = ("review", row.review) if row.shows_review else ("program", row.program)
    result, risk = (address(f"assessments:{kind}_{page}", subject) for page in ("result", "risk"))
    return address("assessments:program_detail", row.program), result, risk


@member_required
@require_safe
def start(request):
    return redirect("assessments:portfolio")


@member_required
@never_cache
@require_safe
def portfolio(request):
    form = PortfolioForm(request.GET)
    wanted = form.wanted()
    page = Paginator(services.found(request.member, wanted), PER_PAGE).get_page(request.GET.get("page"))
    rows = services.rows(page.object_list)
    asked = _asked(wanted)
    here = request.GET.copy()
    here["part"] = "table"
    context = {
        "form": form,
        "wanted": wanted,
        "page": page,
        "rows": [(row, *_addresses(row)) for row in rows],
        "columns": _columns(wanted),
        "query": urlencode(asked),
        "filtered": bool(asked.keys() - {"sort"}),
        "some_pending": any(row.mark == PENDING for row in rows),
        "part_url": f"{reverse('assessments:portfolio')}?{here.urlencode()}",
    }
    if request.GET.get("part") == "table":
        return render(request, "portfolio/partials/table.html", context)
    context |= {
        "waiting": [(one, page_of(one)) for one in waiting_for(request.member)],
        "new_program_url": address("assessments:program_new") if can_create_program(request.member) else "",
    }
    return render(request, "portfolio/portfolio.html", context)


@member_required
@never_cache
@require_safe
def portfolio_state(request):
    """Whether anything in the portfolio moved that the person may see."""
    etag = f'"{services.mark(request.member)}"'
    fresh = HttpResponse("{}", content_type="application/json", headers={"ETag": etag})
    return get_conditional_response(request, etag=etag, response=fresh)


@member_required
@never_cache
@require_safe
def portfolio_export(request):
    wanted = PortfolioForm(request.GET).wanted()
    rows = services.every_row(services.found(request.member, wanted), request.member)
    header = (
        "Program",
        "Phase",
        "Review",
        "State",
        "Recommendation",
        "Option",
        "Margin, points",
        "First share, %",
        "Delay at P80 per half-year, months",
        "Against what can be absorbed",
        "Mandatory conditions",
        "Blocked options",
        "Decision watch",
        "Rests on",
        "Next step",
        "Waits for",
        "Since (UTC)",
    )
    table = (
        (
            row.program.name,
            row.phase,
            str(row.review) if row.review else "",
            row.state_words,
            row.verdict,
            row.option.name if row.option else "",
            None if row.margin is None else round(row.margin, 1),
            None if row.share is None else round(row.share * 100, 1),
            "; ".join(f"{months:.1f}" for months in row.risk["p80"]) if row.risk else "",
            row.risk_words,
            row.conditions,
            ", ".join(row.blocked),
            row.watch.get_state_display() if row.watch else "",
            row.rests_on,
            row.step,
            row.who,
            f"{row.since:%Y-%m-%d %H:%M}" if row.since else "",
        )
        for row in rows
    )
    name = f"portfolio-{request.member.organization.slug}-{timezone.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if request.method == "GET":
        record_download(
            "portfolio.exported",
            member=request.member,
            subject=request.member.organization,
            label=request.member.organization.name,
            new={"filters": request.GET.dict()},
        )
    return HttpResponse(csv_bytes(header, table), content_type="text/csv; charset=utf-8", headers=headers)
