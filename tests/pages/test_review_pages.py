"""The pages of a review: blind while scoring, nothing typed is lost, and as many queries for many as for few."""

import re

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import people
from assessments import jobs
from assessments.models import AgreedValue, Assignment, Job, Rating, Review
from assessments.services import reconciling, reviews
from tests.services import scene as scenes
from tests.support.begun import shared

pytestmark = pytest.mark.django_db
CANARY = "Canary: two lots failed sterility."


begun, scene = shared(lambda: scenes.make_scene(cem="cmc", quin="qa"))


@pytest.fixture
def scoring(scene):
    scenes.start_scoring(scene)
    return scene


@pytest.fixture
def revealed(scoring):
    scoring.rate("cem", 2, rationale=CANARY)
    scoring.rate("quin", 5, rationale="The March lot was clean.")
    reconciling.reveal(member=scoring.lead, review_id=scoring.review.pk, reason="Time is up.")
    return scoring


@pytest.fixture
def sign_in(client):
    def sign_in(member):
        client.force_login(member.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
        return client

    return sign_in


def url(name, scene, *more):
    return reverse(f"assessments:{name}", args=[scene.review.uuid, *more])


def text(answer):
    return answer.content.decode()


HTMX = {"HTTP_HX_REQUEST": "true"}


# -- opening ------------------------------------------------------------------------------------------------------


def test_a_review_is_opened_with_a_ready_question_and_the_options_of_the_facts(scene, sign_in):
    client = sign_in(scene.lead)
    new = reverse("assessments:review_new", args=[scene.program.uuid])
    page = text(client.get(new))
    assert "Where should MSC-1 be made through month 48?" in page
    assert page.count('name="options"') == page.count("checked") == 4
    refused = client.post(new, {"question": "Where, then?", "options": ["own"], "due_on": "2027-03-01"})
    assert refused.status_code == 422
    assert "at least two options" in text(refused)
    assert "Where, then?" in text(refused) and "2027-03-01" in text(refused)
    assert not Review.objects.exists()
    opened = client.post(new, {"question": "Where, then?", "options": ["own", "a"], "due_on": "2027-03-01"})
    review = Review.objects.get()
    assert opened.headers["Location"] == reverse("assessments:review_setup", args=[review.uuid])
    assert list(review.options.values_list("key", flat=True)) == ["own", "a"]
    assert "Another review is open" in text(client.get(new))


def test_the_address_of_a_review_leads_to_the_tab_that_suits_person_and_state(scene, sign_in):
    scenes.open_review(scene)
    where = lambda who: sign_in(who).get(url("review_detail", scene)).headers["Location"]  # noqa: E731
    assert where(scene.lead) == url("review_setup", scene)
    scenes.start_scoring(scene)
    assert where(scene.raters["cem"]) == url("review_score", scene)
    assert where(scene.lead) == url("review_setup", scene)
    scene.rate("cem", 3)
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Now.")
    assert where(scene.raters["cem"]) == where(scene.lead) == url("review_panel", scene)


# -- set-up -------------------------------------------------------------------------------------------------------


def test_the_lead_staffs_starts_and_withdraws_from_the_set_up_page(scene, sign_in):
    scenes.open_review(scene)
    client, quin = sign_in(scene.lead), scene.raters["quin"]
    page = text(client.get(url("review_setup", scene)))
    assert "Nobody speaks for CMC, QA." in page
    ask = {"function": scene.function("qa").uuid, "membership": "", "due_on": "2027-03-01"}
    refused = client.post(url("review_assign", scene), ask)
    assert refused.status_code == 422 and "Choose a person." in text(refused) and "2027-03-01" in text(refused)
    client.post(url("review_assign", scene), ask | {"membership": quin.uuid})
    assert Assignment.objects.get().membership == quin
    assert "Nobody speaks for CMC." in text(client.get(url("review_setup", scene)))
    stale = client.post(url("review_start", scene), {"version": "0"})
    assert stale.status_code == 409 and "changed this review meanwhile" in text(stale)
    never = client.post(url("review_start", scene), {"version": "7"})
    assert never.status_code == 409 and "There is no version 7 of this review" in text(never)
    client.post(url("review_start", scene), {"version": "1"})
    assert scene.now().state == "scoring"
    without = client.post(url("review_withdraw", scene), {"reason": " ", "version": "2"})
    assert without.status_code == 422 and "Say why" in text(without)
    client.post(url("review_withdraw", scene), {"reason": "No money.", "version": "2"})
    assert scene.now().state == "withdrawn"


def test_question_day_and_options_are_changed_on_the_page_and_a_refusal_keeps_what_was_typed(scene, sign_in):
    scenes.open_review(scene)
    client = sign_in(scene.lead)
    client.post(url("review_edit", scene), {"question": "Where next?", "due_on": "2027-03-01", "version": "1"})
    assert scene.now().question == "Where next?"
    stale = client.post(url("review_edit", scene), {"question": "Mine?", "due_on": "2027-04-01", "version": "1"})
    assert stale.status_code == 409 and "Mine?" in text(stale) and "2027-04-01" in text(stale)
    client.post(url("review_options", scene), {"options": ["own", "mix"], "version": "2"})
    assert scene.review.options.count() == 2
    few = client.post(url("review_options", scene), {"options": ["own"], "version": "3"})
    assert few.status_code == 422 and "at least two" in text(few)


def test_who_is_not_done_is_named_before_the_reveal(scoring, sign_in):
    scoring.rate("cem", 2)
    client = sign_in(scoring.lead)
    refused = client.post(url("review_reveal", scoring), {"reason": "", "version": "2"})
    assert refused.status_code == 409 and "Quin (QA)" in text(refused)
    assert scoring.now().state == "scoring"
    client.post(url("review_reveal", scoring), {"reason": "Quin is ill.", "version": "2"})
    assert scoring.now().state == "reconciling"


# -- blindness ----------------------------------------------------------------------------------------------------


def test_while_scoring_nobody_meets_another_persons_score_or_reason_on_any_page(scoring, sign_in):
    scoring.rate("cem", 2, rationale=CANARY, confidence="high")
    scoring.rate("quin", 5, rationale="Quin's own words.")
    viewer = people.add_member(actor=scoring.admin, email="v@example.org", full_name="Vi", roles=("viewer",))
    pages = ["review_detail", "review_setup", "review_score", "review_panel"]
    for who in (scoring.lead, scoring.admin, scoring.raters["quin"], viewer):
        client = sign_in(who)
        answers = [client.get(url(name, scoring), follow=True) for name in pages]
        answers.append(client.get(url("review_cell", scoring, "first_lot", "own"), **HTMX))
        answers.append(client.get(url("review_panel", scoring) + "?criterion=first_lot&option=own"))
        for answer in answers:
            assert "Canary" not in text(answer)
            assert "High confidence" not in text(answer)
    at = "?criterion=first_lot&option=own"
    page = text(sign_in(scoring.raters["quin"]).get(url("review_score", scoring) + at))
    assert "Quin&#x27;s own words." in page
    assert "others rated" not in page
    assert CANARY in text(sign_in(scoring.raters["cem"]).get(url("review_score", scoring) + at))
    setup = text(sign_in(scoring.lead).get(url("review_setup", scoring)))
    assert "1 of 4 cells" in setup, "the lead sees how far everyone is"
    assert "1 of 4 cells" not in text(sign_in(scoring.raters["quin"]).get(url("review_setup", scoring)))


# -- rating -------------------------------------------------------------------------------------------------------


def test_a_rating_is_given_with_and_without_scripting(scoring, sign_in):
    client = sign_in(scoring.raters["cem"])
    cell = url("review_cell", scoring, "first_lot", "own")
    answer = client.post(cell, {"score": "4", "version": "0", "facts": "1"}, **HTMX)
    assert answer.status_code == 200
    assert 'name="version" value="1"' in text(answer)
    assert 'id="score-progress" hx-swap-oob="true"' in text(answer)
    plain = client.post(cell, {"rationale": CANARY, "confidence": "high", "version": "1"})
    assert plain.status_code == 302
    rating = Rating.objects.get()
    assert (rating.score, rating.rationale, rating.confidence, rating.version) == (4, CANARY, "high", 2)
    page = text(client.get(plain.headers["Location"]))
    assert CANARY in page and "0 of 1 of your criteria rated" in page


def test_a_reason_without_a_score_is_kept_in_its_field_and_says_what_is_missing(scoring, sign_in):
    client = sign_in(scoring.raters["cem"])
    cell = url("review_cell", scoring, "first_lot", "own")
    for more in ({}, HTMX):
        refused = client.post(cell, {"rationale": CANARY, "version": "0"}, **more)
        assert refused.status_code == 422
        assert "Choose a score from 1 to 5 first." in text(refused)
    assert CANARY in text(client.post(cell, {"rationale": CANARY, "version": "0"}))
    wrong = client.post(cell, {"score": "9", "version": "0"}, **HTMX)
    assert wrong.status_code == 422 and "whole number from 1 to 5" in text(wrong)
    assert not Rating.objects.exists()


def test_two_tabs_clash_with_both_values_and_the_second_may_still_win(scoring, sign_in):
    client = sign_in(scoring.raters["cem"])
    cell = url("review_cell", scoring, "first_lot", "own")
    client.post(cell, {"score": "4", "rationale": "From the left.", "version": "0"}, **HTMX)
    clash = client.post(cell, {"score": "2", "version": "0"}, **HTMX)
    assert clash.status_code == 409
    assert "You set 4 elsewhere" in text(clash) and "Use 2" in text(clash)
    clash = client.post(cell, {"rationale": "From the right.", "version": "0"})
    assert clash.status_code == 409
    assert "From the left." in text(clash) and "From the right." in text(clash)
    client.post(cell, {"rationale": "From the right.", "version": "0", "over": "1"}, **HTMX)
    assert Rating.objects.get().rationale == "From the right."


@pytest.mark.parametrize("more", [{}, HTMX], ids=["plain", "htmx"])
@pytest.mark.parametrize("version", ["abc", "", "-1", "9" * 30, None, "999"])
def test_a_version_of_a_rating_that_cannot_be_read_or_never_was_blames_nobody(scoring, sign_in, version, more):
    scoring.rate("cem", 4, rationale="It runs.")
    client, cell = sign_in(scoring.raters["cem"]), url("review_cell", scoring, "first_lot", "own")
    seen = {} if version is None else {"version": version}
    for given in ({"score": "2"}, {"rationale": CANARY, "confidence": "high"}):
        answer = client.post(cell, given | seen, **more)
        said = text(answer)
        assert "meanwhile" not in said
        if version == "999":
            assert answer.status_code == 409
            assert "There is no version 999 of this rating: it is at version 1." in said
        else:
            assert answer.status_code == 422 and "Which version this page showed could not be read" in said
        assert "Use 2" in said if "score" in given else more or CANARY in said
        assert "It runs." in said or "score" in given or version != "999"
    rating = Rating.objects.get()
    assert (rating.score, rating.rationale, rating.version) == (4, "It runs.", 1)
    shown = re.search(r'name="version" value="(\d+)"', text(client.post(cell, {"score": "2"} | seen, **HTMX))).group(1)
    assert client.post(cell, {"score": "2", "version": shown}, **HTMX).status_code == 200
    assert Rating.objects.get().score == 2


def test_a_reason_on_a_version_that_never_was_is_kept_and_may_still_win(scoring, sign_in):
    scoring.rate("cem", 4, rationale="It runs.")
    client, cell = sign_in(scoring.raters["cem"]), url("review_cell", scoring, "first_lot", "own")
    said = text(client.post(cell, {"rationale": CANARY, "confidence": "high", "version": "999"}))
    assert "It says: “It runs.”" in said and CANARY in said and 'name="over" value="1"' in said
    client.post(cell, {"rationale": CANARY, "confidence": "high", "version": "999", "over": "1"})
    assert Rating.objects.get().rationale == CANARY


def test_suggestions_are_accepted_one_by_one_or_all_and_done_is_said(scoring, sign_in):
    client = sign_in(scoring.raters["cem"])
    early = client.post(url("review_done", scoring), follow=True)
    assert "4 of your ratings are missing" in text(early)
    client.post(url("review_cell", scoring, "first_lot", "a"), {"accept": "1", "rationale": "Plain.", "version": "0"})
    rating = Rating.objects.get()
    assert rating.accepted and rating.rationale == "Plain."
    client.post(url("review_accept", scoring))
    assert Rating.objects.filter(accepted=True).count() == 4
    client.post(url("review_done", scoring))
    assert Assignment.objects.get(membership=scoring.raters["cem"]).state == "done"
    assert "You are done" in text(client.get(url("review_score", scoring)))


def test_carried_ratings_are_shown_as_such_and_confirmed(scoring, sign_in):
    scoring.rate("cem", 4, rationale=CANARY)
    reviews.withdraw(member=scoring.lead, review_id=scoring.review.pk, reason="Again.")
    scenes.start_scoring(scoring)
    client = sign_in(scoring.raters["cem"])
    page = text(client.get(url("review_score", scoring)))
    assert "1 rating came along" in page and "Confirm 4" in page and "0 of 1" in page
    client.post(url("review_cell", scoring, "first_lot", "own"), {"version": "1", "score": "4"}, **HTMX)
    assert not Rating.objects.get(review=scoring.review).to_confirm
    drawer = text(client.get(url("review_cell", scoring, "first_lot", "own"), **HTMX))
    assert "carried forward" in drawer and CANARY in drawer


# -- panel --------------------------------------------------------------------------------------------------------


def test_the_panel_shows_everyones_word_and_the_lead_records_what_was_agreed(revealed, sign_in):
    at = "?criterion=first_lot&option=own"
    page = text(sign_in(revealed.raters["quin"]).get(url("review_panel", revealed) + at))
    assert CANARY in page and "The March lot was clean." in page and "3.50" in page
    assert "Record what the panel agreed on" not in page
    client = sign_in(revealed.lead)
    agree = url("review_agree", revealed, "first_lot", "own")
    refused = client.post(agree, {"value": "9", "note": "Typed with care.", "version": "0"})
    assert refused.status_code == 422
    assert "between 1 and 5" in text(refused) and "Typed with care." in text(refused)
    client.post(agree, {"value": "3", "note": "The March lot settles it.", "version": "0"})
    assert AgreedValue.objects.get().value == 3
    clash = client.post(agree, {"value": "2", "note": "Lower.", "version": "0"})
    assert clash.status_code == 409
    assert "The March lot settles it." in text(clash) and "Lower." in text(clash)
    page = text(client.get(url("review_panel", revealed) + at))
    assert "Agreed on 3.00" in page and CANARY in page, "dissent stays in view"
    client.post(url("review_take_back", revealed, "first_lot", "own"), {"version": "1"})
    assert not AgreedValue.objects.exists()


def test_the_widest_disagreement_stands_first_and_silent_functions_are_named(revealed, sign_in):
    client = sign_in(revealed.lead)
    page = text(client.get(url("review_panel", revealed)))
    assert page.index("First lot") < page.index("Quality")
    assert "1 cell two or more points apart" in page
    lot_cost = text(client.get(url("review_panel", revealed) + "?criterion=lot_cost&option=own&sort=criteria"))
    assert "Nobody rated this cell" in lot_cost and "Asked but silent: QA" in lot_cost


@pytest.mark.django_db(transaction=True)
def test_cells_that_facts_moved_are_marked_in_the_panel():
    from django.test import Client

    scene = scenes.make_scene(cem="cmc")
    scenes.start_scoring(scene)
    scene.rate("cem", 4)
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Now.")
    scenes.save_facts(scene, need=15)
    for job in Job.objects.all():
        jobs.run(job.pk)
    client = Client()
    client.force_login(scene.lead.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    page = text(client.get(url("review_panel", scene) + "?criterion=first_lot&option=own"))
    assert "Facts moved the suggestion from 3 to 4" in page


# -- queries ------------------------------------------------------------------------------------------------------


def count(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_pages_ask_as_many_queries_for_many_raters_as_for_few(revealed, sign_in):
    pages = [("review_setup", revealed.lead), ("review_panel", revealed.lead), ("review_score", revealed.raters["cem"])]
    few = {name: count(sign_in(who), url(name, revealed)) for name, who in pages}
    for number in range(6):
        name = f"more{number}"
        revealed.raters[name] = people.add_member(
            actor=revealed.admin, email=f"{name}@example.org", full_name=name, roles=("assessor",), functions=("qa",)
        )
        revealed.assign(name)
        revealed.rate(name, 1 + number % 5)
        revealed.rate(name, 3, option="a")
        revealed.rate(name, 3, criterion="quality")
    assert {name: count(sign_in(who), url(name, revealed)) for name, who in pages} == few
    assert max(few.values()) <= 32, few
