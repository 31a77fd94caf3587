"""`Idempotency-Key`: a POST that is sent twice is done once, and both get the same answer.

The key's row is written in the transaction of the act, so a second request waits for the first at the row's unique
index: it then finds the answer, or, if the first failed and took its row with it, acts itself. Errors are not kept.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial, wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, transaction
from django.db.models.functions import Now
from django.http import HttpResponse
from psycopg.errors import LockNotAvailable
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer

from accounts.audit import canonical_json
from accounts.models import IdempotencyKey
from assessments.api.preconditions import etag
from assessments.api.problems import Conflict, KeyUsedBefore

HEADER = "Idempotency-Key"
KEPT = timedelta(days=1)
_SANE = re.compile(r"[!-~]{1,200}")


def idempotent(post: Callable | None = None, *, before: str = "") -> Any:
    """Wrap a view's `post`, which returns a Response with data or raises.

    before  the view's method for what no transaction should wait for, such as writing a file; `post` gets what it returns as
            `prepared`. A repeat that finds its answer does not call it
    """
    if post is None:
        return partial(idempotent, before=before)

    @wraps(post)
    def once(view, request, *args, **kwargs):
        def prepare() -> dict[str, Any]:
            return {"prepared": getattr(view, before)(request, *args, **kwargs)} if before else {}

        key = request.headers.get(HEADER)
        if key is None:
            return post(view, request, *args, **kwargs, **prepare())
        if not _SANE.fullmatch(key):
            raise ValidationError({HEADER: ["A key has 1 to 200 visible ASCII characters."]})
        digest = _digest_of(request)
        try:
            prepared = {} if before and _is_answered(request.member, key) else prepare()
            with transaction.atomic():
                row = _claim(request.member, key, digest)
                if row.request_digest != digest:
                    raise KeyUsedBefore
                if row.status is not None:
                    return _again(row)
                response = post(view, request, *args, **kwargs, **(prepared or prepare()))
                _keep(row, response)
                return response
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise Conflict("The same request is still under way. Ask again in a moment.") from error
            raise

    once.is_idempotent = True
    return once


def _is_answered(member, key: str) -> bool:
    kept = IdempotencyKey.objects.filter(membership=member, key=key, created_at__gte=Now() - KEPT)
    return kept.exclude(status=None).exists()


def _digest_of(request) -> str:
    """What makes two requests the same one: method, address, precondition, and the body; of a form its fields and the
    hashes of its files, as the bytes between them are made anew for each sending."""
    kind, content = request.content_type or "", b""
    if kind.startswith("multipart/form-data"):
        kind, content = "multipart/form-data", canonical_json(_fields_of(request.data)).encode()
    else:
        content = request.body
    parts = (request.method, request.get_full_path(), kind, request.headers.get("If-Match", ""))
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + content).hexdigest()


def _fields_of(form) -> dict[str, list]:
    return {name: [_plain(value) for value in values] for name, values in form.lists()}


def _plain(value) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return {"name": value.name, "content_type": value.content_type, "sha256": digest.hexdigest()}


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
