"""Agreement of a panel: worked examples from the literature, and another library's answers where one is at hand."""

import numpy as np
import pytest

from assessments.scoring import full
from assessments.scoring.agreement import Rated, agreement_of, kendall_w, krippendorff_alpha
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, computed
from assessments.scoring.profile import read_profile
from assessments.scoring.weights import weights_of
from tests.scoring import sample

FRAMEWORK = Framework.from_data(sample.document())
FACTS = read_profile(sample.profile(), FRAMEWORK.schema)


def test_kendalls_w_of_a_worked_example():
    """Three judges, six objects: sums of ranks 8, 14, 11, 11, 6, 13; S = 45.5, W = 12 x 45.5 / (9 x 210) = 0.289."""
    ranks = np.array([[1, 6, 3, 2, 5, 4], [1, 5, 6, 4, 2, 3], [6, 3, 2, 5, 4, 1]], float)
    sums = ranks.sum(axis=0)
    s = ((sums - sums.mean()) ** 2).sum()
    assert kendall_w(ranks) == pytest.approx(12 * s / (9 * (6**3 - 6)))


def test_kendalls_w_is_one_in_full_agreement_and_zero_where_ranks_cancel():
    assert kendall_w(np.array([[1, 3, 5], [2, 3, 4]], float)) == pytest.approx(1.0)
    assert kendall_w(np.array([[1, 2, 3], [3, 2, 1]], float)) == pytest.approx(0.0)


def test_kendalls_w_with_ties_is_friedmans_statistic_over_its_most():
    """W = chi2 / (m (n - 1)), with scipy's tie-corrected Friedman statistic as another library's answer."""
    from scipy.stats import friedmanchisquare

    scores = np.array([[1, 2, 2, 5], [1, 1, 3, 4], [2, 2, 4, 4], [1, 3, 3, 3]], float)
    statistic = friedmanchisquare(*scores.T).statistic
    assert kendall_w(scores) == pytest.approx(statistic / (4 * 3))


def test_no_answer_where_every_rater_gives_every_option_the_same():
    assert kendall_w(np.full((3, 4), 2.0)) is None
    assert krippendorff_alpha([[3, 3], [3, 3, 3]]) is None
    assert krippendorff_alpha([[1], [5]]) is None


def test_krippendorffs_alpha_of_his_own_example():
    """Krippendorff's reliability data of 4 observers and 12 units (Computing Krippendorff's Alpha-Reliability, 2011):
    ordinal alpha 0.815, with missing values."""
    data = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    units = [[row[at] for row in data if row[at] is not None] for at in range(12)]
    assert krippendorff_alpha(units) == pytest.approx(0.815, abs=5e-4)


def rated(criterion, option, *scores):
    return [
        Rated(criterion, option, f"{function}-{at}", function, score) for at, (function, score) in enumerate(scores)
    ]


def panel_of(ratings):
    cells = {}
    for one in ratings:
        cells.setdefault((one.criterion, one.option), {}).setdefault(one.function, []).append(one.score)
    panel = {}
    for (criterion, option), functions in cells.items():
        value = np.mean([np.mean(scores) for scores in functions.values()])
        panel.setdefault(criterion, {})[option] = {"value": float(value), "suggestion": None}
    return panel


def test_with_fewer_than_two_raters_there_is_no_figure_but_a_reason():
    ratings = rated(FRAMEWORK.criteria[0].key, "cdmo", ("cmc", 4))
    found = of(ratings)
    assert found["kendall_w"]["value"] is None and found["kendall_w"]["why_not"]
    assert found["krippendorff_alpha"]["value"] is None and found["krippendorff_alpha"]["why_not"]


def of(ratings):
    problem = Problem(FRAMEWORK, FACTS, panel=panel_of(ratings), ratings=tuple(ratings))
    return full.full(problem)["agreement"]


def test_the_agenda_begins_with_what_could_change_the_answer_soonest():
    keys = tuple(FACTS["options"])
    names = [one.key for one in FRAMEWORK.criteria]
    _, done, layout = computed(Problem(FRAMEWORK, FACTS))
    cells = np.full((len(keys), len(names)), 3.0)
    cells[0] += 0.02
    cells[1] += 0.01
    ratings = [
        *rated(names[0], keys[0], ("cmc", 1), ("qa", 5)),
        *rated(names[-1], keys[1], ("cmc", 3), ("qa", 4)),
        *rated(names[-1], keys[2], ("cmc", 3), ("qa", 3)),
    ]
    blocked = np.zeros(len(keys), bool)
    found = agreement_of(FRAMEWORK, keys, ratings, weights_of(FRAMEWORK), cells, blocked)
    assert [row["criterion"] for row in found["agenda"]][0] == names[0]
    assert found["agenda"][0]["winner"] in keys[1:] and 0 < found["agenda"][0]["share"] <= 1
    assert (found["agenda"][0]["lowest"], found["agenda"][0]["highest"]) == ("cmc", "qa")
    assert all(row["high"] > row["low"] for row in found["agenda"])
    assert found["spread"][names[0]][keys[0]] == 4


def test_a_function_that_alone_would_choose_otherwise_is_named():
    keys, names = tuple(FACTS["options"]), [one.key for one in FRAMEWORK.criteria]
    cells = np.full((len(keys), len(names)), 3.0)
    cells[0] += 0.1
    cells[1] += 0.05
    ratings = [row for name in names for row in rated(name, keys[0], ("cmc", 5), ("qa", 1))]
    found = agreement_of(FRAMEWORK, keys, ratings, weights_of(FRAMEWORK), cells, np.zeros(len(keys), bool))
    assert [(row["function"], row["winner"]) for row in found["alone"]] == [("qa", keys[1])]


def test_the_order_of_ratings_changes_nothing():
    names = [one.key for one in FRAMEWORK.criteria]
    ratings = [*rated(names[0], "cdmo", ("cmc", 2), ("qa", 4)), *rated(names[1], "cdmo", ("cmc", 5), ("qa", 3))]
    turned = list(reversed(ratings))
    first, second = (Problem(FRAMEWORK, FACTS, panel=panel_of(r), ratings=tuple(r)) for r in (ratings, turned))
    assert first.digest() == second.digest()
    assert of(ratings) == of(turned)
