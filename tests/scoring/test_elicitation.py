"""Weights from points, swings, orders and pairs: published matrices, closed forms, and what is refused."""

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.scoring.elicitation import (
    Answer,
    combined,
    direct,
    elicited,
    pairwise,
    rank_order_centroid,
    rank_sum,
    swing,
)

KEYS = ["a", "b", "c", "d"]


def judged(keys, rows):
    """The judgements of the upper triangle of a matrix, row by row."""
    return dict(zip(combinations(keys, 2), [float(Fraction(x)) for row in rows for x in row.split()], strict=True))


# -- points and swings ------------------------------------------------------------------------------------------------


def test_points_are_shares_whatever_their_sum():
    assert direct(KEYS, {"a": 2, "b": 1, "c": 1, "d": 0}) == {"a": 0.5, "b": 0.25, "c": 0.25, "d": 0}


def test_swings_are_judged_against_the_largest():
    assert swing(["a", "b", "c"], {"a": 100, "b": 60, "c": 40}) == {"a": 0.5, "b": 0.3, "c": 0.2}
    with pytest.raises(ValueError, match="has 100 points; the largest given is 80"):
        swing(["a", "b"], {"a": 80, "b": 60})
    with pytest.raises(ValueError, match="at most 100 points: b"):
        swing(["a", "b"], {"a": 100, "b": 120})


@pytest.mark.parametrize("method", [direct, swing])
@pytest.mark.parametrize(
    ("points", "says"),
    [
        ({"a": 100, "b": -1}, "weight of b is -1"),
        ({"a": 100, "b": float("nan")}, "weight of b is nan"),
        ({"a": 100, "b": float("inf")}, "weight of b is inf"),
        ({"a": 100, "b": True}, "weight of b is True"),
        ({"a": 100, "b": "60"}, "weight of b is '60'"),
        ({"a": 0, "b": 0}, "All weights are 0: a, b"),
        ({"a": 100, "b": 50, "z": 1}, "Unknown: z"),
        ({"a": 100}, "Without a weight: b"),
    ],
)
def test_impossible_points_are_refused_by_name(method, points, says):
    with pytest.raises(ValueError, match=says):
        method(["a", "b"], points)


def test_nothing_to_weigh_is_refused():
    with pytest.raises(ValueError, match="nothing to weigh"):
        direct([], {})


# -- an order ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_orders_have_the_closed_forms(count):
    keys = [f"k{at}" for at in range(count)]
    sums, centroids = rank_sum(keys, keys), rank_order_centroid(keys, keys)
    for rank, key in enumerate(keys, 1):
        assert sums[key] == pytest.approx(float(Fraction(2 * (count + 1 - rank), count * (count + 1))))
        exact = sum((Fraction(1, place) for place in range(rank, count + 1)), Fraction(0)) / count
        assert centroids[key] == pytest.approx(float(exact))


def test_the_centroid_of_three_is_the_published_one():
    """Barron & Barrett (1996): 0.6111, 0.2778, 0.1111, the centroid of (1,0,0), (1/2,1/2,0), (1/3,1/3,1/3)."""
    assert rank_order_centroid(["a", "b", "c"], ["a", "b", "c"]) == pytest.approx(
        {"a": 11 / 18, "b": 5 / 18, "c": 2 / 18}
    )


def test_keys_of_equal_importance_share_their_places():
    assert rank_sum(KEYS, ["b", ("a", "c"), "d"]) == pytest.approx({"b": 0.4, "a": 0.25, "c": 0.25, "d": 0.1})
    assert rank_order_centroid(KEYS, [KEYS]) == pytest.approx(dict.fromkeys(KEYS, 0.25))


@pytest.mark.parametrize(
    ("order", "says"),
    [(["a", "b", "c"], "Without a weight: d"), ([*KEYS, "z"], "Unknown: z"), (["a", *KEYS], "Named twice: a")],
)
def test_an_order_names_every_key_once(order, says):
    with pytest.raises(ValueError, match=says):
        rank_sum(KEYS, order)


# -- pairs ------------------------------------------------------------------------------------------------------------

NATIONS = ["US", "USSR", "China", "France", "UK", "Japan", "W. Germany"]
WEALTH = judged(NATIONS, ["4 9 6 6 5 5", "7 5 5 3 4", "1/5 1/5 1/7 1/5", "1 1/3 1/3", "1/3 1/3", "2"])
HOUSE = ["size", "transport", "neighbourhood", "age", "yard", "modern", "condition", "financing"]
BUYING = judged(
    HOUSE,
    [
        "5 3 7 6 6 1/3 1/4", "1/3 5 3 3 1/5 1/7", "6 3 4 6 1/5", "1/3 1/4 1/7 1/8", "1/2 1/5 1/6", "1/5 1/6", "1/2",
    ],
)  # fmt: skip


def test_the_wealth_of_nations():
    """Saaty (1980), The Analytic Hierarchy Process: eigenvalue 7.61, consistency ratio 0.08."""
    found = pairwise(NATIONS, WEALTH)
    assert list(found.weights.values()) == pytest.approx([0.427, 0.230, 0.021, 0.052, 0.052, 0.123, 0.094], abs=2e-3)
    assert found.eigenvalue == pytest.approx(7.61, abs=0.01)
    assert found.ratio == pytest.approx(0.08, abs=0.005) and found.acceptable and not found.repairs


def test_buying_a_house_and_the_judgement_that_spoils_it():
    """Saaty (1990), EJOR 48, 9-26, and (2003), EJOR 145, 85-91: neighbourhood against condition is said to be 6 and
    would have to be 1/2; the ratio falls from 0.17 to 0.083."""
    found = pairwise(HOUSE, BUYING)
    assert list(found.weights.values()) == pytest.approx(
        [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333], abs=2e-3
    )
    assert found.eigenvalue == pytest.approx(9.669, abs=1e-3)
    assert found.ratio == pytest.approx(0.169, abs=1e-3) and not found.acceptable
    (repair,) = found.repairs
    assert repair.pair == ("neighbourhood", "condition") and repair.said == 6
    assert repair.nearest == pytest.approx(1 / 2) and 1 / 3 < repair.implied < 1 and repair.ratio < 0.1
    mended = pairwise(HOUSE, BUYING | {repair.pair: repair.nearest})
    assert mended.eigenvalue == pytest.approx(8.811, abs=1e-3) and mended.ratio == pytest.approx(0.083, abs=1e-3)
    assert list(mended.weights.values()) == pytest.approx(
        [0.175, 0.062, 0.103, 0.019, 0.034, 0.041, 0.221, 0.345], abs=2e-3
    )


def test_of_three_contradicting_judgements_any_one_can_be_the_wrong_one():
    found = pairwise(["a", "b", "c"], {("a", "b"): 3, ("b", "c"): 3, ("c", "a"): 3})
    assert [one.pair for one in found.repairs] == [("a", "b"), ("b", "c"), ("c", "a")]
    assert all(one.implied == pytest.approx(1 / 9) and one.ratio == pytest.approx(0, abs=1e-9) for one in found.repairs)


def test_two_keys_have_the_weights_said_and_no_ratio():
    found = pairwise(["a", "b"], {("b", "a"): 4})
    assert found.weights == pytest.approx({"a": 0.2, "b": 0.8})
    assert found.ratio is None and found.why_not


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(1, 3), min_size=3, max_size=8))
def test_judgements_that_agree_give_back_their_weights(weights):
    keys = [str(at) for at in range(len(weights))]
    found = pairwise(keys, {(a, b): weights[int(a)] / weights[int(b)] for a, b in combinations(keys, 2)})
    assert list(found.weights.values()) == pytest.approx([w / sum(weights) for w in weights])
    assert found.ratio == pytest.approx(0, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(7)), st.data())
def test_neither_order_nor_direction_matters(order, data):
    turned = {}
    for (a, b), value in WEALTH.items():
        turned |= {(b, a): 1 / value} if data.draw(st.booleans()) else {(a, b): value}
    found = pairwise([NATIONS[at] for at in order], turned)
    assert found.weights == pytest.approx(pairwise(NATIONS, WEALTH).weights)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({("a", "z"): 2}, "Unknown pair: a against z"),
        ({("a", "a"): 1}, "Unknown pair: a against a"),
        ({("b", "a"): 0.5}, "both directions"),
        ({("a", "b"): 10}, "a against b is 10; the scale"),
        ({("a", "b"): 0}, "a against b is 0; the scale"),
        ({("a", "b"): float("nan")}, "a against b is nan"),
        ({("a", "b"): -2}, "a against b is -2"),
    ],
)
def test_impossible_judgements_are_refused_by_name(changed, says):
    with pytest.raises(ValueError, match=says):
        pairwise(["a", "b", "c"], {("a", "b"): 2, ("a", "c"): 4, ("b", "c"): 2} | changed)


def test_every_pair_is_judged_and_not_too_many():
    with pytest.raises(ValueError, match="Not judged: a against c, b against c"):
        pairwise(["a", "b", "c"], {("a", "b"): 2})
    with pytest.raises(ValueError, match="among 1 to 10 keys, not 11"):
        pairwise([str(at) for at in range(11)], {})


# -- functions --------------------------------------------------------------------------------------------------------


def test_functions_are_combined_by_their_say():
    each = {"cmc": {"a": 80, "b": 20}, "qa": {"a": 0.2, "b": 0.8}}
    assert combined(["a", "b"], each) == pytest.approx({"a": 0.5, "b": 0.5})
    assert combined(["a", "b"], each, {"cmc": 3, "qa": 1}) == pytest.approx({"a": 0.65, "b": 0.35})
    for importance, says in (({"cmc": 1}, "Without a weight: qa"), ({"cmc": 1, "qa": 0, "hr": 1}, "Unknown: hr")):
        with pytest.raises(ValueError, match=says):
            combined(["a", "b"], each, importance)
    with pytest.raises(ValueError, match="No function"):
        combined(["a", "b"], {})


def test_every_function_may_answer_in_its_own_way():
    found = elicited(
        ["a", "b", "c"],
        {
            "cmc": Answer("swing", {"a": 100, "b": 60, "c": 40}),
            "qa": Answer("rank_sum", ["c", "b", "a"]),
            "finance": Answer("pairwise", {("a", "b"): 9, ("b", "c"): 9, ("a", "c"): 1}),
        },
    )
    own = found["functions"]
    assert own["cmc"]["weights"]["a"] == 0.5 and own["cmc"]["consistency"] is None
    assert not own["finance"]["consistency"]["acceptable"] and len(own["finance"]["consistency"]["repairs"]) == 3
    for key in "abc":
        assert found["combined"][key] == pytest.approx(sum(one["weights"][key] for one in own.values()) / 3)
    assert sum(found["combined"].values()) == pytest.approx(1)


def test_a_refusal_names_the_function():
    with pytest.raises(ValueError, match="qa: The weight of b is -1"):
        elicited(["a", "b"], {"qa": Answer("direct", {"a": 1, "b": -1})})
    with pytest.raises(ValueError, match="qa: Unknown method 'guess'; it is one of direct, swing"):
        elicited(["a", "b"], {"qa": Answer("guess", {})})
