"""What every answer has in common."""

import re
import uuid

from django.conf import settings
from django.http import HttpResponsePermanentRedirect

from accounts.form_bodies import reader_of_parts, require_text

SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class RequestId:
    """Names each request, in logs, audit events, problem details and the answer's header alike.

    A name that a proxy gave is kept if it is short and plain, so that nothing else gets into logs and records.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request.request_id = given if SANE_REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        request.META["HTTP_X_REQUEST_ID"] = request.request_id
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request.request_id
        return response


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


class FormsAreText:
    """Refuses a form with bytes that are no UTF-8 before anything reads it; JSON is read strictly where it is read."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.method == "POST" and request.content_type == "application/x-www-form-urlencoded":
            require_text(request.body)
        elif request.method == "POST" and request.content_type == "multipart/form-data":
            request.parse_file_upload = reader_of_parts(request)
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
