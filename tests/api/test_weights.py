"""Weights of a draft through the API: computed first, written only where asked and only over the version that was seen."""

import pytest

from assessments.models import CriteriaVersion

SWINGS = {"cmc": {"method": "swing", "given": {"time": 100, "money": 25}}}


@pytest.fixture
def place(world):
    return f"criteria-versions/{world.draft_version.uuid}/weights/"


def weights_of(world):
    rows = CriteriaVersion.objects.get(pk=world.draft_version.pk).dimension_rows.all()
    return {row.key: float(row.weight) for row in rows}


def test_weights_are_computed_without_writing_and_written_where_asked(world, caller, place):
    admin, before = caller("admin"), weights_of(world)
    shown = admin.post(place, {"answers": SWINGS})
    assert shown.status_code == 200 and shown.json()["combined"] == pytest.approx({"time": 0.8, "money": 0.2})
    assert shown.json()["before"] == pytest.approx({"time": 0.6, "money": 0.4}) and weights_of(world) == before
    assert admin.post(place, {"answers": SWINGS, "apply": True}).status_code == 428
    assert admin.post(place, {"answers": SWINGS, "apply": True}, If_Match='"999"').status_code == 412
    assert weights_of(world) == before
    done = admin.post(place, {"answers": SWINGS, "apply": True}, If_Match=shown.headers["ETag"])
    assert done.status_code == 200 and done.json()["applied"] and weights_of(world) == {"time": 80.0, "money": 20.0}
    assert done.headers["ETag"] != shown.headers["ETag"]


def test_functions_are_combined_by_their_say_and_pairs_tell_their_consistency(caller, place):
    answers = SWINGS | {"qa": {"method": "pairwise", "given": [["money", "time", 3]]}}
    answer = caller("admin").post(place, {"answers": answers, "importance": {"cmc": 1, "qa": 3}}).json()
    assert answer["functions"]["qa"]["weights"] == pytest.approx({"time": 0.25, "money": 0.75})
    assert answer["functions"]["qa"]["consistency"]["acceptable"] is True
    assert answer["combined"]["time"] == pytest.approx(0.25 * 0.8 + 0.75 * 0.25)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"answers": {}},
        {"answers": {"cmc": 3}},
        {"answers": {"cmc": {"method": "magic", "given": {}}}},
        {"answers": {"cmc": {"method": ["swing"], "given": {}}}},
        {"answers": {"cmc": {"method": "swing", "given": [1, 2]}}},
        {"answers": {"cmc": {"method": "swing", "given": {"time": 100}}}},
        {"answers": {"cmc": {"method": "direct", "given": {"time": -1, "money": 2}}}},
        {"answers": {"cmc": {"method": "direct", "given": {"time": True, "money": 2}}}},
        {"answers": {"cmc": {"method": "rank_sum", "given": ["time", 3]}}},
        {"answers": {"cmc": {"method": "rank_sum", "given": ["time", "time", "money"]}}},
        {"answers": {"cmc": {"method": "pairwise", "given": [["time", "money"]]}}},
        {"answers": {"cmc": {"method": "pairwise", "given": [["time", "money", 0]]}}},
        {"answers": {"cmc": {"method": "pairwise", "given": [["time", "money", 2], ["time", "money", 3]]}}},
        {"answers": SWINGS, "group": "nowhere"},
        {"answers": SWINGS, "importance": {"qa": 1}},
        {"answers": SWINGS, "importance": {"cmc": "much"}},
        {"answers": SWINGS, "importance": {"cmc": 0}},
    ],
)
def test_what_is_no_answer_is_refused_and_writes_nothing(world, caller, place, body):
    before = weights_of(world)
    answer = caller("admin").post(place, body)
    assert answer.status_code == 400 and answer.json()["problems"], answer.content
    assert weights_of(world) == before
