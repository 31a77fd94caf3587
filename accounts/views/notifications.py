"""Opening what a mail links to, and choosing what is mailed."""

from itertools import groupby

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models.functions import Now
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import is_path_within, member_required
from accounts.forms import MailForm
from accounts.kinds import KINDS
from accounts.mail_choices import choices_of, choose
from accounts.middleware import SESSION_KEY
from accounts.models import Membership, Notification


@login_required
@never_cache
@require_safe
def notification_open(request, uuid):
    """Lead from a mail or the inbox to what it tells of, in the organization that it belongs to, and mark it as read."""
    mine = Membership.objects.active().filter(user=request.user)
    found = get_object_or_404(
        Notification.objects.filter(membership__in=mine).select_related("membership__organization"), uuid=uuid
    )
    if answer := _elsewhere(request, found.membership):
        return answer
    Notification.objects.filter(pk=found.pk, read_at=None).update(read_at=Now())
    return redirect(found.url or "/")


@login_required
@never_cache
@require_safe
def go(request, uuid):
    """Lead from a mail to a page of the organization that the membership is of."""
    mine = Membership.objects.active().filter(user=request.user).select_related("organization")
    if answer := _elsewhere(request, get_object_or_404(mine, uuid=uuid)):
        return answer
    wanted = request.GET.get("to", "")
    return redirect(wanted if is_path_within(wanted) else "/")


def _elsewhere(request, membership: Membership):
    """A page that asks, where the browser works in another organization; None where it works in this one now.

    A session that has chosen no organization yet takes this one.
    """
    if request.member.pk == membership.pk:
        return None
    if request.session.get(SESSION_KEY):
        context = {"membership": membership, "next": request.get_full_path()}
        return render(request, "accounts/other_organization.html", context)
    request.session[SESSION_KEY] = str(membership.uuid)
    return None


@member_required
@require_http_methods(["GET", "POST"])
def notification_settings(request):
    """How one hears of each kind by mail."""
    form = MailForm(request.POST if request.method == "POST" else None, initial=choices_of(request.member))
    if request.method == "POST" and form.is_valid():
        choose(member=request.member, choices=form.cleaned_data)
        messages.success(request, "Saved. It holds from now on.")
        return redirect("accounts:notification_settings")
    now = choices_of(request.member)
    topics = [
        (topic, [(kind, None if kind.fixed else form[kind.name], now[kind.name]) for kind in kinds])
        for topic, kinds in groupby(KINDS.values(), key=lambda kind: kind.topic)
    ]
    return render(
        request,
        "accounts/notification_settings.html",
        {"form": form, "topics": topics, "crumbs": [("Your profile", reverse("accounts:profile")), ("Mail", "")]},
        status=422 if form.errors else 200,
    )
