"""Other public libraries' answers to the same cases: tables written by them (oracles/make.py), and those that run here."""

import json
from functools import cache
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import friedmanchisquare

from assessments.scoring.agreement import kendall_w, krippendorff_alpha
from assessments.scoring.crosschecks import INDIFFERENCE, PREFERENCE, closeness, flows
from assessments.scoring.ranking import ranks, totals_of


@cache
def table() -> dict:
    return json.loads((Path(__file__).parent / "oracles" / "mcda.json").read_text(encoding="utf-8"))


def cases() -> list:
    found = []
    for at, case in enumerate(table()["cases"]):
        matrix, weights = np.array(case["matrix"]), np.array(case["weights"])
        label = f"{at}-{len(matrix)}x{len(weights)}"
        found.append(pytest.param(matrix, weights / weights.sum(), case["answers"], id=label))
    return found


def test_the_tables_name_the_libraries_that_wrote_them():
    assert set(table()["versions"]) == {"numpy", "scipy", "pymcdm", "scikit-criteria"}
    assert table()["thresholds"] == {"indifference": INDIFFERENCE, "preference": PREFERENCE}


@pytest.mark.parametrize(("matrix", "weights", "answers"), cases())
def test_the_weighted_sum_is_that_of_two_libraries(matrix, weights, answers):
    ours = totals_of(matrix, weights)[0] / 100
    assert ours == pytest.approx(answers["pymcdm WSM()"], abs=1e-12)
    assert ours == pytest.approx(answers["skcriteria WeightedSumModel().evaluate"], abs=1e-12)


@pytest.mark.parametrize(("matrix", "weights", "answers"), cases())
def test_topsis_is_that_of_two_libraries(matrix, weights, answers):
    ours = closeness(matrix, weights)
    assert ours == pytest.approx(answers["pymcdm TOPSIS(vector_normalization)"], abs=1e-12)
    assert ours == pytest.approx(answers["skcriteria VectorScaler, TOPSIS().evaluate"], abs=1e-12)
    keys = [str(at) for at in range(len(ours))]
    placed = ranks(keys, ours, np.zeros(len(ours), bool))
    assert [placed[key] for key in keys] == answers["skcriteria VectorScaler, TOPSIS().evaluate, rank"]


@pytest.mark.parametrize(("matrix", "weights", "answers"), cases())
def test_promethee_is_that_of_another_library(matrix, weights, answers):
    usual = flows(matrix, weights)
    linear = flows(matrix, weights, indifference=INDIFFERENCE, preference=PREFERENCE)
    assert usual[0] - usual[1] == pytest.approx(answers["pymcdm PROMETHEE_II('usual')"], abs=1e-12)
    assert linear[0] - linear[1] == pytest.approx(answers["pymcdm PROMETHEE_II('vshape_2')"], abs=1e-12)


scores = st.one_of(st.none(), st.integers(1, 5))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 5).flatmap(
        lambda raters: st.lists(st.lists(scores, min_size=raters, max_size=raters), min_size=2, max_size=12)
    )
)
def test_alpha_is_that_of_the_library_named_after_it(units):
    """The library takes a row a rater; units that one person rated pair with nothing and are left out by both."""
    given_ = [[value for value in unit if value is not None] for unit in units]
    paired = [unit for unit in given_ if len(unit) > 1]
    ours = krippendorff_alpha(given_)
    if len({value for unit in paired for value in unit}) < 2:
        assert ours is None, "no disagreement is possible, so there is nothing to compare it with"
        return
    data = np.array([[np.nan if value is None else value for value in unit] for unit in units], dtype=float).T
    theirs = krippendorff.alpha(reliability_data=data, level_of_measurement="ordinal")
    assert ours == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(3, 6).flatmap(
        lambda options: st.lists(
            st.lists(st.integers(1, 5), min_size=options, max_size=options), min_size=3, max_size=8
        )
    )
)
def test_w_is_friedmans_statistic_of_scipy_over_its_most(rows):
    given_ = np.array(rows, float)
    if all(len(set(row)) == 1 for row in rows):
        assert kendall_w(given_) is None
        return
    statistic = friedmanchisquare(*given_.T)
    raters, options = given_.shape
    assert kendall_w(given_) == pytest.approx(statistic.statistic / (raters * (options - 1)), abs=1e-9)
