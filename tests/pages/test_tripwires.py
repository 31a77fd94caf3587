"""Tripwires as a lead edits them: what was typed survives a clash, and the fact is asked for."""

import pytest
from django.db import transaction
from django.urls import reverse

from accounts.models import Membership
from assessments.models import Tripwire
from assessments.services import tripwires
from tests.api.conftest import token_of
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
    assert "changed this tripwire meanwhile" in str(form.non_field_errors())
    kept = {name: form[name].value() for name in ("key", "version", "fact", "comparison", "threshold", "because")}
    assert (kept["threshold"], kept["because"]) == ("9", "Typed meanwhile")
    assert send(client, world, row.key, **kept).status_code == 302
    now = Tripwire.objects.get()
    assert (now.threshold, now.because) == (9, "Typed meanwhile")


def test_a_tripwire_without_a_fact_is_refused_beside_the_fact(client, world):
    refused = send(client, world, "new", comparison="gt", threshold="9")
    assert refused.status_code == 422 and Tripwire.objects.count() == 1
    assert refused.context["tripwire_form"].errors["fact"] == ["Choose the fact that is watched."]


@pytest.mark.parametrize("path", ["page", "api"])
def test_an_owner_who_left_stays_until_somebody_else_is_named_and_nobody_who_left_is_named(client, world, path):
    """An amendment keeps the owner too: tests/services/test_tripwires.py."""
    left, other = world.people["viewer"], world.people["assessor"]
    Tripwire.objects.update(owner=left)
    Membership.objects.filter(pk__in=(left.pk, other.pk)).update(is_active=False)
    bearer = {"Authorization": f"Bearer {token_of(member(world, 'lead'))}"}

    def change(threshold, owner):
        row = Tripwire.objects.get()
        given = {
            "key": row.key,
            "version": row.version,
            "comparison": "gt",
            "threshold": threshold,
            "owner": str(owner),
        }
        if path == "page":
            return send(client, world, row.key, fact=f"{FIRST}/wait", **given)
        place = f"/api/v1/reviews/{world.review.uuid}/tripwires/"
        return client.post(place, given, content_type="application/json", headers=bearer)

    client.force_login(world.people["lead"].user)
    page = client.get(reverse("assessments:review_approval", args=[world.review.uuid])).content.decode()
    assert f'<option value="{left.uuid}" selected>{left.name} (can no longer see to it)</option>' in page
    assert page.count(str(other.uuid)) == 0
    assert change("8", left.uuid).status_code in (201, 302)
    row = Tripwire.objects.get()
    assert (row.threshold, row.owner) == (8, left)
    assert change("7", other.uuid).status_code in (400, 422)
    row = Tripwire.objects.get()
    assert (row.threshold, row.owner) == (8, left)
