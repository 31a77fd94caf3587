"""A result that is computed again is the same bit for bit, or differs by the luck of other draws and no more."""

import copy
import importlib
import json

import pytest

from assessments.scoring import headline, robustness, weights
from assessments.scoring.framework import Framework
from assessments.scoring.full import full
from assessments.scoring.headline import Problem
from assessments.scoring.profile import read_profile
from assessments.scoring.reproduction import WITHIN_ERRORS, compare, share_error
from tests.support.documents import demo_profile, framework_document

DOCUMENT = framework_document()


def card_of(name):
    framework = Framework.from_data(DOCUMENT)
    document = demo_profile(name)
    facts = read_profile(document, framework.schema, assessment_date="2026-11-15")
    return json.loads(json.dumps(full(Problem(framework, facts))))


@pytest.fixture(scope="module")
def ostara():
    return card_of("ostara")


def other_draws(monkeypatch, by):
    # The package has a function of the module's name.
    paths = importlib.import_module("assessments.scoring.risk.paths")
    for module in (headline, robustness, weights, paths):
        monkeypatch.setattr(module, "seed_of", lambda framework: int(framework.digest[:32], 16) ^ by)


def test_the_same_inputs_give_the_same_result_bit_for_bit(ostara):
    found = compare(ostara, card_of("ostara"))
    assert found.exact and found.gaps == () and found.figures > 1000


@pytest.mark.parametrize("name", ["ostara", "halden", "meridian"])
def test_other_draws_stay_within_the_stated_errors_and_are_not_exact(monkeypatch, name):
    stored = card_of(name)
    other_draws(monkeypatch, by=7)
    found = compare(stored, card_of(name))
    assert not found.exact and found.within
    assert len(found.gaps) > 300
    assert 1 < found.largest.of_errors <= WITHIN_ERRORS


def test_a_record_whose_sentences_print_a_figure_otherwise_is_compared_by_the_figures(ostara):
    """An engine before 1.3.1 wrote "month 26.0" where this one writes "month 26"."""
    stored = copy.deepcopy(ostara)
    stored["gates"][0]["message"] += " Ready in month 26.0."
    cell = next(iter(next(iter(stored["suggestions"].values())).values()))
    cell["reason"] += " Ready in month 26.0."
    found = compare(stored, ostara)
    assert found.within and found.gaps == () and not found.exact, "the same figures, and not the same text"
    cell["score"] += 1
    assert not compare(stored, ostara).within


def changed(card, *path, by):
    card = copy.deepcopy(card)
    place = card
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] += by
    return card


@pytest.mark.parametrize(
    ("path", "by"),
    [
        (("risk", "options", "cdmo", "slip", "p80"), 0.5),  # months; the error of the 80th percentile is below 0.07
        (("risk", "options", "cdmo", "cost", "mean"), 0.2),  # MUSD
        (("robustness", "any_weights", "options", "cdmo", "ranks", 0, "value"), -0.03),
        (("facts", "options", "cdmo", "total"), 1e-6),  # not drawn: rounding alone is allowed
    ],
)
def test_a_figure_beyond_its_error_is_named(ostara, path, by):
    found = compare(ostara, changed(ostara, *path, by=by))
    assert not found.within
    assert found.largest.path == tuple(str(step) for step in path)
    assert len(found.gaps) == 1


def test_rounding_of_what_is_not_drawn_is_no_difference_in_substance(ostara):
    found = compare(ostara, changed(ostara, "facts", "options", "cdmo", "total", by=1e-12))
    assert not found.exact and found.within


def test_another_verdict_is_beyond_whatever_the_figures(ostara):
    other = copy.deepcopy(ostara)
    other["verdict"]["kind"] = "close_call"
    found = compare(ostara, other)
    assert not found.within and found.largest.path == ("verdict", "kind")


def test_a_gate_that_is_missing_is_beyond(ostara):
    other = copy.deepcopy(ostara)
    other["gates"].pop()
    assert not compare(ostara, other).within


def test_versions_and_times_are_no_part_of_the_result(ostara):
    other = copy.deepcopy(ostara) | {"software": {"numpy": "3.0"}, "timings": {}}
    assert compare(ostara, other).exact


def test_a_share_that_no_draw_had_is_not_sure():
    # Agresti & Coull (1998): four more draws, half of them hits. 2/2004 of 2004 draws.
    assert share_error(0.0, 2000) == pytest.approx((2 / 2004 * 2002 / 2004 / 2004) ** 0.5)
    assert share_error(0.5, 10_000) == pytest.approx(0.005, rel=1e-3)


def test_a_later_engine_that_tells_more_is_held_against_what_was_told(ostara):
    """As between 1.2 and 1.3: shares got their errors beside them, and differences of shares came new."""
    former = copy.deepcopy(ostara)
    del former["robustness"]["paired"], former["clipped"]
    for option in former["robustness"]["any_weights"]["options"].values():
        option["beats"] = {key: share["value"] for key, share in option["beats"].items()}
    found = compare(former, ostara)
    assert found.within and not found.exact and found.gaps == ()
    former["robustness"]["any_weights"]["options"]["cdmo"]["beats"]["hybrid"] -= 0.05
    assert not compare(former, ostara).within
