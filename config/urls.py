"""Every address of the product."""

from allauth.account import urls as sign_in
from allauth.mfa.base.views import authenticate, reauthenticate
from django.urls import include, path

from config import health

# An address is how a person is known, and how a forgotten password is replaced: a session alone must not change it.
CLOSED = ("account_email", "account_confirm_email", "account_email_verification_sent")
SIGN_IN = [pattern for pattern in sign_in.urlpatterns if pattern.name not in CLOSED]

urlpatterns = [
    path("healthz/live", health.live, name="healthz_live"),
    path("healthz/ready", health.ready, name="healthz_ready"),
    path("accounts/", include(SIGN_IN)),
    path("accounts/2fa/authenticate/", authenticate, name="mfa_authenticate"),
    path("accounts/2fa/reauthenticate/", reauthenticate, name="mfa_reauthenticate"),
    path("people/", include("accounts.urls")),
    path("api/v1/", include("assessments.api.urls")),
    path("", include("assessments.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
