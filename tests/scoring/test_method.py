"""The worked examples of docs/method.md."""

import numpy as np
import pytest

from assessments.scoring.agreement import kendall_w
from assessments.scoring.attribution import shapley
from assessments.scoring.crosschecks import closeness
from assessments.scoring.elicitation import rank_order_centroid, rank_sum, swing
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile
from assessments.scoring.ranking import totals_of
from assessments.scoring.robustness import acceptability, uniform_simplex, weight_range
from tests.scoring import sample


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
