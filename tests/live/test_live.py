"""Pages hear that what they show moved, from a real live process; only who may see it hears, and only as long as that."""

import asyncio
import json
import re

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction

from accounts import people
from accounts.models import Membership, RoleGrant
from assessments import jobs
from assessments.live import announce, app, hub
from assessments.live.changes import inbox_name, portfolio_name, subject_name
from assessments.live.footing import FOOTINGS, Listener
from assessments.models import Job, Program, ProgramMember, Review
from assessments.services import reviews
from tests.live.conftest import ORIGIN
from tests.rights.reviews import bring_review_to
from tests.rights.world import make_world
from tests.support.begun import afresh

pytestmark = pytest.mark.django_db(transaction=True)


def drafted():
    made = make_world()
    bring_review_to(made, "draft")
    return made


@pytest.fixture
def world():
    return afresh(drafted)


def test_a_stored_result_and_a_moved_state_are_announced_to_the_pages_that_show_them(world, live, cookies_of):
    cookies = cookies_of(world.people["lead"])
    review, program = subject_name(world.review), subject_name(world.program)
    stream = live.listen(review, program, cookies=cookies)
    for job in Job.objects.order_by("target"):
        jobs.run(job.pk)
    heard = [stream.next_event() for _ in range(2)]
    assert sorted(heard, key=lambda event: event["subject"]) == [
        {"subject": program, "revision": world.program.inputs_revision + 1},
        {"subject": review, "revision": 1},
    ]
    reviews.withdraw(member=world.people["lead"], review_id=world.review.pk, reason="Another question.")
    assert stream.next_event()["subject"] == review


def test_a_portfolio_hears_that_something_moved_but_not_what(world, live, cookies_of):
    stream = live.listen("portfolio", cookies=cookies_of(world.people["viewer"]))
    assert live.ask("portfolio", cookies=cookies_of(world.people["nobody"])).status_code == 404
    announce(world.program, 1)
    assert stream.next_event() == {"subject": "portfolio"}


def test_what_moves_in_one_organization_is_heard_in_no_other(monkeypatch):
    async def nothing(self):
        pass

    monkeypatch.setattr(hub.Hub, "_keep_listening", nothing)

    async def run():
        made = hub.Hub(60, nothing)
        streams = [made.join(Listener(at, "x", at, at, {portfolio_name(at): (0, 0)}), "") for at in (1, 2)]
        made.tell(json.dumps({"event": {"subject": "program:a", "revision": 1}, "organization": 1}))
        made.tell("not understood")
        return [await stream.take(0.05) for stream in streams]

    assert asyncio.run(run()) == [[{"subject": "portfolio"}], []]


def test_who_is_told_something_hears_of_it_alone_and_no_portfolio_does(monkeypatch):
    async def nothing(self):
        pass

    monkeypatch.setattr(hub.Hub, "_keep_listening", nothing)

    async def run():
        made = hub.Hub(60, nothing)
        names = (inbox_name(1), inbox_name(2), portfolio_name(1))
        streams = [made.join(Listener(at, "x", at, at, {name: (0, 0)}), "") for at, name in enumerate(names)]
        made.tell(json.dumps({"event": {"subject": "inbox"}, "organization": 1, "inboxes": [1]}))
        return [await stream.take(0.05) for stream in streams]

    assert asyncio.run(run()) == [[{"subject": "inbox"}], [], []]


def test_what_is_rolled_back_is_not_announced(world, live, cookies_of):
    stream = live.listen(subject_name(world.program), cookies=cookies_of(world.people["lead"]))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        announce(world.program, 7)
        raise ZeroDivisionError
    announce(world.program, 8)
    assert stream.next_event()["revision"] == 8


def test_the_answer_may_be_read_by_the_pages_of_this_site_alone(world, live, cookies_of):
    cookies = cookies_of(world.people["lead"])
    name = subject_name(world.program)
    head = live.ask(name, cookies=cookies).headers
    assert head["access-control-allow-origin"] == ORIGIN
    assert head["access-control-allow-credentials"] == "true"
    assert head["content-type"] == "text/event-stream; charset=utf-8"
    assert (head["x-accel-buffering"], head["cache-control"]) == ("no", "no-store")
    for origin in ("http://localhost:8001", ORIGIN.replace("http:", "https:"), "http://evil.example", "null"):
        answer = live.ask(name, cookies=cookies, origin=origin)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers


def test_nobody_listens_to_what_they_may_not_see(world, live, cookies_of):
    review, program = subject_name(world.review), subject_name(world.program)
    assert live.ask(program).status_code == 401
    assert live.ask(program, cookies={settings.SESSION_COOKIE_NAME: "x" * 32}).status_code == 401
    statuses = {
        role: [live.ask(one, cookies=cookies_of(world.people[role])).status_code for one in (review, program)]
        for role in ("viewer", "auditor", "stranger", "nobody", "admin")
    }
    assert statuses == {
        "viewer": [404, 200],
        "auditor": [404, 404],
        "stranger": [404, 404],
        "nobody": [404, 404],
        "admin": [200, 200],
    }
    lead = cookies_of(world.people["lead"])
    for wrong in ("review:1", "program:", "report:" + program.split(":")[1], "review:" + program.split(":")[1]):
        assert live.ask(wrong, cookies=lead).status_code == 404
    assert live.ask(cookies=lead).status_code == 400
    assert live.client.get("/").status_code == live.client.get("/accounts/login/").status_code == 404
    assert live.client.post("/live/events/").status_code == 405


def _sign_out(world, member):
    Session.objects.all().delete()


def _change_password(world, member):
    member.user.set_password("a long enough passphrase")
    member.user.save()


def _deactivate(world, member):
    Membership.objects.filter(pk=member.pk).update(is_active=False)


def _take_role(world, member):
    admin = Membership.objects.with_rights().get(pk=world.people["admin"].pk)
    people.revoke_role(actor=admin, membership_id=member.pk, role=RoleGrant.Role.VIEWER)


def _restrict(world, member):
    Program.objects.update(restricted=True)


def _unlink(world, member):
    ProgramMember.objects.all().delete()


@pytest.mark.parametrize("happens", [_sign_out, _change_password, _deactivate, _take_role, _restrict, _unlink])
def test_a_stream_ends_when_the_right_is_gone(world, live, cookies_of, happens):
    member = world.people["lead" if happens is _unlink else "viewer"]
    Program.objects.update(restricted=happens is _unlink)
    stream = live.listen(subject_name(world.program), cookies=cookies_of(member))
    happens(world, member)
    assert stream.ends()


def test_a_stream_goes_on_while_the_right_stands(world, live, cookies_of):
    stream = live.listen(subject_name(world.program), cookies=cookies_of(world.people["viewer"]))
    Review.objects.update(state="in_approval")  # moves the footing, and not the right
    asyncio.run(asyncio.sleep(2.5))  # two looks
    announce(world.program, 3)
    assert stream.next_event()["revision"] == 3


def test_a_seventh_page_of_one_person_is_sent_away_and_many_need_no_more_connections(world, live, cookies_of):
    name = subject_name(world.program)
    lead, viewer = cookies_of(world.people["lead"]), cookies_of(world.people["viewer"])
    streams = [live.listen(name, cookies=lead) for _ in range(6)]
    refused = live.ask(name, cookies=lead)
    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    streams += [live.listen(name, cookies=viewer) for _ in range(6)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] <= 3
    announce(world.program, 4)
    assert [stream.next_event()["revision"] for stream in streams] == [4] * 12


def test_after_a_lost_database_connection_every_page_is_told_to_look(world, live, cookies_of):
    stream = live.listen(subject_name(world.program), cookies=cookies_of(world.people["viewer"]))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'makewhere live'"
        )
    assert stream.next_event() == {}
    announce(world.program, 5)
    assert stream.next_event()["revision"] == 5


def test_the_footing_covers_every_table_that_the_decision_asks(world):
    """What `visible_to` may ever ask about must be in the footing, or its change would go unnoticed."""
    member = Membership.objects.with_rights().get(pk=world.people["rater"].pk)
    asked = str(Review.objects.visible_to(member).query) + str(Program.objects.visible_to(member).query)
    tables = set(re.findall(r'"((?:accounts|assessments)_[a-z]+)"', asked))
    unchanging = {"assessments_criterion"}  # of a version that reviews are pinned to
    assert {table for table in tables - unchanging if table not in FOOTINGS} == set()


def test_a_reader_who_stops_reading_is_let_go(monkeypatch):
    monkeypatch.setattr(app, "SEND_SECONDS", 0.05)
    monkeypatch.setattr(app, "PING_SECONDS", 0.01)

    async def run():
        sent = []

        async def send(message):
            sent.append(message)
            if len(sent) > 3:
                await asyncio.sleep(10)

        stream = hub.Stream(Listener(1, "x", 1, 1, {}), "")
        with pytest.raises(TimeoutError):
            await app._stream(send, stream, [])
        return [message.get("body", b"") for message in sent]

    head, retry, *pings = asyncio.run(run())
    assert retry.startswith(b"retry: ")
    assert pings == [b": ping\n\n"] * 2


def test_a_slow_reader_gets_the_latest_of_each_subject():
    async def run():
        stream = hub.Stream(Listener(1, "x", 1, 1, {}), "")
        for revision in range(1000):
            stream.put({"subject": "program:a", "revision": revision})
        return await stream.take(1)

    assert asyncio.run(run()) == [{"subject": "program:a", "revision": 999}]
