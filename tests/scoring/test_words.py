"""Rules are read by people: names instead of keys, words instead of signs, and the same meaning."""

import numpy as np
import pytest

from assessments.scoring.language import Columns, parse
from assessments.scoring.language.words import Known, in_words, plain
from assessments.scoring.rules import fill

KNOWN = {
    "lots": Known("Lots per year"),
    "ready": Known("Ready for the first lot", "months"),
    "lead": Known("CMC lead in post"),
    "phase": Known("Phase", choices={"phase1": "Phase 1", "pivotal": "Pivotal"}),
    "regions": Known("Target regions", choices={"eu": "European Union", "uk": "United Kingdom"}),
    "changes": Known(
        "Planned changes", items={"impact": Known("Impact", choices={"major": "Major"}), "month": Known("Month")}
    ),
    "experience": Known("Partner’s experience"),
}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("lots >= 2 and not lead", "Lots per year ≥ 2 and CMC lead in post is no"),
        (
            "(lots > 1 or lead) and ready < 6",
            "(Lots per year > 1 or CMC lead in post is yes) and Ready for the first lot < 6",
        ),
        ('phase == "pivotal"', "Phase is Pivotal"),
        ('not (phase in ["phase1", "pivotal"])', "Phase is neither Phase 1 nor Pivotal"),
        ('"eu" in regions', "Target regions include European Union"),
        ("is_null(lots) or not is_null(ready)", "Lots per year is not stated or Ready for the first lot is stated"),
        (
            'count(changes where impact == "major" and month >= 3) >= 1',
            "the number of Planned changes (where Impact is Major and Month ≥ 3) ≥ 1",
        ),
        (
            'overlap(regions, ["eu", "uk"]) >= 1',
            "how many of European Union or United Kingdom are in Target regions ≥ 1",
        ),
        (
            "not is_null(ready) and default(ready, 99) < 6",
            "Ready for the first lot is stated and Ready for the first lot < 6",
        ),
        ("true", "always"),
    ],
)
def test_a_condition_is_said_as_a_sentence(source, words):
    assert plain(in_words(parse(source), KNOWN, condition=True)) == words


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("bands(ready, 6, 3, 0, -6)", "Ready for the first lot: 5 from 6, 4 from 3, 3 from 0, 2 from −6, below that 1"),
        (
            "bands_le(lots, 0.2, 0.4, 0.7, 1.0)",
            "Lots per year: 5 up to 0.2, 4 up to 0.4, 3 up to 0.7, 2 up to 1, above that 1",
        ),
        ('map(phase, {"phase1": 1, "pivotal": 2})', "Phase: Phase 1 → 1, Pivotal → 2"),
        ("(lots + 2) * 3 - (ready - 1)", "(Lots per year + 2) × 3 − (Ready for the first lot − 1)"),
        ("5 - floor(lots / 3)", "5 − (Lots per year ÷ 3 rounded down)"),
        ("max(0, ready)", "the larger of 0 and Ready for the first lot"),
        ("default(lots, 5)", "Lots per year (where not stated: 5)"),
        ("1 if lead else 2", "1 if CMC lead in post is yes, otherwise 2"),
        ("host.experience", "the host’s Partner’s experience"),
        ("min_over_options(lots)", "the lowest Lots per year of all options"),
        ("unknown_key", "unknown key"),
    ],
)
def test_a_value_is_said_in_words(source, words):
    assert plain(in_words(parse(source), KNOWN)) == words


def test_a_value_that_is_a_choice_is_said_with_its_label():
    tree = parse('"pivotal" if lead else phase')
    assert (
        plain(in_words(tree, KNOWN, choices=KNOWN["phase"].choices))
        == "Pivotal if CMC lead in post is yes, otherwise Phase"
    )


def test_facts_are_told_apart_from_words():
    assert in_words(parse("lots > 2"), KNOWN, condition=True) == [("fact", "Lots per year"), ("text", " > 2")]


@pytest.mark.parametrize(
    ("template", "value", "words"),
    [
        ("Ready in month {ready:.1f}.", 26.0, "Ready in month 26."),
        ("Ready in month {ready:.1f}.", 26.5, "Ready in month 26.5."),
        ("Ready in month {ready:.1f}.", 25.96, "Ready in month 26."),
        ("Ready in month {ready:.1f}.", -0.04, "Ready in month 0."),
        ("{ready:.2f} times the limit", 1.5, "1.50 times the limit"),
        ("{ready:.2f} times the limit", 10.0, "10 times the limit"),
        ("Ready in month {ready}.", 26.0, "Ready in month 26."),
    ],
)
def test_a_figure_that_is_whole_is_said_as_one(template, value, words):
    assert fill(template, Columns(1, {"ready": np.array([value])})) == words
