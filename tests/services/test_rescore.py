"""From facts to a shown result: criteria read in and published, facts saved, a job that stores what they mean."""

import pytest
from django.db import transaction
from django.db.models.functions import Now

from accounts import people
from accounts.models import AuditEvent, Membership
from accounts.permissions import NotAllowed
from assessments import jobs
from assessments.errors import Clash, Invalid, WrongState
from assessments.models import CriteriaVersion, Job, ProfileRevision, Program, ProgramSummary, Scorecard
from assessments.scoring.framework import Framework
from assessments.scoring.full import full
from assessments.scoring.headline import ENGINE_VERSION, Problem, headline
from assessments.scoring.profile import read_profile
from assessments.services import criteria, programs, rescore
from assessments.services.frameworks import previous_of
from assessments.services.inputs import owe_program, touch_program
from assessments.services.shown import shown
from tests.scoring import sample
from tests.support.begun import afresh

pytestmark = pytest.mark.django_db(transaction=True)


def document():
    """The small framework, with the date that a saved revision needs."""
    given = sample.document()
    given["schema"]["fields"].append({"key": "assessment_date", "label": "Month 0", "type": "date"})
    return given


def facts(**changed):
    return sample.profile() | {"assessment_date": "2026-01-15"} | changed


def with_people():
    """An administrator and a lead."""
    founded = people.found_organization(name="H", slug="h", admin_email="a@example.org", admin_name="Ada Ng")
    admin = Membership.objects.with_rights().get(pk=founded.pk)
    return admin, people.add_member(actor=admin, email="l@example.org", full_name="Lea Ode", roles=("assessor",))


def with_criteria():
    admin, lead = with_people()
    draft = criteria.import_draft(member=admin, document=document())
    return admin, lead, criteria.publish(member=admin, version_id=draft.pk, reason="First version.")


def with_program():
    admin, lead, version = with_criteria()
    return (
        admin,
        lead,
        version,
        programs.create_program(member=admin, name="MSC-1", criteria_version=version, lead=lead),
    )


@pytest.fixture
def begun(request):
    asked = request.fixturenames
    return afresh(with_program if "program" in asked else with_criteria if "version" in asked else with_people)


@pytest.fixture
def admin(begun):
    return begun[0]


@pytest.fixture
def lead(begun):
    return begun[1]


@pytest.fixture
def version(begun):
    return begun[2]


@pytest.fixture
def program(begun):
    return begun[3]


def save(lead, program, **changed):
    return programs.import_revision(member=lead, program=program, document=facts(**changed), summary="First facts")


def rescoring():
    """What is owed of results; what people are to be told is owed beside it."""
    return Job.objects.filter(kind=Job.Kind.RESCORE)


def work_off():
    return [jobs.run(job.pk) for job in rescoring()]


def work_off_in_full():
    """What is owed at once, and what would be due after two quiet seconds."""
    work_off()
    rescoring().filter(depth="full").update(next_at=Now())
    work_off()


# -- criteria -----------------------------------------------------------------------------------------------------


def test_a_document_survives_the_way_into_rows_and_back_with_its_order(version):
    back = criteria.content_of(version)
    assert back == document() | {key: back[key] for key in back if key not in document()}
    for before, after in zip(document()["schema"]["fields"], back["schema"]["fields"], strict=True):
        assert list(before.get("choices", {})) == list(after.get("choices", {}))
    assert Framework.from_data(back)


def test_a_wrong_document_is_refused_whole_with_every_problem_at_its_place(admin):
    wrong = document()
    wrong["dimensions"][0]["weight"] = -1
    wrong["gates"][0]["entries"][0]["when"] = "redy > 3"
    with pytest.raises(Invalid) as refusal:
        criteria.import_draft(member=admin, document=wrong)
    places = " ".join(problem["field"] for problem in refusal.value.problems)
    assert "dimensions" in places and "gates" in places
    assert not CriteriaVersion.objects.exists()


def test_a_function_that_the_organization_lacks_is_named(admin):
    wrong = document()
    wrong["functions"]["alchemy"] = "Alchemy"
    with pytest.raises(Invalid, match="alchemy"):
        criteria.import_draft(member=admin, document=wrong)


def test_only_an_admin_drafts_publishes_and_retires(admin, lead, version):
    draft = criteria.clone(member=admin, version=version)
    assert (draft.number, draft.cloned_from) == (2, version)
    for act in (
        lambda: criteria.import_draft(member=lead, document=document()),
        lambda: criteria.publish(member=lead, version_id=draft.pk, reason="x"),
        lambda: criteria.retire(member=lead, version_id=version.pk, reason="x"),
        lambda: criteria.discard_draft(member=lead, version_id=draft.pk),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert list(CriteriaVersion.objects.order_by("number").values_list("state", flat=True)) == ["published", "draft"]


def test_publishing_needs_a_reason_and_the_version_that_was_seen(admin):
    draft = criteria.import_draft(member=admin, document=document())
    with pytest.raises(Invalid, match="why"):
        criteria.publish(member=admin, version_id=draft.pk, reason="  ")
    with pytest.raises(Clash):
        criteria.publish(member=admin, version_id=draft.pk, reason="ok", seen_version=7)
    published = criteria.publish(member=admin, version_id=draft.pk, reason="ok", seen_version=1)
    assert len(published.digest) == 64
    with pytest.raises(WrongState):
        criteria.publish(member=admin, version_id=draft.pk, reason="again")
    with pytest.raises(WrongState):
        criteria.discard_draft(member=admin, version_id=draft.pk)


def test_a_result_names_what_the_version_published_before_would_choose(admin, lead, version):
    unpublished = criteria.clone(member=admin, version=version)
    third = criteria.clone(member=admin, version=version)
    third = criteria.publish(member=admin, version_id=third.pk, reason="Third, the second is still a draft.")
    assert [previous_of(one) for one in (version, unpublished, third)] == [None, None, version]
    program = programs.create_program(member=admin, name="MSC-2", criteria_version=third, lead=lead)
    save(lead, program)
    work_off_in_full()
    found = Scorecard.objects.get(program=program, depth="full").numbers["counterfactual"]
    assert found["frameworks"][-1]["key"] == "previous" and found["frameworks"][-1]["digest"] == version.digest
    criteria.publish(member=admin, version_id=unpublished.pk, reason="The second, late.")
    assert previous_of(third) == version


# -- facts --------------------------------------------------------------------------------------------------------


def test_wrong_facts_are_refused_with_field_and_value_and_save_nothing(lead, program):
    with pytest.raises(Invalid) as refusal:
        save(lead, program, need=99, qms="good")
    problems = {problem["field"]: problem["value"] for problem in refusal.value.problems}
    assert problems == {"need": 99, "qms": "good"}
    assert not ProfileRevision.objects.exists()
    assert not rescoring().exists()


def test_only_the_lead_saves_facts(admin, lead, program):
    with pytest.raises(NotAllowed):
        save(admin, program)
    assert not ProfileRevision.objects.exists()
    program.refresh_from_db()
    assert program.inputs_revision == 0


def test_a_program_follows_published_criteria_of_its_own_organization(admin, lead, version):
    draft = criteria.clone(member=admin, version=version)
    with pytest.raises(Invalid):
        programs.create_program(member=admin, name="X", criteria_version=draft, lead=lead)
    with pytest.raises(NotAllowed):
        programs.create_program(member=lead, name="X", criteria_version=version, lead=lead)
    assert not Program.objects.exists()


# -- results ------------------------------------------------------------------------------------------------------


def test_saved_facts_become_the_engines_numbers(lead, program, version):
    revision = save(lead, program)
    assert rescoring().get().wanted_revision == 1
    assert work_off() == [True]
    program.refresh_from_db()
    framework = Framework.from_data(document())
    expected = headline(Problem(framework, read_profile(facts(), framework.schema)))
    stored = program.headline.numbers
    for key in ("facts", "gates", "lenses", "scenarios", "robustness", "verdict"):
        assert stored[key] == expected[key], key
    assert program.headline.revision == revision
    assert program.headline_revision == program.inputs_revision == 1
    summary = ProgramSummary.objects.get()
    assert (summary.verdict, summary.option_key) == (
        expected["verdict"]["kind"],
        expected["verdict"]["option"] or "",
    )


def test_many_saves_end_in_one_result_of_the_last(lead, program):
    for need in range(1, 21):
        save(lead, program, need=need)
    work_off()
    program.refresh_from_db()
    assert program.headline_revision == 20
    assert program.headline.revision.number == 20
    assert Scorecard.objects.count() == 1


def test_the_same_facts_again_share_their_scorecard(lead, program):
    save(lead, program)
    work_off()
    save(lead, program)
    work_off()
    program.refresh_from_db()
    assert Scorecard.objects.count() == 1
    assert program.headline_revision == 2


def test_an_older_result_never_replaces_a_newer_one(lead, program):
    save(lead, program, need=5)
    late = rescore.read_inputs(f"program:{program.pk}")
    save(lead, program, need=20)
    work_off()
    program.refresh_from_db()
    newest = program.headline
    with transaction.atomic():
        rescore.store(late, headline(late.problem))
    program.refresh_from_db()
    assert program.headline == newest
    assert ProgramSummary.objects.get().scorecard == newest


# -- full depth ---------------------------------------------------------------------------------------------------


def test_after_the_headline_the_same_row_owes_the_full_depth_after_two_quiet_seconds(lead, program):
    save(lead, program)
    work_off()
    program.refresh_from_db()
    job = rescoring().get()
    assert (job.state, job.depth, job.done_revision) == ("queued", "full", 1)
    assert job.next_at == program.inputs_changed_at + rescore.QUIET
    assert program.headline_revision == 1
    assert program.full is None


def test_the_full_result_is_shown_where_it_belongs_to_the_same_inputs(lead, program):
    save(lead, program)
    work_off_in_full()
    program.refresh_from_db()
    assert (program.full_revision, program.full_engine) == (1, program.headline_engine)
    assert (program.headline.depth, program.full.depth) == ("headline", "full")
    assert shown(program).scorecard == program.full
    assert ProgramSummary.objects.get().scorecard == program.full
    assert rescoring().get().state == "done"
    save(lead, program, need=20)
    work_off()
    program.refresh_from_db()
    assert program.full_revision == 1
    assert shown(program).scorecard == program.headline
    assert ProgramSummary.objects.get().scorecard == program.headline


def test_a_full_result_also_serves_as_headline_where_it_is_newer(lead, program):
    save(lead, program)
    inputs = rescore.read_inputs(f"program:{program.pk}")
    with transaction.atomic():
        rescore.store(inputs, full(inputs.problem))
    program.refresh_from_db()
    assert program.headline == program.full
    assert program.headline_revision == program.full_revision == 1


def test_inputs_that_come_during_the_full_depth_get_their_headline_first(lead, program, monkeypatch):
    save(lead, program)
    work_off()

    def full_with_an_edit(problem, report):
        report(10, "begins")
        save(lead, program, need=20)
        report(20, "goes on")
        raise AssertionError("overtaken work ends at its next report")

    monkeypatch.setattr(rescore, "full", full_with_an_edit)
    rescoring().update(next_at=Now())
    work_off()
    job = rescoring().get()
    assert (job.state, job.depth, job.attempts, job.wanted_revision) == ("queued", "headline", 0, 2)
    assert not Scorecard.objects.filter(depth="full").exists()
    assert work_off() == [True]
    program.refresh_from_db()
    assert program.headline_revision == 2


def test_two_hundred_edits_are_computed_once(lead, program):
    save(lead, program)
    for wanted in range(2, 201):
        with transaction.atomic():
            touch_program(program.pk)
            owe_program(program, wanted, lead)
    work_off_in_full()
    program.refresh_from_db()
    assert (program.headline_revision, program.full_revision) == (200, 200)
    assert sorted(Scorecard.objects.values_list("depth", flat=True)) == ["full", "headline"]


def test_the_same_inputs_are_not_computed_again(lead, program, monkeypatch):
    save(lead, program)
    work_off_in_full()
    monkeypatch.setattr(rescore, "full", None)
    monkeypatch.setattr(rescore, "headline", None)
    save(lead, program)
    work_off_in_full()
    program.refresh_from_db()
    assert (program.headline_revision, program.full_revision) == (2, 2)
    assert Scorecard.objects.count() == 2


# -- another engine -----------------------------------------------------------------------------------------------


def test_results_of_another_engine_are_owed_again_in_bounded_batches(lead, program, admin, version):
    other = programs.create_program(member=admin, name="MSC-2", criteria_version=version, lead=lead)
    for one in (program, other):
        save(lead, one)
    work_off_in_full()
    assert rescore.owe_outdated() == 0
    Program.objects.update(headline_engine="0.9", full_engine="0.9")
    assert rescore.owe_outdated(1) == 1
    assert rescore.owe_outdated(1) == 0, "not while as many wait already"
    assert rescore.owe_outdated() == 1
    assert list(rescoring().values_list("state", "depth", "wanted_revision")) == [("queued", "headline", 1)] * 2
    work_off_in_full()
    for one in (program, other):
        one.refresh_from_db()
        assert {one.headline_engine, one.full_engine} == {ENGINE_VERSION}
    assert rescore.owe_outdated() == 0


def test_a_failed_computation_is_tried_by_a_new_engine_when_a_worker_starts_and_not_every_minute(lead, program):
    save(lead, program)
    rescoring().update(state="failed")
    assert rescore.owe_outdated() == 0
    assert rescore.owe_outdated(failed_too=True) == 1


def test_every_act_left_its_event_and_a_refused_one_none(lead, program):
    before = AuditEvent.objects.count()
    with pytest.raises(Invalid):
        save(lead, program, need=99)
    assert AuditEvent.objects.count() == before
    save(lead, program)
    assert AuditEvent.objects.latest("pk").action == "facts.saved"
