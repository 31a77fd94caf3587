"""Month 0 moves on: worked by hand on calendar dates."""

import datetime

import pytest

from accounts.models import AuditEvent
from accounts.permissions import NotAllowed
from assessments.errors import Clash, Invalid, WrongState
from assessments.models import DraftValue
from assessments.scoring.clock import after_months, date_of_month, elapsed_months
from assessments.scoring.profile import read_profile, write_profile
from assessments.services import drafts, programs
from assessments.services.frameworks import framework_of
from tests.services.facts_world import FactsWorld
from tests.support.begun import shared

pytestmark = pytest.mark.django_db
D = datetime.date


@pytest.mark.parametrize(
    "start, day, months",
    [
        (D(2026, 1, 15), D(2026, 1, 15), 0),
        (D(2026, 1, 15), D(2026, 2, 14), 0),
        (D(2026, 1, 15), D(2026, 2, 15), 1),
        (D(2026, 1, 15), D(2026, 11, 24), 10),
        (D(2026, 1, 15), D(2027, 1, 14), 11),
        (D(2026, 1, 15), D(2028, 3, 15), 26),
        (D(2026, 1, 31), D(2026, 2, 27), 0),
        (D(2026, 1, 31), D(2026, 2, 28), 1),
        (D(2026, 1, 31), D(2026, 3, 30), 1),
        (D(2026, 1, 31), D(2026, 3, 31), 2),
        (D(2024, 2, 29), D(2025, 2, 27), 11),
        (D(2024, 2, 29), D(2025, 2, 28), 12),
        (D(2026, 5, 1), D(2026, 1, 1), 0),
    ],
)
def test_elapsed_months_are_whole_calendar_months(start, day, months):
    assert elapsed_months(start, day) == months


@pytest.mark.parametrize(
    "start, months, day",
    [
        (D(2026, 1, 15), 10, D(2026, 11, 15)),
        (D(2026, 1, 15), -3, D(2025, 10, 15)),
        (D(2026, 1, 31), 1, D(2026, 2, 28)),
        (D(2026, 10, 31), 1, D(2026, 11, 30)),
        (D(2026, 11, 30), 3, D(2027, 2, 28)),
        (D(2024, 2, 29), 12, D(2025, 2, 28)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_months_last(start, months, day):
    assert after_months(start, months) == day


def test_elapsed_months_turn_exactly_on_the_day_that_after_months_names():
    for start in (D(2026, 1, 31), D(2024, 2, 29), D(2026, 4, 30), D(2026, 7, 1)):
        for months in range(1, 30):
            turn = after_months(start, months)
            assert elapsed_months(start, turn) == months
            assert elapsed_months(start, turn - datetime.timedelta(days=1)) == months - 1


def test_a_fraction_of_a_month_has_a_date_too():
    assert date_of_month(D(2026, 1, 15), 10.5) == D(2026, 11, 30)
    assert date_of_month(D(2026, 1, 15), -0.5) == D(2025, 12, 30)


def filled_world():
    world = FactsWorld()
    world.fill()
    return world


begun, world = shared(filled_world)


def value(world, field, option=""):
    return DraftValue.objects.get(draft__program=world.program, field=field, option_key=option)


def test_ten_months_and_nine_days_later(world):
    """Brightwater of 15 January 2026, looked at on 24 November 2026."""
    plan = drafts.re_anchor(member=world.lead, program=world.program, day=D(2026, 11, 24))
    assert (plan.months, plan.new_date) == (10, D(2026, 11, 15))
    assert value(world, "assessment_date").value == "2026-11-15"
    for field, option, months in (
        ("need_gmp_month", "", 6),  # 16 - 10
        ("ind_month", "", -40),  # -30 - 10
        ("pivotal_start_month", "", 14),
        ("bla_month", "", 42),
        ("next_financing_month", "", 8),
        ("hybrid_available_month", "hybrid", -4),  # 6 - 10: not floored
    ):
        assert value(world, field, option).value == months, field
    assert [entry["month"] for entry in value(world, "planned_changes").value] == [2, 8]  # 12 and 18
    for field, option, months in (
        ("runway_months", "", 26),
        ("facility_months_to_gmp", "in_house", 9),
        ("cdmo_slot_wait_months", "cdmo", 3),
    ):
        row = value(world, field, option)
        assert (row.value, row.to_confirm) == (months, True), field
    assert value(world, "cdmo_tech_transfer_months", "cdmo").value == 10, "durations stay"
    assert value(world, "reserve_months").to_confirm is False
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.old["values"]["need_gmp_month"], event.new["values"]["need_gmp_month"]) == (
        "facts.re_anchored", 16, 6,
    )  # fmt: skip


def test_every_anchored_month_keeps_its_calendar_date(world):
    before = {c.name: c.months_date(D(2026, 1, 15)) for c in drafts.read_draft(world.program).cells}
    drafts.re_anchor(member=world.lead, program=world.program, day=D(2026, 11, 24))
    draft = drafts.read_draft(world.program)
    for cell in draft.cells:
        if cell.field.clock == "anchored" and cell.value is not None:
            assert cell.months_date(draft.assessment_date) == before[cell.name], cell.name


def test_once_done_nothing_is_left_to_move_and_days_are_not_lost(world):
    drafts.re_anchor(member=world.lead, program=world.program, day=D(2026, 2, 20))
    with pytest.raises(WrongState, match="Less than a month"):
        drafts.re_anchor(member=world.lead, program=world.program, day=D(2026, 3, 10))
    drafts.re_anchor(member=world.lead, program=world.program, day=D(2026, 3, 15))
    assert value(world, "need_gmp_month").value == 14  # 16 - 1 - 1


def test_the_plan_is_a_pure_look(world):
    before = list(DraftValue.objects.values_list("pk", "value", "version"))
    plan = drafts.plan_re_anchor(drafts.read_draft(world.program), D(2026, 11, 24))
    assert {cell.name: new for cell, new in plan.moved}["need_gmp_month"] == 6
    assert list(DraftValue.objects.values_list("pk", "value", "version")) == before


def test_what_is_to_be_confirmed_stops_a_revision_until_somebody_says_so(world):
    act = {"program": world.program, "member": world.lead}
    drafts.re_anchor(**act, day=D(2026, 11, 24))
    with pytest.raises(Invalid) as refused:
        drafts.save_revision(**act, summary="Today")
    assert {problem["field"] for problem in refused.value.problems} == {
        "runway_months", "facility_months_to_gmp", "cdmo_slot_wait_months",
    }  # fmt: skip
    with pytest.raises(NotAllowed):
        drafts.confirm_field(
            member=world.cmc, program=world.program, field="runway_months",
            seen_version=value(world, "runway_months").version,
        )  # fmt: skip
    drafts.confirm_field(
        member=world.finance, program=world.program, field="runway_months",
        seen_version=value(world, "runway_months").version,
    )  # fmt: skip
    drafts.edit_field(
        **act, field="facility_months_to_gmp", option_key="in_house", value=4,
        seen_version=value(world, "facility_months_to_gmp", "in_house").version,
    )  # fmt: skip
    with pytest.raises(Clash):
        drafts.confirm_field(**act, field="cdmo_slot_wait_months", option_key="cdmo", seen_version=0)
    row = drafts.confirm_field(
        **act, field="cdmo_slot_wait_months", option_key="cdmo",
        seen_version=value(world, "cdmo_slot_wait_months", "cdmo").version,
    )  # fmt: skip
    assert row.as_of is not None, "a dated fact that is confirmed is known as of today"
    saved = drafts.save_revision(**act, summary="Today")
    assert saved.assessment_date == D(2026, 11, 15)
    assert saved.facts["program"]["runway_months"] == 26


def test_passed_months_survive_saving_and_files_but_nobody_types_them(world):
    act = {"program": world.program, "member": world.lead}
    drafts.re_anchor(**act, day=D(2026, 11, 24))
    for field, option in (
        ("runway_months", ""),
        ("facility_months_to_gmp", "in_house"),
        ("cdmo_slot_wait_months", "cdmo"),
    ):
        drafts.confirm_field(**act, field=field, option_key=option, seen_version=value(world, field, option).version)
    saved = drafts.save_revision(**act, summary="Today")
    schema = framework_of(world.version).schema
    for layout in ("kinds", "options"):
        exported = write_profile(saved.facts, schema, layout)
        assert exported["clock_moved"] is True
        assert read_profile(exported, schema) == saved.facts
        back = programs.import_revision(**act, document=exported, summary="Back")
        assert back.facts == saved.facts
    with pytest.raises(Invalid, match="between"):
        programs.import_revision(**act, document={**exported, "clock_moved": False}, summary="Typed")
    row = value(world, "hybrid_available_month", "hybrid")
    edit = {"field": "hybrid_available_month", "option_key": "hybrid", "seen_version": row.version}
    assert drafts.edit_field(**act, **edit, value=-4).version == row.version, "left as it stands"
    with pytest.raises(Invalid, match="between"):
        drafts.edit_field(**act, **edit, value=-5)


def test_a_passed_change_may_stay_in_the_list_while_another_row_is_added(world):
    act = {"program": world.program, "member": world.lead}
    drafts.re_anchor(**act, day=D(2027, 3, 15))  # 14 months: 12 -> -2, 18 -> 4
    row = value(world, "planned_changes")
    assert [entry["month"] for entry in row.value] == [-2, 4]
    added = {"month": 9, "impact": "minor", "text": "New label"}
    edit = {"field": "planned_changes", "seen_version": row.version}
    kept = drafts.edit_field(**act, **edit, value=[*row.value, added])
    assert [entry["month"] for entry in kept.value] == [-2, 4, 9]
    with pytest.raises(Invalid, match="Entry 4"):
        drafts.edit_field(
            **act, field="planned_changes", seen_version=kept.version, value=[*kept.value, added | {"month": -1}]
        )


def test_ten_years_back_is_the_end_and_the_value_is_named(world):
    with pytest.raises(Invalid, match="IND would lie more than ten years back"):
        drafts.re_anchor(member=world.lead, program=world.program, day=D(2034, 1, 15))  # -30 - 96
    assert value(world, "assessment_date").value == "2026-01-15"


def test_it_is_the_leads_act_on_the_draft_that_was_seen(world):
    with pytest.raises(NotAllowed):
        drafts.re_anchor(member=world.cmc, program=world.program, day=D(2026, 11, 24))
    seen = world.program.draft.version
    with pytest.raises(Clash):
        drafts.re_anchor(member=world.lead, program=world.program, day=D(2026, 11, 24), seen_version=seen - 1)
