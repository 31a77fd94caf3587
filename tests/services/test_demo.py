"""The demo is made by the services, whole and once."""

import datetime

import pytest

from accounts.models import Organization
from assessments.models import Job, Program, Rating, Review
from assessments.services import demo
from assessments.services.shown import FRESH, shown

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = datetime.date(2026, 11, 24)


def test_the_story_is_told_once_and_every_result_is_fresh():
    made = demo.load("birch-ember-kelp-4711", TODAY)
    states = dict(Review.objects.values_list("program__name", "state"))
    wanted = {
        "Halden Biotherapeutics HLD-220": "approved",
        "Meridian Loop MLX-07": "in_approval",
        "Brightwater Cell Sciences BW-310": "reconciling",
        "Tri-Coast Regenerative TCR-5": "scoring",
        "Ostara Cellular OST-101": "reconciling",
        "Nuvelo Stroma NV-1": "draft",
    }
    assert states == wanted
    assert {shown(subject).state for subject in [*Program.objects.all(), *Review.objects.all()]} == {FRESH}
    assert not Job.objects.exclude(state=Job.State.DONE).exists()
    assert len(made) == 18 and Organization.objects.count() == 2
    told = Rating.objects.exclude(rationale="").count()
    assert told == sum(len(p.get("ratings", [])) for o in demo.read_story()["organizations"] for p in o["programs"])
    assert demo.load("another-password-1", TODAY) == []
