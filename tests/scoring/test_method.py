"""The worked examples of docs/method.md."""

import numpy as np
import pytest

from assessments.scoring.agreement import kendall_w, krippendorff_alpha
from assessments.scoring.attribution import shapley
from assessments.scoring.crosschecks import closeness, flows
from assessments.scoring.elicitation import pairwise, rank_order_centroid, rank_sum, swing
from assessments.scoring.flips import score_flips
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline, paired_shares
from assessments.scoring.profile import read_profile
from assessments.scoring.ranking import totals_of, verdict_kind
from assessments.scoring.risk import risk_of
from assessments.scoring.risk.report import spread_of
from assessments.scoring.robustness import acceptability, tornado, uniform_simplex, weight_range
from assessments.scoring.runs import values_of
from assessments.scoring.weights import weights_of
from assessments.services.panel import Said, panel_from
from tests.scoring import sample
from tests.scoring.test_elicitation import BUYING, HOUSE
from tests.scoring.test_risk import FRAMEWORK, ran, two_delays
from tests.scoring.test_risk import facts_of as risk_facts


def test_value_and_its_interval():
    values = (np.array([[5.0, 3.0, 1.0], [5.0, 3.0, np.nan]]) - 1) / 4
    total, low, high = totals_of(values, np.array([0.5, 0.3, 0.2]))
    assert (total[0], low[0], high[0]) == pytest.approx((65, 65, 65))
    assert (total[1], low[1], high[1]) == pytest.approx((81.25, 65, 85))


def test_judgement_is_an_offset_on_what_the_facts_suggest():
    framework = Framework.from_data(sample.document())
    facts = read_profile(sample.profile(), framework.schema)
    suggestions = headline(Problem(framework, facts))["suggestions"]
    criterion, option, now = next(
        (criterion, option, cell["score"])
        for criterion, cells in suggestions.items()
        for option, cell in cells.items()
        if cell["score"] is not None and 2 <= cell["score"] <= 4
    )
    # Judged one point above what the facts suggested then, which was one more than now.
    panel = {criterion: {option: {"value": now + 2, "suggestion": now + 1}}}
    card = headline(Problem(framework, facts, panel=panel))
    assert card["panel"]["options"][option]["scores"][criterion] == min(5, now + 1)
    assert [(one["criterion"], one["judgement"]) for one in card["moved"]] == [(criterion, 1)]


def test_weights_from_swings_and_from_an_order():
    keys = ["a", "b", "c"]
    assert list(swing(keys, {"a": 100, "b": 60, "c": 40}).values()) == pytest.approx([0.5, 0.3, 0.2])
    assert list(rank_sum(keys, keys).values()) == pytest.approx([3 / 6, 2 / 6, 1 / 6])
    assert list(rank_order_centroid(keys, keys).values()) == pytest.approx([11 / 18, 5 / 18, 2 / 18])


def test_closeness_of_two_options():
    found = closeness(np.array([[3.0, 12.0], [4.0, 5.0]]), np.array([0.4, 0.6]))
    assert found[0] == pytest.approx(0.8015, abs=5e-5)


def test_two_options_under_any_weights():
    weights = uniform_simplex(np.random.default_rng(1).random((16 * 1024, 2)))
    found = acceptability(np.array([[0.5, 0.0], [0.0, 0.25]]), weights)
    # d = (0.5, -0.25): w1 * 0.5 > w2 * 0.25 where w1 > 1/3, two thirds of the simplex.
    assert found.rank[0, 0] == pytest.approx(2 / 3, abs=0.01)


def test_the_flip_of_a_weight():
    found = weight_range(0.7, np.array([0.8, 0.4]), np.array([0.2, 0.6]), ["a", "b"], 0)
    assert found.low == pytest.approx(0.5)


def test_agreement_of_opposite_and_of_equal_rankings():
    assert kendall_w(np.array([[1.0, 2, 3], [3, 2, 1]])) == pytest.approx(0)
    assert kendall_w(np.array([[1.0, 2, 3], [1, 2, 3]])) == pytest.approx(1)


def test_the_shift_of_a_margin_by_judgement_and_weights():
    worth = {(): 0.0, (0,): 5.0, (1,): 0.0, (0, 1): 15.0}
    assert shapley({key: np.array([value]) for key, value in worth.items()}, 2) == [10.0, 5.0]


def test_a_piecewise_value():
    document = sample.document()
    document["dimensions"][0]["criteria"][0]["value_function"] = {
        "type": "piecewise",
        "points": [[1, 0], [3, 0.8], [5, 1]],
    }
    criterion = Framework.from_data(document).criteria[:1]
    assert values_of(criterion, np.array([[2.0], [4.0]])).ravel() == pytest.approx([0.4, 0.9])


def test_a_lens_doubles_a_dimension():
    framework = Framework.from_data(sample.document())
    assert [d.weight for d in framework.dimensions] == [60, 40]
    weights = weights_of(framework, None, {"money": 2.0})
    of = np.array([one.dimension for one in framework.criteria])
    assert [weights[of == key].sum() for key in ("time", "money")] == pytest.approx([60 / 140, 80 / 140])


def test_a_panel_value_counts_functions_not_heads():
    said = [Said("k", "o", "cmc", 2, None), Said("k", "o", "cmc", 4, None), Said("k", "o", "qa", 5, None)]
    assert panel_from(said, [])["k"]["o"]["value"] == 4


def test_shares_that_cannot_be_told_apart():
    paired = paired_shares(("a", "b", "c"), np.array([0.50, 0.46, 0.04]), np.zeros(3, bool), 2000)["a|b"]
    assert (paired["value"], paired["se"]) == (pytest.approx(0.04), pytest.approx(0.0219, abs=5e-5))
    assert paired["value"] < 2 * paired["se"]


def test_the_range_of_the_whole_order():
    inside, outside, keys = np.array([0.8, 0.4, 0.45]), np.array([0.2, 0.6, 0.25]), ["a", "b", "c"]
    assert np.argsort(-(0.7 * inside + 0.3 * outside)).tolist() == [0, 1, 2]
    first, second = weight_range(0.7, inside, outside, keys, 0), weight_range(0.7, inside, outside, keys, 1, [2])
    assert (first.low, first.high) == (pytest.approx(0.5), 1.0)
    assert (second.low, second.high, second.above) == (0.0, pytest.approx(0.875), "c")


def test_a_weight_halved_and_doubled():
    document = sample.document()
    document["dimensions"][0]["weight"] = document["dimensions"][1]["weight"] = 50
    framework = Framework.from_data(document)
    of = [one.dimension for one in framework.criteria]
    first = np.array([0.4 if key == "time" else 0.0 for key in of])
    second = np.array([0.0 if key == "time" else 0.2 for key in of])
    rows = tornado(framework, ["a", "b"], weights_of(framework), np.stack([first, second]), ("a", "b"))
    time = next(row for row in rows if row["dimension"] == "time")
    assert (time["half"], time["double"]) == (pytest.approx(0.0, abs=1e-9), pytest.approx(20.0))


def test_the_smallest_change_of_a_score():
    framework = Framework.from_data(sample.document())
    weights = np.array([0.4, 0.3, 0.3])
    scores = np.array([[4.0, 3.0, 3.0], [3.0, 3.0, 3.0]])  # 10 points apart, all of it in the first criterion
    rows = score_flips(framework, ["a", "b"], weights, scores, np.zeros(2, bool))
    row = next(one for one in rows if (one["criterion"], one["option"]) == ("first_lot", "a"))
    assert (row["flip"], row["change"], row["winner"]) == (pytest.approx(3.0), pytest.approx(-1.0), "b")


def test_the_net_flow_of_two_options():
    plus, minus = flows(np.array([[1.0, 0.2, 0.5], [0.1, 0.9, 0.5]]), np.array([0.5, 0.3, 0.2]))
    assert (plus - minus)[0] == pytest.approx(0.2)


def test_saatys_house_and_the_judgement_that_spoils_it():
    found = pairwise(HOUSE, BUYING)
    (repair,) = found.repairs
    assert found.ratio == pytest.approx(0.169, abs=1e-3) and repair.pair == ("neighbourhood", "condition")
    assert (repair.said, repair.nearest, repair.ratio) == (6, 0.5, pytest.approx(0.083, abs=1e-3))


def test_alpha_of_krippendorffs_own_data():
    rows = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    units = [[int(row[at]) for row in rows if row[at] != "."] for at in range(12)]
    assert krippendorff_alpha(units) == pytest.approx(0.815, abs=5e-4)


def test_the_error_of_a_percentile():
    found = spread_of((np.arange(20_000) + 0.5) / 20_000)
    assert (found["p80"], found["p80_se"]) == (pytest.approx(0.8, abs=1e-4), pytest.approx(0.0028, abs=5e-5))


def test_two_delays_in_one_half_year():
    walk = two_delays()
    assert walk.slip == pytest.approx(np.full(100, 4.6))
    assert walk.delay[:, 2].mean(axis=1) == pytest.approx([4.6 * 4 / 6, 4.6 * 2 / 6, 0])


def test_what_can_be_absorbed_by_default():
    done, layout = ran(risk_facts("meridian", runway_months=24, need_gmp_month=14))
    delay = risk_of(FRAMEWORK, done, layout, draws=200, scenario_draws=0)["capacity"]["delay"]
    assert sum(delay[key] for key in "ORX") == pytest.approx(5.0) and delay["O"] == pytest.approx(1.5)


def test_kinds_of_verdicts():
    limits = Framework.from_data(sample.document()).verdict | {
        "clear_margin": 2.5, "clear_first_share": 0.80, "clear_scenarios": 7, "leaning_first_share": 0.75,
    }  # fmt: skip
    place = {"unblocked": ["a", "b"], "winner": "a", "margin": 3.0}
    said = [verdict_kind(place, share, kept, limits) for share, kept in ((0.82, 8), (0.82, 6), (0.70, 8))]
    assert said == ["clear", "leaning", "close_call"]
    assert verdict_kind({"unblocked": ["a"]}, 1.0, 9, limits) == "best_remaining"
    assert verdict_kind({"unblocked": []}, 0.0, 0, limits) == "no_credible_option"
