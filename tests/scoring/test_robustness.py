"""Any weights, ranges of weights and smallest changes: closed forms, published multipliers, and what must not happen."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.scoring import full
from assessments.scoring.flips import fact_flips, score_flips
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, computed, headline
from assessments.scoring.profile import read_profile
from assessments.scoring.ranking import totals_of
from assessments.scoring.robustness import (
    acceptability,
    any_weights,
    equal_weights,
    multiplier,
    ranks_of,
    uniform_simplex,
    weight_range,
    weight_ranges,
)
from assessments.scoring.runs import values_of
from assessments.scoring.weights import weights_of
from tests.scoring import sample
from tests.support.documents import default_framework, demo_profile

FRAMEWORK = default_framework()


def facts_of(name, **changed):
    document = demo_profile(name) | changed
    return read_profile(document, FRAMEWORK.schema, assessment_date="2026-11-01")


@pytest.fixture(scope="module", params=["brightwater", "tri_coast", "ostara", "nuvelo"])
def card(request):
    return full.full(Problem(FRAMEWORK, facts_of(request.param)))


# -- any weights ---------------------------------------------------------------------------------------------------


def flat_weights(count, groups=16, points=1024, seed=7):
    generator = np.random.default_rng(seed)
    return uniform_simplex(generator.random((groups * points, count)))


@pytest.mark.parametrize("seed", range(4))
def test_two_options_have_the_closed_form_of_first_ranks(seed):
    """Lahdelma & Salminen: with differences d_k, b_11 = sum over d_k > 0 of prod_{j != k} d_k / (d_k - d_j)."""
    d = np.random.default_rng(seed).uniform(-1, 1, 5)
    exact = sum(math.prod(d[k] / (d[k] - d[j]) for j in range(5) if j != k) for k in range(5) if d[k] > 0)
    values = np.stack([np.maximum(d, 0), np.maximum(-d, 0)])
    found = acceptability(values, flat_weights(5))
    assert found.rank[0, 0] == pytest.approx(exact, abs=0.02)
    assert found.rank.sum(axis=1) == pytest.approx([1, 1]) and found.rank.sum(axis=0) == pytest.approx([1, 1])
    assert found.winning[0, 1] == found.rank[0, 0]


def test_three_criteria_have_the_areas_of_the_triangle():
    """Options (1,0,0), (0,1,0), (0,0,1): each is first where its weight is largest, a third of the triangle."""
    found = acceptability(np.eye(3), flat_weights(3))
    assert found.rank == pytest.approx(np.full((3, 3), 1 / 3), abs=0.012)
    # The centroid of the part where the first weight is largest: corners (1,0,0), (1/2,1/2,0), (1/3,1/3,1/3), (1/2,0,1/2).
    assert found.central[0] == pytest.approx([Fraction(11, 18), Fraction(7, 36), Fraction(7, 36)], abs=0.01)


def test_weights_are_uniform_among_dimensions_and_within_them():
    weights = any_weights(FRAMEWORK)
    assert weights.shape == (16_384, 25) and weights.sum(axis=1) == pytest.approx(np.ones(16_384))
    for dimension in FRAMEWORK.dimensions:
        own = [at for at, one in enumerate(FRAMEWORK.criteria) if one.dimension == dimension.key]
        assert weights[:, own].sum(axis=1).mean() == pytest.approx(1 / 8, abs=1e-3)
        assert weights[:, own].mean(axis=0) == pytest.approx(np.full(len(own), 1 / 8 / len(own)), abs=2e-3)


def test_equal_options_share_a_rank_and_none_is_preferred_by_its_place():
    assert ranks_of(np.array([[1.0, 1.0, 0.5]])).tolist() == [[1, 1, 3]]
    found = acceptability(np.full((2, 4), 0.5), flat_weights(4, points=64))
    assert found.rank[:, 0].tolist() == [1.0, 1.0] and found.winning.max() == 0


def test_a_dominated_option_is_never_first_and_has_no_central_weight():
    found = acceptability(np.array([[0.9, 0.8], [0.5, 0.2]]), flat_weights(2, points=64), spread=np.ones((4, 2, 2)))
    assert found.rank[1, 0] == 0 and np.isnan(found.central[1]).all() and np.isnan(found.confidence[1])


def test_values_that_are_not_known_are_refused_not_guessed():
    with pytest.raises(ValueError, match="must be known"):
        acceptability(np.array([[0.5, np.nan], [0.1, 0.2]]), flat_weights(2, points=64))


def test_blocked_options_are_left_out_however_good_they_are(card):
    blocked = {key for key, one in card["facts"]["options"].items() if one["blocked"]}
    smaa = card["robustness"]["any_weights"]
    if smaa is None:
        assert len(card["facts"]["options"]) - len(blocked) < 2 and card["robustness"]["why_not"]
        return
    assert not blocked & set(smaa["options"])
    for one in smaa["options"].values():
        assert math.isclose(sum(rank["value"] for rank in one["ranks"]), 1.0)
        assert all(0 <= rank["se"] < 0.02 for rank in one["ranks"])


# -- ranges of one weight -------------------------------------------------------------------------------------------


def test_the_range_of_a_weight_is_exact():
    """V1 = 0.8 t + 0.2 (1 - t), V2 = 0.4 t + 0.6 (1 - t): equal where 0.4 t = 0.4 (1 - t), at one half."""
    found = weight_range(0.7, np.array([0.8, 0.4]), np.array([0.2, 0.6]), ["a", "b"], 0)
    assert (found.low, found.high, found.below, found.above) == (pytest.approx(0.5), 1.0, "b", None)


def test_a_multiplier_moves_a_share_as_normalising_does():
    factor = multiplier(0.2, 0.36)
    assert Fraction(36, 100) == Fraction(20, 100) * Fraction(factor).limit_denominator(1000) / (
        1 - Fraction(20, 100) + Fraction(20, 100) * Fraction(factor).limit_denominator(1000)
    )
    assert multiplier(0.2, 1.0) is None


# The smallest multipliers of one dimension that swap first and second, found elsewhere by steps of 0.05.
PUBLISHED = {
    "brightwater": {"pdr": 2.3, "omr": 0.55, "str": 1.4},
    "tri_coast": {"pdr": 4.55, "cmp": 2.45, "omr": 3.35, "eco": 0.1, "str": 0.35, "reg": 3.35},
}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_published_multipliers_are_the_first_steps_beyond_ours(name):
    flips = full.full(Problem(FRAMEWORK, facts_of(name)))["flips"]["weights"]
    ours = {row["dimension"]: row["multiplier"] for row in flips}
    for dimension, step in PUBLISHED[name].items():
        if step > 1:
            assert step - 0.05 - 1e-9 <= ours[dimension] < step + 1e-9
        else:
            assert step < ours[dimension] <= step + 0.05 + 1e-9
    # What was published stops at multipliers of 5.
    assert {key for key, value in ours.items() if 0.1 <= value <= 5} == set(PUBLISHED[name])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_at_the_edge_of_a_range_the_first_two_are_equal_and_beyond_it_the_other_leads(data):
    scores = np.array(
        data.draw(st.lists(st.lists(st.integers(1, 5), min_size=25, max_size=25), min_size=2, max_size=3)), float
    )
    weights = weights_of(FRAMEWORK)
    values = (scores - 1) / 4
    totals = values @ weights
    keys = ["a", "b", "c"][: len(scores)]
    leader = int(np.argmax(totals))
    if np.sum(totals >= totals[leader] - 1e-9) > 1:
        return
    for rows in weight_ranges(FRAMEWORK, keys, weights, values, keys[leader]).values():
        for key, one in rows.items():
            assert one.low <= one.weight <= one.high
            own = np.array([key in (c.key, c.dimension) for c in FRAMEWORK.criteria])
            for edge, other in ((one.low, one.below), (one.high, one.above)):
                if other is None:
                    continue
                changed = np.where(own, weights * edge / one.weight, weights * (1 - edge) / (1 - one.weight))
                ends = values @ changed
                assert ends[leader] == pytest.approx(ends[keys.index(other)], abs=1e-9)
                assert ends.max() == pytest.approx(ends[leader], abs=1e-9)


def test_equal_weights_are_equal_within_and_among_dimensions():
    weights = equal_weights(FRAMEWORK)
    assert weights.sum() == pytest.approx(1)
    first = [w for w, one in zip(weights, FRAMEWORK.criteria, strict=True) if one.dimension == "reg"]
    assert first == pytest.approx([1 / 16, 1 / 16])


# -- smallest changes of facts and scores --------------------------------------------------------------------------


def changed_facts(facts, row):
    """The facts with one row's new value, by hand."""
    copy = json.loads(json.dumps(facts))
    place = copy["options"][row["option"]]["facts"] if row["option"] else copy["program"]
    assert place[row["field"]] == row["old"]
    place[row["field"]] = row["new"]
    return copy


@pytest.mark.parametrize("name", ["brightwater", "tri_coast", "ostara", "meridian"])
def test_every_told_change_of_a_fact_does_what_it_says_and_the_smallest_comes_first(name):
    facts = facts_of(name)
    flips = full.full(Problem(FRAMEWORK, facts))["flips"]
    before = headline(Problem(FRAMEWORK, facts))
    assert flips["facts"] and [row["size"] for row in flips["facts"]] == sorted(row["size"] for row in flips["facts"])
    for row in flips["facts"]:
        after = headline(Problem(FRAMEWORK, changed_facts(facts, row)))
        winner = after["verdict"]["option"] if not after["verdict"]["tied"] else None
        assert winner == row["winner"] and winner != before["verdict"]["option"]
    for row in flips["opens"]:
        after = headline(Problem(FRAMEWORK, changed_facts(facts, row)))
        assert before["facts"]["options"][row["opens"]]["blocked"]
        assert not after["facts"]["options"][row["opens"]]["blocked"]


def test_judgement_stays_an_offset_when_a_fact_is_varied():
    """A panel one point above the suggestion keeps its point: a fact that lowers the suggestion lowers the cell alike."""
    facts = facts_of("brightwater")
    suggestions = headline(Problem(FRAMEWORK, facts))["suggestions"]
    panel = {
        criterion: {
            key: {"value": min(5, cell["score"] + 1), "suggestion": cell["score"]} for key, cell in cells.items()
        }
        for criterion, cells in suggestions.items()
    }
    card, done, layout = computed(Problem(FRAMEWORK, facts, panel=panel))
    assert card["moved"] == []
    flips = full.full(Problem(FRAMEWORK, facts, panel=panel))["flips"]["facts"]
    for row in flips[:5]:
        after = headline(Problem(FRAMEWORK, changed_facts(facts, row), panel=panel))
        assert (after["verdict"]["option"] if not after["verdict"]["tied"] else None) == row["winner"]


def test_a_changed_score_makes_the_two_equal():
    card, done, layout = computed(Problem(FRAMEWORK, facts_of("brightwater")))
    keys, weights = layout.keys[: layout.scored], weights_of(FRAMEWORK)
    rows = score_flips(FRAMEWORK, keys, weights, done.scores[0], done.blocked[0])
    assert rows and abs(rows[0]["change"]) == min(abs(row["change"]) for row in rows)
    for row in rows:
        scores = done.scores[0].copy()
        at = [one.key for one in FRAMEWORK.criteria].index(row["criterion"])
        scores[keys.index(row["option"]), at] = row["flip"]
        totals = dict(zip(keys, totals_of(values_of(FRAMEWORK.criteria, scores), weights)[0], strict=True))
        assert totals[card["verdict"]["option"]] == pytest.approx(totals[row["winner"]], abs=1e-6)


def test_numbers_that_nobody_stated_are_not_varied():
    framework = Framework.from_data(sample.document())
    facts = read_profile(sample.profile() | {"pivotal": None}, framework.schema)
    _, done, layout = computed(Problem(framework, facts))
    found = fact_flips(framework, facts, layout, weights_of(framework), lambda run: run.scores)
    assert all(row["field"] != "pivotal" for rows in found.values() for row in rows)


def test_the_same_choice_in_n_of_m_counts_lenses_and_equal_weights():
    """Brightwater: cash, regulator and operations first choose the CDMO too, patient first as well; control first not."""
    other = full.full(Problem(FRAMEWORK, facts_of("brightwater")))["counterfactual"]
    assert other["of"] == 6
    same = {one["key"]: one["same"] for one in other["frameworks"]}
    assert same["patient_first"] and same["cash_first"] and same["regulator_first"] and same["operations_first"]
    assert not same["control_first"]


def test_the_criteria_version_before_is_one_of_the_other_frameworks():
    """Its own rules, gates and weights on the same facts: what its own result would have been."""
    older = sample.document() | {"label": "v0"}
    older["dimensions"][0]["weight"], older["dimensions"][1]["weight"] = 1, 99
    newer, older = Framework.from_data(sample.document()), Framework.from_data(older)
    facts = read_profile(sample.profile(), newer.schema)
    card = full.full(Problem(newer, facts, previous=older))
    row = card["counterfactual"]["frameworks"][-1]
    verdict = headline(Problem(older, facts))["verdict"]
    assert (row["key"], row["name"], row["digest"]) == ("previous", "Criteria version before (v0)", older.digest)
    assert (row["winner"], row["margin"]) == (verdict["option"], pytest.approx(verdict["margin"]))
    assert row["same"] == (row["winner"] == card["verdict"]["option"]) and card["counterfactual"]["of"] == 3
    assert card["input_digest"] == Problem(newer, facts, previous=older).digest() != Problem(newer, facts).digest()


def test_a_version_that_cannot_read_the_facts_is_left_out_and_said():
    older = sample.document()
    older["schema"]["fields"].append({"key": "lots", "label": "Lots", "type": "integer", "min": 1, "max": 9})
    divided = sample.document()
    divided["dimensions"][1]["criteria"][1]["rules"] = {"all": "1 / (qms - qms)"}
    newer = Framework.from_data(sample.document())
    facts = read_profile(sample.profile(), newer.schema)
    for document in (older, divided):
        found = full.full(Problem(newer, facts, previous=Framework.from_data(document)))["counterfactual"]
        assert "previous" not in {one["key"] for one in found["frameworks"]} and found["of"] == 2
        assert "cannot be read" in found["why_not_previous"]


def test_a_full_scorecard_of_many_options_stays_below_64_kib(card):
    assert len(json.dumps(card).encode()) <= 64 * 1024
