"""Bodies: JSON, read strictly, and where a file comes with them multipart forms; none read that is larger than it may be."""

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, MultiPartParser

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
    """A form with a file of at most the view's `most_bytes`, and a little for its other fields."""

    def parse(self, stream, media_type=None, parser_context=None):
        require_size(parser_context["request"], parser_context["view"].most_bytes + OTHER_FIELDS)
        return super().parse(stream, media_type, parser_context)
