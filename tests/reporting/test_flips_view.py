"""What would change the answer, in words that name the thing, how far it has to move, and what then comes first."""

from assessments.reporting.result_view import Names
from assessments.reporting.result_view.flips import flip_rows

NAMES = Names({"cap": "Capability fit", "str": "Control"}, {}, {})


def run(name, winner="hybrid", runner_up="cdmo", margin=5.0, kept=True, tied=()):
    return {"name": name, "winner": winner, "runner_up": runner_up, "margin": margin, "kept": kept, "tied": list(tied)}


def fact(**given):
    row = {"label": "Tech transfer", "option": "cdmo", "unit": "months", "type": "decimal", "old": 10, "new": 13.0}
    row |= {"old_words": "", "new_words": "", "direction": "up", "winner": "in_house", "margin": 0.25}
    return row | {"opens": None, "behind": None} | given


def card(**given):
    keys = ("in_house", "cdmo", "hybrid")
    return {
        "options": [{"key": key, "kind": key, "name": key.replace("_", "-").title()} for key in keys],
        "verdict": {"option": "hybrid"},
        "scenarios": {"S10": run("Late", margin=1.5), "S2": run("Surge", margin=3.0)},
        "lenses": {"default": run("Default"), "cash": run("Cash first")},
    } | given


def said(numbers):
    return [(flip.kind, flip.what, flip.then) for flip in flip_rows(numbers, NAMES)]


def test_where_nothing_changes_the_answer_the_nearest_run_is_named():
    nearest = "Nothing that was tried changes it. Nearest: S10 Late"
    assert said(card()) == [("nearest", nearest, "Hybrid first, 1.5 points ahead")]


def test_stress_runs_and_lenses_that_change_it_are_named_in_their_order():
    numbers = card(
        scenarios={
            "S10": run("Late", None, None, None, False),
            "S2": run("Surge", "cdmo", None, None, False),
            "S3": run("Tie", None, "cdmo", 0.0, False, tied=("cdmo", "hybrid")),
            "S4": run("Hair", "cdmo", "hybrid", 0.01, False),
        },
        lenses={"default": run("Default"), "cash": run("Cash first", "cdmo", "hybrid", 9.84)},
    )
    assert said(numbers) == [
        ("scenario", "S2 Surge", "Cdmo first, the only one left"),
        ("scenario", "S3 Tie", "Cdmo and Hybrid tie"),
        ("scenario", "S4 Hair", "Cdmo first, by less than 0.1 points"),
        ("scenario", "S10 Late", "no option left"),
        ("lens", "weights as in “Cash first”", "Cdmo first, 9.8 points ahead"),
    ]


def test_small_changes_of_weights_and_facts_come_first_and_far_ones_are_left_out():
    weights = [
        {"dimension": "cap", "weight": 0.22, "flip": 0.3149, "multiplier": 1.43, "option": "cdmo"},
        {"dimension": "str", "weight": 0.08, "flip": 0.9, "multiplier": 11.0, "option": "cdmo"},
    ]
    facts = [
        fact(),
        fact(label="Suite offered", option="hybrid", direction="to", old=True, new=False, winner=None, margin=None),
        fact(label="Third"),
    ]
    opens = [
        fact(label="Quality system", option="", unit="", direction="up", old=2, new=3, opens="in_house", behind=9.04,
             winner="hybrid"),
        fact(label="Partner", direction="to", old="a", new="b", old_words="Poor", new_words="Good", opens="cdmo", winner="cdmo"),
    ]  # fmt: skip
    assert said(card(flips={"weights": weights, "scores": [], "facts": facts, "opens": opens})) == [
        ("weight", "Weight on Capability fit above 31 % (now 22 %)", "Cdmo first"),
        ("fact", "Tech transfer (Cdmo): 13 months or more (now 10)", "In-House first, 0.2 points ahead"),
        ("fact", "Suite offered (Hybrid): no (now yes)", "no option left"),
        ("opens", "Quality system: 3 or more (now 2)", "In-House no longer blocked, still 9.0 points behind"),
        ("opens", "Partner (Cdmo): Good (now Poor)", "Cdmo no longer blocked, and first"),
    ]


def test_without_a_first_option_nothing_can_change_it():
    assert flip_rows(card(verdict={"option": None}), NAMES) == []
