"""Which function works off which kind of job. Services register theirs, so that jobs import no service."""

from collections.abc import Callable

_handlers: dict[str, Callable] = {}


def handler(kind: str) -> Callable[[Callable], Callable]:
    """Register a function taking a Claim. It stores its result and closes the claim, or raises."""

    def register(function: Callable) -> Callable:
        _handlers[str(kind)] = function
        return function

    return register


def handler_of(kind: str) -> Callable:
    """Raises LookupError for a kind that nothing handles."""
    try:
        return _handlers[kind]
    except KeyError:
        raise LookupError(f"Nothing handles jobs of kind {kind!r} in this version.") from None
