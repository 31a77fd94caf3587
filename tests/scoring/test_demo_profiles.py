"""The six demo profiles come back as they went out, and lenses flip only the near-ties."""

from pathlib import Path

import pytest

import assessments.frameworks
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile, write_profile
from tests.support.documents import default_framework, demo_profile

FOLDER = Path(assessments.frameworks.__file__).parent
FILES = sorted((FOLDER / "demo").glob("*.yaml"))
FRAMEWORK = default_framework()


def facts_of(path):
    return read_profile(demo_profile(path.stem), FRAMEWORK.schema, assessment_date="2026-01-01")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("layout", ["kinds", "options"])
def test_profiles_round_trip_in_both_layouts(path, layout):
    facts = facts_of(path)
    assert read_profile(write_profile(facts, FRAMEWORK.schema, layout), FRAMEWORK.schema) == facts


def test_two_programs_flip_between_lenses_and_three_never_change_first_place():
    cards = {path.stem: headline(Problem(FRAMEWORK, facts_of(path))) for path in FILES}
    for name in ("brightwater", "tri_coast"):
        assert len({lens["winner"] for lens in cards[name]["lenses"].values()}) > 1
    for name in ("ostara", "meridian", "nuvelo"):
        assert max(row["value"] for row in cards[name]["robustness"]["first_share"].values()) == 1
