"""A POST that is sent twice is done once. Errors are not kept; a key serves one request for a day."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import IdempotencyKey
from assessments.api import idempotency
from assessments.models import CriteriaVersion, Review
from assessments.services import reviews
from tests.api.conftest import Caller, token_of
from tests.rights.world import document, make_world

QUESTION = {"question": "Where should it be made?"}


@pytest.fixture
def place(world):
    return f"programs/{world.program.uuid}/reviews/"


def test_the_same_request_again_gets_the_first_answer_again(caller, place):
    lead = caller("lead")
    first = lead.post(place, QUESTION, Idempotency_Key="one")
    again = lead.post(place, QUESTION, Idempotency_Key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for header in ("Location", "ETag", "Content-Type"):
        assert again.headers[header] == first.headers[header]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Review.objects.count() == 1


def test_another_request_under_the_same_key_is_refused(world, caller, place):
    lead = caller("lead")
    lead.post(place, QUESTION, Idempotency_Key="one")
    for answer in (
        lead.post(place, {"question": "Another?"}, Idempotency_Key="one"),
        lead.post(f"programs/{world.program.uuid}/revisions/", QUESTION, Idempotency_Key="one"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Review.objects.get().question == QUESTION["question"]


def test_keys_of_two_people_are_two_keys(world, caller):
    body = {"document": document()}
    mine = caller("admin").post("criteria-versions/", body, Idempotency_Key="one")
    theirs = caller("stranger").post("criteria-versions/", body, Idempotency_Key="one")
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]


def test_an_error_is_not_kept_and_leaves_nothing(caller, place):
    lead = caller("lead")
    wrong = lead.post(place, {"question": "?", "options": ["own"]}, Idempotency_Key="one")
    assert wrong.status_code == 400
    assert not IdempotencyKey.objects.exists() and not Review.objects.exists()
    assert lead.post(place, QUESTION, Idempotency_Key="one").status_code == 201


def test_a_key_is_forgotten_after_a_day(world, caller):
    admin = caller("admin")
    body = {"document": document()}
    first = admin.post("criteria-versions/", body, Idempotency_Key="one")
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    second = admin.post("criteria-versions/", body, Idempotency_Key="one")
    assert first.json()["id"] != second.json()["id"]
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "a b", "\u00e9"])
def test_a_strange_key_is_refused(caller, place, key):
    answer = caller("lead").post(place, QUESTION, Idempotency_Key=key.encode().decode("latin-1"))
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["field"] == "Idempotency-Key"


def _both(world, bodies, keys):
    """Two threads that send at the same moment; their answers."""
    barrier, answers = threading.Barrier(2), [None, None]
    secrets = [token_of(world.people["admin"])] * 2

    def send(at):
        try:
            caller = Caller(secrets[at])
            barrier.wait(10)
            answers[at] = caller.post("criteria-versions/", bodies[at], Idempotency_Key=keys[at])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=(at,)) for at in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_done_once_and_both_get_the_answer():
    world = make_world()
    for round_ in range(5):
        before = CriteriaVersion.objects.count()
        answers = _both(world, [{"document": document()}] * 2, [f"key-{round_}"] * 2)
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].content == answers[1].content
        assert CriteriaVersion.objects.count() == before + 1


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_the_same_race_is_done_twice():
    """The control: two keys for one act, as if there were none, write two drafts."""
    world = make_world()
    before = CriteriaVersion.objects.count()
    answers = _both(world, [{"document": document()}] * 2, ["one", "two"])
    assert [answer.status_code for answer in answers] == [201, 201]
    assert CriteriaVersion.objects.count() == before + 2


@pytest.mark.django_db(transaction=True)
def test_if_the_first_fails_late_the_second_acts_itself(monkeypatch):
    """The key's row goes with the transaction that failed, whenever it fails."""
    world = make_world()
    lead = Caller(token_of(world.people["lead"]))
    place = f"programs/{world.program.uuid}/reviews/"
    original = idempotency._keep

    def broken(row, response):
        raise RuntimeError("the process ends here")

    monkeypatch.setattr(idempotency, "_keep", broken)
    assert lead.post(place, QUESTION, Idempotency_Key="one").status_code == 500
    assert not Review.objects.exists()
    monkeypatch.setattr(idempotency, "_keep", original)
    assert lead.post(place, QUESTION, Idempotency_Key="one").status_code == 201
    assert reviews.Review.objects.count() == 1
