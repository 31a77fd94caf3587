"""What every answer has in common."""

from django.conf import settings
from django.http import HttpResponsePermanentRedirect


class OneHost:
    """Redirects to the one host name that cookies and server events belong to, where one is set."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.host = getattr(settings, "CANONICAL_HOST", "")

    def __call__(self, request):
        if self.host and request.method in ("GET", "HEAD") and not request.path.startswith("/healthz/"):
            name, _, port = request.get_host().partition(":")
            if name != self.host:
                target = f"{self.host}:{port}" if port else self.host
                return HttpResponsePermanentRedirect(f"{request.scheme}://{target}{request.get_full_path()}")
        return self.get_response(request)


class PrivatePages:
    """Pages of signed-in people are not kept by shared caches or shown after sign-out by the back button."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if not request.path.startswith(settings.STATIC_URL) and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = (
                "private, no-store" if not response.has_header("ETag") else "private, no-cache"
            )
        return response
