"""How sure a figure is: errors of differences and percentiles, whole orders that hold, scores held within the scale."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assessments.scoring import full
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile
from assessments.scoring.risk.report import spread_of
from assessments.scoring.robustness import acceptability, weight_ranges
from assessments.scoring.weights import weights_of
from tests.scoring import sample
from tests.scoring.test_robustness import FRAMEWORK, facts_of, flat_weights


def small(**changed) -> Framework:
    return Framework.from_data(sample.document() | changed)


def test_the_error_of_a_difference_of_first_shares_is_that_of_a_multinomial():
    """Var(a - b) = (p_a + p_b - (p_a - p_b)^2) / n, as only one of the two can be first."""
    robust = headline(Problem(FRAMEWORK, facts_of("brightwater")))["robustness"]
    assert set(robust["paired"]) == {"in_house|cdmo", "in_house|hybrid", "cdmo|hybrid"}
    for pair, one in robust["paired"].items():
        a, b = (robust["first_share"][key]["value"] for key in pair.split("|"))
        variance = stats.multinomial(1, [a, b, max(0.0, 1 - a - b)]).cov()
        expected = variance[0, 0] + variance[1, 1] - 2 * variance[0, 1]
        assert one["value"] == pytest.approx(a - b)
        assert one["se"] == pytest.approx(math.sqrt(expected / 2000), rel=1e-9)


def test_blocked_options_are_compared_with_nobody():
    robust = headline(Problem(FRAMEWORK, facts_of("meridian")))["robustness"]
    assert set(robust["paired"]) == {"cdmo|hybrid"}


def test_scrambles_tell_the_error_that_repeating_the_whole_shows():
    values = np.array([[0.9, 0.2, 0.5], [0.4, 0.8, 0.5]])
    repeated = [acceptability(values, flat_weights(3, seed=seed)) for seed in range(24)]
    shares = [one.rank[0, 0] - one.rank[1, 0] for one in repeated]
    assert np.std(shares, ddof=1) == pytest.approx(np.mean([one.apart_error[0, 1] for one in repeated]), rel=0.5)
    assert repeated[0].winning_error[0, 1] == pytest.approx(repeated[0].error[0, 0])


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_within_its_range_a_weight_keeps_the_whole_order_and_beyond_it_not(data):
    drawn = data.draw(st.lists(st.lists(st.integers(1, 5), min_size=25, max_size=25), min_size=3, max_size=3))
    values, weights, keys = (np.array(drawn, float) - 1) / 4, weights_of(FRAMEWORK), ["a", "b", "c"]
    totals = values @ weights
    if np.min(np.abs(np.diff(np.sort(totals)))) < 1e-6:
        return
    order = np.argsort(-totals).tolist()
    for rows in weight_ranges(FRAMEWORK, keys, weights, values, keys[order[0]]).values():
        for key, one in rows.items():
            assert one.low <= one.order_low <= one.weight <= one.order_high <= one.high
            own = np.array([key in (c.key, c.dimension) for c in FRAMEWORK.criteria])

            def order_at(share, own=own, weight=one.weight):
                changed = np.where(own, weights * share / weight, weights * (1 - share) / (1 - weight))
                return np.argsort(-(values @ changed)).tolist()

            for edge in (one.order_low, one.order_high):
                inside = edge + (one.weight - edge) * 1e-6
                assert order_at(inside) == order
            if 1e-6 < one.order_low:
                assert order_at(one.order_low - 1e-7) != order
            if one.order_high < 1 - 1e-6:
                assert order_at(one.order_high + 1e-7) != order


def test_percentiles_have_the_error_of_order_statistics():
    """Of a uniform sample the p-th quantile has the standard deviation sqrt(p (1 - p) / n)."""
    found = spread_of(np.random.default_rng(3).random(20_000))
    for percent in (50, 80, 95):
        share = percent / 100
        assert found[f"p{percent}"] == pytest.approx(share, abs=0.01)
        assert found[f"p{percent}_se"] == pytest.approx(math.sqrt(share * (1 - share) / 20_000), rel=0.15)


def test_the_chance_of_a_breach_has_its_binomial_error():
    risk = full.full(Problem(FRAMEWORK, facts_of("meridian")))["risk"]
    for option in risk["options"].values():
        for share, error in zip(option["breach"], option["breach_se"], strict=True):
            assert error == pytest.approx(math.sqrt(share * (1 - share) / risk["draws"]))


def test_a_rule_beyond_the_scale_is_held_within_it_and_said():
    document = sample.document()
    document["dimensions"][0]["criteria"][0]["rules"]["all"]["adjust"].append({"when": "qms >= 0", "add": 9})
    card = headline(Problem(Framework.from_data(document), read_profile(sample.profile(), small().schema)))
    rows = [row for row in card["clipped"] if row["criterion"] == "first_lot"]
    assert {row["option"] for row in rows} == {one["key"] for one in card["options"]}
    for row in rows:
        assert row["by"] == "rule" and row["unclipped"] > 5.0 and row["score"] == 5.0
        assert card["suggestions"]["first_lot"][row["option"]]["score"] == 5.0


def test_a_judgement_carried_beyond_the_scale_is_held_within_it_and_said():
    framework = small()
    facts = read_profile(sample.profile(), framework.schema)
    key = next(iter(facts["options"]))
    now = headline(Problem(framework, facts))["suggestions"]["first_lot"][key]["score"]
    panel = {"first_lot": {key: {"value": 5.0, "suggestion": now - 1.0}}}
    card = headline(Problem(framework, facts, panel=panel))
    expected = now + (5.0 - (now - 1.0))
    row = {"criterion": "first_lot", "option": key, "by": "judgement", "unclipped": expected, "score": 5.0}
    assert card["clipped"] == [row] and card["panel"]["options"][key]["scores"]["first_lot"] == 5.0
    assert headline(Problem(framework, facts))["clipped"] == []


def test_an_option_is_certainly_better_only_if_no_missing_cell_can_turn_it():
    framework = small()
    facts = read_profile(sample.profile(), framework.schema)
    keys = [option["key"] for option in headline(Problem(framework, facts))["options"]]
    best, rest = keys[0], keys[1:]
    panel = {
        criterion.key: {key: {"value": 5.0 if key == best else 1.0, "suggestion": None} for key in keys}
        for criterion in framework.criteria
    }
    whole = headline(Problem(framework, facts, panel=panel))["panel"]
    assert [best, rest[0]] in whole["certain"] and [rest[0], best] not in whole["certain"]
    for criterion in framework.criteria[1:]:
        panel[criterion.key] = {}
    panel[framework.criteria[0].key] = {key: {"value": 3.0, "suggestion": None} for key in keys}
    assert headline(Problem(framework, facts, panel=panel))["panel"]["certain"] == []


def test_confidence_goes_through_the_value_functions():
    """Half a step of score is worth nothing on a flat piece, so that scores there can't turn the order."""
    document = sample.document()
    flat = {"type": "piecewise", "points": [[1, 0], [1.2, 0.5], [4.8, 0.5], [5, 1]]}
    for dimension in document["dimensions"]:
        for criterion in dimension["criteria"]:
            criterion["value_function"] = flat
    framework = Framework.from_data(document)
    facts = read_profile(sample.profile(), framework.schema)
    criterion, keys = framework.criteria[0].key, list(facts["options"])
    panel = {
        one.key: {
            key: {"value": 5.0 if (one.key, key) == (criterion, keys[0]) else 3.0, "suggestion": None} for key in keys
        }
        for one in framework.criteria
    }
    smaa = full.full(Problem(framework, facts, panel=panel))["robustness"]["any_weights"]
    assert smaa["options"][keys[0]]["confidence"] == 1.0
