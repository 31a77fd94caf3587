"""TOPSIS and PROMETHEE II: a published example, closed forms, worked fractions, and cases without an answer."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.scoring.crosschecks import INDIFFERENCE, PREFERENCE, closeness, crosschecks_of, flows
from assessments.scoring.framework import Framework
from assessments.scoring.full import full
from assessments.scoring.headline import Problem
from assessments.scoring.profile import read_profile
from tests.scoring import sample

METHODS = ("topsis", "promethee", "promethee_usual")


@st.composite
def matrices(draw, least=2):
    options, criteria = draw(st.integers(least, 5)), draw(st.integers(1, 6))
    steps = st.integers(0, 8).map(lambda step: step / 8)
    rows = draw(st.lists(st.lists(steps, min_size=criteria, max_size=criteria), min_size=options, max_size=options))
    weights = draw(st.lists(st.integers(1, 9), min_size=criteria, max_size=criteria))
    return np.array(rows), np.array(weights) / sum(weights)


# -- TOPSIS -----------------------------------------------------------------------------------------------------------


def test_the_fighter_aircraft_of_hwang_and_yoon():
    """Hwang & Yoon (1981), Multiple Attribute Decision Making: closeness 0.643, 0.268, 0.613, 0.312."""
    aircraft = np.array(
        [
            [2.0, 1500, 20000, 5.5, 5, 9],
            [2.5, 2700, 18000, 6.5, 3, 5],
            [1.8, 2000, 21000, 4.5, 7, 7],
            [2.2, 1800, 20000, 5.0, 5, 5],
        ]
    )
    weights = np.array([0.2, 0.1, 0.1, 0.1, 0.2, 0.3])
    found = closeness(aircraft, weights, np.array([True, True, True, False, True, True]))
    assert found == pytest.approx([0.643, 0.268, 0.613, 0.312], abs=1.5e-3)


def test_two_options_have_a_closed_form():
    """The column (3, 4) has the norm 5, and (12, 5) has 13: the distances are 1/5 and 7/13 times their weights."""
    lost, won = 0.4 * 1 / 5, 0.6 * 7 / 13
    found = closeness(np.array([[3.0, 12.0], [4.0, 5.0]]), np.array([0.4, 0.6]))
    assert found == pytest.approx([won / (won + lost), lost / (won + lost)])


def test_a_column_of_zeros_adds_nothing_and_spoils_nothing():
    found = closeness(np.array([[0.0, 1.0], [0.0, 0.5]]), np.array([0.5, 0.5]))
    assert found.tolist() == [1.0, 0.0]


@settings(max_examples=60, deadline=None)
@given(matrices())
def test_closeness_knows_the_best_the_worst_and_no_unit(case):
    matrix, weights = case
    matrix = np.vstack([matrix, matrix.max(axis=0) + 0.1, np.maximum(matrix.min(axis=0) - 0.1, 0)])
    found = closeness(matrix, weights)
    assert ((found >= 0) & (found <= 1)).all()
    assert found[-2] == pytest.approx(1)
    assert found[-1] == pytest.approx(0)
    units = np.arange(1, matrix.shape[1] + 1) * 7.5
    assert closeness(matrix * units, weights * 3) == pytest.approx(found)
    turned = np.roll(np.arange(len(matrix)), 1)
    assert closeness(matrix[turned], weights) == pytest.approx(found[turned])


# -- PROMETHEE II -----------------------------------------------------------------------------------------------------


def test_three_options_worked_by_hand():
    """The share of the weights in which the row's option is preferred, summed over the others and divided by two."""
    matrix = np.array([[0.75, 0.25, 0.5], [0.25, 0.5, 0.75], [0.5, 0.0, 0.5]])
    weights = np.array([0.5, 0.3, 0.2])
    # 1 beats 2 in the first; 2 beats 1 in the second and third; 2 beats 3 in the second and third.
    plus, minus = flows(matrix, weights)
    half = Fraction(1, 2)
    wins = {(1, 2): half, (2, 1): half, (1, 3): Fraction(4, 5), (3, 1): 0, (2, 3): half, (3, 2): half}
    assert plus == pytest.approx([float(sum(v for (a, _), v in wins.items() if a == i) / 2) for i in (1, 2, 3)])
    assert minus == pytest.approx([float(sum(v for (_, b), v in wins.items() if b == i) / 2) for i in (1, 2, 3)])
    # Linear from 1/8 to 1/2: a difference of 1/4 says 1/3, one of 1/2 all.
    plus, minus = flows(matrix, weights, indifference=0.125, preference=0.5)
    third = Fraction(1, 3)
    w = [Fraction(1, 2), Fraction(3, 10), Fraction(1, 5)]
    wins = {
        (1, 2): w[0], (2, 1): third * (w[1] + w[2]), (1, 3): third * (w[0] + w[1]), (3, 1): Fraction(0),
        (2, 3): w[1] + third * w[2], (3, 2): third * w[0],
    }  # fmt: skip
    assert plus == pytest.approx([float(sum(v for (a, _), v in wins.items() if a == i) / 2) for i in (1, 2, 3)])
    assert minus == pytest.approx([float(sum(v for (_, b), v in wins.items() if b == i) / 2) for i in (1, 2, 3)])


def test_two_options_under_usual_preference_differ_by_the_weights_won_and_lost():
    plus, minus = flows(np.array([[1.0, 0.2, 0.5], [0.1, 0.9, 0.5]]), np.array([0.5, 0.3, 0.2]))
    assert (plus - minus).tolist() == pytest.approx([0.2, -0.2])


def test_less_may_be_better():
    plus, minus = flows(np.array([[10.0], [12.0]]), np.ones(1), np.array([False]))
    assert (plus - minus).tolist() == [1.0, -1.0]


@settings(max_examples=60, deadline=None)
@given(matrices(), st.sampled_from([(0.0, 0.0), (INDIFFERENCE, PREFERENCE), (0.25, 0.25)]))
def test_net_flows_balance_and_respect_dominance(case, thresholds):
    matrix, weights = case
    matrix = np.vstack([matrix, matrix.max(axis=0) + 1.0])
    plus, minus = flows(matrix, weights, indifference=thresholds[0], preference=thresholds[1])
    assert (plus - minus).sum() == pytest.approx(0, abs=1e-12)
    assert plus[-1] == pytest.approx(1) and minus[-1] == 0
    shifted = flows(matrix + 3, weights, indifference=thresholds[0], preference=thresholds[1])
    assert shifted[0] == pytest.approx(plus)


def test_many_reviews_at_once_are_each_alone():
    generator = np.random.default_rng(3)
    many, weights = generator.random((6, 4, 5)), generator.random((6, 5))
    together = closeness(many, weights), *flows(many, weights, indifference=0.1, preference=0.4)
    for at in range(6):
        alone = closeness(many[at], weights[at]), *flows(many[at], weights[at], indifference=0.1, preference=0.4)
        for one, other in zip(together, alone, strict=True):
            assert one[at] == pytest.approx(other)


# -- what has no answer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [closeness, flows])
@pytest.mark.parametrize(
    ("matrix", "weights"),
    [
        ([[1, math.nan], [0, 1]], [0.5, 0.5]),
        ([[1, 0], [0, 1]], [0.5, -0.5]),
        ([[1, 0], [0, 1]], [0, 0]),
        ([[1, 0], [0, 1]], [math.nan, 1]),
    ],
)
def test_what_is_impossible_is_refused(method, matrix, weights):
    with pytest.raises(ValueError, match="must be known|not negative"):
        method(np.array(matrix, dtype=float), np.array(weights, dtype=float))


def test_thresholds_stand_the_right_way_round():
    with pytest.raises(ValueError, match="indifference <= preference"):
        flows(np.eye(2), np.array([0.5, 0.5]), indifference=0.5, preference=0.1)


@pytest.mark.parametrize(
    ("values", "blocked", "reason"),
    [
        ([[0.5, 0.5]], [False], "fewer than two options are open"),
        ([[0.5, 0.5], [0.1, 0.9]], [False, True], "fewer than two options are open"),
        ([[0.5, math.nan], [0.1, 0.9]], [False, False], "some cells have no score yet"),
        ([[0.5, 0.5], [0.5, 0.5]], [False, False], "no open option differs from another"),
        ([[0.0, 0.0], [0.0, 0.0]], [False, False], "no open option differs from another"),
    ],
)
def test_cases_without_an_answer_say_why(values, blocked, reason):
    values = np.array(values)
    found = crosschecks_of(["a", "b"][: len(values)], np.array([0.5, 0.5]), values, np.array(blocked), "a")
    for method in METHODS:
        assert (found[method]["options"], found[method]["winner"], found[method]["why_not"]) == (None, None, reason)
    json.dumps(found, allow_nan=False)


def test_one_option_alone_and_equal_options_have_no_closeness():
    assert np.isnan(closeness(np.array([[0.5, 0.5]]), np.array([0.5, 0.5]))).all()
    assert np.isnan(closeness(np.full((3, 2), 0.5), np.array([0.5, 0.5]))).all()
    assert np.isnan(flows(np.array([[0.5, 0.5]]), np.array([0.5, 0.5]))[0]).all()


def test_options_that_tie_share_a_rank_and_none_is_first():
    found = crosschecks_of(["a", "b"], np.array([0.5, 0.5]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros(2, bool), "a")
    for method in METHODS:
        assert [found[method]["options"][key]["rank"] for key in "ab"] == [1, 1]
        assert found[method]["winner"] is None and found[method]["same"] is False


def test_the_full_scorecard_has_them_and_rests_on_none_of_them():
    framework = Framework.from_data(sample.document())
    card = full(Problem(framework, read_profile(sample.profile(), framework.schema)))
    checks = card["crosschecks"]
    assert "no total and no verdict" in checks["note"]
    open_ = {key for key, one in card["facts"]["options"].items() if not one["blocked"]}
    for method in METHODS:
        assert set(checks[method]["order"]) == set(checks[method]["options"]) == open_
        assert checks[method]["same"] == (checks[method]["winner"] == card["verdict"]["option"])
    for one in checks["promethee"]["options"].values():
        assert one["value"] == pytest.approx(one["plus"] - one["minus"])
    json.dumps(card, allow_nan=False)
