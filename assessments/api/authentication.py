"""Who calls: a bearer token of one membership. Sessions open no endpoint, so that no page's cookie can be used here."""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission

from accounts.models import ApiToken, Membership
from accounts.permissions import NotAllowed

LAST_USED_EVERY = timedelta(minutes=1)


class BearerToken(BaseAuthentication):
    """Sets `request.member` to the token's membership, with its rights as they are now."""

    def authenticate(self, request):
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        token = None
        if len(parts) == 2:
            secret = parts[1].decode("latin-1")
            token = ApiToken.objects.usable().filter(digest=ApiToken.digest_of(secret)).first()
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        member = Membership.objects.with_rights().get(pk=token.membership_id)
        _note_use(token)
        request._request.member = member
        return member.user, token

    def authenticate_header(self, request):
        return 'Bearer realm="Makewhere"'


def _note_use(token: ApiToken) -> None:
    """Write last_used_at at most once a minute, whoever else uses the token at the same time."""
    if token.last_used_at is None or token.last_used_at < timezone.now() - LAST_USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).filter(
            Q(last_used_at=None) | Q(last_used_at__lt=Now() - LAST_USED_EVERY)
        ).update(last_used_at=Now())


class TokenHasScope(BasePermission):
    """`read` for safe methods, `write` for the others."""

    def has_permission(self, request, view):
        if request.auth is None:
            return False
        needed = "read" if request.method in SAFE_METHODS else "write"
        if needed not in request.auth.scopes:
            raise NotAllowed(f"The token has no {needed!r} scope.")
        return True
