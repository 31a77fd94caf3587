"""A condition whose owner left: marked where it is read, told before anything is typed, and refused on the page itself."""

import datetime

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEvent, Membership, MembershipFunction, Notification, RoleGrant
from assessments.errors import Missing
from assessments.models import ApprovalParty, ApprovalStep, Condition, Review, Signature, SigningGrant
from assessments.services import approvals, condition_states, delegations, routes
from assessments.services.evidence import Given
from tests.api.conftest import token_of
from tests.factories import PASSWORD, MembershipFactory
from tests.pages.test_approval import address, client_of, signature_of, text_of
from tests.rights.reviews import sign
from tests.services.decided import FIRST, assigned, decided_world, member, submit
from tests.services.test_second_factor import code_of
from tests.services.test_signing import amend, confirm, functional_signed, step_of
from tests.support.begun import shared

pytestmark = pytest.mark.django_db
LACKS = "Potency assay. This condition lacks an owner who can see to it ({name} left)."


def waiting_world():
    """In approval, signed by the functions; the one condition is a third person's."""
    world = decided_world()
    organization = world.program.organization
    world.people["owner"] = MembershipFactory(organization=organization, with_roles=["assessor"])
    world.more["submission"] = submit(world, conditions=assigned(world, "owner"))
    functional_signed(world)
    return world


begun, world = shared(waiting_world)


def leave(world, role="owner"):
    Membership.objects.filter(pk=world.people[role].pk).update(is_active=False)
    return world.people[role].name


def amend_link(world):
    return f'href="{address(world, "review_amend")}"'


def test_a_condition_without_its_owner_is_marked_and_told_at_the_signature_before_anything_is_typed(world):
    pages = {role: client_of(world, role) for role in ("approver", "lead", "viewer")}
    for client in pages.values():
        assert " left" not in text_of(client.get(address(world)))
    name = leave(world)
    before = pages["approver"].get(address(world))
    said = text_of(before)
    assert f"{name} left Amend…" in said
    assert "Your signature cannot be taken yet. It would make the decision, and none is made while" in said
    assert LACKS.format(name=name) in said and "Amend the proposed decision and name somebody" in said
    assert before.content.decode().count(amend_link(world)) == 3
    for role in ("lead", "viewer"):
        page = pages[role].get(address(world))
        assert f"{name} left" in text_of(page) and amend_link(world) not in page.content.decode()
        assert "cannot be taken yet" not in text_of(page)


def test_a_function_may_sign_while_the_decision_is_held_up_and_is_told(world):
    """The functional step comes before the one that decides: its signature is taken."""
    approvals.return_review(member=member(world, "approver"), review_id=world.review.pk, reason="Name one more.")
    submit(world, conditions=assigned(world, "owner"), answer="One more is named.")
    name = leave(world)
    client = client_of(world, "rater")
    page = client.get(address(world))
    assert "The decision is held up. You can sign, but" in text_of(page) and LACKS.format(name=name) in text_of(page)
    assert "Signed." in text_of(client.post(address(world, "review_sign"), signature_of(page), follow=True))


def test_a_signature_that_would_decide_is_refused_on_its_page_and_uses_up_no_code(world):
    approver, second = member(world, "approver"), member(world, "second_approver")
    today = routes.today_in(approver.organization)
    ApprovalParty.objects.create(
        step=step_of(world, "executive"), membership=second, organization=approver.organization
    )
    delegations.delegate(member=second, giver=second, taker=approver, first_day=today, last_day=today)
    TOTP.activate(approver.user, secret := generate_totp_secret())
    token_of(approver, "write")
    client = client_of(world, "approver")
    name = leave(world)
    page = client.get(address(world))
    given = signature_of(page, capacity=f"@{second.uuid}", code=code_of(secret))
    assert '<details class="small through">' in page.content.decode()
    before = AuditEvent.objects.count()
    for through in ("", "program"):
        answer = client.post(address(world, "review_sign"), given | {"through": through})
        said = text_of(answer)
        assert answer.status_code == 409 and said.count(LACKS.format(name=name)) == 1
        assert "Nothing was signed. Your signature would make the decision" in said
        body = answer.content.decode()
        assert f'<option value="@{second.uuid}" selected>' in body and PASSWORD not in body
        assert (through == "program") == ('<details class="small through" open>' in body)
    assert not SigningGrant.objects.exclude(used_at__isnull=False).exists() and AuditEvent.objects.count() == before
    assert not Signature.objects.filter(step__kind="executive").exists()
    given_again = [{"key": Condition.objects.get().key, "owner": world.people["lead"], "due_month": 6}]
    amend(world, kind="recommended", option_key=FIRST, conditions=given_again)
    page = client.get(address(world))
    assert "left" not in text_of(page).split("Replaced by amendment")[0]
    given = signature_of(page, capacity=f"@{second.uuid}", code=code_of(secret))
    assert "The decision is made." in text_of(client.post(address(world, "review_sign"), given, follow=True))


def places_of_the_approver(world, rule, **more):
    """The executive step names the approver in person, and the function that they speak for."""
    person, step = world.people["approver"], step_of(world, "executive")
    qa = person.organization.functions.get(key="qa")
    MembershipFunction.objects.create(organization=person.organization, membership=person, function=qa)
    step.parties.all().delete()
    for place in ({"membership": person}, {"function": qa}, *([more] if more else [])):
        ApprovalParty.objects.create(step=step, organization=person.organization, **place)
    ApprovalStep.objects.filter(pk=step.pk).update(rule=rule)


def test_a_signature_that_fills_two_places_and_so_decides_uses_up_no_code(world):
    places_of_the_approver(world, "all")
    leave(world)
    with pytest.raises(Missing):
        confirm(world, role="approver", kind="executive")
    assert not SigningGrant.objects.filter(membership=world.people["approver"]).exists()
    assert "Your signature cannot be taken yet." in text_of(client_of(world, "approver").get(address(world)))


def test_a_signature_after_which_a_place_is_left_is_taken_though_the_decision_is_held_up(world):
    places_of_the_approver(world, "all", membership=world.people["second_approver"])
    leave(world)
    client = client_of(world, "approver")
    page = client.get(address(world))
    assert "The decision is held up. You can sign, but" in text_of(page)
    said = text_of(client.post(address(world, "review_sign"), signature_of(page), follow=True))
    assert "Signed. Your signature is on record." in said


def test_a_second_signature_of_one_person_decides_nothing_where_a_number_of_people_is_asked_for(world):
    approvals.return_review(member=member(world, "approver"), review_id=world.review.pk, reason="Name one more.")
    submit(world, conditions=assigned(world, "owner"), answer="One more is named.")
    rater, step = world.people["rater"], step_of(world)
    ApprovalStep.objects.filter(pk=step_of(world, "executive").pk).update(state="done")
    for function in rater.organization.functions.filter(key__in=("cmc", "qa")):
        MembershipFunction.objects.get_or_create(organization=rater.organization, membership=rater, function=function)
    ApprovalStep.objects.filter(pk=step.pk).update(rule="at_least", at_least=2)
    leave(world)
    for _ in range(2):
        sign(member(world, "rater"), step_of(world))
    assert Signature.objects.filter(step=step).count() == 2 and step_of(world).state == "open"


def test_the_page_that_amends_says_why_somebody_else_is_chosen(world):
    client, url = client_of(world, "approver"), address(world, "review_amend")
    assert "choose who sees to it" not in text_of(client.get(url))
    name = leave(world)
    said = text_of(client.get(url))
    assert f"{name} left: choose who sees to it from now on." in said and f"{name} left Amend" not in said


def test_the_decision_names_who_sees_to_a_condition_now_and_who_may_hand_it_over(world):
    signed = world.people["owner"].name
    sign(member(world, "approver"), step_of(world, "executive"))
    readers = {role: client_of(world, role) for role in ("lead", "admin", "viewer")}
    row = Condition.objects.get()
    link = reverse("assessments:condition_detail", args=[row.uuid])
    said = text_of(readers["viewer"].get(address(world)))
    assert f"Owner {signed} · due month 6" in said and "now: open" in said and "now: open, owner" not in said
    taker = world.people["second"]
    condition_states.hand_over(
        member=member(world, "lead"), condition_id=row.pk, owner=taker, reason="She runs the assay."
    )
    said = text_of(readers["viewer"].get(address(world)))
    assert f"Owner {signed} · due month 6" in said and f"now: open, owner {taker.name}" in said
    leave(world, "second")
    for role, may in (("lead", True), ("admin", True), ("viewer", False)):
        page = readers[role].get(address(world))
        assert f"{taker.name} left" in text_of(page)
        assert (f'href="{link}#hand-over"' in page.content.decode()) is may
    condition_states.move(member=member(world, "lead"), condition_id=row.pk, state="done", note="Qualified in May.")
    assert f"{taker.name} left" not in text_of(readers["lead"].get(address(world)))


def test_an_owner_without_a_role_is_marked_wherever_one_who_left_is(world):
    owner = world.people["owner"]
    RoleGrant.objects.filter(membership=owner).update(revoked_at=owner.created_at)
    said = text_of(client_of(world, "approver").get(address(world)))
    lacks = f"This condition lacks an owner who can see to it ({owner.name} holds no role)."
    assert f"{owner.name} holds no role Amend…" in said and lacks in said
    said = text_of(client_of(world, "approver").get(address(world, "review_amend")))
    assert f"{owner.name} holds no role: choose who sees to it from now on." in said
    Review.objects.filter(pk=world.review.pk).update(state="approved")
    lead, row = client_of(world, "lead"), Condition.objects.get()
    for place in ("?state=left", "export/?state=left", f"{row.uuid}/"):
        body = lead.get(reverse("assessments:conditions") + place).content.decode()
        assert row.title in body and "holds no role" in body, place
    assert f"{owner.name} holds no role and is not." in body
    bearer = {"Authorization": f"Bearer {token_of(member(world, 'lead'), 'read')}"}
    rows = lead.get("/api/v1/conditions/?owner_left=true", headers=bearer).json()["results"]
    assert [one["owner_left"] for one in rows] == [True]
    RoleGrant.objects.filter(membership=owner).update(revoked_at=None)
    assert lead.get("/api/v1/conditions/?owner_left=true", headers=bearer).json()["results"] == []


def test_queries_grow_neither_with_conditions_nor_with_owners_who_left(world):
    owner = world.people["owner"]

    def asked(*titles):
        Membership.objects.filter(pk=owner.pk).update(is_active=True)
        amend(world, conditions=[{"title": title, "owner": owner, "due_month": 6} for title in titles])
        name = leave(world)
        client = client_of(world, "approver")
        client.get(address(world))
        with CaptureQueriesContext(connection) as found:
            said = text_of(client.get(address(world)))
        assert said.split("Replaced by")[0].count(f"({name} left)") == Condition.objects.count()
        return len(found)

    assert asked("One more") == asked("Two more", "Three more", "Four more", "Five more")


def test_a_day_that_is_past_stands_in_its_badge_without_a_mark_before_it(world):
    """A badge may begin a line of its own: nothing is left behind at the end of the line before."""
    sign(member(world, "approver"), step_of(world, "executive"))
    row = Condition.objects.get()
    for day in (datetime.date(2020, 1, 31), datetime.date(2099, 1, 31)):
        given = Given("Audit", url="https://example.org/audit", valid_until=day)
        kept = condition_states.keep_file(member(world, "lead"), row.pk, given)
        condition_states.attach(member=member(world, "lead"), condition_id=row.pk, kept=kept)
    said = text_of(client_of(world, "viewer").get(reverse("assessments:condition_detail", args=[row.uuid])))
    assert "https://example.org/audit Expired: was valid until 31 Jan 2020" in said
    assert "https://example.org/audit · valid until 31 Jan 2099" in said


@pytest.mark.parametrize(
    ("by", "gone", "to", "told", "said"),
    [
        ("lead", False, "second", {"second", "owner"}, "{second} and {owner} are told."),
        ("lead", True, "second", {"second"}, "{second} is told. {owner} left and is not told."),
        ("owner", False, "second", {"second"}, "{second} is told."),
        ("lead", False, "lead", {"owner"}, "{owner} is told."),
    ],
)
def test_whoever_hands_over_reads_who_is_told_of_it(world, by, gone, to, told, said):
    sign(member(world, "approver"), step_of(world, "executive"))
    row = Condition.objects.get()
    if gone:
        leave(world)
    client, page = client_of(world, by), reverse("assessments:condition_detail", args=[row.uuid])
    assert ("left and is not." in text_of(client.get(page))) is gone
    given = {"version": row.version, "owner": world.people[to].uuid, "reason": "She runs the assay."}
    before = Notification.objects.latest("pk").pk
    answer = client.post(reverse("assessments:condition_hand_over", args=[row.uuid]), given, follow=True)
    words = said.format(**{role: world.people[role].name for role in ("owner", "second")})
    assert f"Handed over. {words} The signed record stays" in text_of(answer)
    reached = set(Notification.objects.filter(pk__gt=before).values_list("membership", flat=True))
    assert reached == {world.people[role].pk for role in told}
