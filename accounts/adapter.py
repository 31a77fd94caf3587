"""How people come in: by invitation, never by signing themselves up; and how a password of theirs changes."""

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction

from accounts.security_events import record_for_person


class InvitedOnly(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False

    @transaction.atomic
    def set_password(self, user, password):
        """Change a password together with its event."""
        super().set_password(user, password)
        signed_in = self.request is not None and self.request.user.is_authenticated
        record_for_person("password.changed" if signed_in else "password.reset", user)
