"""The demo is made by the services, whole and once."""

import datetime
import re

import pytest

from accounts.models import AuditEvent, Notification, Organization
from assessments.models import DecisionWatch, Job, Program, Rating, Review
from assessments.services import demo
from assessments.services.shown import FRESH, shown
from tests.support.begun import afresh

pytestmark = pytest.mark.django_db(transaction=True)
# A key of the code, or a number of the database.
RAW = re.compile(r"\b[a-z]+_[a-z_]+|\b(review|program|membership|organization) \d+\b|\b\d+ (to|in|for) \d+\b")
TODAY = datetime.date(2026, 11, 24)


def loaded():
    return demo.load("birch-ember-kelp-4711", TODAY)


def test_the_story_is_told_once_and_every_result_is_fresh():
    made = afresh(loaded)
    states = dict(Review.objects.values_list("program__name", "state"))
    wanted = {
        "Halden Biotherapeutics HLD-220": "approved",
        "Meridian Loop MLX-07": "in_approval",
        "Brightwater Cell Sciences BW-310": "reconciling",
        "Tri-Coast Regenerative TCR-5": "scoring",
        "Ostara Cellular OST-101": "reconciling",
        "Cardia Regenerative CDR-40": "approved",
        "Nuvelo Stroma NV-1": "draft",
    }
    assert states == wanted
    assert {shown(subject).state for subject in [*Program.objects.all(), *Review.objects.all()]} == {FRESH}
    assert not Job.objects.exclude(state=Job.State.DONE).exists()
    assert len(made) == 18 and Organization.objects.count() == 2
    told = Rating.objects.exclude(rationale="").count()
    assert told == sum(len(p.get("ratings", [])) for o in demo.read_story()["organizations"] for p in o["programs"])
    assert demo.load("another-password-1", TODAY) == []
    labels = AuditEvent.objects.exclude(object_label__endswith=".pdf").values_list("object_label", flat=True)
    assert {label for label in labels if RAW.search(label)} == set(), "the trail names things as people call them"


def test_one_decision_of_the_story_no_longer_holds_and_says_why():
    """Independently: `score_profile` of the two sets of facts has the partner ready in month 11 and then, at 0 + 17 + 9
    months, in 26, one later than the 16 + 9 from which G04 blocks; the suite is the one option left."""
    afresh(loaded)
    watches = {one.review.program.name: one for one in DecisionWatch.objects.select_related("review__program")}
    assert watches["Halden Biotherapeutics HLD-220"].state == "holds"
    watch = watches["Cardia Regenerative CDR-40"]
    assert watch.state == "no_longer_holds"
    assert [one["now"] for one in watch.fired] == ["17 months"]
    assert watch.sentence.startswith("A tripwire is crossed: Wait for a slot of ")
    told = " ".join(one["sentence"] for one in watch.causes)
    assert "(G04)" in told and "2 months when signed, now 17 months." in told
    assert (watch.figures["now"]["kind"], watch.figures["now"]["option"]) == ("best_remaining", "hybrid")
    assert Notification.objects.filter(kind="decision_no_longer_holds").count() == 6, "one lead and five signers"
