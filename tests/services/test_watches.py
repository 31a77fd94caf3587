"""The decision watch: what was approved is held against today's facts, criteria and day; expected numbers are by hand.

On the sample a suite ("mix") is first with 97.5 points: time 60 of 60 (ready in month 7, need 14: slack 7), cost 30 of 30,
quality 7.5 of 10; Partner A follows with 60 + 22.5 + 10 = 92.5.
"""

import datetime
import uuid

import pytest
from django.db import transaction
from django.db.models import DateField, Value

from accounts.models import AuditEvent, Notification
from assessments import jobs
from assessments.models import Condition, DecisionWatch, Delegation, Job, Program, Review
from assessments.models.conditions import DueOn
from assessments.scoring.clock import after_months
from assessments.services import criteria, owing_watches, programs, routes, tripwires
from assessments.services.watches import causes, inputs, running
from assessments.services.watches.wording import Words
from tests.factories import MembershipFactory
from tests.rights.reviews import sign, supersede
from tests.scoring import sample
from tests.services.decided import FIRST, OTHER, decided_world, member, submit
from tests.services.test_signing import functional_signed, step_of
from tests.services.watched import SIGNED_ON, approved_world, at, save, watch_of
from tests.support.begun import afresh
from tests.support.work import work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def on_the_day(monkeypatch):
    at(monkeypatch, SIGNED_ON)


@pytest.fixture
def world():
    return afresh(approved_world)


def sentences(watch):
    return [one["sentence"] for one in watch.causes]


def told(kind):
    return sorted(Notification.objects.filter(kind=kind).values_list("membership__user__email", flat=True))


# -- a decision as recommended ------------------------------------------------------------------------------------


def test_a_decision_holds_on_the_day_that_it_is_signed(world):
    watch = watch_of(world)
    assert (watch.state, watch.causes, watch.fired) == ("holds", [], [])
    assert watch.sentence == "Suite still comes first."
    assert (watch.seen, watch.wanted, watch.elapsed_months) == (1, 1, 0)
    assert watch.revision == world.revision and watch.checked_at is not None


def test_a_fact_that_puts_another_option_first_ends_the_decision_and_is_named_as_its_cause(world):
    """Ready in month 13, slack 1, band 3: time 30 of 60, so 67.5 against 92.5."""
    since = watch_of(world).since
    save(world, {"mix": {"wait": 12}}, regions=["us", "eu"])
    watch = watch_of(world)
    assert watch.state == "no_longer_holds" and watch.since > since
    assert watch.sentence == "Partner A now comes first, 25.0 points ahead of Suite."
    assert sentences(watch) == ["Wait of Suite: 2 months when signed, now 12 months."]
    assert watch.figures["now"]["option"] == OTHER
    event = AuditEvent.objects.get(action="decision.watch_moved")
    assert event.old == {"state": "holds"} and event.new["state"] == "no_longer_holds" and event.new["facts"] == 2
    assert told("decision_no_longer_holds") == sorted(
        world.people[role].user.email for role in ("lead", "rater", "second", "approver")
    )


def test_whoever_was_signed_for_is_told_beside_who_signed():
    world = decided_world()
    world.more["submission"] = submit(world)
    functional_signed(world)
    organization, giver = world.program.organization, world.people["approver"]
    taker = world.people["taker"] = MembershipFactory(organization=organization, with_roles=["approver"])
    today = routes.today_in(organization)
    Delegation.objects.create(
        organization=organization, giver=giver, taker=taker, first_day=today, last_day=today, created_by=giver
    )
    sign(member(world, "taker"), step_of(world, "executive"), on_behalf_of=giver)
    world.review = Review.objects.get(pk=world.review.pk)
    work_off("watch")
    save(world, {"mix": {"wait": 12}})
    assert told("decision_no_longer_holds") == sorted(
        world.people[role].user.email for role in ("lead", "rater", "second", "approver", "taker")
    )


def test_leads_and_signers_are_told_once_per_change_of_state_and_since_stands_still(world):
    save(world, {"mix": {"wait": 12}})
    first = watch_of(world)
    save(world, {"mix": {"wait": 13}})
    second = watch_of(world)
    assert (second.state, second.since, second.revision.number) == (first.state, first.since, 3)
    assert Notification.objects.filter(kind="decision_no_longer_holds").count() == 4
    save(world, {"mix": {"wait": 2}})
    third = watch_of(world)
    assert third.state == "holds" and third.since > first.since and third.causes == []
    assert Notification.objects.filter(kind="decision_holds_again").count() == 4


def test_an_option_that_a_gate_blocks_now_no_longer_holds():
    world = approved_world(
        facts={"qms": 3, "potency": "qualified"}, kind="alternative", option_key="own", conditions=[]
    )
    save(world, qms=0, potency="qualified")
    watch = watch_of(world)
    assert watch.state == "no_longer_holds"
    assert watch.sentence.startswith("Own is now blocked: Quality (G1). Own has no quality system")
    assert "QMS: 3 when signed, now 0." in sentences(watch)


def test_a_condition_that_the_decision_does_not_carry_makes_it_weaker():
    world = approved_world(facts={"qms": 3, "potency": "qualified"}, conditions=[])
    save(world, qms=3, potency="none")
    watch = watch_of(world)
    assert watch.state == "weaker"
    assert watch.sentence.startswith(
        "A condition that the decision does not carry is now demanded of Suite: Potency (G2)."
    )
    assert sentences(watch) == ["Potency: Qualified when signed, now None."]


def test_judgement_is_an_offset_on_what_the_rules_say_now():
    """Everyone agreed on 1 for the suite's time where the rule says 5: judgement -4, so 37.5 and never first."""
    world = approved_world()
    watch = watch_of(world)
    panel = watch.figures["signed"]["panel"]
    panel["first_lot"]["mix"] = {"value": 1.0, "suggestion": 5.0}
    DecisionWatch.objects.filter(pk=watch.pk).update(figures=watch.figures)
    one = inputs.read(DecisionWatch.objects.filter(pk=watch.pk))[0]
    assert inputs.look_at([one])[0].outcome.totals["mix"] == pytest.approx(37.5)
    panel["first_lot"]["mix"] = {"value": 4.0, "suggestion": 5.0}
    DecisionWatch.objects.filter(pk=watch.pk).update(figures=watch.figures)
    save(world, {"mix": {"wait": 12}})
    one = inputs.read(DecisionWatch.objects.filter(pk=watch.pk))[0]
    assert inputs.look_at([one])[0].outcome.totals["mix"] == pytest.approx(37.5 + 15), "the rule says 3, judged 2"


def test_an_alternative_grows_weaker_when_it_falls_further_behind_than_was_accepted():
    """Partner A lay 5 points behind. Ready in month 12: slack 2, band 3, so 62.5 against the suite's 97.5."""
    world = approved_world(kind="alternative", option_key=OTHER)
    assert watch_of(world).state == "holds" and watch_of(world).figures["signed"]["behind"] == pytest.approx(5)
    save(world, {"a": {"wait": 12}, "mix": {"wait": 2, "cost": 100}}, regions=["eu"])
    watch = watch_of(world)
    assert watch.state == "weaker"
    assert "points behind the best option; 5.0 were accepted when it was chosen." in watch.sentence


def test_not_yet_holds_until_its_conditions_are_done():
    world = approved_world(kind="not_yet", option_key="")
    watch = watch_of(world)
    assert (watch.state, watch.sentence) == ("holds", "Nothing to commit to yet: the conditions are not met.")
    Condition.objects.filter(review=world.review).update(state="done")
    look_again(world)
    watch = watch_of(world)
    assert (watch.state, watch.sentence) == ("no_longer_holds", "Every condition is done: it can be decided now.")


# -- the clock ----------------------------------------------------------------------------------------------------


def look_again(world):
    with transaction.atomic():
        owing_watches.owe_for_review(world.review.pk)
    work_off("watch")


def a_new_day(monkeypatch, *day):
    """The day begins: what was looked at yesterday is looked at again."""
    at(monkeypatch, datetime.datetime(*day, tzinfo=datetime.UTC))
    DecisionWatch.objects.update(checked_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
    owed = owing_watches.owe_today()
    work_off("watch")
    return owed


def test_months_that_pass_alone_can_end_a_decision_and_are_named(world, monkeypatch):
    """On 20 September 8 months have gone by: need 6, suite ready 7 (slack -1, "late", 1: 0 points), Partner A ready 6 (slack 0,
    band 3: 30 of 60). So 37.5 against 62.5: Partner A leads by 25."""
    assert a_new_day(monkeypatch, 2026, 9, 20) == 1
    watch = watch_of(world)
    assert (watch.state, watch.elapsed_months) == ("no_longer_holds", 8)
    assert watch.sentence == "Partner A now comes first, 25.0 points ahead of Suite."
    assert len(watch.causes) == 1 and watch.causes[0]["kind"] == "time"
    assert watch.causes[0]["sentence"].startswith("8 months have passed since 15 Jan 2026, month 0 of the signed facts")


def test_a_day_that_changes_nothing_is_noted_and_moves_nothing(world, monkeypatch):
    before = watch_of(world)
    a_new_day(monkeypatch, 2026, 2, 20)
    after = watch_of(world)
    assert (after.state, after.since, after.seen) == (before.state, before.since, before.seen)
    assert after.elapsed_months == 1 and after.checked_at > before.checked_at
    assert owing_watches.owe_today() == 0, "once a day"


def test_numbers_that_move_under_the_same_answer_are_told_anew_and_nobody_is_told_twice(world, monkeypatch):
    """Until its own look, a decision of which something else is to be told keeps the time of the former judgement."""
    a_new_day(monkeypatch, 2026, 9, 20)
    first, long_ago = watch_of(world), datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    at(monkeypatch, datetime.datetime(2026, 10, 20, tzinfo=datetime.UTC))
    DecisionWatch.objects.update(checked_at=long_ago)
    Job.objects.filter(kind="watch").update(updated_at=long_ago)
    assert list(running.sift(DecisionWatch.objects.all())) == [(1, 1)]
    assert (watch_of(world).checked_at, watch_of(world).elapsed_months) == (long_ago, 8)
    assert owing_watches.owe_today() == 0, "its own look is owed"
    work_off("watch")
    then = watch_of(world)
    assert (then.state, then.since, then.elapsed_months) == (first.state, first.since, 9)
    assert then.causes[0]["sentence"].startswith("9 months have passed") and then.checked_at > first.checked_at
    assert Notification.objects.filter(kind="decision_no_longer_holds").count() == 4
    Job.objects.filter(kind="watch").update(updated_at=long_ago)
    DecisionWatch.objects.update(checked_at=long_ago)
    assert owing_watches.owe_today() == 1, "a look that failed is tried again on the next day"


def test_a_watch_names_the_signed_result_that_it_is_held_against(world):
    assert watch_of(world).scorecard == world.more["submission"].scorecard


def test_a_decision_that_cannot_be_judged_holds_no_other_up_and_its_own_job_says_why(world, monkeypatch):
    """It comes first in the same batch; what was signed for it is damaged."""
    bad, good = watch_of(world), watch_of(approved_world())
    figures = bad.figures | {"signed": bad.figures["signed"] | {"panel": {"first_lot": {"mix": {"value": "x"}}}}}
    DecisionWatch.objects.filter(pk=bad.pk).update(figures=figures)
    at(monkeypatch, datetime.datetime(2026, 2, 20, tzinfo=datetime.UTC))
    assert list(running.sift(DecisionWatch.objects.all())) == [(2, 2)]
    good.refresh_from_db()
    assert (good.state, good.elapsed_months) == ("holds", 1)
    work_off("watch")
    jobs = {job.target: job for job in Job.objects.filter(kind="watch", target__startswith="review:")}
    assert jobs[f"review:{bad.review_id}"].state == "failed" and jobs[f"review:{bad.review_id}"].error
    assert jobs[f"review:{good.review_id}"].state == "done"


def test_the_database_reckons_the_date_of_a_month_by_the_same_rule(world):
    starts = [datetime.date(2026, 1, day) for day in (1, 28, 29, 30, 31)] + [datetime.date(2024, 2, 29)]
    asked = {f"a{at}_{months}": (start, months) for at, start in enumerate(starts) for months in (0, 1, 12, 13, 25)}
    days = Condition.objects.annotate(
        **{name: DueOn(Value(start, DateField()), Value(months)) for name, (start, months) in asked.items()}
    ).values(*asked)[0]
    assert days == {name: after_months(start, months) for name, (start, months) in asked.items()}


def test_facts_that_were_re_anchored_stand_for_the_same_days(world, monkeypatch):
    """Month 0 moved on by two months, the need with it: nothing but the months themselves has changed."""
    at(monkeypatch, datetime.datetime(2026, 3, 20, tzinfo=datetime.UTC))
    save(world, assessment_date="2026-03-15", need=12)
    one = inputs.read(DecisionWatch.objects.all())[0]
    assert (one.elapsed, one.total) == (0, 2)
    assert [(place.field.key, was) for place, was in causes.changed_facts(one)] == []


# -- tripwires ----------------------------------------------------------------------------------------------------


def with_wire(**wire):
    def before(world):
        tripwires.set_tripwire(
            member=member(world, "lead"), review_id=world.review.pk, owner=world.people["assessor"], **wire
        )

    return before


def test_a_crossed_tripwire_ends_a_decision_whose_option_still_comes_first():
    world = approved_world(before=with_wire(field="wait", option=FIRST, comparison="gt", threshold=3))
    assert watch_of(world).state == "holds"
    save(world, {"mix": {"wait": 4}})
    watch = watch_of(world)
    assert watch.state == "no_longer_holds"
    assert watch.sentence == "A tripwire is crossed: Wait of Suite is above 3 months. Now: 4 months."
    assert sentences(watch) == ["Wait of Suite: 2 months when signed, now 4 months."]
    assert [(one["now"], one["owner"]) for one in watch.fired] == [("4 months", world.people["assessor"].name)]
    assert told("tripwire_fired") == [world.people["assessor"].user.email]
    assert len(told("decision_no_longer_holds")) == 4


def test_a_tripwire_on_a_dated_month_is_not_crossed_by_the_calendar_alone(monkeypatch):
    """Need below month 10 means November 2026, on whichever day it is asked."""
    world = approved_world(before=with_wire(field="need", comparison="lt", threshold=10))
    a_new_day(monkeypatch, 2026, 7, 20)
    assert watch_of(world).fired == []
    save(world, need=9)
    assert [one["now"] for one in watch_of(world).fired] == ["9 months"]


def test_a_tripwire_counts_on_the_date_that_is_printed_for_it_and_lapses_the_day_after(monkeypatch):
    """Month 2 from 15 January is 15 March."""
    world = approved_world(before=with_wire(field="wait", option=FIRST, comparison="gt", threshold=3, by_month=2))
    save(world, {"mix": {"wait": 4}})
    assert watch_of(world).state == "no_longer_holds"
    a_new_day(monkeypatch, 2026, 3, 15)
    assert [one["now"] for one in watch_of(world).fired] == ["4 months"]
    a_new_day(monkeypatch, 2026, 3, 16)
    assert watch_of(world).fired == []


# -- criteria -----------------------------------------------------------------------------------------------------


def publish(world, change):
    version = publish_alone(world, change)
    work_off("watch")
    return version


def publish_alone(world, change):
    document = criteria.content_of(world.version)
    change(document)
    draft = criteria.import_draft(member=member(world, "admin"), document=document, cloned_from=world.version)
    return criteria.publish(member=member(world, "admin"), version_id=draft.pk, reason="Learned from two audits.")


def test_a_published_version_under_which_another_option_leads_is_the_cause(world):
    """Quality counts three times as much as cost: the suite 60 + 10 + 22.5 = 92.5, Partner A 60 + 7.5 + 30 = 97.5."""

    def quality_first(document):
        cost, quality = document["dimensions"][1]["criteria"]
        cost["weight"], quality["weight"] = 1, 3

    version = publish(world, quality_first)
    watch = watch_of(world)
    assert (watch.state, watch.criteria_version) == ("no_longer_holds", version)
    assert watch.sentence == "Partner A now comes first, 5.0 points ahead of Suite."
    assert [one["kind"] for one in watch.causes] == ["criteria"]


def test_a_published_version_that_changes_nothing_is_noted_by_the_sifting_alone(world):
    version = publish(world, lambda document: document["lenses"].clear())
    watch = watch_of(world)
    assert (watch.state, watch.criteria_version, watch.seen) == ("holds", version, 1)
    assert set(Job.objects.filter(kind="watch").values_list("state", flat=True)) == {"done"}


def test_a_version_that_asks_for_facts_that_are_not_there_leaves_the_decision_under_its_own(world):
    def new_field(document):
        document["schema"]["fields"].append({"key": "beds", "label": "Beds", "type": "integer", "min": 0, "max": 9})

    version = publish(world, new_field)
    look_again(world)
    watch = watch_of(world)
    assert watch.state == "holds" and watch.criteria_version == world.version
    assert sentences(watch) == [f"{version} is published, but asks for facts that the program does not have yet."]


def test_a_version_that_comes_while_a_decision_is_looked_at_is_seen(world, monkeypatch):
    """That look read the former criteria; the sifting compares with what it has not stored yet."""
    look_at, published = running.look_at, []

    def while_looking(found):
        if not published:
            published.append(publish_alone(world, lambda document: document["lenses"].clear()))
            jobs.run(Job.objects.get(kind="watch", target__startswith="criteria:").pk)
        return look_at(found)

    monkeypatch.setattr(running, "look_at", while_looking)
    save(world, {"mix": {"wait": 2}})
    watch = watch_of(world)
    assert watch.criteria_version == published[0] and watch.seen == watch.wanted


# -- one job, never twice -----------------------------------------------------------------------------------------


def test_ten_revisions_at_once_are_looked_at_once(world):
    for wait in range(3, 13):
        given = sample.profile() | {"assessment_date": "2026-01-15", "qms": 0, "potency": "none"}
        given["options"][3]["facts"]["wait"] = wait
        programs.import_revision(
            member=member(world, "lead"), program=world.program, document=given, summary=f"Wait {wait}"
        )
    assert Job.objects.filter(kind="watch", state="queued").count() == 1
    work_off("watch")
    watch = watch_of(world)
    assert (watch.wanted, watch.seen, watch.revision.number) == (11, 11, 11)
    assert Notification.objects.filter(kind="decision_no_longer_holds").count() == 4


def test_a_look_at_older_inputs_is_not_stored_over_one_at_newer(world):
    old = inputs.read(DecisionWatch.objects.all())[0]
    found = inputs.look_at([old])[0]
    save(world, {"mix": {"wait": 12}})
    with transaction.atomic():
        assert not running.store(old, found, Words(old, found), [])
    assert watch_of(world).state == "no_longer_holds"


def test_a_lost_lease_stores_nothing(world, monkeypatch):
    """Another worker took the job over while this one computed."""

    def stolen(one, found):
        Job.objects.filter(kind="watch").update(lease_token=uuid.uuid4())
        return []

    monkeypatch.setattr(running, "causes_of", stolen)
    save(world, {"mix": {"wait": 12}})
    assert (
        watch_of(world).state == "holds" and not Notification.objects.filter(kind="decision_no_longer_holds").exists()
    )


def test_a_watch_ends_with_the_decision_that_replaces_it(world):
    supersede(world)
    assert watch_of(world).ended_at is not None
    assert DecisionWatch.objects.filter(ended_at=None).count() == 1


def test_sifting_takes_as_many_queries_for_many_decisions_as_for_few(world, monkeypatch, django_assert_max_num_queries):
    """Nothing is read or written per decision, whether its answer stays or it is owed a look of its own."""
    with django_assert_max_num_queries(14):
        assert list(running.sift(DecisionWatch.objects.all())) == [(1, 1)]
    others = [approved_world() for _ in range(3)]
    with django_assert_max_num_queries(14 + 6):  # each organization here has criteria of its own to read
        assert list(running.sift(DecisionWatch.objects.all())) == [(4, 4)]
    assert {watch_of(one).state for one in others} == {"holds"}
    at(monkeypatch, datetime.datetime(2026, 9, 20, tzinfo=datetime.UTC))
    with django_assert_max_num_queries(14 + 6):
        assert list(running.sift(DecisionWatch.objects.all())) == [(4, 4)]
    assert Job.objects.filter(kind="watch", target__startswith="review:", state="queued").count() == 4


def test_a_watch_reads_nothing_of_another_organization(world):
    """The same facts next door, where the suite waits a year: here nothing moves, and nobody here is told."""
    there = approved_world()
    save(there, {"mix": {"wait": 12}})
    assert watch_of(there).state == "no_longer_holds" and watch_of(world).state == "holds"
    told = Notification.objects.filter(kind="decision_no_longer_holds").values_list("organization", flat=True)
    assert set(told) == {there.program.organization_id}
    rows = DecisionWatch.objects.filter(review__in=Review.objects.visible_to(member(world, "admin")))
    assert [row.pk for row in rows] == [watch_of(world).pk]


def test_who_may_no_longer_see_a_decision_is_told_nothing_of_it():
    """The rater signed and keeps the right to read what they signed; the viewer owned a tripwire only."""

    def watched_by_the_viewer(world):
        wire = {"field": "wait", "option": FIRST, "comparison": "gt", "threshold": 9}
        with transaction.atomic():
            tripwires.set_tripwire(
                member=member(world, "lead"), review_id=world.review.pk, owner=world.people["viewer"], **wire
            )

    world = approved_world(before=watched_by_the_viewer)
    Program.objects.filter(pk=world.program.pk).update(restricted=True)
    save(world, {"mix": {"wait": 12}})
    assert watch_of(world).fired
    viewer, lead = world.people["viewer"], world.people["lead"]
    assert lead.user.email in told("decision_no_longer_holds")
    assert not Notification.objects.filter(membership=viewer).exists()


def test_the_owner_of_a_tripwire_who_may_see_it_is_told():
    def watched_by_the_viewer(world):
        wire = {"field": "wait", "option": FIRST, "comparison": "gt", "threshold": 9}
        with transaction.atomic():
            tripwires.set_tripwire(
                member=member(world, "lead"), review_id=world.review.pk, owner=world.people["viewer"], **wire
            )

    world = approved_world(before=watched_by_the_viewer)
    save(world, {"mix": {"wait": 12}})
    assert told("tripwire_fired") == [world.people["viewer"].user.email]
