"""A stored file as an answer: its bytes as an attachment, under the hash that stands on record."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from rest_framework.renderers import BaseRenderer


class Bytes(BaseRenderer):
    """Lets clients ask for the file's type; the answer is the file itself."""

    media_type = "application/octet-stream"
    format = "bytes"
    charset = None


def attachment(data: bytes, *, content_type: str, filename: str, sha256: str) -> HttpResponse:
    return HttpResponse(
        data,
        content_type=content_type,
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=filename),
            "ETag": f'"{sha256}"',
        },
    )
