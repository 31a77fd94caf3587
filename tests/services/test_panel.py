"""The panel's value of a cell: each function counts once, however many speak for it; figures worked by hand."""

import pytest

from assessments import jobs
from assessments.models import Job
from assessments.services import reconciling
from assessments.services.panel import panel_of
from tests.services import scene as scenes


def revealed(scores, **raters):
    scene = scenes.make_scene(**raters)
    scenes.start_scoring(scene)
    for name, score in scores.items():
        scene.rate(name, score)
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Time is up.")
    return scene


def value(scene):
    return panel_of(scene.now())["first_lot"]["own"]["value"]


@pytest.mark.django_db
def test_there_is_no_panel_while_scoring_is_blind():
    scene = scenes.make_scene(cem="cmc")
    scenes.start_scoring(scene)
    scene.rate("cem", 4)
    assert panel_of(scene.now()) is None


@pytest.mark.django_db
def test_head_count_buys_no_weight():
    # Three of CMC say 5, 5 and 2: their mean is 4. One of QA says 1. The panel: (4 + 1) / 2, not 13 / 4.
    scene = revealed({"ann": 5, "ben": 5, "cem": 2, "quin": 1}, ann="cmc", ben="cmc", cem="cmc", quin="qa")
    assert value(scene) == pytest.approx(2.5)


@pytest.mark.django_db
def test_one_functions_word_stands_alone_and_cells_without_a_word_are_missing():
    scene = revealed({"cem": 4}, cem="cmc", quin="qa")
    assert value(scene) == 4
    assert set(panel_of(scene.now())) == {"first_lot"}
    assert set(panel_of(scene.now())["first_lot"]) == {"own"}


@pytest.mark.django_db
def test_an_agreed_value_stands_before_the_mean_until_it_is_taken_back():
    scene = revealed({"cem": 2, "quin": 4}, cem="cmc", quin="qa")
    cell = {"review_id": scene.review.pk, "criterion_key": "first_lot", "option_key": "own", "member": scene.lead}
    assert value(scene) == 3
    reconciling.agree(value="4.25", note="The March lot settles it.", **cell)
    assert value(scene) == 4.25
    reconciling.take_back(seen_version=1, **cell)
    assert value(scene) == 3


@pytest.mark.django_db(transaction=True)
def test_judgement_is_an_offset_and_what_facts_moved_is_named_until_it_is_judged_again():
    # Own site: ready in month 12 of 14, slack 2 months, one late change: the rule suggests 3, less 1 for the change.
    scene = revealed({"cem": 4}, cem="cmc")
    panel = panel_of(scene.now())["first_lot"]["own"]
    assert panel == {"value": 4.0, "suggestion": 3.0}
    scenes.save_facts(scene, need=15)  # slack 3 months: the rule suggests one more
    numbers = result(scene)
    assert numbers["suggestions"]["first_lot"]["own"]["score"] == 4
    assert numbers["panel"]["options"]["own"]["scores"]["first_lot"] == 5, "suggestion 4, and one point of judgement"
    moved = {(cell["criterion"], cell["option"]): cell for cell in numbers["moved"]}
    assert moved["first_lot", "own"] == {
        "criterion": "first_lot",
        "option": "own",
        "was": 3.0,
        "now": 4.0,
        "judgement": 1.0,
    }
    # What the panel agrees on now is agreed under the facts of now: it is shown as it was said.
    reconciling.agree(
        member=scene.lead,
        review_id=scene.review.pk,
        criterion_key="first_lot",
        option_key="own",
        value="4",
        note="Seen the new date.",
    )
    numbers = result(scene)
    assert numbers["panel"]["options"]["own"]["scores"]["first_lot"] == 4
    assert ("first_lot", "own") not in {(cell["criterion"], cell["option"]) for cell in numbers["moved"]}


def result(scene):
    for job in Job.objects.filter(target=f"review:{scene.review.pk}"):
        jobs.run(job.pk)
    review = scene.now()
    assert review.headline_revision == review.inputs_revision
    return review.headline.numbers
