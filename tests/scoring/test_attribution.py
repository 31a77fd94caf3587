"""Why a margin moved: a case worked by hand, exact sums, no order preferred, and inputs that do not fit each other."""

import copy
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.scoring.attribution import GROUPS, attribution, shapley
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile
from tests.scoring import sample

FRAMEWORK = Framework.from_data(sample.document())
FACTS = read_profile(sample.profile(), FRAMEWORK.schema)


def plain_framework(weights=(60, 40), points=None, quality="1 + qms"):
    """The sample's with a second version of the criteria: other own weights, value function or rule."""
    document = sample.document()
    for dimension, weight in zip(document["dimensions"], weights, strict=True):
        dimension["weight"] = weight
    money = document["dimensions"][1]["criteria"]
    money[1]["rules"]["in_house"] = quality
    if points:
        money[0]["value_function"] = {"type": "piecewise", "points": points}
    return Framework.from_data(document)


def facts_with(**changed):
    facts = copy.deepcopy(FACTS)
    for name, value in changed.items():
        option, _, key = name.rpartition("__")
        (facts["options"][option]["facts"] if option else facts["program"])[key] = value
    return facts


def by_group(found):
    return {"+".join(row["groups"]): row["shift"] for row in found["groups"]}


def margin(card, pair):
    options = card[card["basis"]]["options"]
    return options[pair[0]]["total"] - options[pair[1]]["total"]


def test_a_case_worked_by_hand():
    """Two options, in-house quality 3 of 5 against the partner's 5, one dimension of weight 40 with quality a quarter of it:
    10% of the weight. The facts make it 5, and a panel counts it half a point less than suggested."""
    before = Problem(FRAMEWORK, facts_with(qms=2), ("own", "a"))
    panel = {"quality": {"own": {"value": 4.5, "suggestion": 5.0}, "a": {"value": 5.0, "suggestion": 5.0}}}
    scores = headline(Problem(FRAMEWORK, facts_with(qms=4), ("own", "a")))["facts"]["options"]
    for criterion in ("first_lot", "lot_cost"):
        panel[criterion] = {key: {"value": one["scores"][criterion]} for key, one in scores.items()}
    found = attribution(before, Problem(FRAMEWORK, facts_with(qms=4), ("own", "a"), panel), ("own", "a"))
    # Facts first: +2 steps of 4 on 10%, +5 points; judgement: -1/2 step, -1.25. In the other order the same: offsets add.
    assert by_group(found) == pytest.approx({"facts": 5.0, "judgement": -1.25, "weights": 0, "criteria": 0})
    assert found["shift"] == pytest.approx(3.75)
    (row,) = found["criteria"]
    assert row["criterion"] == "quality" and row["by"] == pytest.approx([5.0, -1.25, 0, 0])


def test_what_two_groups_do_together_is_shared_alike():
    """The panel raises a criterion by half its range while its weight goes from 10% to 30%, from a level start: alone 5
    points and 0, together 15. Over both orders judgement does (5 + 15)/2 and weights (0 + 10)/2."""
    level = {name: {"own": {"value": 3.0}, "a": {"value": 3.0}} for name in ("first_lot", "lot_cost", "quality")}
    before = Problem(FRAMEWORK, FACTS, ("own", "a"), level)
    raised = level | {"quality": {"own": {"value": 5.0}, "a": {"value": 3.0}}}
    after = replace(before, panel=raised, weights={"criteria": {"lot_cost": 1, "quality": 3}})
    found = attribution(before, after, ("own", "a"))
    assert (found["before"], found["after"]) == (pytest.approx(0), pytest.approx(15))
    assert by_group(found) == pytest.approx({"facts": 0, "judgement": 10.0, "weights": 5.0, "criteria": 0})


CHANGES = st.fixed_dictionaries(
    {
        "need": st.integers(0, 48),
        "qms": st.integers(1, 4),
        "wait": st.integers(0, 36),
        "cost": st.integers(50, 400),
        "weights": st.tuples(st.integers(1, 9), st.integers(1, 9)),
        "own": st.sampled_from([None, {"criteria": {"lot_cost": 1}}, {"dimensions": {"time": 5}}]),
        "points": st.sampled_from([None, [[1, 0], [3, 0.2], [5, 1]]]),
        "quality": st.sampled_from(["1 + qms", "5 - qms"]),
        "panel": st.one_of(st.none(), st.dictionaries(st.sampled_from(["first_lot", "quality"]), st.integers(1, 5))),
    }
)


def problem_of(case):
    facts = facts_with(need=case["need"], qms=case["qms"], a__wait=case["wait"], own__cost=case["cost"])
    panel = case["panel"] and {
        criterion: {key: {"value": float(value), "suggestion": 3.0} for key in ("own", "a")} | {"b": {"value": 2.0}}
        for criterion, value in case["panel"].items()
    }
    framework = plain_framework(case["weights"], case["points"], case["quality"])
    return Problem(framework, facts, ("own", "a", "b"), panel or None, case["own"])


@settings(max_examples=60, deadline=None)
@given(CHANGES, CHANGES)
def test_the_groups_and_the_criteria_sum_to_the_shift(was, now):
    before, after = problem_of(was), problem_of(now)
    found = attribution(before, after, ("own", "b"))
    first, last = (margin(headline(one), ("own", "b")) for one in (before, after))
    assert found["before"] == pytest.approx(first) and found["after"] == pytest.approx(last)
    assert [row["groups"] for row in found["groups"]] == [[name] for name in GROUPS]
    assert sum(row["shift"] for row in found["groups"]) == pytest.approx(last - first, abs=1e-9)
    assert sum(row["shift"] for row in found["criteria"]) == pytest.approx(last - first, abs=1e-6)
    for row in found["criteria"]:
        assert sum(row["by"]) == pytest.approx(row["shift"], abs=1e-9)
    back = attribution(after, before, ("own", "b"))
    turned = attribution(before, after, ("b", "own"))
    for name, shift in by_group(found).items():
        assert by_group(back)[name] == pytest.approx(-shift, abs=1e-9)
        assert by_group(turned)[name] == pytest.approx(-shift, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(CHANGES, CHANGES, st.sampled_from(["facts", "judgement", "weights", "criteria"]))
def test_a_group_that_did_not_change_did_nothing(was, now, group):
    kept = {
        "facts": ("need", "qms", "wait", "cost"),
        "judgement": ("panel",),
        "weights": ("weights", "own"),
        "criteria": ("points", "quality"),
    }[group]
    found = attribution(problem_of(was), problem_of(now | {key: was[key] for key in kept}), ("own", "a"))
    assert by_group(found)[group] == pytest.approx(0, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=16, max_size=16))
def test_a_share_is_the_mean_over_all_orders(numbers):
    coalitions = [tuple(at for at in range(4) if mask >> at & 1) for mask in range(16)]
    worth = {coalition: np.array([float(value)]) for coalition, value in zip(coalitions, numbers, strict=True)}
    expected = np.zeros(4)
    for order in permutations(range(4)):
        for place, player in enumerate(order):
            before, then = tuple(sorted(order[:place])), tuple(sorted(order[: place + 1]))
            expected[player] += (worth[then] - worth[before])[0] / 24
    assert np.array(shapley(worth, 4))[:, 0] == pytest.approx(expected)


def test_nothing_changed_nothing_moved():
    found = attribution(Problem(FRAMEWORK, FACTS), Problem(FRAMEWORK, FACTS, tuple(reversed(FACTS["options"]))))
    assert found["shift"] == 0 and set(by_group(found).values()) == {0.0} and found["criteria"] == []


def test_without_a_pair_it_is_who_was_first_against_who_is():
    before = Problem(FRAMEWORK, FACTS)
    after = Problem(FRAMEWORK, facts_with(mix__wait=36, mix__cost=900))
    first, then = headline(before)["verdict"]["option"], headline(after)["verdict"]["option"]
    assert first != then and attribution(before, after)["pair"] == [first, then]
    same = attribution(before, before)
    assert same["pair"] == [first, headline(before)["verdict"]["runner_up"]]


def test_options_are_matched_by_key_and_a_new_one_counts_as_a_fact():
    """Partner B is dearer than all; the cheapest cost of those compared sets the scale of cost."""
    before = Problem(FRAMEWORK, FACTS, ("a", "b"))
    found = attribution(before, Problem(FRAMEWORK, FACTS, ("own", "b", "a")), ("a", "b"))
    assert by_group(found)["facts"] == pytest.approx(found["shift"]) and found["shift"] != 0
    assert [row["criterion"] for row in found["criteria"]] == ["lot_cost"]
    with pytest.raises(ValueError, match="Both have two such options: own, a"):
        attribution(before, Problem(FRAMEWORK, FACTS), ("own", "a"))
    alone = attribution(Problem(FRAMEWORK, FACTS, ("own",)), Problem(FRAMEWORK, FACTS))
    assert alone["pair"] is None and alone["shift"] is None and "two options" in alone["why_not"]


def test_an_option_without_a_score_has_no_margin():
    before = Problem(FRAMEWORK, FACTS, ("own", "a"), {"quality": {"own": {"value": 3.0}}})
    found = attribution(before, Problem(FRAMEWORK, FACTS, ("own", "a")), ("own", "a"))
    assert found["shift"] is None and found["why_not"] == "one of the options has no score"


def test_facts_that_another_schema_cannot_read_are_told_with_the_criteria():
    document = sample.document()
    document["schema"]["fields"].append({"key": "lots", "label": "Lots", "type": "integer", "min": 1, "max": 9})
    document["dimensions"][1]["criteria"][1]["rules"]["in_house"] = "lots"
    newer = Framework.from_data(document)
    facts = read_profile(sample.profile() | {"lots": 5}, newer.schema)
    before = Problem(FRAMEWORK, FACTS, ("own", "a"))
    weights = {"dimensions": {"time": 10}}
    found = attribution(before, Problem(newer, facts, ("own", "a"), weights=weights), ("own", "a"))
    assert [row["groups"] for row in found["groups"]] == [["facts", "criteria"], ["judgement"], ["weights"]]
    assert sum(row["shift"] for row in found["groups"]) == pytest.approx(found["shift"])
    assert all(row["shift"] != 0 for row in (found["groups"][0], found["groups"][2]))


def test_a_criterion_that_only_one_version_has_moves_as_criteria():
    document = sample.document()
    document["dimensions"][1]["criteria"].append(
        {
            "key": "footprint",
            "name": "Footprint",
            "owner": "qa",
            "weight": 4,
            "rules": {"in_house": 5, "cdmo": 1, "hybrid": 1},
        }
    )
    before, after = (Problem(one, FACTS, ("own", "a")) for one in (FRAMEWORK, Framework.from_data(document)))
    found = attribution(before, after, ("own", "a"))
    assert by_group(found) == pytest.approx({"facts": 0, "judgement": 0, "weights": 0, "criteria": found["shift"]})
    rows = {row["criterion"]: row["shift"] for row in found["criteria"]}
    # Half of the dimension's 40% goes to a criterion in which the one has everything and the other nothing.
    assert rows["footprint"] == pytest.approx(20)


def test_weights_that_no_mixture_can_have_are_told_as_one():
    """The former weights rest on one criterion alone, which the new version no longer has."""
    document = sample.document()
    del document["dimensions"][1]["criteria"][0]
    newer = Framework.from_data(document)
    before = Problem(FRAMEWORK, FACTS, ("own", "a"), weights={"criteria": {"quality": 0}})
    found = attribution(before, Problem(newer, facts_with(qms=1), ("own", "a")), ("own", "a"))
    assert [row["groups"] for row in found["groups"]] == [list(GROUPS)]
    assert found["groups"][0]["shift"] == pytest.approx(found["shift"])
