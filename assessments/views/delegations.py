"""Who signs in whose place: one's own delegations, for admins everyone's."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import Membership
from accounts.permissions import NotAllowed, has_role
from assessments import permissions
from assessments.errors import Invalid, WrongState
from assessments.forms.routes import DelegationForm
from assessments.models import Delegation
from assessments.services import delegations, routes, stand_ins
from assessments.views.access import member_required, posted_from
from assessments.views.told_words import told_words

PER_PAGE = 25


def _form(request, data=None) -> DelegationForm:
    people = list(Membership.objects.visible_to(request.member).active().with_rights())
    others = [person for person in people if person.pk != request.member.pk]
    today = routes.today_in(request.member.organization)
    chosen = (data if data is not None else request.GET).get("giver", "")
    givers = others if has_role(request.member, "admin") else ()
    return DelegationForm(
        data,
        people=others,
        able=_able(request.member, others, givers, chosen),
        givers=givers,
        initial={"first_day": today, "giver": request.GET.get("giver", "")},
    )


def _able(member, people: list[Membership], givers, chosen: str) -> list[Membership]:
    """Of the people those to whom whoever is away could delegate: an admin may not have said yet who that is."""
    found = [person for person in people if person.roles]
    if givers and not chosen:
        return found
    giver = next((one for one in givers if str(one.uuid) == chosen), member)
    kept = stand_ins.kept_from_some(delegations.steps_ahead(giver), found)
    return [person for person in found if person.pk not in kept and person.pk != giver.pk]


def _page(request, form, status=200):
    today = routes.today_in(request.member.organization)
    rows = (
        Delegation.objects.visible_to(request.member)
        .select_related("giver__user", "taker__user", "created_by__user", "revoked_by__user")
        .order_by("-last_day", "-pk")
    )
    found = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    lines = [(row, _state(row, today), bool(permissions.can_end_delegation(request.member, row))) for row in found]
    context = {
        "form": form if permissions.can_delegate(request.member, request.member) else None,
        "page": found,
        "lines": lines,
        "zone": request.member.organization.time_zone.replace("_", " "),
        "sees_all": has_role(request.member, "admin"),
    }
    return render(request, "delegations/list.html", context, status=status)


def _state(row: Delegation, today) -> str:
    """ended, over, ahead, or in_force."""
    if row.revoked_at is not None:
        return "ended"
    if row.last_day < today:
        return "over"
    return "ahead" if row.first_day > today else "in_force"


def _told(request, giver: Membership, taker: Membership) -> str:
    here = [person for person in (taker, giver) if person.is_here]
    return told_words([taker, giver], here, request.member)


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def delegations_page(request):
    """Read and give delegations."""
    if request.method != "POST":
        return _page(request, _form(request))
    form = _form(request, request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    given = form.cleaned_data
    people = Membership.objects.visible_to(request.member)
    giver = get_object_or_404(people, uuid=given["giver"]) if given.get("giver") else request.member
    taker = get_object_or_404(people, uuid=given["taker"])
    try:
        delegations.delegate(
            member=request.member,
            giver=giver,
            taker=taker,
            first_day=given["first_day"],
            last_day=given["last_day"],
            reason=given["reason"],
        )
    except NotAllowed as refusal:
        form.add_error("taker" if str(refusal).startswith(taker.name) else None, str(refusal))
        return _page(request, form, status=403)
    except Invalid as invalid:
        form.take(invalid.problems)
        return _page(request, form, status=422)
    messages.success(request, f"{taker.name} signs in the place of {giver.name}. {_told(request, giver, taker)}")
    return redirect("assessments:delegations")


def _find(request, uuid) -> Delegation:
    return get_object_or_404(Delegation.objects.visible_to(request.member), uuid=uuid)


@member_required
@posted_from("assessments:delegations", among=_find)
def delegation_end(request, uuid):
    """End a delegation at once."""
    delegation = _find(request, uuid)
    try:
        delegations.end(member=request.member, delegation_id=delegation.pk)
    except WrongState as refusal:
        messages.warning(request, str(refusal))
        return _page(request, _form(request), status=409)
    messages.success(request, f"Ended. {_told(request, delegation.giver, delegation.taker)}")
    return redirect("assessments:delegations")
