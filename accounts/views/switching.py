"""Switching between organizations."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import UUIDField, ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.middleware import SESSION_KEY
from accounts.models import Membership


@login_required
@require_POST
def switch_organization(request):
    """Make another of one's own memberships the active one; a foreign one answers 404."""
    try:
        asked = UUIDField().clean(request.POST.get("membership"))
    except ValidationError:
        raise Http404 from None
    mine = Membership.objects.active().filter(user=request.user).select_related("organization")
    chosen = get_object_or_404(mine, uuid=asked)
    request.session[SESSION_KEY] = str(chosen.uuid)
    messages.info(request, f"You now work in {chosen.organization.name}.")
    return redirect("/")
