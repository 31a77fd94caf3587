"""The version that a writer saw: `ETag` of an answer, sent back as `If-Match`."""

import re

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError

from assessments.api.problems import PreconditionRequired

_TAG = re.compile(r'"(\d{1,18})"')

IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag that you saw. Without it 428; if somebody changed the thing meanwhile 412 with both values.",
)
IF_MATCH_OPTIONAL = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag that you saw. If somebody changed the thing meanwhile: 412.",
)


def etag(version: int) -> dict[str, str]:
    """The header that names a version."""
    return {"ETag": f'"{version}"'}


def seen_version(request, *, required: bool = True) -> int | None:
    """The version of `If-Match`. Raises PreconditionRequired without one, ValidationError for what is no ETag of ours."""
    given = request.headers.get("If-Match")
    if given is None:
        if required:
            raise PreconditionRequired
        return None
    tag = _TAG.fullmatch(given.strip())
    if tag is None:
        raise ValidationError({"If-Match": ['This takes an ETag of an answer, such as "3".']})
    return int(tag.group(1))
