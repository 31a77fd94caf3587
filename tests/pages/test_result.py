"""The result pages: what they rest on, what they hide, and that blind ratings leave no trace on them."""

import re

import pytest
from django.urls import reverse

from assessments.models import Job, Review, Scorecard
from tests.pages import results
from tests.support.begun import afresh

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place(settings):
    return afresh(results.make_place)


def page(client, place, key, name="assessments:review_result", subject=None, **query):
    results.sign_in(client, place.people[key])
    answer = client.get(reverse(name, args=[(subject or place.review).uuid]), query)
    assert answer.status_code == 200
    return answer


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_a_program_shows_what_its_facts_alone_say(client, place):
    said = text_of(page(client, place, "viewer", "assessments:program_result", place.program))
    assert "Rests on facts r1 only" in said and "No ratings are in it." in said
    assert "Clear, with 1 mandatory condition" in said and "16.5 points ahead of Hybrid" in said
    assert "Process optimisation plan with owner and date" in said and "month 11, Apr 2027" in said
    assert "pdr_" not in said and "in_house" not in said, "names, never keys"


def test_a_program_without_facts_says_what_to_do(client, place):
    from assessments.services import programs

    bare = programs.create_program(
        member=place.people["admin"],
        name="Bare",
        criteria_version=place.program.criteria_version,
        lead=place.people["lead"],
    )
    answer = page(client, place, "lead", "assessments:program_result", bare)
    said = text_of(answer)
    assert "No facts are saved yet" in said and "Save a first revision" in said and "Go to the facts" in said
    assert "<title>Result · Bare" in answer.content.decode()


def test_sums_that_rest_on_prices_are_for_those_who_may_see_them(client, place):
    name, program = "assessments:program_result", place.program
    for key in ("lead", "finance", "approver", "admin"):
        assert "exceeds the capital available, 9 MUSD" in text_of(page(client, place, key, name, program))
    for key in ("viewer", "cmc"):
        said = text_of(page(client, place, key, name, program))
        assert "MUSD exceeds" not in said and "of the capital available" not in said
        assert "Unaffordable" in said, "the gate itself is no secret"


def test_while_scoring_the_page_never_follows_what_others_rate(client, place):
    results.open_scoring(place)
    before = {key: page(client, place, key).content for key in ("lead", "admin", "finance")}
    for option in ("in_house", "cdmo", "hybrid"):
        results.rate(place, "cmc", "pdr_lot_success", option, 5)
    for key, body in before.items():
        answer = page(client, place, key)
        strip = re.compile(rb'name="csrf[^>]*>|<meta name="csrf[^>]*>|datetime="[^"]*"|\d+.(seconds?|minutes?) ago')
        assert strip.sub(b"", answer.content) == strip.sub(b"", body), key
        assert "With my ratings" not in text_of(answer)
    assert not Scorecard.objects.exclude(numbers__basis="facts").exists(), "no panel result is computed or stored"


def test_a_rater_sees_privately_what_their_own_ratings_would_make_of_it(client, place):
    results.open_scoring(place)
    assert "With my ratings" not in text_of(page(client, place, "cmc", view="mine")), "nothing rated yet"
    for criterion in ("cap_expansion", "cap_harvest_wash", "cap_form_fill_cryo", "pdr_lot_success"):
        results.rate(place, "cmc", criterion, "hybrid", 5)
    kept = Scorecard.objects.count()
    facts, mine = text_of(page(client, place, "cmc")), page(client, place, "cmc", view="mine")
    assert "16.5 points ahead of Hybrid" in facts and "Only you see this: your 4 ratings" in text_of(mine)
    assert "no-store" in mine.headers["Cache-Control"] and "private" in mine.headers["Cache-Control"]
    assert text_of(mine) != facts and "computed now, not kept" in text_of(mine)
    assert Scorecard.objects.count() == kept, "never stored"
    for key in ("lead", "admin", "finance"):
        assert "Only you see this" not in text_of(page(client, place, key, view="mine"))


def test_after_the_reveal_facts_and_panel_stand_side_by_side(client, place):
    results.open_scoring(place)
    results.rate(place, "cmc", "pdr_lot_success", "cdmo", 5)
    results.reveal(place)
    said = text_of(page(client, place, "lead"))
    assert "Rests on facts r1, panel" in said and "Facts and judgement" in said
    assert "cells of CDMO are missing" in said
    assert "Only you see this" not in text_of(page(client, place, "cmc", view="mine"))


def test_a_failed_computation_says_why_and_who_may_tries_again(client, place):
    review = results.open_scoring(place)
    results.rate(place, "cmc", "pdr_lot_success", "cdmo", 5)
    results.reveal(place)
    Review.objects.filter(pk=review.pk).update(inputs_revision=99)
    job = Job.objects.filter(target=f"review:{review.pk}")
    job.update(state=Job.State.FAILED, error="EvaluationError: Division by zero in cost ratio", wanted_revision=99)
    lead, cmc = text_of(page(client, place, "lead")), text_of(page(client, place, "cmc"))
    assert "Division by zero in cost ratio" in lead and "EvaluationError" not in lead and "last good result" in lead
    assert "Try again" in lead and "Try again" not in cmc
    job.update(error="KeyError: 'upfront'")
    assert "KeyError" not in text_of(page(client, place, "lead"))
    retry = reverse("assessments:review_retry", args=[review.uuid])
    assert results.sign_in(client, place.people["cmc"]).post(retry).status_code == 403
    assert job.get().state == Job.State.FAILED
    answer = results.sign_in(client, place.people["lead"]).post(retry, follow=True)
    assert "being computed again" in text_of(answer) and job.get().state == Job.State.QUEUED


def test_a_headline_says_that_more_follows_or_why_it_does_not(client, place):
    job = Job.objects.get(target=f"program:{place.program.pk}")
    assert job.depth == "full" and job.state == Job.State.QUEUED
    name, program = "assessments:program_result", place.program
    assert "Being computed; it appears here by itself." in text_of(page(client, place, "viewer", name, program))
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED, error="MemoryError: 12345")
    said = text_of(page(client, place, "lead", name, program))
    assert "Risk and robustness in depth could not be computed" in said and "MemoryError" not in said
    assert "Try again" in said and "Being computed" not in said
    assert "Try again" not in text_of(page(client, place, "viewer", name, program))


def test_the_page_asks_for_its_result_alone_and_keeps_the_view(client, place):
    results.open_scoring(place)
    results.rate(place, "cmc", "pdr_lot_success", "cdmo", 5)
    whole = page(client, place, "cmc", view="mine").content.decode()
    asked = re.search(r'id="result"[^>]*hx-get="([^"]+)"', whole).group(1).replace("&amp;", "&")
    part = client.get(asked).content.decode()
    assert part.startswith("{#") is False and "<html" not in part and 'id="result"' in part
    assert "Only you see this" in part


def test_a_full_result_points_to_what_lies_deeper(client, place):
    results.settle()
    name, program = "assessments:program_result", place.program
    answer = page(client, place, "lead", name, program)
    said = text_of(answer)
    assert "Months of program delay that we carry" in said and "The smallest changes that alter the answer" in said
    for page_ in ("robustness", "risk", "stress"):
        assert f'href="{reverse(f"assessments:program_{page_}", args=[program.uuid])}"' in answer.content.decode()


def test_queries_of_the_page_are_few(client, place, django_assert_max_num_queries):
    results.open_scoring(place)
    results.sign_in(client, place.people["cmc"])
    url = reverse("assessments:review_result", args=[place.review.uuid])
    client.get(url)
    with django_assert_max_num_queries(20):
        client.get(url)
