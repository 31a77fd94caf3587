"""Tripwires as a lead edits them: what was typed survives a clash, and the fact is asked for."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, RoleGrant
from accounts.permissions import Verdict
from assessments import permissions
from assessments.models import ProposedDecision, Tripwire
from assessments.services import tripwires
from tests.api.conftest import Caller, token_of
from tests.factories import MembershipFactory
from tests.pages.test_approval import address, client_of, hidden, text_of
from tests.rights import world as rights_world
from tests.rights.reviews import sign
from tests.services.decided import FIRST, OTHER, decided_world, member, submit
from tests.services.test_signing import amend, functional_signed, step_of
from tests.support.begun import shared

pytestmark = pytest.mark.django_db


def wired_world():
    world = decided_world()
    wire = {"field": "wait", "option": FIRST, "comparison": "gt", "threshold": 6}
    with transaction.atomic():
        tripwires.set_tripwire(member=member(world, "lead"), review_id=world.review.pk, **wire)
    return world


begun, world = shared(wired_world)


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


ALL_THE_SAME = "Makewhere watches it all the same, and tells the lead and the signers."


def left(world, how):
    """Whoever watches the tripwire is gone; why, as it follows the name."""
    owner = world.people["watcher"]
    if how == "left":
        Membership.objects.filter(pk=owner.pk).update(is_active=False)
    else:
        RoleGrant.objects.filter(membership=owner).update(revoked_at=owner.created_at)
    return f"{owner.name} {how}"


def watched(world):
    world.people["watcher"] = MembershipFactory(organization=world.program.organization, with_roles=["assessor"])
    Tripwire.objects.update(owner=world.people["watcher"])
    return world


@pytest.mark.parametrize("how", ["left", "holds no role"])
def test_who_watches_a_tripwire_and_is_gone_is_marked_before_the_submission_with_the_way_out(world, how):
    watched(world)
    pages = {role: client_of(world, role) for role in ("lead", "rater")}
    for client in pages.values():
        assert how not in text_of(client.get(address(world)))
    words = left(world, how)
    said = {role: client.get(address(world)) for role, client in pages.items()}
    assert f"is above 6 months {words} Watched by" in text_of(said["lead"])
    assert f"is above 6 months {words} Watched by" in text_of(said["rater"])
    assert f"{words}: choose who sees to it from now on." in text_of(said["lead"])
    assert "<details open><summary>Change</summary>" in said["lead"].content.decode()
    assert "choose who sees to it" not in text_of(said["rater"])
    row = Tripwire.objects.get()
    given = {"key": row.key, "version": row.version, "fact": f"{FIRST}/wait", "comparison": "gt", "threshold": "6"}
    assert send(Client(), world, row.key, **given, owner=world.people["second"].uuid).status_code == 302
    assert words not in text_of(pages["lead"].get(address(world)))


def test_the_api_says_of_each_tripwire_whether_its_owner_is_gone(client, world):
    bearer = {"Authorization": f"Bearer {token_of(member(world, 'rater'))}"}

    def said():
        rows = client.get(f"/api/v1/reviews/{world.review.uuid}/tripwires/", headers=bearer).json()["results"]
        return [(row["owner"] and row["owner"]["name"], row["owner_left"]) for row in rows]

    assert said() == [(None, False)]
    name = watched(world).people["watcher"].name
    assert said() == [(name, False)]
    left(world, "holds no role")
    assert said() == [(name, True)]


def test_an_approver_names_somebody_else_for_a_tripwire_whose_owner_is_gone(world):
    submit(watched(world))
    functional_signed(world)
    readers = {role: client_of(world, role) for role in ("approver", "lead", "viewer")}
    words = left(world, "left")
    for role, reader in readers.items():
        page = reader.get(address(world))
        link = f'href="{address(world, "review_amend")}">Amend…<span class="visually-hidden"> to name who watches'
        assert f"Watched by {words.removesuffix(' left')} {words}" in text_of(page)
        assert (link in page.content.decode()) is (role == "approver") and ALL_THE_SAME not in text_of(page)
    row, url = Tripwire.objects.get(), address(world, "review_amend")
    form = readers["approver"].get(url)
    assert f"{words}: choose who sees to it from now on." in text_of(form)
    condition = world.review.conditions.get()
    given = {
        "number": hidden(form, "number"), "choice": f"alternative:{OTHER}", "justification": "The partner has a slot.",
        f"owner-{condition.key}": condition.owner.uuid, f"due-{condition.key}": 6, f"wire-{row.key}": "6",
    }  # fmt: skip
    gone, taker = world.people["watcher"], world.people["second"]
    Membership.objects.filter(pk=world.people["assessor"].pk).update(is_active=False)
    refused = readers["approver"].post(url, given | {f"watched-{row.key}": world.people["assessor"].uuid})
    assert refused.status_code == 422 and Tripwire.objects.get().owner == gone
    assert refused.context["form"].errors.keys() == {f"watched-{row.key}"}
    assert ProposedDecision.objects.count() == 1
    kept = readers["approver"].post(url, given | {f"watched-{row.key}": gone.uuid})
    assert kept.status_code == 302 and Tripwire.objects.get().owner == gone
    assert Tripwire.objects.get().version == row.version, "nothing of it changed"
    again = given | {"number": 2, "justification": "She is gone.", f"watched-{row.key}": taker.uuid}
    said = text_of(readers["approver"].post(url, again, follow=True)).split("Replaced by amendment")[0]
    assert f"Watched by {taker.name}" in said and words not in said
    assert (Tripwire.objects.get().owner, Tripwire.objects.get().threshold) == (taker, 6)


def test_after_an_amendment_that_somebody_else_made_meanwhile_the_owner_that_was_typed_is_kept(world):
    submit(watched(world))
    functional_signed(world)
    row, condition, url = Tripwire.objects.get(), world.review.conditions.get(), address(world, "review_amend")
    client = client_of(world, "approver")
    amend(world, member=member(world, "second_approver"), kind="alternative", option_key=OTHER)
    given = {
        "number": 1, "choice": f"recommended:{FIRST}", "justification": "The plant runs.",
        f"owner-{condition.key}": condition.owner.uuid, f"due-{condition.key}": 6, f"wire-{row.key}": "6",
    }  # fmt: skip
    for typed, stands in (({f"watched-{row.key}": str(world.people["second"].uuid)}, "second"), ({}, "watcher")):
        clash = client.post(url, given | typed)
        assert clash.status_code == 409
        assert clash.context["form"][f"watched-{row.key}"].value() == str(world.people[stands].uuid)


def test_a_decision_that_was_made_says_that_its_tripwire_is_watched_all_the_same(world):
    submit(watched(world))
    functional_signed(world)
    sign(member(world, "approver"), step_of(world, "executive"))
    viewer = client_of(world, "viewer")
    assert ALL_THE_SAME not in text_of(viewer.get(address(world)))
    words = left(world, "left")
    assert f"{words} {ALL_THE_SAME} The next decision can name somebody else." in text_of(viewer.get(address(world)))


def test_a_clash_hides_a_price_from_whoever_may_not_see_prices(monkeypatch):
    """Whoever sets a tripwire, a lead or an approver, may see prices by the rules of today: the wall behind these holds."""
    document = rights_world.document()
    for field in document["schema"]["fields"]:
        field["commercial"] = field["key"] == "wait"
    monkeypatch.setattr(rights_world, "document", lambda: document)
    world = decided_world()
    wire = {"field": "wait", "option": FIRST, "comparison": "gt"}
    api, lead = Caller(token_of(member(world, "lead"))), client_of(world, "lead")
    place = f"reviews/{world.review.uuid}/tripwires/"
    made = api.post(place, wire | {"threshold": 30}).json()
    stale = {"key": made["key"], "version": 1}
    assert api.post(place, wire | stale | {"threshold": 31.5, "because": "A slot costs 77."}).status_code == 201

    def clashes():
        yield 409, api.post(place, wire | stale | {"threshold": 40})
        yield 412, api("DELETE", f"tripwires/{made['id']}/", {}, If_Match='"1"')

    for status, answer in clashes():
        current = answer.json()["current"]
        assert (answer.status_code, current["threshold"], current["because"]) == (status, 31.5, "A slot costs 77.")
    monkeypatch.setattr(permissions, "can_see_commercial", lambda *args, **given: Verdict("Prices are not for you."))
    told = []
    for status, answer in clashes():
        assert (answer.status_code, answer.json()["code"]) == (status, "clash")
        assert answer.json().get("current") is None
        told.append(answer)
    assert told[0].json()["attempted"]["threshold"] == 40, "one's own"
    typed = {"prefix": made["key"], f"{made['key']}-fact": f"{FIRST}/wait", f"{made['key']}-comparison": "gt"}
    typed |= {f"{made['key']}-{name}": value for name, value in (stale | {"threshold": "40"}).items()}
    told.append(lead.post(address(world, "tripwire_set"), typed))
    told.append(lead.post(address(world, "tripwire_drop", key=made["key"]), {"version": 1}))
    told.append(lead.get(address(world)))
    assert [answer.status_code for answer in told] == [409, 412, 422, 409, 200]
    for answer in told:
        assert "31.5" not in answer.content.decode() and "costs 77" not in answer.content.decode()
    row = Tripwire.objects.get()
    assert (row.threshold, row.version) == (31.5, 2)
