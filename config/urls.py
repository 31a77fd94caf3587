"""Every address of the product."""

from django.urls import include, path

from config import health

urlpatterns = [
    path("healthz/live", health.live, name="healthz_live"),
    path("healthz/ready", health.ready, name="healthz_ready"),
    path("accounts/", include("allauth.account.urls")),
    path("people/", include("accounts.urls")),
    path("api/v1/", include("assessments.api.urls")),
    path("", include("assessments.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
