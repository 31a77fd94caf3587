"""A write carries the version it saw; a clash gives both values and loses neither."""

import pytest

from assessments.models import AgreedValue, Condition, CriteriaVersion, Evidence, Rating
from tests.rights.rows_conditions import condition


@pytest.fixture
def agreed(world, review_in, caller):
    review = review_in("reconciling")
    body = {"criterion": "first_lot", "option": "own", "value": 3.5, "note": "We agreed."}
    answer = caller("lead").post(f"reviews/{review.uuid}/agreed-values/", body)
    assert answer.status_code == 201
    return answer


def test_the_version_of_an_answer_is_taken_once(caller, agreed):
    lead = caller("lead")
    place = agreed.headers["Location"]
    assert agreed.headers["ETag"] == lead.get(place).headers["ETag"] == '"1"'
    first = lead("PUT", place, {"value": 4, "note": "More lots."}, If_Match='"1"')
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    second = lead("PUT", place, {"value": 2, "note": "Fewer lots."}, If_Match='"1"')
    body = second.json()
    assert (second.status_code, body["code"], body["version"]) == (412, "clash", 2)
    assert body["current"]["note"] == "More lots." and float(body["current"]["value"]) == 4
    assert body["attempted"]["note"] == "Fewer lots." and float(body["attempted"]["value"]) == 2
    assert float(AgreedValue.objects.get().value) == 4
    assert lead("DELETE", place, {}, If_Match='"1"').status_code == 412
    assert lead("DELETE", place, {}, If_Match='"2"').status_code == 204
    assert not AgreedValue.objects.exists()


@pytest.mark.parametrize("method, body", [("PUT", {"value": 4, "note": "More."}), ("DELETE", {})])
def test_without_a_version_nothing_is_written(caller, agreed, method, body):
    lead, place = caller("lead"), agreed.headers["Location"]
    answer = lead(method, place, body)
    assert (answer.status_code, answer.json()["code"]) == (428, "precondition_required")
    for strange in ("*", "1", 'W/"1"', '"x"', '"' + "9" * 30 + '"'):
        assert lead(method, place, body, If_Match=strange).status_code == 400
    assert AgreedValue.objects.get().version == 1


def test_a_draft_of_criteria_is_discarded_only_as_it_was_seen(world, caller):
    place = f"criteria-versions/{world.draft_version.uuid}/"
    assert caller("admin")("DELETE", place, {}, If_Match='"7"').status_code == 412
    assert CriteriaVersion.objects.filter(pk=world.draft_version.pk).exists()


def test_a_transition_may_name_the_version_it_saw(world, review_in, caller):
    review = review_in("draft")
    place = f"reviews/{review.uuid}/"
    seen = caller("lead").get(place).headers["ETag"]
    assert caller("lead").post(f"{place}transitions/", {"action": "start"}, If_Match='"99"').status_code == 412
    assert caller("lead").post(f"{place}transitions/", {"action": "start"}, If_Match=seen).status_code == 200


def test_ratings_are_taken_all_or_none(world, review_in, caller):
    review = review_in("scoring")
    rater, place = caller("rater"), f"reviews/{review.uuid}/ratings/"
    held = {(one["criterion"], one["option"]): one for one in rater.get(place).json()["results"]}
    cells = [
        {"criterion": criterion, "option": option, "score": 5, "version": one["version"], "rationale": "New lots."}
        for (criterion, option), one in held.items()
    ]
    assert len(cells) > 2
    stale = [*cells[:-1], cells[-1] | {"version": 0}]
    answer = rater("PUT", place, {"ratings": stale})
    assert (answer.status_code, answer.json()["code"]) == (409, "clash")
    assert answer.json()["current"] and answer.json()["attempted"]
    assert not Rating.objects.filter(score=5).exists()
    answer = rater("PUT", place, {"ratings": cells})
    assert answer.status_code == 200
    assert [one["score"] for one in answer.json()["ratings"]] == [5] * len(cells)
    assert Rating.objects.filter(score=5).count() == len(cells)


def test_a_score_of_eleven_tenths_is_no_score(world, review_in, caller):
    review = review_in("scoring")
    for score in (0, 6, 3.5, "4", True, 10**400):
        cell = {"criterion": "first_lot", "option": "own", "score": score, "version": 1}
        answer = caller("rater")("PUT", f"reviews/{review.uuid}/ratings/", {"ratings": [cell]})
        assert answer.status_code == 400, score
        assert answer.json()["problems"][0]["field"] == "ratings[0].score"


# -- conditions ---------------------------------------------------------------------------------------------------


@pytest.fixture
def row(world, review_in):
    review_in("approved")
    return condition(world)


def test_a_clash_over_a_condition_tells_how_far_it_is_and_what_was_refused(row, caller):
    lead, place = caller("lead"), f"conditions/{row.uuid}/state/"
    assert lead("PUT", place, {"state": "in_progress", "note": "Begun."}, If_Match='"1"').status_code == 200
    answer = lead("PUT", place, {"state": "done", "note": "All shown."}, If_Match='"1"')
    body = answer.json()
    assert (answer.status_code, body["code"], body["version"]) == (412, "clash", 2)
    assert body["current"] == {"state": "in_progress", "note": "Begun."}
    assert body["attempted"] == {"state": "done", "note": "All shown."}
    assert Condition.objects.get().state == "in_progress"


def test_a_clash_over_who_sees_to_a_condition_tells_both_people(world, row, caller):
    lead, place = caller("lead"), f"conditions/{row.uuid}/owner/"
    first, second = world.people["assessor"], world.people["approver"]
    given = {"owner": str(first.uuid), "reason": "Away."}
    assert lead("PUT", place, given, If_Match='"1"').status_code == 200
    answer = lead("PUT", place, {"owner": str(second.uuid), "reason": "On leave."}, If_Match='"1"')
    body = answer.json()
    assert (answer.status_code, body["code"], body["version"]) == (412, "clash", 2)
    assert body["current"] == {"owner": {"id": str(first.uuid), "name": first.name}, "state": "open"}
    assert body["attempted"] == {"owner": {"id": str(second.uuid), "name": second.name}, "reason": "On leave."}
    assert Condition.objects.get().owner == first


def test_the_link_that_shows_a_state_has_its_dates(row, caller):
    lead, place = caller("lead"), f"conditions/{row.uuid}/state/"
    given = {"state": "done", "note": "Shown.", "evidence_url": "https://example.org/q-118"}
    days = {"evidence_dated": "2026-01-05", "evidence_valid_until": "2027-06-30"}
    for wrong, field in (
        (given | days | {"evidence_valid_until": "2026-01-04"}, "evidence_valid_until"),
        (given | {"evidence_dated": "0001-01-01"}, "evidence_dated"),
        (given | {"evidence_dated": "2099-01-01"}, "evidence_dated"),
        (given | {"evidence_url": "nowhere"}, "evidence_url"),
        ({"state": "done", "note": "Shown."} | days, "evidence_url"),
        ({"state": "done", "note": "Shown.", "evidence_title": "Report"}, "evidence_url"),
    ):
        answer = lead("PUT", place, wrong, If_Match='"1"')
        assert (answer.status_code, [one["field"] for one in answer.json()["problems"]]) == (400, [field])
    assert not Evidence.objects.exists() and Condition.objects.get().state == "open"
    assert lead("PUT", place, given | days, If_Match='"1"').status_code == 200
    kept = Evidence.objects.get()
    assert (str(kept.dated), str(kept.valid_until), kept.url) == ("2026-01-05", "2027-06-30", given["evidence_url"])
