"""Problem details (RFC 9457): every error of the API has this one shape."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpResponse
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer

from accounts.permissions import NotAllowed, TooMany
from assessments import errors

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:makewhere:problem:"
RETRY_PENDING_SECONDS = 2
RETRY_BUSY_SECONDS = 5

# Named by the code of the refusal's class or of its nearest parent.
STATUS_OF_REFUSAL = {
    "refused": 409,
    "wrong_state": 409,
    "clash": 409,
    "missing": 409,
    "result_pending": 409,
    "invalid": 400,
    "grant_refused": 403,
    "not_stored": 503,
}


class Escaped(JSONRenderer):
    """What came in may hold half a surrogate pair, which JSON can spell and UTF-8 cannot; a problem may repeat it."""

    ensure_ascii = True


class Conflict(exceptions.APIException):
    """The same request is under way, or clashes in a way that a service did not name."""

    status_code = 409
    default_code = "conflict"


class KeyUsedBefore(exceptions.APIException):
    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key came with another request before. Use a new key for a new request."


class TooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = "The body is too large."


class PreconditionRequired(exceptions.APIException):
    status_code = 428
    default_code = "precondition_required"
    default_detail = "Send the ETag that you saw as If-Match, so that nobody's change is lost."


def problem(
    request,
    status: int,
    *,
    code: str,
    detail: str,
    problems: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> HttpResponse:
    """An answer of problem details.

    code      what programs compare; the last part of `type`
    detail    a sentence for people
    problems  one entry per field: `field` and `message`, and what else is known
    """
    phrase = HTTPStatus(status).phrase
    body = {
        "type": TYPE + code,
        "title": phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": getattr(request, "request_id", ""),
        "code": code,
        "problems": problems or [],
        **more,
    }
    return HttpResponse(Escaped().render(body), status=status, content_type=MEDIA_TYPE, headers=headers)


def answer_to(exception: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """The problem that an exception of a view means; None for what nobody foresaw, which becomes a 500 with an id."""
    request = context["request"]
    if isinstance(exception, errors.Refusal):
        return _refusal(request, exception)
    if isinstance(exception, TooMany):
        headers = {"Retry-After": str(exception.retry_after)}
        return problem(request, 429, code="too_many", detail=str(exception), headers=headers)
    if isinstance(exception, NotAllowed | PermissionDenied):
        detail = str(exception) or "This is not open to you."
        return problem(request, 403, code="not_allowed", detail=detail)
    if isinstance(exception, Http404 | exceptions.NotFound):
        return problem(request, 404, code="not_found", detail="There is nothing here that you may see.")
    if isinstance(exception, exceptions.ValidationError):
        found = _flat(exception.detail)
        detail = "; ".join(f"{one['field']}: {one['message']}" if one["field"] else one["message"] for one in found)
        return problem(request, 400, code="invalid", detail=detail, problems=found)
    if isinstance(exception, RequestDataTooBig):
        exception = TooLarge()
    if isinstance(exception, exceptions.APIException):
        return _library(request, exception)
    if isinstance(exception, OperationalError):
        return problem(
            request,
            503,
            code="busy",
            detail="The database did not answer in time. Nothing of the request was kept; try again.",
            headers={"Retry-After": str(RETRY_BUSY_SECONDS)},
        )
    return None


def _refusal(request, refusal: errors.Refusal) -> HttpResponse:
    codes = [kind.code for kind in type(refusal).__mro__ if issubclass(kind, errors.Refusal)]
    status = next(STATUS_OF_REFUSAL[code] for code in codes if code in STATUS_OF_REFUSAL)
    more: dict[str, Any] = {}
    headers = {}
    if isinstance(refusal, errors.Clash):
        # A version that came as If-Match failed as a precondition; one that came in the body clashes.
        status = 412 if "If-Match" in request.headers else 409
        more = {"current": refusal.current, "attempted": refusal.attempted, "version": refusal.version}
    elif isinstance(refusal, errors.Invalid):
        more = {"problems": refusal.problems}
    elif isinstance(refusal, errors.Missing):
        more = {"problems": [{"field": thing.get("what", ""), **thing} for thing in refusal.things]}
    elif isinstance(refusal, errors.ResultPending):
        headers["Retry-After"] = str(RETRY_PENDING_SECONDS)
    elif isinstance(refusal, errors.NotStored):
        headers["Retry-After"] = str(RETRY_BUSY_SECONDS)
    return problem(request, status, code=refusal.code, detail=str(refusal), headers=headers, **more)


def _library(request, exception: exceptions.APIException) -> HttpResponse:
    headers = {}
    if (challenge := getattr(exception, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(exception, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait))
    code = exception.get_codes()
    return problem(
        request,
        exception.status_code,
        code=code if isinstance(code, str) else "invalid",
        detail=str(exception.detail),
        headers=headers,
    )


def _flat(detail: Any, place: str = "") -> list[dict[str, str]]:
    """REST framework's nested errors as one list: {"field": "ratings[3].score", "message": ...}."""
    if isinstance(detail, dict):
        found = []
        for key, inner in detail.items():
            # Lists of items come as {index: errors}; "non_field_errors" belongs to the place itself.
            if isinstance(key, int):
                at = f"{place}[{key}]"
            elif key == "non_field_errors":
                at = place
            else:
                at = f"{place}.{key}" if place else str(key)
            found += _flat(inner, at)
        return found
    if isinstance(detail, list):
        if all(isinstance(inner, str) for inner in detail):
            return [{"field": place, "message": str(inner)} for inner in detail]
        return [one for at, inner in enumerate(detail) for one in _flat(inner, f"{place}[{at}]")]
    return [{"field": place, "message": str(detail)}]
