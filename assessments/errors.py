"""Named refusals. Each text is a sentence that a page or an API answer can show."""

from collections.abc import Iterator
from contextlib import contextmanager


class Refusal(Exception):
    """An act that cannot be done now. Nothing of it was written."""

    code = "refused"


class WrongState(Refusal):
    """The subject is in a state that does not take this act."""

    code = "wrong_state"


class DoneAlready(Refusal):
    """The same person did the very same before, such as by a double click: it was done once. url: where that is seen."""

    code = "done_already"

    def __init__(self, message: str, url: str):
        super().__init__(message)
        self.url = url


class ReviewClosed(WrongState):
    """The review no longer takes this input."""

    code = "review_closed"


class Clash(Refusal):
    """Somebody changed the same thing meanwhile. Carries both values, so that neither is lost.

    current    the value stored now
    attempted  the value that was refused
    version    the version stored now
    never_was  nobody did: the version that was named has never been
    """

    code = "clash"

    def __init__(self, message: str, *, current=None, attempted=None, version: int | None = None, never_was=False):
        super().__init__(message)
        self.current, self.attempted, self.version, self.never_was = current, attempted, version, never_was


class Invalid(Refusal):
    """Values that cannot be taken, by field.

    problems  list of dicts with `field`, `option` ("" for the program), `value` as typed and `message`
    """

    code = "invalid"

    def __init__(self, problems: list[dict]):
        super().__init__(" ".join(problem["message"] for problem in problems))
        self.problems = problems


@contextmanager
def gathering(problems: list[dict]) -> Iterator[None]:
    """Go on after what is invalid, with the problems of it."""
    try:
        yield
    except Invalid as invalid:
        problems += invalid.problems


class ResultPending(Refusal):
    """The result of exactly these inputs is not there yet; the same request works once it is."""

    code = "result_pending"


class Missing(Refusal):
    """Things that must be there first, each named.

    things  list of dicts with `what`, `message` and where to mend it
    """

    code = "missing"

    def __init__(self, message: str, things: list[dict]):
        super().__init__(message)
        self.things = things


class GrantRefused(Refusal):
    """The one-time grant for a signature is wrong, used, or too old."""

    code = "grant_refused"


class NotStored(Refusal):
    """A file could not be written; nothing of it is left."""

    code = "not_stored"


class FileDamaged(Refusal):
    """A stored file is gone or no longer has the digest of its record; it is not handed out."""

    code = "file_damaged"
