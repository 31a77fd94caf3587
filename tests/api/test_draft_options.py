"""Options of the draft and re-anchoring by the API: the same rules as on the pages."""

import datetime

import pytest

from assessments.models import DraftOption
from assessments.services import drafts
from tests.api.conftest import Caller, token_of
from tests.services.facts_world import FactsWorld


@pytest.fixture
def place(world):
    return f"programs/{world.program.uuid}/draft/"


def test_an_option_is_added_once_renamed_as_it_was_seen_and_removed(world, caller, place):
    lead = caller("lead")
    body = {"kind": "cdmo", "name": "Partner Z"}
    first = lead.post(f"{place}options/", body, Idempotency_Key="option-1")
    again = lead.post(f"{place}options/", body, Idempotency_Key="option-1")
    assert (first.status_code, again.status_code) == (201, 201) and first.json() == again.json()
    key = first.json()["key"]
    assert DraftOption.objects.filter(draft__program=world.program, name="Partner Z").count() == 1
    here = f"{place}options/{key}/"
    assert lead("PATCH", here, {"name": "Partner Y"}).status_code == 428
    assert lead("PATCH", here, {"name": "Partner Y"}, If_Match='"999"').status_code == 412
    renamed = lead("PATCH", here, {"name": "Partner Y"}, If_Match=first.headers["ETag"])
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Partner Y")
    assert lead("DELETE", here, If_Match=first.headers["ETag"]).status_code == 412
    assert lead("DELETE", here, If_Match=renamed.headers["ETag"]).status_code == 204
    assert not DraftOption.objects.filter(draft__program=world.program, key=key).exists()


def test_unknown_kinds_are_named_and_nothing_is_written(world, caller, place):
    before = DraftOption.objects.count()
    answer = caller("lead").post(f"{place}options/", {"kind": "moonbase"})
    assert answer.status_code == 400 and answer.json()["problems"][0]["field"] == "kind"
    assert DraftOption.objects.count() == before


@pytest.mark.django_db
def test_month_0_moves_by_whole_months():
    facts = FactsWorld()
    facts.fill()
    place, lead = f"programs/{facts.program.uuid}/draft/re-anchor/", Caller(token_of(facts.lead))
    seen = lead.get(f"programs/{facts.program.uuid}/draft/").json()["version"]
    stale = lead.post(place, {"day": "2026-03-20", "version": seen + 5})
    assert stale.status_code == 409
    answer = lead.post(place, {"day": "2026-03-20", "version": seen})
    # Month 0 was 15 January 2026: two whole months have passed by 20 March.
    assert (answer.status_code, answer.json()["months"], answer.json()["assessment_date"]) == (200, 2, "2026-03-15")
    assert drafts.read_draft(facts.program).assessment_date == datetime.date(2026, 3, 15)
    assert Caller(token_of(facts.viewer)).post(place, {"version": seen}).status_code == 403
