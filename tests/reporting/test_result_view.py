"""A scorecard in words, rows and charts says what the demo programs' reasoning says (docs of each program's expected answer)."""

import copy
import datetime
from functools import cache

import pytest

from assessments.reporting import charts
from assessments.reporting import result_view as view
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile
from tests.scoring import sample
from tests.support.documents import default_framework, demo_profile

MAY = datetime.date(2026, 5, 31)


framework = default_framework


def names() -> view.Names:
    return view.Names.of(framework().data, framework().verdict)


@cache
def demo(program: str) -> dict:
    data = demo_profile(program)
    facts = read_profile(data, framework().schema, assessment_date="2026-05-31")
    return headline(Problem(framework(), facts))


@pytest.mark.parametrize(
    ("program", "kind", "choice"),
    [
        ("ostara", "Clear, with 1 mandatory condition", "CDMO"),
        ("halden", "Clear", "In-house"),
        ("meridian", "Clear", "Hybrid"),
        ("nuvelo", "Best remaining, with 4 mandatory conditions", "CDMO"),
        ("brightwater", "A close call", "CDMO"),
        ("tri_coast", "Leaning", "Hybrid"),
    ],
)
def test_the_verdict_in_words(program, kind, choice):
    assert view.verdict_words(demo(program)) == kind
    assert view.choice_words(demo(program)) == choice


def test_first_by_elimination_is_never_worded_as_recommended():
    numbers = demo("nuvelo")
    said = [view.verdict_words(numbers), view.headline_sentence(numbers, names()), *map(str, view.figures(numbers))]
    said += [one["text"] for one in numbers["explanation"]]
    assert not any("recommend" in text.lower() for text in said)
    assert ("2 of 3", "options are blocked") in view.figures(numbers)
    assert not any("plausible weights" in words for _, words in view.figures(numbers))
    assert charts.table(view.first_shares(numbers, names())).rows[1][1] == "not ranked"


def test_the_figures_of_a_near_tie():
    figures = dict((words, value) for value, words in view.figures(demo("brightwater")))
    assert figures["scenario runs keep the answer"] == "7 of 9"
    assert figures["points ahead of In-house"] == "+1.3" and figures["of 100 points"] == "77.8"
    assert figures["of plausible weights rank it first"].endswith("± 2 %")
    assert "within what the model can tell apart" in view.headline_sentence(demo("brightwater"), names())


def test_bars_stand_best_first_with_the_blocked_last_and_sum_to_the_total():
    bars = view.value_bars(demo("ostara"), names(), "facts r1, facts only")
    assert [option.name for option in bars.options] == ["CDMO", "Hybrid", "In-house"]
    for option in bars.options:
        assert sum(option.contributions) == pytest.approx(option.total)
    assert bars.options[2].blocked == "quality system, not ready in time, unaffordable, runway"
    assert bars.options[0].note == "1 condition" and bars.options[1].note == "3 conditions, 1 warning"


def test_scenarios_begin_with_the_facts_as_they_stand():
    rows = charts.table(view.scenario_matrix(demo("ostara"))).rows
    assert len(rows) == 10 and rows[0][0] == "As the facts stand" and rows[0][-1] == "base"
    runs = {row[0]: row for row in rows}
    assert runs["S4 Comparability fails"][1:3] == ("CDMO", "+14.0")
    assert runs["S2 Success surge"][1:3] == ("CDMO", "only one left")


def test_a_condition_that_binds_many_options_is_one_row_with_month_and_date():
    rows = view.condition_rows(demo("ostara"), names(), MAY)
    first = rows[0]
    assert (first.title, first.owner, first.due) == (
        "Process optimisation plan with owner and date",
        "CMC",
        "month 11, Apr 2027",
    )
    assert first.every_option and first.for_choice
    assert [row.for_choice for row in rows] == [True, False, False]


@pytest.mark.parametrize(
    ("month", "said"),
    [(0, "month 0, May 2026"), (8, "month 8, Jan 2027"), (-6, "month -6, Nov 2025"), (2.5, "month 2.5, Aug 2026")],
)
def test_months_carry_their_calendar_month(month, said):
    assert view.month_words(month, MAY) == said


def test_gates_stand_by_weight_blocks_first():
    assert [row.effect for row in view.gate_rows(demo("nuvelo"))] == ["block"] * 6 + ["condition"] * 6 + ["warn"] * 2


def test_lenses_say_which_of_them_change_the_answer():
    lenses = {row.name: row for row in view.lens_rows(demo("tri_coast"), names())}
    assert [name for name, row in lenses.items() if row.changes] == [
        "Patient first",
        "Regulator first",
        "Operations first",
    ]
    assert lenses["Patient first"].first == "CDMO"


def test_cross_checks_say_who_is_first_by_other_methods_and_leave_out_what_is_blocked():
    numbers = demo("ostara")
    assert view.check_rows(numbers) == [], "the headline has none"
    keys = [option["key"] for option in numbers["options"]]
    said = {
        "options": {keys[1]: {"value": 0.7}, keys[2]: {"value": 0.4}},
        "winner": keys[1],
        "same": False,
        "why_not": "",
    }
    none = {"options": None, "winner": None, "same": None, "why_not": "some cells have no score yet"}
    rows = view.check_rows(numbers | {"crosschecks": {"topsis": said, "promethee": none, "promethee_usual": none}})
    assert [row.name for row in rows] == ["TOPSIS", "PROMETHEE II, with thresholds", "PROMETHEE II, any difference"]
    assert rows[0].figures == (None, 0.7, 0.4) and rows[0].differs and rows[0].first == numbers["options"][1]["name"]
    assert rows[1].why_not and not rows[1].differs


def test_tables_know_every_dimension_and_criterion_by_name_and_weight():
    dimensions = view.dimension_rows(demo("ostara"), names())
    assert [round(row.weight * 100) for row in dimensions] == [20, 15, 15, 18, 12, 8, 5, 7]
    assert [round(value) for value in dimensions[1].values] == [0, 75, 50]
    criteria = view.criterion_rows(demo("ostara"), names())
    assert len(criteria) == 25 and sum(row.weight for row in criteria) == pytest.approx(1.0)
    assert sum(1 for row in criteria if row.dimension) == 8


def test_a_tie_names_both_and_recommends_neither():
    document, facts = sample.document(), sample.profile()
    document["scenarios"] = []
    facts["options"] = facts["options"][1:3]
    facts["options"][1] |= {"facts": facts["options"][0]["facts"]}
    small = Framework.from_data(document)
    numbers = headline(Problem(small, read_profile(facts, small.schema)))
    assert view.verdict_words(numbers) == "A tie"
    assert view.choice_words(numbers) == "Partner A or Partner B"
    assert view.choice_accent(numbers) == ""
    base = charts.table(view.scenario_matrix(numbers)).rows[0]
    assert base[1] == "Partner A and Partner B"
    assert {option.accent for option in view.options(numbers).values()} == {"cdmo", "variant_a"}


def test_no_credible_option_has_no_choice():
    numbers = copy.deepcopy(demo("nuvelo"))
    numbers["verdict"] |= {"kind": "no_credible_option", "option": None, "runner_up": None, "margin": None}
    numbers["facts"]["options"]["cdmo"] |= {"blocked": True, "rank": None}
    assert view.choice_words(numbers) == "No credible option"
    assert view.figures(numbers) == [("3 of 3", "options are blocked")]
    assert "until the facts change" in view.headline_sentence(numbers, names())
