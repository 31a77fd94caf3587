"""`Idempotency-Key`: a POST that is sent twice is done once, and both get the same answer.

The key's row is written in the transaction of the act, so a second request waits for the first at the row's unique
index: it then finds the answer, or, if the first failed and took its row with it, acts itself. Errors are not kept.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from django.db import OperationalError, transaction
from django.db.models.functions import Now
from django.http import HttpResponse
from psycopg.errors import LockNotAvailable
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer

from accounts.models import IdempotencyKey
from assessments.api.preconditions import etag
from assessments.api.problems import Conflict, KeyUsedBefore

HEADER = "Idempotency-Key"
KEPT = timedelta(days=1)
_SANE = re.compile(r"[!-~]{1,200}")


def idempotent(post: Callable) -> Callable:
    """Wrap a view's `post`, which returns a Response with data or raises."""

    @wraps(post)
    def once(view, request, *args, **kwargs):
        key = request.headers.get(HEADER)
        if key is None:
            return post(view, request, *args, **kwargs)
        if not _SANE.fullmatch(key):
            raise ValidationError({HEADER: ["A key has 1 to 200 visible ASCII characters."]})
        digest = _digest_of(request)
        try:
            with transaction.atomic():
                row = _claim(request.member, key, digest)
                if row.request_digest != digest:
                    raise KeyUsedBefore
                if row.status is not None:
                    return _again(row)
                response = post(view, request, *args, **kwargs)
                _keep(row, response)
                return response
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise Conflict("The same request is still under way. Ask again in a moment.") from error
            raise

    once.is_idempotent = True
    return once


def _digest_of(request) -> str:
    parts = (request.method, request.get_full_path(), request.content_type or "", request.headers.get("If-Match", ""))
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + request.body).hexdigest()


def _claim(member, key: str, digest: str) -> IdempotencyKey:
    """The key's row, locked; a new one if there was none of the last day."""
    mine = IdempotencyKey.objects.filter(membership=member)
    mine.filter(created_at__lt=Now() - KEPT).delete()
    row = IdempotencyKey(organization_id=member.organization_id, membership=member, key=key, request_digest=digest)
    IdempotencyKey.objects.bulk_create([row], ignore_conflicts=True)
    return mine.select_for_update(no_key=True).get(key=key)


def _keep(row: IdempotencyKey, response) -> None:
    body = "" if response.data is None else JSONRenderer().render(response.data).decode()
    IdempotencyKey.objects.filter(pk=row.pk).update(
        status=response.status_code,
        body=body,
        content_type="application/json" if body else "",
        location=response.headers.get("Location", ""),
    )


def _again(row: IdempotencyKey) -> HttpResponse:
    headers = {"Idempotency-Replayed": "true"}
    if row.location:
        headers["Location"] = row.location
    data = json.loads(row.body) if row.body else None
    if isinstance(data, dict) and isinstance(data.get("version"), int):
        headers |= etag(data["version"])
    return HttpResponse(row.body, status=row.status, content_type=row.content_type or None, headers=headers)
