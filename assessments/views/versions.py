"""The version that a button sends: what it acts on must not have changed since it was shown."""

from assessments.errors import Invalid
from assessments.forms.versions import UNREADABLE_OF_BUTTON
from assessments.forms.whole_numbers import whole_number
from assessments.services.reviews import problem


def posted_version(request) -> int:
    """Raises Invalid for one that cannot be read; without that the button would be told that somebody was faster."""
    given = request.POST.get("version", "")
    seen = whole_number(given)
    if seen is None:
        raise Invalid([problem("version", UNREADABLE_OF_BUTTON, given)])
    return seen
