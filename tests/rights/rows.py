"""How a row of the table of rights is written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ROLES = (
    "anonymous",
    "nobody",
    "viewer",
    "assessor",
    "rater",
    "lead",
    "approver",
    "admin",
    "auditor",
    "stranger",
    "deactivated",
)
SIGN_IN = "sign in"


def same(answer):
    return dict.fromkeys(ROLES, answer)


def signed_in(answer, **others):
    """Anyone who is signed in gets `answer` unless named; a deactivated person is not signed in."""
    return same(answer) | {"anonymous": SIGN_IN, "deactivated": SIGN_IN} | others


def only(*roles, answer=200, refused=403, stranger=404, **others):
    """The named roles get `answer`, other signed-in people `refused`, another organization's admin `stranger`."""
    return signed_in(refused, stranger=stranger) | dict.fromkeys(roles, answer) | others


@dataclass(frozen=True)
class Row:
    """One request that everyone makes.

    answers  {role: status or SIGN_IN}
    kwargs   of the route, from the world
    data     of the body (form), from the world
    state    the state that the world's review is in
    token    of the API: with a token of the person's own instead of a session, and a JSON body; 401 without one
    headers  more of them, from the world
    """

    method: str
    answers: dict[str, Any]
    kwargs: Callable[[Any], dict] = field(default=lambda world: {})
    data: Callable[[Any], dict] = field(default=lambda world: {})
    state: str = "draft"
    token: bool = False
    headers: Callable[[Any], dict] = field(default=lambda world: {})


def with_token(answer, **others):
    """As `signed_in`, of the API: whoever brings no usable token gets 401."""
    return same(answer) | {"anonymous": 401, "deactivated": 401} | others


def only_with_token(*roles, answer=200, refused=403, stranger=404, **others):
    """As `only`, of the API."""
    return with_token(refused, stranger=stranger) | dict.fromkeys(roles, answer) | others
