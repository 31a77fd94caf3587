"""The shared draft: fields with versions, options, what is missing, what it implies, and revisions made of it."""

import pytest

from accounts.models import AuditEvent
from accounts.permissions import NotAllowed
from assessments.errors import Clash, Invalid, Missing, WrongState
from assessments.models import DraftValue, Job, ProfileRevision
from assessments.permissions import ProgramRights
from assessments.scoring.headline import Problem, headline
from assessments.scoring.profile import read_profile, write_profile
from assessments.services import drafts, programs, reviews
from assessments.services.frameworks import framework_of
from tests.services.facts_world import PROFILES, FactsWorld, profile
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


begun, world = shared(FactsWorld)


@pytest.fixture
def filled(world):
    world.fill()
    return world


def edit(member, program, field, value, *, option="", seen=None, **more):
    if seen is None:
        row = DraftValue.objects.filter(draft__program=program, field=field, option_key=option).first()
        seen = row.version if row else 0
    return drafts.edit_field(
        member=member, program=program, field=field, option_key=option, value=value, seen_version=seen, **more
    )


def stored(program, field, option=""):
    return DraftValue.objects.get(draft__program=program, field=field, option_key=option)


# -- one field ----------------------------------------------------------------------------------------------------


def test_an_edit_is_kept_with_a_new_version_its_author_and_its_event_and_no_job(filled):
    jobs = list(Job.objects.values_list("target", "wanted_revision"))
    before = stored(filled.program, "reserve_months")
    after = edit(filled.cmc, filled.program, "open_steps", 9)
    assert (after.value, after.updated_by) == (9, filled.cmc)
    assert after.version > before.version
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.object_label) == ("facts.edited", "Open steps per lot") or event.new["value"] == 9
    assert (event.old["value"], event.new["value"]) == (14, 9)
    assert list(Job.objects.values_list("target", "wanted_revision")) == jobs, "only revisions owe results"


def test_a_stale_version_is_a_clash_that_carries_both_values_and_loses_neither(filled):
    seen = stored(filled.program, "open_steps").version
    edit(filled.cmc, filled.program, "open_steps", 9, seen=seen)
    with pytest.raises(Clash) as clash:
        edit(filled.lead, filled.program, "open_steps", 11, seen=seen)
    now = stored(filled.program, "open_steps")
    assert (clash.value.current, clash.value.attempted, clash.value.version) == (9, 11, now.version)
    assert now.value == 9
    edit(filled.lead, filled.program, "open_steps", 11, seen=clash.value.version)
    assert stored(filled.program, "open_steps").value == 11


def test_the_same_value_again_is_no_change_whatever_version_was_seen(filled):
    seen = stored(filled.program, "open_steps").version
    first = edit(filled.cmc, filled.program, "open_steps", 9, seen=seen)
    events = AuditEvent.objects.count()
    again = edit(filled.cmc, filled.program, "open_steps", 9, seen=seen)
    assert again.version == first.version
    assert AuditEvent.objects.count() == events


def test_two_people_in_different_fields_do_not_clash(filled):
    steps, stock = (stored(filled.program, name).version for name in ("open_steps", "reserve_months"))
    edit(filled.cmc, filled.program, "open_steps", 9, seen=steps)
    edit(filled.supply, filled.program, "reserve_months", 2, seen=stock)
    assert stored(filled.program, "reserve_months").value == 2


@pytest.mark.parametrize(
    "field, option, value, words",
    [
        ("open_steps", "", -1, "between"),
        ("open_steps", "", 2.5, "whole"),
        ("potency_status", "", "qualifed", "qualified"),
        ("regions", "", ["mars"], "us"),
        ("need_gmp_month", "", -3, "between"),
        ("opn_steps", "", 3, "open_steps"),
        ("capacity_lots_y", "", 3, "name the option"),
        ("capacity_lots_y", "mars", 3, "no option"),
        ("cdmo_sites", "in_house", 3, "Unknown field"),
        ("planned_changes", "", [{"month": 3, "impact": "huge", "text": ""}], "minor"),
    ],
)
def test_unknown_and_impossible_values_are_refused_with_the_field_and_what_was_typed(
    filled, field, option, value, words
):
    before = list(DraftValue.objects.values_list("pk", "version"))
    with pytest.raises(Invalid) as refused:
        edit(filled.lead, filled.program, field, value, option=option, seen=0)
    [problem] = refused.value.problems
    assert (problem["field"], problem["option"]) == (field, option)
    assert words in problem["message"]
    assert list(DraftValue.objects.values_list("pk", "version")) == before


def test_only_the_owning_function_and_the_lead_edit_a_fact(filled):
    with pytest.raises(NotAllowed):
        edit(filled.supply, filled.program, "open_steps", 9)
    with pytest.raises(NotAllowed):
        edit(filled.viewer, filled.program, "open_steps", 9)
    with pytest.raises(NotAllowed):
        edit(filled.admin, filled.program, "open_steps", 9)
    edit(filled.cmc, filled.program, "open_steps", 9)
    edit(filled.lead, filled.program, "open_steps", 8)


def test_prices_are_neither_read_nor_written_without_the_right(filled):
    for member, sees in ((filled.finance, True), (filled.lead, True), (filled.cmc, False), (filled.viewer, False)):
        state = drafts.draft_state(filled.program, member)
        shown = {field["field"] for field in state["fields"]}
        assert ("cdmo_kusd_lot" in shown) is sees
        assert ("560" in str(state)) is sees
    with pytest.raises(NotAllowed):
        edit(filled.cmc, filled.program, "cdmo_kusd_lot", 500, option="cdmo")
    edit(filled.finance, filled.program, "cdmo_kusd_lot", 500, option="cdmo")


def test_a_dated_fact_gets_the_day_it_was_given_or_today_and_none_from_the_future(filled):
    assert stored(filled.program, "market_state").as_of is None
    row = edit(filled.supply, filled.program, "market_state", "tight")
    assert row.as_of is not None
    row = edit(filled.supply, filled.program, "market_state", "tight", as_of="2025-11-30")
    assert row.as_of.isoformat() == "2025-11-30"
    for as_of, words in (("2999-01-01", "come"), ("soon", "2026")):
        with pytest.raises(Invalid, match=words):
            edit(filled.supply, filled.program, "market_state", "tight", as_of=as_of)
    with pytest.raises(Invalid, match="no date"):
        edit(filled.cmc, filled.program, "open_steps", 3, as_of="2025-11-30")


# -- options ------------------------------------------------------------------------------------------------------


def test_a_new_program_offers_one_option_of_each_kind(world):
    state = drafts.draft_state(world.program, world.lead)
    assert [(option["key"], option["host"]) for option in state["options"]] == [
        ("in_house", None), ("cdmo", None), ("hybrid", "cdmo"),
    ]  # fmt: skip


def test_a_second_partner_gets_a_key_of_its_own_and_is_renamed_ordered_and_removed(filled):
    act = {"member": filled.lead, "program": filled.program}
    added = drafts.add_option(**act, kind="cdmo", name="Partner B")
    assert added.key == "cdmo_2"
    renamed = drafts.change_option(**act, key="cdmo_2", seen_version=added.version, name="Partner  C")
    assert (renamed.key, renamed.name) == ("cdmo_2", "Partner C")
    drafts.order_options(**act, keys=["cdmo_2", "hybrid", "cdmo", "in_house"])
    assert [o["key"] for o in drafts.draft_state(filled.program, filled.lead)["options"]][0] == "cdmo_2"
    edit(filled.lead, filled.program, "cdmo_sites", 4, option="cdmo_2")
    version = filled.program.draft.options.get(key="cdmo_2").version
    with pytest.raises(Clash):
        drafts.remove_option(**act, key="cdmo_2", seen_version=version - 1)
    drafts.remove_option(**act, key="cdmo_2", seen_version=version)
    assert not DraftValue.objects.filter(option_key="cdmo_2").exists()
    assert AuditEvent.objects.latest("pk").old["facts"] == {"cdmo_sites": 4}
    back = drafts.add_option(**act, kind="cdmo", name="Partner B")
    with pytest.raises(Clash):
        edit(filled.lead, filled.program, "cdmo_sites", 5, option=back.key, seen=version)


def test_options_are_the_leads_and_refuse_what_cannot_be(filled):
    act = {"member": filled.lead, "program": filled.program}
    with pytest.raises(NotAllowed):
        drafts.add_option(member=filled.cmc, program=filled.program, kind="cdmo", name="B")
    for wrong, words in (
        ({"kind": "cdm", "name": "B"}, "cdmo"),
        ({"kind": "cdmo", "name": "cdmo"}, "already"),
        ({"kind": "cdmo", "name": "x" * 81}, "80"),
        ({"kind": "hybrid", "name": "B", "host": "in_house"}, "host"),
        ({"kind": "cdmo", "name": "B", "host": "cdmo"}, "no host"),
    ):
        with pytest.raises(Invalid, match=words):
            drafts.add_option(**act, **wrong)
    with pytest.raises(Invalid, match="each option once"):
        drafts.order_options(**act, keys=["cdmo"])


def test_a_hybrid_whose_host_is_gone_is_named_at_save(filled):
    act = {"member": filled.lead, "program": filled.program}
    drafts.remove_option(**act, key="cdmo", seen_version=filled.program.draft.options.get(key="cdmo").version)
    with pytest.raises(Invalid) as refused:
        drafts.save_revision(**act, summary="No partner")
    assert {problem["field"] for problem in refused.value.problems} == {"host"}


def test_an_option_that_the_open_review_compares_stays(filled):
    reviews.open_review(member=filled.lead, program=filled.program, question="Where?")
    version = filled.program.draft.options.get(key="cdmo").version
    with pytest.raises(Invalid, match="Review 1 compares"):
        drafts.remove_option(member=filled.lead, program=filled.program, key="cdmo", seen_version=version)
    document = profile()
    framework = framework_of(filled.version)
    facts = read_profile(document, framework.schema)
    del facts["options"]["hybrid"]
    with pytest.raises(Invalid, match="Review 1 compares"):
        programs.import_revision(
            member=filled.lead,
            program=filled.program,
            document=write_profile(facts, framework.schema, "options"),
            summary="Without the hybrid",
        )
    assert ProfileRevision.objects.count() == 1


# -- saving -------------------------------------------------------------------------------------------------------


def test_every_missing_value_is_named_at_once_with_its_option(world):
    with pytest.raises(Invalid) as refused:
        drafts.save_revision(member=world.lead, program=world.program, summary="Nothing yet")
    named = {(problem["field"], problem["option"]) for problem in refused.value.problems}
    assert {("open_steps", ""), ("capacity_lots_y", "hybrid"), ("cdmo_sites", "cdmo")} <= named
    assert ("ind_month", "") not in named, "a value that may be unknown is not missing"
    assert ("assessment_date", "") not in named, "a new draft has today as its month 0"
    assert not ProfileRevision.objects.exists()


def test_completeness_counts_by_section_and_function(world):
    before = drafts.draft_state(world.program, world.lead)["completeness"]
    edit(world.cmc, world.program, "open_steps", 4)
    after = drafts.draft_state(world.program, world.lead)["completeness"]
    assert after["given"] == before["given"] + 1
    assert after["functions"]["cmc"]["given"] == before["functions"]["cmc"]["given"] + 1
    assert after["total"] - after["given"] == len(after["missing"])


def test_saving_makes_the_next_revision_moves_the_review_and_owes_both_results(filled):
    review = reviews.open_review(member=filled.lead, program=filled.program, question="Where?")
    edit(filled.cmc, filled.program, "open_steps", 9)
    state = drafts.draft_state(filled.program, filled.lead)
    assert state["changed"] == ["open_steps"]
    saved = drafts.save_revision(
        member=filled.lead, program=filled.program, summary="Closed the wash", seen_version=state["version"]
    )
    review.refresh_from_db()
    assert (saved.number, saved.facts["program"]["open_steps"], review.revision) == (2, 9, saved)
    assert saved.facts["program"] == ProfileRevision.objects.get(number=1).facts["program"] | {"open_steps": 9}
    owed = {job.target for job in Job.objects.filter(kind=Job.Kind.RESCORE)}
    assert owed == {f"program:{filled.program.pk}", f"review:{review.pk}"}
    assert AuditEvent.objects.latest("pk").new["summary"] == "Closed the wash"


def test_saving_asks_for_a_lead_a_summary_a_change_and_the_draft_that_was_seen(filled):
    act = {"member": filled.lead, "program": filled.program}
    with pytest.raises(WrongState, match="Nothing changed since Revision 1"):
        drafts.save_revision(**act, summary="Again")
    seen = drafts.draft_state(filled.program, filled.lead)["version"]
    edit(filled.cmc, filled.program, "open_steps", 9)
    with pytest.raises(Clash):
        drafts.save_revision(**act, summary="Unseen", seen_version=seen)
    with pytest.raises(Invalid, match="few words"):
        drafts.save_revision(**act, summary="  ")
    with pytest.raises(NotAllowed):
        drafts.save_revision(member=filled.cmc, program=filled.program, summary="Mine")
    assert ProfileRevision.objects.count() == 1


def test_the_draft_follows_an_imported_file_and_keeps_versions_of_what_stayed(filled):
    steps, stock = stored(filled.program, "open_steps"), stored(filled.program, "reserve_months")
    edit(filled.cmc, filled.program, "open_steps", 9)
    filled.fill(open_steps=20)
    assert stored(filled.program, "open_steps").value == 20
    assert stored(filled.program, "open_steps").version > steps.version
    assert stored(filled.program, "reserve_months").version == stock.version
    assert drafts.draft_state(filled.program, filled.lead)["changed"] == []
    replaced = AuditEvent.objects.get(action="facts.draft_replaced", old__program__open_steps=9)
    assert replaced.actor == filled.lead


def test_the_draft_goes_back_to_a_revision_and_the_trail_keeps_what_it_said(filled):
    first = ProfileRevision.objects.get(number=1)
    edit(filled.cmc, filled.program, "open_steps", 9)
    drafts.add_option(member=filled.lead, program=filled.program, kind="cdmo", name="Partner B")
    with pytest.raises(NotAllowed):
        drafts.reset_draft(member=filled.cmc, program=filled.program, revision=first)
    drafts.reset_draft(member=filled.lead, program=filled.program, revision=first)
    assert drafts.draft_state(filled.program, filled.lead)["changed"] == []
    assert list(filled.program.draft.options.values_list("key", flat=True)) == ["in_house", "cdmo", "hybrid"]
    assert AuditEvent.objects.latest("pk").old["program"]["open_steps"] == 9
    other = filled.new_program("Other")
    with pytest.raises(Invalid, match="another program"):
        drafts.reset_draft(member=filled.lead, program=other, revision=first)


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("layout", ["kinds", "options"])
def test_demo_profiles_go_through_draft_revision_file_and_back(world, path, layout):
    first = world.fill(path.stem)
    lead, schema = world.lead, framework_of(world.version).schema
    edit(lead, world.program, "market_state", "tight", as_of="2025-11-30")
    edit(lead, world.program, "cdmo_slot_wait_months", 7.5, option="cdmo", as_of="2025-12-31")
    saved = drafts.save_revision(member=lead, program=world.program, summary="From the draft")
    assert set(saved.facts["program"]) == set(first.facts["program"])
    assert saved.facts["as_of"] == {"market_state": "2025-11-30", "cdmo.cdmo_slot_wait_months": "2025-12-31"}
    exported = write_profile(saved.facts, schema, layout)
    back = programs.import_revision(member=lead, program=world.program, document=exported, summary="Back")
    assert back.facts == saved.facts
    assert back.digest == saved.digest
    assert drafts.read_draft(world.program).facts == saved.facts


# -- what it implies ----------------------------------------------------------------------------------------------


def test_a_complete_draft_shows_the_engines_headline_at_once_and_an_incomplete_one_what_lacks(filled):
    edit(filled.cmc, filled.program, "open_steps", 9)
    draft = drafts.read_draft(filled.program)
    card = drafts.preview(draft, ProgramRights(filled.lead, filled.program))
    framework = framework_of(filled.version)
    facts = read_profile(profile(open_steps=9), framework.schema)
    expected = headline(Problem(framework, facts))
    assert {k: o["total"] for k, o in card["facts"]["options"].items()} == {
        k: o["total"] for k, o in expected["facts"]["options"].items()
    }
    edit(filled.cmc, filled.program, "open_steps", None)
    with pytest.raises(Missing) as lacking:
        drafts.preview(drafts.read_draft(filled.program), ProgramRights(filled.lead, filled.program))
    assert [thing["what"] for thing in lacking.value.things] == ["open_steps"]


def test_the_preview_writes_nothing_and_hides_sums_of_money(world, django_assert_num_queries):
    world.fill("ostara")
    draft = drafts.read_draft(world.program)
    rights = ProgramRights(world.cmc, world.program)
    assert not rights.is_lead
    with django_assert_num_queries(0):
        card = drafts.preview(draft, rights)
    assert "exceeds the capital available" not in str(card)


# -- people of a program ------------------------------------------------------------------------------------------


def test_admins_add_people_appoint_leads_and_a_program_keeps_one(world):
    act = {"member": world.admin, "program": world.program}
    programs.add_member(**act, membership=world.viewer)
    programs.add_member(**act, membership=world.viewer)
    assert world.program.members.count() == 2
    with pytest.raises(Invalid, match="no lead left"):
        programs.remove_member(**act, membership=world.lead)
    programs.appoint_lead(**act, membership=world.viewer)
    programs.release_lead(**act, membership=world.lead)
    with pytest.raises(Invalid, match="no lead left"):
        programs.release_lead(**act, membership=world.viewer)
    programs.remove_member(**act, membership=world.lead)
    assert list(world.program.members.values_list("membership", "is_lead")) == [(world.viewer.pk, True)]
    actions = AuditEvent.objects.filter(object_type="program").order_by("pk").values_list("action", flat=True)
    assert list(actions) == [
        "program.created", "program.member_added", "program.lead_appointed", "program.lead_released",
        "program.member_removed",
    ]  # fmt: skip
    stranger = FactsWorld("s").viewer
    for refuse in (programs.add_member, programs.appoint_lead):
        with pytest.raises(Invalid, match="this organization"):
            refuse(**act, membership=stranger)
        with pytest.raises(NotAllowed):
            refuse(member=world.lead, program=world.program, membership=world.cmc)
    with pytest.raises(NotAllowed):
        programs.remove_member(member=world.viewer, program=world.program, membership=world.viewer)
