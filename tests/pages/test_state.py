"""What an open page asks again and again: a tag that moves with what the person may see, and with nothing else."""

import pytest
from django.urls import reverse

from assessments.models import Assignment, Job, Program, Review
from assessments.services import programs, ratings
from tests.pages import results
from tests.support.begun import afresh

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place():
    return afresh(results.make_place)


def ask(client, place, key, subject=None, known=None, portfolio=False):
    results.sign_in(client, place.people[key])
    if portfolio:
        url = reverse("assessments:portfolio_state")
    else:
        kind = "review" if isinstance(subject, Review) else "program"
        url = reverse(f"assessments:{kind}_state", args=[subject.uuid])
    return client.get(url, headers={"If-None-Match": known} if known else {})


def test_nothing_moved_is_said_in_a_304_that_still_names_the_state(client, place):
    first = ask(client, place, "viewer", place.program)
    assert first.status_code == 200 and first.headers["X-Result-State"] == "fresh" and len(first.content) < 100
    again = ask(client, place, "viewer", place.program, first.headers["ETag"])
    assert again.status_code == 304 and again.content == b"" and again.headers["X-Result-State"] == "fresh"
    assert "no-store" in again.headers["Cache-Control"] or "no-store" in first.headers["Cache-Control"]


def test_new_facts_are_pending_until_their_result_is_here(client, place):
    fresh = ask(client, place, "viewer", place.program).headers["ETag"]
    facts = results.profile("ostara") | {"runway_months": 30}
    programs.import_revision(member=place.people["lead"], program=place.program, document=facts, summary="More money")
    pending = ask(client, place, "viewer", place.program, fresh)
    assert pending.status_code == 200 and pending.headers["X-Result-State"] == "pending"
    results.work_off()
    headline = ask(client, place, "viewer", place.program, pending.headers["ETag"])
    assert headline.status_code == 200 and headline.headers["X-Result-State"] == "fresh"
    results.settle()
    full = ask(client, place, "viewer", place.program, headline.headers["ETag"])
    assert full.status_code == 200, "the second wave of figures moves the page again"


def test_a_failure_moves_the_tag_and_is_named(client, place):
    fresh = ask(client, place, "viewer", place.program).headers["ETag"]
    Program.objects.filter(pk=place.program.pk).update(inputs_revision=50)
    Job.objects.filter(target=f"program:{place.program.pk}").update(state=Job.State.FAILED, error="ValueError: No")
    failed = ask(client, place, "viewer", place.program, fresh)
    assert failed.status_code == 200 and failed.headers["X-Result-State"] == "failed"


def test_while_scoring_nobody_learns_that_somebody_rates(client, place):
    review = results.open_scoring(place)
    watchers = ("lead", "admin", "finance")
    tags = {key: ask(client, place, key, review).headers["ETag"] for key in watchers}
    portfolio = {key: ask(client, place, key, portfolio=True).headers["ETag"] for key in (*watchers, "viewer")}
    own = ask(client, place, "cmc", review).headers["ETag"]
    ratings.rate(
        member=place.people["cmc"], review_id=review.pk, criterion_key="pdr_lot_success", option_key="cdmo", score=5
    )

    def unmoved():
        for key in watchers:
            answer = ask(client, place, key, review, tags[key])
            assert answer.status_code == 304 and answer.headers["X-Result-State"] == "fresh", key
        for key, tag in portfolio.items():
            assert ask(client, place, key, known=tag, portfolio=True).status_code == 304, key

    unmoved()  # before the worker has computed the same facts again
    results.work_off()
    unmoved()
    results.settle()
    unmoved_tags = [ask(client, place, key, review, tags[key]).status_code for key in watchers]
    assert set(unmoved_tags) == {200}, "the full depth of the same facts is news of the facts, once"
    assert ask(client, place, "cmc", review, own).status_code == 200, "one's own other page follows"


def test_the_lead_sees_progress_alone(client, place):
    review = results.open_scoring(place)
    tags = {key: ask(client, place, key, review).headers["ETag"] for key in ("lead", "admin", "finance")}
    Assignment.objects.filter(review=review, membership=place.people["cmc"]).update(state=Assignment.State.DONE)
    assert ask(client, place, "lead", review, tags["lead"]).status_code == 200
    for key in ("admin", "finance"):
        assert ask(client, place, key, review, tags[key]).status_code == 304, key


def test_after_the_reveal_every_rating_moves_the_tag(client, place):
    review = results.open_scoring(place)
    results.rate(place, "cmc", "pdr_lot_success", "cdmo", 5)
    blind = ask(client, place, "finance", review).headers["ETag"]
    results.reveal(place)
    shown = ask(client, place, "finance", review, blind)
    assert shown.status_code == 200
    ratings.rate(
        member=place.people["cmc"],
        review_id=review.pk,
        criterion_key="pdr_lot_success",
        option_key="hybrid",
        score=2,
    )
    moved = ask(client, place, "finance", review, shown.headers["ETag"])
    assert moved.status_code == 200 and moved.headers["X-Result-State"] == "pending"


def test_one_persons_tag_is_no_other_persons(client, place):
    first = ask(client, place, "viewer", place.program).headers["ETag"]
    assert ask(client, place, "admin", place.program, first).status_code == 200


def test_the_line_of_words_follows(client, place):
    url = reverse("assessments:program_freshness", args=[place.program.uuid])
    said = results.sign_in(client, place.people["viewer"]).get(url).content.decode()
    assert "Result updated" in said and "facts r1 only" in said and 'hx-trigger="live:change"' in said
