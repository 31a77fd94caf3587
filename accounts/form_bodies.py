"""Bodies of forms are UTF-8. Django and REST framework read what is not as U+FFFD, which would be kept as if it had been
typed; U+FFFD itself, typed, is a letter as any other."""

import codecs
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError

# The parser of multipart forms asks for replacements whatever happens; this name of UTF-8 gives none.
STRICT = "utf_8_without_replacements"


class NoText(MultiPartParserError):
    """Something in a form is no UTF-8. Django answers it with 400. where: such as "in the field “note”"""

    def __init__(self, where: str):
        super().__init__(f"What came {where} is no text: its bytes are not UTF-8. Nothing of the form was kept.")


def _strict(name: str) -> codecs.CodecInfo | None:
    if name != STRICT:
        return None
    utf8 = codecs.lookup("utf-8")
    return codecs.CodecInfo(utf8.encode, lambda text, _errors="strict": utf8.decode(text, "strict"), name=STRICT)


codecs.register(_strict)


def require_text(body: bytes) -> None:
    """Raises NoText for a urlencoded body with what is not UTF-8, naming the first such field."""
    for pair in body.split(b"&"):
        try:
            unquote_to_bytes(pair).decode()
        except UnicodeDecodeError:
            name = unquote_to_bytes(pair.partition(b"=")[0])[:80].decode("ascii", "backslashreplace")
            raise NoText(f"in the field “{name}”") from None


def part_of(fault: UnicodeDecodeError) -> NoText:
    """What is said of a text part that STRICT did not read."""
    before = " ".join(fault.object[: fault.start].decode().split())[-40:]
    return NoText(f"in this form after “{before}”" if before else "at the beginning of a field of this form")


def reader_of_parts(request: HttpRequest) -> Callable[..., Any]:
    """How a request reads a multipart form: as Django does, but text strictly; parts with a file name are bytes."""
    read = request.parse_file_upload

    def parse(META: Any, post_data: Any) -> Any:
        said: Any = request.encoding
        request.encoding = STRICT
        try:
            fields, files = read(META, post_data)
        except UnicodeDecodeError as fault:
            raise part_of(fault) from None
        finally:
            request.encoding = said
        # What is read from them later, such as a copy, is encoded as any other form.
        fields.encoding = "utf-8"
        return fields, files

    return parse
