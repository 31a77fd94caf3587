"""Bodies: JSON, read strictly, and where a file comes with them multipart forms; none read that is larger than it may be."""

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, MultiPartParser

from accounts.form_bodies import STRICT, part_of
from assessments.api.problems import TooLarge

OTHER_FIELDS = 1024 * 1024


def require_size(request, most: int) -> None:
    """Raises TooLarge, before anything is read, for a body of more bytes. Nothing is read beyond the length that it names."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > most:
        raise TooLarge(f"A body has at most {most // 1024 // 1024} MB here.")


class JSON(JSONParser):
    """JSON without NaN, and not nested beyond what Python reads."""

    def parse(self, stream, media_type=None, parser_context=None):
        if parser_context and "request" in parser_context:
            require_size(parser_context["request"], settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None


class Multipart(MultiPartParser):
    """A form with a file of at most the view's `most_bytes`, and a little for its other fields, which are UTF-8."""

    def parse(self, stream, media_type=None, parser_context=None):
        require_size(parser_context["request"], parser_context["view"].most_bytes + OTHER_FIELDS)
        try:
            found = super().parse(stream, media_type, parser_context | {"encoding": STRICT})
        except UnicodeDecodeError as fault:
            raise ParseError(str(part_of(fault))) from None
        found.data.encoding = settings.DEFAULT_CHARSET
        return found
