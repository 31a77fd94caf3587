"""Robustness, risk and stress of a program and of a review: every figure with its error, and nothing that is hidden."""

import re

import pytest
from django.urls import reverse

from assessments.models import Scorecard
from tests.pages import results
from tests.pages.test_result import page, text_of
from tests.support.begun import afresh

pytestmark = pytest.mark.django_db(transaction=True)

DEEP = ("robustness", "risk", "stress")


def settled(name):
    made = results.make_place(name)
    results.settle()
    return made


@pytest.fixture
def place():
    return afresh(settled, "brightwater")


def of_program(client, place, key, name):
    return page(client, place, key, f"assessments:program_{name}", place.program)


def test_robustness_tells_shares_ranks_ranges_and_every_change_with_errors(client, place):
    said = text_of(of_program(client, place, "viewer", "robustness"))
    for words in (
        "First under plausible weights", "2,000 draws", "Ranks if nothing were known about the weights", "16,384 draws",
        "Weights that favour each option", "Confidence", "One option against another", "How far one weight may move",
        "whole order stays", "One weight halved or doubled", "The smallest single changes that alter the answer",
        "TOPSIS", "PROMETHEE II, with thresholds", "They enter no total and no verdict",
    ):  # fmt: skip
        assert words in said, words
    assert re.search(r"\d+ ± \d+ %", said) and re.search(r"\d+\.\d ± 0\.\d %", said)
    assert "promethee_usual" not in said and "in_house" not in said and "str_" not in said, "names, never keys"


def test_what_the_draws_cannot_tell_apart_is_said(client, place):
    card = Scorecard.objects.get(program=place.program, depth="full")
    numbers = card.numbers
    shares = numbers["robustness"]["first_share"]
    shares["in_house"]["value"], shares["cdmo"]["value"] = 0.450, 0.455
    numbers["robustness"]["paired"]["in_house|cdmo"] = {"value": -0.005, "se": 0.021}
    said = results.body_of(place, "lead", card, numbers, "robustness")["apart"]
    assert any("CDMO and In-house are not distinguishable" in sentence for sentence in said)


def test_risk_tells_both_panels_carriers_capacity_and_five_events_an_option(client, place):
    answer = of_program(client, place, "viewer", "risk")
    said = text_of(answer)
    for words in (
        "months of program delay we carry", "MUSD we carry", "Cost that the partner carries, MUSD", "Can absorb",
        "Chance of more than can be absorbed", "binds first", "missing", "P50", "P80", "P95", "Told apart?", "20,000 paths",
        "The five events that matter most", "It rests on facts alone",
    ):  # fmt: skip
        assert words in said, words
    assert answer.content.decode().count('<abbr class="prior"') > 15, "priors are marked"
    card = Scorecard.objects.get(program=place.program, depth="full")
    assert all(len(events) == 5 for _, events in results.body_of(place, "lead", card, card.numbers, "risk")["events"])


def test_stress_tells_every_run_in_value_and_risk_and_the_other_ways_to_judge(client, place):
    said = text_of(of_program(client, place, "viewer", "stress"))
    for run in ("S1 Funding drought", "S7a Inspection shock at the partner", "S8 Clinical pause"):
        assert said.count(run) >= 3, run
    assert "The same choice in 4 of 6" in said and "Equal weights" in said and "blocked: not ready in time" in said
    assert "above capacity from months" in said and "2,000 paths for each run" in said


def test_changes_of_prices_are_for_those_who_may_see_them(client, place):
    card = Scorecard.objects.get(program=place.program, depth="full")
    numbers = card.numbers
    priced = next(iter(numbers["flips"]["facts"])) | {"label": "Price per lot", "commercial": True, "option": "cdmo"}
    priced |= {"unit": "kUSD/lot", "old": 60, "new": 90, "direction": "up", "old_words": "", "new_words": ""}
    numbers["flips"]["facts"] = [priced]
    for key, seen in (("lead", 1), ("finance", 1), ("viewer", 0), ("cmc", 0)):
        body = results.body_of(place, key, card, numbers, "robustness")
        assert len(body["flips"]["facts"]) == seen, key
    what = results.body_of(place, "lead", card, numbers, "robustness")["flips"]["facts"][0].what
    assert what == "Price per lot (CDMO): 90 kUSD/lot or more (now 60)"
    assert "Changes of prices and terms are left out" in text_of(of_program(client, place, "viewer", "robustness"))
    assert "Changes of prices and terms are left out" not in text_of(of_program(client, place, "lead", "robustness"))


@pytest.mark.parametrize("name", DEEP)
def test_while_scoring_only_ones_own_ratings_are_ever_in_a_page(client, place, name):
    results.open_scoring(place)
    results.settle()
    url = f"assessments:review_{name}"
    before = {key: text_of(page(client, place, key, url)) for key in ("lead", "admin", "finance")}
    for option in ("in_house", "cdmo", "hybrid"):
        results.rate(place, "cmc", "pdr_lot_success", option, 5 if option == "hybrid" else 1)
    ago = re.compile(r"\d+.(second|minute)s? ago|updated .*? ago")
    for key, text in before.items():
        assert ago.sub("", text_of(page(client, place, key, url))) == ago.sub("", text), key
        assert "Only you see this" not in text_of(page(client, place, key, url, view="mine"))
    kept = Scorecard.objects.count()
    mine = text_of(page(client, place, "cmc", url, view="mine"))
    if name == "risk":
        assert "Only you see this" not in mine and "ratings do not move it" in mine
    else:
        assert "Only you see this: your 3 ratings" in mine and "computed now, not kept" in mine
    assert Scorecard.objects.count() == kept, "never stored"


def test_before_the_full_depth_a_page_says_that_it_follows(client, settings):
    bare = afresh(results.make_place, "brightwater")
    assert "Being computed; it appears here by itself." in text_of(of_program(client, bare, "viewer", "risk"))
    said = text_of(of_program(client, bare, "viewer", "robustness"))
    assert "First under plausible weights" in said and "Being computed; it appears here by itself." in said


@pytest.mark.parametrize("name", DEEP)
def test_a_page_asks_for_its_part_alone(client, place, name):
    whole = of_program(client, place, "viewer", name).content.decode()
    asked = re.search(r'id="result"[^>]*hx-get="([^"]+)"', whole).group(1).replace("&amp;", "&")
    part = client.get(asked).content.decode()
    assert "<html" not in part and 'id="result"' in part and 'hx-trigger="live:change"' in part


@pytest.mark.parametrize("name", DEEP)
def test_queries_of_a_page_are_few(client, place, name, django_assert_max_num_queries):
    results.open_scoring(place)
    results.sign_in(client, place.people["lead"])
    url = reverse(f"assessments:review_{name}", args=[place.review.uuid])
    client.get(url)
    with django_assert_max_num_queries(20):
        client.get(url)


def test_an_answer_without_a_second_option_says_so_instead_of_a_figure(client, settings):
    alone = afresh(settled, "nuvelo")
    said = text_of(of_program(client, alone, "viewer", "robustness"))
    assert "Fewer than two options are open" in said and "No figure: fewer than two options are open." in said
