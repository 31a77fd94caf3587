"""The default framework on the demo programs, against figures from an independent computation of its rules.

Totals and margins agree to 0.051 and ready months to 0.05 (printed with one decimal there), dimensions and cost per lot
to 0.51 (printed as integers), coverage to 0.0051, first shares to 3 points; blocked sets and gates exactly.
"""

import pytest

from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile
from tests.support.documents import default_framework, demo_profile, framework_document

OPTIONS = ("in_house", "cdmo", "hybrid")
DIMENSIONS = ("pdr", "cmp", "cap", "omr", "eco", "str", "sup", "reg")
LENSES = ("patient_first", "cash_first", "control_first", "regulator_first", "operations_first")
RUNS = ("S1", "S2", "S3", "S4", "S5", "S6", "S7a", "S7b", "S8")

FIGURES = {
    "ostara": {
        "totals": (18.0, 74.2, 57.8),
        "dimensions": (
            (0, 52, 30),
            (0, 75, 50),
            (27, 80, 95),
            (7, 88, 42),
            (8, 88, 62),
            (81, 53, 75),
            (60, 60, 60),
            (32, 100, 86),
        ),
        "ready_month": (44.0, 13, 20.0),
        "coverage": (0.5, 2.5, 0.83),
        "cost_per_lot": (120, 75, 94),
        "blocked": {"in_house": {"G01", "G04", "G05", "G06"}},
        "first": (0, 100, 0),
        "lenses": (
            (13.5, 71.3, 52.9),
            (13.9, 77.0, 56.9),
            (26.3, 71.0, 59.7),
            (14.8, 76.6, 57.0),
            (15.1, 77.0, 57.6),
        ),
        "scenarios": (
            ("cdmo", 15.2),
            ("cdmo", None),
            ("cdmo", 15.0),
            ("cdmo", 14.0),
            ("cdmo", 16.5),
            ("cdmo", None),
            ("cdmo", 13.0),
            ("cdmo", None),
            ("cdmo", 12.0),
        ),
        "gates": {
            ("G01", "block", "in_house"),
            ("G01", "condition", "hybrid"),
            ("G02", "condition", "in_house cdmo hybrid"),
            ("G04", "block", "in_house"),
            ("G04", "warn", "hybrid"),
            ("G05", "block", "in_house"),
            ("G06", "block", "in_house"),
            ("G06", "condition", "hybrid"),
        },
        "verdict": ("clear", "cdmo"),
    },
    "meridian": {
        "totals": (49.8, 65.2, 79.5),
        "dimensions": (
            (30, 38, 70),
            (50, 75, 67),
            (43, 57, 83),
            (83, 94, 92),
            (8, 71, 88),
            (94, 31, 75),
            (60, 60, 60),
            (46, 100, 100),
        ),
        "ready_month": (30, 15, 8),
        "coverage": (1.17, 5.46, 1.82),
        "cost_per_lot": (848, 640, 488),
        "blocked": {"in_house": {"G04", "G05", "G06"}},
        "first": (0, 0, 100),
        "lenses": (
            (46.8, 62.3, 78.2),
            (41.6, 67.6, 80.9),
            (57.1, 60.8, 78.1),
            (51.8, 70.7, 79.7),
            (52.0, 69.4, 81.4),
        ),
        "scenarios": tuple(("hybrid", margin) for margin in (15.0, 12.8, 12.5, 14.2, 14.2, 9.8, 15.2, 11.2, 6.2)),
        "gates": {
            ("G04", "block", "in_house"),
            ("G04", "warn", "cdmo"),
            ("G05", "block", "in_house"),
            ("G06", "block", "in_house"),
        },
        "verdict": ("clear", "hybrid"),
    },
    "brightwater": {
        "totals": (76.5, 77.8, 74.2),
        "dimensions": (
            (72, 68, 60),
            (67, 75, 67),
            (73, 77, 67),
            (83, 100, 92),
            (77, 79, 81),
            (94, 50, 75),
            (60, 60, 60),
            (89, 100, 100),
        ),
        "ready_month": (9, 14, 11),
        "coverage": (1.31, 9.19, 2.12),
        "cost_per_lot": (437, 560, 473),
        "blocked": {},
        "first": (32, 68, 0),
        "lenses": (
            (75.6, 77.5, 72.1),
            (76.1, 79.0, 75.6),
            (78.5, 73.8, 73.8),
            (75.9, 80.8, 75.5),
            (76.5, 81.3, 75.9),
        ),
        "scenarios": (
            ("cdmo", 2.8),
            ("cdmo", 0.5),
            ("in_house", 1.2),
            ("cdmo", 0.8),
            ("cdmo", 3.5),
            ("cdmo", 6.5),
            ("in_house", 7.8),
            ("cdmo", 6.5),
            ("cdmo", 3.8),
        ),
        "gates": set(),
        "verdict": ("close_call", "cdmo"),
    },
    "tri_coast": {
        "totals": (53.2, 79.8, 81.5),
        "dimensions": (
            (42, 68, 65),
            (58, 92, 83),
            (37, 87, 88),
            (79, 96, 92),
            (27, 71, 88),
            (100, 41, 75),
            (50, 70, 70),
            (36, 100, 89),
        ),
        "ready_month": (28, 16, 14),
        "coverage": (1.52, 9.13, 2.49),
        "cost_per_lot": (727, 680, 472),
        "blocked": {"in_house": {"G04"}},
        "first": (0, 18, 82),
        "lenses": (
            (50.6, 80.1, 78.7),
            (47.8, 79.5, 82.5),
            (60.7, 75.1, 80.5),
            (53.7, 84.8, 82.6),
            (53.8, 83.5, 83.4),
        ),
        "scenarios": (
            ("hybrid", 3.0),
            ("hybrid", 3.8),
            ("hybrid", 0.2),
            ("hybrid", 1.8),
            ("hybrid", 1.8),
            ("cdmo", 1.2),
            ("hybrid", 3.8),
            ("cdmo", 1.2),
            ("cdmo", 0.8),
        ),
        "gates": {("G04", "block", "in_house")},
        "verdict": ("leaning", "hybrid"),
    },
}


@pytest.fixture(scope="module")
def framework():
    return default_framework()


def score(framework, name, **changed):
    data = demo_profile(name)
    data.update(changed)
    return headline(Problem(framework, read_profile(data, framework.schema, assessment_date="2026-01-01")))


@pytest.fixture(scope="module")
def scored(framework):
    return {name: score(framework, name) for name in FIGURES}


def gates_of(result):
    order = {key: at for at, key in enumerate(OPTIONS)}
    return {(gate["id"], gate["effect"], " ".join(sorted(gate["options"], key=order.get))) for gate in result["gates"]}


@pytest.mark.parametrize("name", FIGURES)
def test_totals_dimensions_and_blocks(scored, name):
    figures, result = FIGURES[name], scored[name]["facts"]["options"]
    assert tuple(result[key]["total"] for key in OPTIONS) == pytest.approx(figures["totals"], abs=0.051)
    for dimension, expected in zip(DIMENSIONS, figures["dimensions"], strict=True):
        found = tuple(result[key]["dimensions"][dimension]["value"] for key in OPTIONS)
        assert found == pytest.approx(expected, abs=0.51), dimension
    blocked = {key: set(result[key]["blocked_by"]) for key in OPTIONS if result[key]["blocked"]}
    assert blocked == figures["blocked"]


@pytest.mark.parametrize("name", FIGURES)
def test_derived_quantities(scored, name):
    figures, derived = FIGURES[name], scored[name]["derived"]
    for quantity, expected, tolerance in (
        ("ready", figures["ready_month"], 0.05),
        ("coverage", figures["coverage"], 0.0051),
        ("cost_per_lot", figures["cost_per_lot"], 0.51),
    ):
        found = tuple(derived[key][quantity] for key in OPTIONS)
        assert found == pytest.approx(expected, abs=tolerance), quantity


@pytest.mark.parametrize("name", FIGURES)
def test_gates_fire_exactly_as_stated(scored, name):
    assert gates_of(scored[name]) == FIGURES[name]["gates"]


@pytest.mark.parametrize("name", FIGURES)
def test_lenses(scored, name):
    for lens, expected in zip(LENSES, FIGURES[name]["lenses"], strict=True):
        totals = scored[name]["lenses"][lens]["totals"]
        assert tuple(totals[key] for key in OPTIONS) == pytest.approx(expected, abs=0.051), lens


@pytest.mark.parametrize("name", FIGURES)
def test_scenarios(scored, name):
    for run, (winner, margin) in zip(RUNS, FIGURES[name]["scenarios"], strict=True):
        found = scored[name]["scenarios"][run]
        assert found["winner"] == winner, run
        if margin is None:
            assert found["unblocked"] == [winner], run
        else:
            assert found["margin"] == pytest.approx(margin, abs=0.051), run


@pytest.mark.parametrize("name", FIGURES)
def test_first_shares_and_verdict(scored, name):
    shares = scored[name]["robustness"]["first_share"]
    found = tuple(100 * (shares[key]["value"] or 0) if key in shares else 0 for key in OPTIONS)
    assert found == pytest.approx(FIGURES[name]["first"], abs=3)
    verdict = scored[name]["verdict"]
    assert (verdict["kind"], verdict["option"]) == FIGURES[name]["verdict"]


def test_halden_shows_that_the_framework_can_recommend_an_own_plant(framework):
    result = score(framework, "halden")
    assert result["verdict"]["option"] == "in_house"
    assert result["verdict"]["scenarios_kept"] == 9
    margins = {run: result["scenarios"][run]["margin"] for run in RUNS}
    assert "S8" in sorted(margins, key=margins.get)[:2]
    assert margins["S5"] in sorted(margins.values())[:2]


def test_nuvelo_is_first_by_elimination_and_is_not_called_recommended(framework):
    result = score(framework, "nuvelo")
    assert result["verdict"]["kind"] == "best_remaining"
    assert "recommend" not in result["verdict"]["sentence"].lower()
    assert result["facts"]["options"]["cdmo"]["total"] == pytest.approx(57, abs=0.51)
    assert len(result["facts"]["options"]["in_house"]["blocked_by"]) == 5
    assert result["facts"]["options"]["hybrid"]["blocked_by"] == ["G01"]
    conditions = {gate["id"] for gate in result["gates"] if gate["effect"] == "condition" and "cdmo" in gate["options"]}
    assert conditions >= {"G02", "G06", "G13", "G14"}
    assert result["scenarios"]["S4"]["unblocked"] == []


@pytest.mark.parametrize(
    ("name", "changed", "expected"),
    [
        ("meridian", {"need_gmp_month": 5}, ("G03", "block", "in_house")),
        ("meridian", {"need_gmp_month": 5}, ("G04", "block", "cdmo")),
        ("ostara", {"partner_inspection": "warning_letter"}, ("G07", "block", "cdmo hybrid")),
        ("ostara", {"platform_lead_time_months": 20}, ("G11", "block", "in_house")),
        ("tri_coast", {"qp_access": False}, ("G12", "condition", "in_house")),
        ("ostara", {"product_format": "fresh", "shelf_life_hours": 30}, ("G15", "block", "cdmo")),
    ],
)
def test_each_gate_fires_on_its_mutation(framework, name, changed, expected):
    result = score(framework, name, **changed)
    assert expected in gates_of(result)


def test_a_warning_letter_leaves_ostara_no_credible_option(framework):
    assert score(framework, "ostara", partner_inspection="warning_letter")["verdict"]["kind"] == "no_credible_option"


def test_pivotal_timing_fires_the_potency_gates(framework):
    nuvelo = gates_of(score(framework, "nuvelo", pivotal_start_month=15))
    assert ("G09", "condition", "in_house cdmo hybrid") in nuvelo
    data = demo_profile("meridian")
    for change in data["planned_changes"]:
        if change["impact"] == "major":
            change["month"] = 30
    moved = gates_of(score(framework, "meridian", planned_changes=data["planned_changes"]))
    assert ("G08", "condition", "in_house cdmo hybrid") in moved


@pytest.mark.parametrize("name", ["ostara", "nuvelo"])
def test_no_weight_buys_off_a_gate(name):
    document = framework_document()
    for dimension in document["dimensions"]:
        if dimension["key"] == "str":
            dimension["weight"] *= 10
    result = score(Framework.from_data(document), name)
    assert result["facts"]["options"]["in_house"]["blocked"]
    assert result["facts"]["options"]["in_house"]["rank"] is None
