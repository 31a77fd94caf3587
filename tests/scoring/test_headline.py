"""Gates, value, scenarios and verdict on a framework small enough to compute by hand."""

import json

import pytest

from assessments.scoring.batch import batch
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile
from tests.scoring.sample import document, profile


@pytest.fixture(scope="module")
def framework():
    return Framework.from_data(document())


def scored(framework, change=None, **problem):
    data = profile()
    if change:
        change(data)
    return headline(Problem(framework, read_profile(data, framework.schema), **problem))


def test_two_partners_are_scored_beside_each_other_and_the_hybrid_reads_its_host(framework):
    card = scored(framework)
    assert {key: row["ready"] for key, row in card["derived"].items()} == {"own": 12, "a": 6, "b": 1, "mix": 7}
    # slack 2, 8, 13, 7: scores 3, 5, 5, 5; cost ratios 1, 1.2, 3, 1: scores 5, 4, 1, 5; quality 4, 5, 5, 4
    totals = {key: row["total"] for key, row in card["facts"]["options"].items()}
    assert totals == pytest.approx({"own": 67.5, "a": 92.5, "b": 70.0, "mix": 97.5})
    assert card["verdict"]["option"] == "mix"
    assert card["verdict"]["margin"] == pytest.approx(5.0)


def test_a_scenario_recomputes_facts_gates_and_scores(framework):
    card = scored(framework)
    first = card["scenarios"]["S1"]
    # a waits 15 (slack -1: 1), b 10 (slack 4: 4), mix 16 (late: 1); own stays
    assert first["totals"] == pytest.approx({"own": 67.5, "a": 32.5, "b": 55.0, "mix": 37.5})
    assert first["winner"] == "own" and not first["kept"]
    second = card["scenarios"]["S2"]
    assert second["blocked_by"]["own"] == ["G1"]
    # the appended major change takes one point from the first lot of those in time
    assert second["totals"]["mix"] == pytest.approx(82.5)


def test_no_weight_buys_off_a_gate(framework):
    def unsound(data):
        data["qms"] = 0

    for weight in (1, 10, 1000):
        card = scored(framework, unsound, weights={"criteria": {"lot_cost": weight}})
        own = card["facts"]["options"]["own"]
        assert own["blocked"] and own["rank"] is None and own["total"] is not None
        assert card["robustness"]["first_share"]["own"]["value"] == 0


def test_an_entry_marked_else_stands_back_and_a_condition_for_all_names_every_option(framework):
    def weak(data):
        data["qms"], data["potency"] = 2, "none"

    gates = scored(framework, weak)["gates"]
    assert [(gate["id"], gate["effect"], gate["options"]) for gate in gates] == [
        ("G1", "condition", ["own"]),
        ("G2", "condition", ["own", "a", "b", "mix"]),
    ]
    assert gates[0]["condition"] == {"title": "Mock inspection", "owner": "qa", "due": 14.0}


def test_the_order_of_options_and_the_scale_of_weights_change_nothing(framework):
    card = scored(framework)
    turned = scored(framework, options=("mix", "b", "a", "own"))
    assert turned["input_digest"] == card["input_digest"]
    assert turned["facts"]["options"] == card["facts"]["options"]
    assert turned["verdict"] == card["verdict"]
    scaled = scored(
        framework, weights={"dimensions": {"time": 6, "money": 4}, "criteria": {"lot_cost": 300, "quality": 100}}
    )
    assert scaled["weights"] == pytest.approx(card["weights"])


def test_a_review_without_an_own_plant_works_and_computes_the_host_it_does_not_score(framework):
    card = scored(framework, options=("b", "mix"))
    assert [option["key"] for option in card["options"]] == ["b", "mix"]
    assert card["derived"]["mix"]["ready"] == 7


def test_judgement_is_an_offset_and_moved_cells_are_named(framework):
    panel = {
        criterion: {option: {"value": row["score"], "suggestion": row["score"]} for option, row in cells.items()}
        for criterion, cells in scored(framework)["suggestions"].items()
    }
    panel["first_lot"]["own"] = {"value": 4, "suggestion": 3}
    card = scored(framework, panel=panel)
    assert card["basis"] == "panel" and card["moved"] == []
    assert card["panel"]["options"]["own"]["scores"]["first_lot"] == 4
    assert card["facts"]["options"]["own"]["scores"]["first_lot"] == 3

    def later(data):
        data["need"] = 16

    card = scored(framework, later, panel=panel)
    assert card["panel"]["options"]["own"]["scores"]["first_lot"] == 5
    assert {"criterion": "first_lot", "option": "own", "was": 3.0, "now": 4.0, "judgement": 1.0} in card["moved"]


def test_a_missing_cell_is_an_interval(framework):
    panel = {"first_lot": {"a": {"value": 5}}, "lot_cost": {"a": {"value": 5}, "own": {"value": 1}}}
    card = scored(framework, panel=panel, options=("own", "a"))
    a = card["panel"]["options"]["a"]
    assert (a["low"], a["high"], a["total"]) == pytest.approx((90.0, 100.0, 100.0))
    own = card["panel"]["options"]["own"]
    assert (own["low"], own["high"]) == pytest.approx((0.0, 70.0))
    assert card["warnings"]


def test_equal_options_are_a_tie_and_nobody_wins(framework):
    def alike(data):
        data["options"][2]["facts"] = dict(data["options"][1]["facts"])

    card = scored(framework, alike, options=("a", "b"))
    assert card["verdict"]["option"] is None and card["verdict"]["tied"] == ["a", "b"]
    assert {row["rank"] for row in card["facts"]["options"].values()} == {1}
    assert card["robustness"]["first_share"]["a"]["value"] == pytest.approx(0.5)


def test_the_last_open_option_is_never_called_recommended(framework):
    def unsound(data):
        data["qms"] = 0

    card = scored(framework, unsound, options=("own", "a"))
    assert card["verdict"]["kind"] == "best_remaining"
    assert "recommended" not in json.dumps(card["explanation"])


def test_a_scorecard_is_small_plain_json_and_repeats_itself(framework):
    cards = [scored(framework) for _ in range(2)]
    for card in cards:
        del card["timings"]
        assert len(json.dumps(card, allow_nan=False)) < 64 * 1024
    assert cards[0] == cards[1]


def test_a_batch_gives_what_the_headline_gives(framework):
    facts = read_profile(profile(), framework.schema)
    late = profile()
    late["need"] = 3
    programs = [facts, read_profile(late, framework.schema)] * 3
    for program, outcome in zip(programs, batch(framework, programs), strict=True):
        card = headline(Problem(framework, program))
        assert outcome.totals == pytest.approx({key: row["total"] for key, row in card["facts"]["options"].items()})
        for part, value in outcome.verdict.items():
            assert value == (card["verdict"][part] or 0.0 if part == "first_share" else card["verdict"][part])
