"""Who may listen: the session's person, the active membership, and what `visible_to` shows to it."""

import itertools
import uuid
from importlib import import_module
from types import SimpleNamespace

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import close_old_connections, connection
from django.http import parse_cookie
from django.utils.crypto import constant_time_compare

from accounts.middleware import active_membership
from accounts.models import Membership, User
from assessments.live.changes import INBOX, PORTFOLIO, inbox_name, portfolio_name
from assessments.live.footing import FOOTINGS, Listener, parameters
from assessments.models import Program, Review

MOST_SUBJECTS = 50

_numbers = itertools.count(1)


class Refused(Exception):
    """Nobody may listen like this. `status` is the HTTP answer."""

    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status = status


def admit(cookies: str, names: list[str]) -> tuple[Listener, str]:
    """The listener of a request, and the footing of its right. Blocks on the database, and only reads.

    Raises Refused: 401 without a living session, 400 for no or too many subjects, 404 for what may not be seen
    """
    close_old_connections()
    try:
        session_key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, "")
        member = _member(session_key)
        subjects = _subjects(names, member)
        listener = Listener(next(_numbers), session_key, member.user_id, member.pk, subjects)
        return listener, _decide(listener)
    finally:
        close_old_connections()


def readmit(listener: Listener) -> str:
    """The new footing of a listener whose footing moved. Blocks on the database. Raises Refused where the right is gone."""
    close_old_connections()
    try:
        return _decide(listener)
    finally:
        close_old_connections()


def _decide(listener: Listener) -> str:
    """The footing of a listener's right, which is asked after it: what moves in between is found at the next look."""
    with connection.cursor() as cursor:
        cursor.execute(FOOTINGS, parameters([listener]))
        row = cursor.fetchone()
    if row is None:
        raise Refused(401, "Sign in first.")
    member = _member(listener.session_key)
    ids = listener.subjects.values()
    reviews = {review for _, review in ids if review}
    programs = {program for program, review in ids if program and not review}
    if (
        member.pk != listener.membership_id
        or not member.roles
        or Review.objects.visible_to(member).filter(pk__in=reviews).count() != len(reviews)
        or Program.objects.visible_to(member).filter(pk__in=programs).count() != len(programs)
    ):
        raise _nothing()
    return row[1]


def _member(session_key: str):
    """The active membership of a session. Nothing is written, so no session is renewed or ended here."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    session = store(session_key).load() if session_key else {}
    key = session.get(SESSION_KEY)
    user = User.objects.filter(pk=key, is_active=True).first() if key else None
    if user is None or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        raise Refused(401, "Sign in first.")
    given = session.get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    member = active_membership(SimpleNamespace(user=user, session=session))
    if member is None or not any(constant_time_compare(given, one) for one in hashes):
        raise Refused(401, "Sign in first.")
    return member


def _subjects(names: list[str], member: Membership) -> dict[str, tuple[int, int]]:
    """(program id, review id or 0) of each name; 0 and 0 of the portfolio and of one's inbox.

    Raises Refused for anything that the organization does not have
    """
    if not 1 <= len(set(names)) <= MOST_SUBJECTS:
        raise Refused(400, f"Name 1 to {MOST_SUBJECTS} subjects.")
    wanted: dict[str, set[uuid.UUID]] = {"program": set(), "review": set()}
    for name in set(names) - {PORTFOLIO, INBOX}:
        kind, _, key = name.partition(":")
        try:
            wanted[kind].add(uuid.UUID(key))
        except (KeyError, ValueError):
            raise _nothing() from None
    programs = Program.objects.filter(organization_id=member.organization_id, uuid__in=wanted["program"])
    reviews = Review.objects.filter(organization_id=member.organization_id, uuid__in=wanted["review"])
    found = {f"program:{key}": (pk, 0) for key, pk in programs.values_list("uuid", "pk")}
    found |= {f"review:{key}": (program, pk) for key, program, pk in reviews.values_list("uuid", "program_id", "pk")}
    if len(found) != sum(map(len, wanted.values())):
        raise _nothing()
    own = {PORTFOLIO: portfolio_name(member.organization_id), INBOX: inbox_name(member.pk)}
    return found | {own[name]: (0, 0) for name in set(names) & own.keys()}


def _nothing() -> Refused:
    return Refused(404, "There is nothing like that here.")
