"""Tripwires as a lead edits them: what was typed survives a clash, and the fact is asked for."""

import pytest
from django.db import transaction
from django.urls import reverse

from assessments.models import Tripwire
from assessments.services import tripwires
from tests.services.decided import FIRST, decided_world, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = decided_world()
    wire = {"field": "wait", "option": FIRST, "comparison": "gt", "threshold": 6}
    with transaction.atomic():
        tripwires.set_tripwire(member=member(world, "lead"), review_id=world.review.pk, **wire)
    return world


def send(client, world, prefix, **typed):
    client.force_login(world.people["lead"].user)
    given = {"prefix": prefix} | {f"{prefix}-{name}": value for name, value in typed.items()}
    return client.post(reverse("assessments:tripwire_set", args=[world.review.uuid]), given)


def test_a_tripwire_changed_meanwhile_is_told_and_what_was_typed_can_be_sent_again(client, world):
    row = Tripwire.objects.get()
    typed = {"key": row.key, "version": row.version, "fact": f"{FIRST}/wait", "comparison": "gt"}
    assert send(client, world, row.key, **typed, threshold="7").status_code == 302
    late = send(client, world, row.key, **typed, threshold="9", because="Typed meanwhile")
    assert late.status_code == 409 and Tripwire.objects.get().threshold == 7
    (form,) = [one["form"] for one in late.context["tripwires"]]
    assert "changed meanwhile" in str(form.non_field_errors())
    kept = {name: form[name].value() for name in ("key", "version", "fact", "comparison", "threshold", "because")}
    assert (kept["threshold"], kept["because"]) == ("9", "Typed meanwhile")
    assert send(client, world, row.key, **kept).status_code == 302
    now = Tripwire.objects.get()
    assert (now.threshold, now.because) == (9, "Typed meanwhile")


def test_a_tripwire_without_a_fact_is_refused_beside_the_fact(client, world):
    refused = send(client, world, "new", comparison="gt", threshold="9")
    assert refused.status_code == 422 and Tripwire.objects.count() == 1
    assert refused.context["tripwire_form"].errors["fact"] == ["Choose the fact that is watched."]
