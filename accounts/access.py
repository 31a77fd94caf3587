"""Who may open a page at all: somebody who is signed in and belongs to an organization."""

from functools import wraps
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.utils.http import url_has_allowed_host_and_scheme

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


def is_path_within(text: str) -> bool:
    """Whether a text is a path of the product, and leads nowhere else."""
    return text.startswith("/") and url_has_allowed_host_and_scheme(text, allowed_hosts=None)


def id_given(text: str | None) -> UUID:
    """The id that a form names. Raises Http404 for what is none: there is nothing of that name."""
    try:
        return UUID(text or "")
    except ValueError:
        raise Http404 from None
