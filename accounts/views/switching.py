"""Switching between organizations."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect

from accounts.access import id_given, is_path_within, posted_from
from accounts.middleware import SESSION_KEY
from accounts.models import Membership


@login_required
@posted_from("assessments:start")
def switch_organization(request):
    """Make another of one's own memberships the active one; a foreign one answers 404.

    next  a path of the product to go on to; anything else leads to the start page
    """
    mine = Membership.objects.active().filter(user=request.user).select_related("organization")
    chosen = get_object_or_404(mine, uuid=id_given(request.POST.get("membership")))
    request.session[SESSION_KEY] = str(chosen.uuid)
    messages.info(request, f"You now work in {chosen.organization.name}.")
    wanted = request.POST.get("next", "")
    return redirect(wanted if is_path_within(wanted) else "/")
