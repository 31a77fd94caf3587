"""The OpenAPI document, and the page that shows it. Both are for those who are signed in or bring a token."""

from django.shortcuts import render
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularAPIView
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated

from accounts.permissions import NotAllowed
from assessments.api.authentication import BearerToken
from assessments.views.access import member_required

PROBLEM = {
    "type": "object",
    "description": "Problem details, RFC 9457",
    "required": ["type", "title", "status", "detail", "instance", "request_id", "code", "problems"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence for people"},
        "instance": {"type": "string"},
        "request_id": {
            "type": "string",
            "description": "also in the header X-Request-ID, the logs and the audit trail",
        },
        "code": {"type": "string", "description": "what programs compare"},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "additionalProperties": True,
            },
        },
        "current": {"description": "of a clash: the value stored now"},
        "attempted": {"description": "of a clash: the value that was refused"},
        "version": {"type": "integer", "nullable": True, "description": "of a clash: the version stored now"},
    },
}
EVERYWHERE = {
    "401": "The token is missing, unknown, expired or revoked.",
    "403": "You may not do this; `detail` says why.",
    "404": "There is nothing here that you may see.",
    "429": "Too many requests; `Retry-After` says when to come back.",
    "default": "Any other problem.",
}
OF_WRITES = {
    "400": "Values that cannot be taken; `problems` names each field.",
    "409": "The thing is in a state that does not take this, or somebody was faster.",
}
OF_PRECONDITIONS = {"412": "Somebody changed it meanwhile; both values are given.", "428": "If-Match is missing."}
KEY_PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "Any name of your own for this one act. The same request again gets the first answer again.",
}


def describe_what_all_share(result, generator, request, public):
    """A hook of the schema's generator: the problems that every operation may answer with, and the header of POSTs."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for operations in result["paths"].values():
        for method, operation in operations.items():
            operation.pop("description", None)  # the class's docstring speaks to its maintainers
            answers = dict(EVERYWHERE)
            if method != "get":
                answers |= OF_WRITES
            parameters = operation.setdefault("parameters", [])
            if any(one["name"] == "If-Match" for one in parameters):
                answers |= OF_PRECONDITIONS
            if method == "post":
                answers["422"] = "The Idempotency-Key came with another request before."
                parameters.append(KEY_PARAMETER)
            for status, words in answers.items():
                operation["responses"].setdefault(
                    status,
                    {
                        "description": words,
                        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                    },
                )
    return result


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = BearerToken
    name = "token"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer", "description": "of `manage.py api_token`; scopes read and write"}


class SignedIn(SessionAuthentication):
    """A page's session; only for reading the schema, which holds nobody's data."""

    def authenticate_header(self, request):
        return 'Bearer realm="Makewhere"'


class MemberOnly(IsAuthenticated):
    def has_permission(self, request, view):
        if not super().has_permission(request, view):
            return False
        if not request.member:
            raise NotAllowed("Your account belongs to no organization now.")
        return True


class Schema(SpectacularAPIView):
    authentication_classes = (BearerToken, SignedIn)
    permission_classes = (MemberOnly,)
    serve_public = True


@member_required
def docs(request):
    """The API's documentation, made of the schema in the browser."""
    return render(request, "api/docs.html")
