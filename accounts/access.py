"""Who may open a page at all: somebody who is signed in and belongs to an organization."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from accounts.permissions import NotAllowed


def member_required(view):
    """Sign-in first; somebody without an active membership is told so (403)."""

    @login_required
    @wraps(view)
    def checked(request, *args, **kwargs):
        if not request.member:
            raise NotAllowed("Your account belongs to no organization now. Ask an admin to invite you.")
        return view(request, *args, **kwargs)

    return checked


Finder = Callable[..., Any]


def posted_from(
    page: str | Callable[..., str], find: Finder | None = None, *, among: Finder | None = None, part: str = ""
):
    """For an address that only takes a form. Reading it leads to the page that holds the form: what was refused stands
    under the form's address, where it is reloaded and where a sign-in in between leads back to.

    page   the name of that page; or (request, **what the address names) -> its URL
    find   (request, uuid) -> what both addresses name; raises Http404 for what the reader may not see, as `page` does
    among  the same, where the page has it in a list and its address does not name it
    part   of the page: a query or a fragment
    """

    def place(request, **named) -> str:
        if callable(page):
            return page(request, **named)
        if among:
            among(request, named["uuid"])
        return reverse(page, args=[find(request, named["uuid"]).uuid] if find else None) + part

    def decorated(view):
        @wraps(view)
        @require_http_methods(["GET", "HEAD", "POST"])
        def answered(request, **named):
            return view(request, **named) if request.method == "POST" else redirect(place(request, **named))

        return answered

    return decorated


def is_path_within(text: str) -> bool:
    """Whether a text is a path of the product, and leads nowhere else."""
    return text.startswith("/") and url_has_allowed_host_and_scheme(text, allowed_hosts=None)


def id_given(text: str | None) -> UUID:
    """The id that a form names. Raises Http404 for what is none: there is nothing of that name."""
    try:
        return UUID(text or "")
    except ValueError:
        raise Http404 from None
