"""Acts that happen at once, each in a thread with a connection of its own; and the guards switched off."""

import threading

from django.db import DatabaseError, connection
from django.db.models import QuerySet

from accounts.permissions import NotAllowed
from assessments.errors import Refusal
from assessments.services import approvals, signing
from tests.factories import PASSWORD
from tests.services.decided import member
from tests.services.test_signing import step_of


def at_once(*acts):
    """Run the acts in threads that leave a barrier together; their outcomes, exceptions included."""
    barrier, outcomes = threading.Barrier(len(acts)), [None] * len(acts)

    def run(at, act):
        try:
            barrier.wait(timeout=30)
            outcomes[at] = act()
        except (Refusal, NotAllowed, DatabaseError) as refusal:
            outcomes[at] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(at, act)) for at, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)
    return outcomes


def grant_of(world, role, kind="executive", on_behalf_of=None):
    step = step_of(world, kind)
    return signing.grant_to_sign(
        member=member(world, role),
        step_id=step.pk,
        password=PASSWORD,
        bound_to=signing.what_is_signed(step, signing.proposed_of(step)),
        on_behalf_of=on_behalf_of,
    )


def signing_now(world, role, kind="executive", grant=None, **more):
    """An act that signs, with its grant given beforehand, so that only the signatures race."""
    person, step = member(world, role), step_of(world, kind)
    grant = grant or grant_of(world, role, kind, more.get("on_behalf_of"))
    return lambda: approvals.sign(member=person, step_id=step.pk, grant=grant, meaning=signing.MEANING_OF[kind], **more)


def without_locks(monkeypatch, pause):
    """The guard off: rows are read without a lock, and `pause` runs between the checks of a signature and its writing."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **kwargs: self.all())
    original = signing.spend

    def spend(*args):
        pause()
        return original(*args)

    monkeypatch.setattr(signing, "spend", spend)


def halfway(act):
    """`act` done in the middle of another one: what the other calls there, and waits in, and the act to run beside it."""
    reached, done = threading.Event(), threading.Event()

    def pause():
        reached.set()
        assert done.wait(timeout=30)

    def acting():
        assert reached.wait(timeout=30)
        try:
            return act()
        finally:
            done.set()

    return pause, acting


def pausing(monkeypatch, module, name, pause, original=None):
    """The function of a module calls `pause` before it answers. original: what it does, where that is another one."""
    original = original or getattr(module, name)

    def paused(*args, **given):
        answer = original(*args, **given)
        pause()
        return answer

    monkeypatch.setattr(module, name, paused)


def between(monkeypatch, act):
    """The guard off, and `act` done between the checks of a signature and its writing; the act to run beside it."""
    pause, acting = halfway(act)
    without_locks(monkeypatch, pause)
    return acting
