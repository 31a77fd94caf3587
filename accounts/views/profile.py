"""One's own page: name, time zone, API tokens."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts import own
from accounts.access import member_required, posted_from
from accounts.forms import ProfileForm, TokenForm
from accounts.models import ApiToken, RoleGrant
from accounts.people import issue_token

MOST_TOKENS = 50


def _page(request, status=200, **more):
    member = request.member
    context = {
        "form": ProfileForm(initial={"full_name": member.user.full_name, "time_zone": member.user.time_zone}),
        "token_form": TokenForm(),
        "tokens": list(ApiToken.objects.visible_to(member).order_by("-created_at", "-pk")[:MOST_TOKENS]),
        "roles": [RoleGrant.Role(role).label for role in sorted(member.roles)],
    } | more
    return render(request, "accounts/profile.html", context, status=status)


@member_required
@require_http_methods(["GET", "POST"])
def profile(request):
    """Read and change what one says about oneself."""
    if request.method == "GET":
        return _page(request)
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, form=form)
    try:
        own.change_profile(member=request.member, **form.cleaned_data)
    except ValueError as fault:
        form.add_error("full_name", str(fault))
        return _page(request, status=422, form=form)
    messages.success(request, "Saved.")
    return redirect("accounts:profile")


@member_required
@posted_from("accounts:profile")
def token_issue(request):
    """A new token; its secret is in this answer and nowhere else."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, token_form=form)
    given = form.cleaned_data
    token, secret = issue_token(
        member=request.member.now(), name=given["name"], scopes=given["scopes"], days=given["days"]
    )
    return _page(request, issued=token, secret=secret)


def _find(request, uuid) -> ApiToken:
    return get_object_or_404(ApiToken.objects.visible_to(request.member), uuid=uuid)


@member_required
@posted_from("accounts:profile", among=_find)
def token_revoke(request, uuid):
    """End a token."""
    try:
        own.revoke_token(member=request.member, token_uuid=uuid)
    except ApiToken.DoesNotExist:
        raise Http404 from None
    messages.success(request, "The token is revoked; whatever used it is refused from now on.")
    return redirect("accounts:profile")
