"""The people of an organization: list, add, roles, functions, first link, deactivate. For admins."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from accounts import people as services
from accounts.access import member_required, posted_from
from accounts.first_passwords import can_have_link, make_link_code
from accounts.forms import ROLE_WORDS, AddPersonForm, FindForm, FunctionsForm
from accounts.leaving import left_behind_by
from accounts.models import Function, Membership, RoleGrant
from accounts.names import NameTaken
from accounts.permissions import can_manage_people
from accounts.proof import counted_in, locked_until, sign_in_locked_until

PER_PAGE = 25


def _functions(request):
    return Function.objects.filter(organization_id=request.member.organization_id)


def _find(request, uuid) -> Membership:
    """The person, of one's own organization; else 404."""
    here = Membership.objects.visible_to(request.member).with_rights()
    found = get_object_or_404(here, uuid=uuid)
    can_manage_people(request.member).require()
    return found


@member_required
@require_GET
def people(request):
    """Everyone of the organization, searched, filtered and paged."""
    can_manage_people(request.member).require()
    form = FindForm(request.GET, functions=_functions(request))
    asked = form.cleaned_data if form.is_valid() else {}
    found = Membership.objects.visible_to(request.member)
    state = asked.get("state")
    if state != "all":
        found = found.filter(is_active=state != "inactive")
    for word in (asked.get("q") or "").split():
        found = found.filter(
            Q(user__full_name__icontains=word) | Q(user__email__icontains=word) | Q(title__icontains=word)
        )
    if asked.get("role"):
        found = found.filter(grants__role=asked["role"], grants__revoked_at=None)
    if asked.get("function"):
        found = found.filter(function_links__function__key=asked["function"])
    page = Paginator(found.with_rights().order_by("user__full_name", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {"form": form, "page": page, "query": query.urlencode(), "filtered": any(asked.values())}
    return render(request, "accounts/people.html", context)


@member_required
@require_http_methods(["GET", "POST"])
def person_add(request):
    """Bring a person in. Somebody new gets a link to set a password, shown once."""
    can_manage_people(request.member).require()
    posted = request.POST if request.method == "POST" else None
    form = AddPersonForm(posted, functions=_functions(request), initial={"roles": ["viewer"]})
    if posted is not None and form.is_valid():
        given = form.cleaned_data
        try:
            with transaction.atomic():
                added = services.add_member(
                    actor=request.member,
                    email=given["email"],
                    full_name=given["full_name"],
                    title=given["title"],
                    roles=tuple(given["roles"]),
                    functions=tuple(given["functions"]),
                )
        except NameTaken as taken:
            form.add_error("full_name", str(taken))
        except IntegrityError:
            form.add_error("email", "This person belongs to the organization already, perhaps deactivated.")
        else:
            if can_have_link(added):
                return _with_link(request, added.pk)
            messages.success(request, f"{added.name} is a member now and signs in as before.")
            return redirect("accounts:person", added.uuid)
    context = {"form": form, "crumbs": [("People", reverse("accounts:people")), ("Add", "")]}
    return render(request, "accounts/person_add.html", context, status=422 if form.errors else 200)


def _with_link(request, membership_id):
    """The page that shows a link once: it is in this answer and nowhere else."""
    membership, code = make_link_code(actor=request.member, membership_id=membership_id)
    address = request.build_absolute_uri(reverse("accounts:welcome", args=[membership.uuid]))
    context = {
        "person": membership,
        "link": f"{address}#{code}",
        "crumbs": [("People", reverse("accounts:people")), (membership.name, "")],
    }
    return render(request, "accounts/link.html", context)


@member_required
@require_GET
def person(request, uuid):
    """One person: roles with their history, functions, access and what its end would leave behind."""
    found = _find(request, uuid)
    history = RoleGrant.objects.filter(membership=found).select_related("granted_by__user", "revoked_by__user")
    roles = [
        {"role": role.value, "label": role.label, "words": ROLE_WORDS[role.value], "held": role.value in found.roles}
        for role in RoleGrant.Role
    ]
    functions = FunctionsForm(
        functions=_functions(request), initial={"functions": [function.key for function in found.functions]}
    )
    context = {
        "person": found,
        "roles": roles,
        "history": list(history.order_by("-pk")[:50]),
        "functions": functions,
        "link": can_have_link(found),
        "locked_until": locked_until(found.user),
        "left_behind": left_behind_by(found, request.member) if found.is_active else [],
        "sign_in_locked_until": sign_in_locked_until(counted_in(found.user) or found),
        "crumbs": [("People", reverse("accounts:people")), (found.name, "")],
    }
    return render(request, "accounts/person.html", context)


@member_required
@posted_from("accounts:person", _find)
def person_roles(request, uuid):
    """Grant or revoke one role."""
    found = _find(request, uuid)
    role = request.POST.get("role", "")
    revoke = request.POST.get("act") == "revoke"
    if role not in RoleGrant.Role.values:
        messages.error(request, "There is no such role.")
        return redirect("accounts:person", found.uuid)
    act = services.revoke_role if revoke else services.grant_role
    label = RoleGrant.Role(role).label
    try:
        act(actor=request.member, membership_id=found.pk, role=role)
    except services.LastAdmin as refusal:
        messages.error(request, str(refusal))
    else:
        done = f"{found.name} is no longer {label.lower()}." if revoke else f"{found.name} is {label.lower()} now."
        messages.success(request, done)
    if not can_manage_people(request.member.now()):
        return redirect("accounts:profile")  # who gave up being admin sees no people any more
    return redirect("accounts:person", found.uuid)


@member_required
@posted_from("accounts:person", _find)
def person_functions(request, uuid):
    """Set the functions that the person speaks for."""
    found = _find(request, uuid)
    form = FunctionsForm(request.POST, functions=_functions(request))
    if form.is_valid():
        services.set_functions(
            actor=request.member, membership_id=found.pk, functions=tuple(form.cleaned_data["functions"])
        )
        messages.success(request, f"The functions of {found.name} are set.")
    else:
        messages.error(request, "There is no such function.")
    return redirect("accounts:person", found.uuid)


@member_required
@posted_from("accounts:person", _find)
def person_link(request, uuid):
    """A new link for the first password; the former ends."""
    found = _find(request, uuid)
    verdict = can_have_link(found)
    if not verdict:
        messages.error(request, verdict.reason)
        return redirect("accounts:person", found.uuid)
    return _with_link(request, found.pk)


@member_required
@posted_from("accounts:person", _find)
def person_deactivate(request, uuid):
    """End a person's access; their name has to be typed."""
    found = _find(request, uuid)
    if request.POST.get("name", "").strip() != found.name:
        messages.error(request, f"Nothing was changed: type “{found.name}” to deactivate this person.")
        return redirect("accounts:person", found.uuid)
    try:
        services.deactivate_member(actor=request.member, membership_id=found.pk)
    except services.LastAdmin as refusal:
        messages.error(request, str(refusal))
        return redirect("accounts:person", found.uuid)
    messages.success(request, f"{found.name} has no access any more. What they rated and signed stays on record.")
    return redirect("accounts:people")


@member_required
@posted_from("accounts:person", _find)
def person_reactivate(request, uuid):
    """Give a person access again."""
    found = _find(request, uuid)
    services.reactivate_member(actor=request.member, membership_id=found.pk)
    messages.success(request, f"{found.name} has access again, with the roles held before.")
    return redirect("accounts:person", found.uuid)
