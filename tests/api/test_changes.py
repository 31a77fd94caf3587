"""Changes and recomputation by the API."""

import pytest

from accounts.models import AuditEvent
from assessments.models import Submission
from assessments.services import programs
from tests.api.conftest import Caller, token_of
from tests.scoring import sample
from tests.services.decided import decided_world, member, submit
from tests.services.test_changes import next_review
from tests.services.test_verifying import approved

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = decided_world()
    submit(world)
    return approved(world)


def of(world, role):
    return Caller(token_of(world.people[role]))


def test_what_changed_since_the_approved_review(world):
    review = next_review(world, qms=3)
    answer = of(world, "lead").get(f"reviews/{review.uuid}/changes/")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["before"]["name"], told["before"]["kind"], told["before"]["frozen"]) == ("Review 1", "review", True)
    assert told["after"]["id"] == str(review.uuid) and told["basis"] == "facts" and told["why_facts"]
    (fact,) = told["facts"]
    assert (fact["field"], fact["old"], fact["new"], fact["option"]) == ("qms", 0, 3, "")
    assert "cells" in fact["moves"] and "gates" in fact["moves"]
    shift = told["attribution"]
    assert sum(row["shift"] for row in shift["groups"]) == pytest.approx(shift["after"] - shift["before"])
    a, b = shift["pair"]
    assert shift["before"] == pytest.approx(told["before"]["totals"][a] - told["before"]["totals"][b])
    assert shift["after"] == pytest.approx(told["after"]["totals"][a] - told["after"]["totals"][b])
    gate = next(row for row in told["gates"] if row["moved"] and row["option"] == "own")
    assert (gate["before"], gate["after"]) == (["block"], [])


def test_only_what_matters_is_asked_for_by_the_words_of_the_page(world):
    review = next_review(world, qms=3, regions=["us", "eu"])
    caller, url = of(world, "lead"), f"reviews/{review.uuid}/changes/"
    whole, short = caller.get(url).json(), caller.get(f"{url}?show=matters").json()
    assert (whole["show"], short["show"]) == ("all", "matters")
    assert whole["hidden"] == {"facts": 0, "scores": 0, "weights": 0, "gates": 0}
    assert [one["field"] for one in short["facts"]] == ["qms"] and short["hidden"]["facts"] == 1
    for part in ("cells", "gates"):
        assert all(row in whole[part] for row in short[part])
    assert short["weights"] == [] and short["hidden"]["weights"] == len(whole["weights"]) > 0
    assert short["attribution"] == whole["attribution"]
    assert caller.get(f"{url}?show=some").status_code == 400


def test_against_names_any_review_submission_or_revision(world):
    review = next_review(world, qms=3)
    caller = of(world, "lead")
    for uuid, kind in (
        (world.review.uuid, "review"),
        (Submission.objects.get().uuid, "submission"),
        (world.revision.uuid, "revision"),
    ):
        told = caller.get(f"reviews/{review.uuid}/changes/?against={uuid}").json()
        assert (told["before"]["kind"], told["before"]["id"]) == (kind, str(uuid))


def test_the_pair_is_chosen_by_key_and_a_wrong_one_refused(world):
    review = next_review(world, qms=3)
    caller, url = of(world, "lead"), f"reviews/{review.uuid}/changes/"
    told = caller.get(f"{url}?option=own&over=a").json()
    shift = told["attribution"]
    assert (shift["pair"], shift["pair_by"]) == (["own", "a"], "asked")
    for side in ("before", "after"):
        assert shift[side] == pytest.approx(told[side]["totals"]["own"] - told[side]["totals"]["a"])
    assert sum(row["shift"] for row in shift["groups"]) == pytest.approx(shift["after"] - shift["before"])
    assert caller.get(url).json()["attribution"]["pair_by"] == "runner_up"
    wrong = caller.get(f"{url}?option=own&over=nowhere")
    assert wrong.status_code == 400 and "No such option is compared" in wrong.content.decode()


def test_later_facts_as_the_base_read_from_the_earlier_to_the_later(world):
    document = sample.profile() | {"assessment_date": "2026-01-15", "qms": 4, "potency": "none"}
    later = programs.import_revision(
        member=member(world, "lead"), program=world.program, document=document, summary="Later"
    )
    told = of(world, "lead").get(f"reviews/{world.review.uuid}/changes/?against={later.uuid}").json()
    assert (told["before"]["kind"], told["after"]["kind"]) == ("review", "revision")
    assert (told["base"]["id"], told["base"]["is_later"]) == (str(later.uuid), True)
    assert (told["target"]["id"], told["target"]["is_later"]) == (str(world.review.uuid), False)
    assert [(one["old"], one["new"]) for one in told["facts"] if one["field"] == "qms"] == [(0, 4)]


def test_without_a_base_and_with_a_wrong_one_it_says_so(world):
    caller = of(world, "lead")
    missing = caller.get(f"reviews/{world.review.uuid}/changes/")
    assert missing.status_code == 404
    wrong = caller.get(f"reviews/{world.review.uuid}/changes/?against=x")
    assert wrong.status_code == 400 and "against" in wrong.content.decode()
    foreign = caller.get(f"reviews/{world.review.uuid}/changes/?against={world.foreign_membership}")
    assert foreign.status_code == 404


def test_prices_are_withheld_by_right(world):
    review = next_review(world)
    assert of(world, "rater").get(f"reviews/{review.uuid}/changes/").json()["withheld"] is True
    assert of(world, "lead").get(f"reviews/{review.uuid}/changes/").json()["withheld"] is False


def test_a_record_is_recomputed_and_verified_in_one_answer(world):
    submission = Submission.objects.get()
    answer = of(world, "auditor").post(f"submissions/{submission.uuid}/recompute/")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["outcome"], told["mismatches"], told["versions"]) == ("same", [], [])
    assert told["figures"] > 200 and "bit for bit" in told["sentence"]
    assert AuditEvent.objects.get(action="submission.recomputed").channel == "api"
