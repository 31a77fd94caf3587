"""Admins manage people on pages; nobody's password is ever set or seen by somebody else."""

import re

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import people
from accounts.models import ApiToken, AuditEvent, Membership, RoleGrant
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
PASSWORD = "eleven words that nobody else would ever pick"


@pytest.fixture
def admin():
    return MembershipFactory(user__full_name="Ada Ng", with_roles=["admin"])


@pytest.fixture
def signed_in(client, admin):
    client.force_login(admin.user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


def add(client, **more):
    given = {
        "email": "quinn@example.org",
        "full_name": "Quinn Roy",
        "title": "QA",
        "roles": ["viewer"],
        "functions": ["qa"],
    }
    return client.post("/people/add/", given | more)


def link_of(page):
    return re.search(r'value="https?://[^/"]+(/people/welcome/[^"#]+)#([^"]+)"', page.content.decode()).groups()


def fresh(member):
    return Membership.objects.with_rights().get(pk=member.pk)


def test_a_new_person_sets_their_own_password_with_a_link_that_works_once(signed_in, client):
    page = add(signed_in)
    assert page.status_code == 200
    path, code = link_of(page)
    quinn = Membership.objects.with_rights().get(user__email="quinn@example.org")
    assert quinn.roles == {"viewer"}
    assert quinn.function_keys == {"qa"}
    signed_in.logout()
    form = {"code": code, "password": PASSWORD, "again": PASSWORD}
    assert client.post(path, form).status_code == 302
    assert client.post("/accounts/login/", {"login": "quinn@example.org", "password": PASSWORD}).status_code == 302
    again = client.post(path, form | {"password": PASSWORD + "2", "again": PASSWORD + "2"})
    assert again.status_code == 422
    quinn.user.refresh_from_db()
    assert quinn.user.check_password(PASSWORD)
    assert AuditEvent.objects.filter(action="password.first_set", actor=quinn).count() == 1


def test_the_code_stands_in_no_event_and_no_session(signed_in):
    _, code = link_of(add(signed_in))
    assert code not in str(list(AuditEvent.objects.values()))
    assert code not in str(signed_in.session.items())


def test_a_new_link_ends_the_former(signed_in, client):
    path, first = link_of(add(signed_in))
    quinn = Membership.objects.get(user__email="quinn@example.org")
    _, second = link_of(signed_in.post(f"/people/{quinn.uuid}/link/"))
    form = {"password": PASSWORD, "again": PASSWORD}
    assert client.post(path, form | {"code": first}).status_code == 422
    assert client.post(path, form | {"code": second}).status_code == 302


def test_nobody_gets_a_link_for_somebody_who_has_a_password(signed_in, admin):
    quinn = MembershipFactory(organization=admin.organization)
    quinn.user.set_password(PASSWORD)
    quinn.user.save()
    answer = signed_in.post(f"/people/{quinn.uuid}/link/", follow=True)
    assert "nobody else can replace it" in answer.content.decode()
    assert not AuditEvent.objects.filter(action="member.link_made").exists()
    quinn.user.refresh_from_db()
    assert quinn.user.check_password(PASSWORD)


def test_nobody_gets_a_link_for_somebody_of_another_organization_too(signed_in):
    elsewhere = MembershipFactory(user__email="both@example.org", with_roles=["approver"])
    elsewhere.user.set_unusable_password()
    elsewhere.user.save()
    answer = add(signed_in, email="BOTH@example.org", full_name="Someone Else")
    assert answer.status_code == 302
    here = Membership.objects.exclude(pk=elsewhere.pk).get(user=elsewhere.user)
    assert "another organization" in signed_in.post(f"/people/{here.uuid}/link/", follow=True).content.decode()
    elsewhere.user.refresh_from_db()
    assert elsewhere.user.full_name != "Someone Else"


def test_a_weak_password_is_refused_beside_the_field(signed_in, client):
    path, code = link_of(add(signed_in))
    answer = client.post(path, {"code": code, "password": "short", "again": "short"})
    assert answer.status_code == 422
    assert "at least 12 characters" in answer.content.decode()


def test_who_is_a_member_already_is_named_and_what_was_typed_is_kept(signed_in):
    add(signed_in)
    answer = add(signed_in, title="Head of QA")
    assert answer.status_code == 422
    assert "belongs to the organization already" in answer.content.decode()
    assert 'value="Head of QA"' in answer.content.decode()
    assert Membership.objects.filter(user__email="quinn@example.org").count() == 1


def test_roles_are_given_and_taken_with_who_and_when(signed_in, admin):
    quinn = MembershipFactory(organization=admin.organization, with_roles=["viewer"])
    signed_in.post(f"/people/{quinn.uuid}/roles/", {"role": "approver", "act": "grant"})
    signed_in.post(f"/people/{quinn.uuid}/roles/", {"role": "viewer", "act": "revoke"})
    assert fresh(quinn).roles == {"approver"}
    page = signed_in.get(f"/people/{quinn.uuid}/").content.decode()
    assert page.count("by Ada Ng") == 2
    taken = RoleGrant.objects.get(membership=quinn, role="viewer")
    assert taken.revoked_by == admin


def test_the_last_admin_is_refused_and_told_why(signed_in, admin):
    answer = signed_in.post(f"/people/{admin.uuid}/roles/", {"role": "admin", "act": "revoke"}, follow=True)
    assert "no admin left" in answer.content.decode()
    answer = signed_in.post(f"/people/{admin.uuid}/deactivate/", {"name": "Ada Ng"}, follow=True)
    assert "no admin left" in answer.content.decode()
    assert fresh(admin).roles == {"admin"}
    assert fresh(admin).is_active


def test_deactivating_asks_for_the_name_and_can_be_undone(signed_in, admin):
    quinn = MembershipFactory(organization=admin.organization, user__full_name="Quinn Roy", with_roles=["viewer"])
    people.issue_token(member=fresh(quinn), name="ci")
    signed_in.post(f"/people/{quinn.uuid}/deactivate/", {"name": "Quinn"})
    assert fresh(quinn).is_active
    signed_in.post(f"/people/{quinn.uuid}/deactivate/", {"name": "Quinn Roy"})
    assert not fresh(quinn).is_active
    assert ">Quinn Roy</a>" not in signed_in.get("/people/?q=quinn").content.decode()
    assert "Quinn Roy" in signed_in.get("/people/?state=inactive").content.decode()
    signed_in.post(f"/people/{quinn.uuid}/reactivate/")
    assert fresh(quinn).is_active
    assert fresh(quinn).roles == {"viewer"}
    assert not ApiToken.objects.usable().exists()
    assert AuditEvent.objects.filter(action="member.reactivated").count() == 1


def test_the_list_is_searched_and_filtered(signed_in, admin):
    MembershipFactory(organization=admin.organization, user__full_name="Quinn Roy", with_roles=["approver"])
    MembershipFactory(organization=admin.organization, user__full_name="Otto Bauer", with_roles=["viewer"])
    MembershipFactory(user__full_name="Quinn Foreign")

    def names(query):
        page = signed_in.get(f"/people/?{query}").content.decode()
        return {name for name in ("Quinn Roy", "Otto Bauer", "Quinn Foreign", "Ada Ng") if f">{name}</a>" in page}

    assert names("") == {"Quinn Roy", "Otto Bauer", "Ada Ng"}
    assert names("q=quinn") == {"Quinn Roy"}
    assert names("role=approver") == {"Quinn Roy"}
    assert names("function=qa") == set()


def test_the_list_asks_as_often_for_two_people_as_for_twenty(signed_in, admin):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as caught:
            signed_in.get("/people/")
        return len(caught)

    MembershipFactory.create_batch(2, organization=admin.organization, with_roles=["viewer"])
    few = queries()
    MembershipFactory.create_batch(18, organization=admin.organization, with_roles=["viewer", "assessor"])
    assert queries() == few


def test_a_token_is_shown_once_and_revoked_by_its_owner_alone(signed_in, admin):
    page = signed_in.post("/people/me/tokens/", {"name": "ci", "scopes": ["read"], "days": "30"})
    secret = re.search(r"mkw_[\w-]+", page.content.decode()).group()
    token = ApiToken.objects.usable().get(digest=ApiToken.digest_of(secret))
    assert "mkw_" not in signed_in.get("/people/me/").content.decode()
    assert "mkw_" not in str(signed_in.session.items())
    other, _ = people.issue_token(member=fresh(MembershipFactory(organization=admin.organization)), name="theirs")
    assert signed_in.post(f"/people/me/tokens/{other.uuid}/revoke/").status_code == 404
    signed_in.post(f"/people/me/tokens/{token.uuid}/revoke/")
    assert [one.name for one in ApiToken.objects.usable()] == ["theirs"]
    assert AuditEvent.objects.filter(action="token.revoked", actor=admin).count() == 1


def test_whoever_makes_a_token_reads_what_it_may_in_the_words_of_the_api(signed_in):
    page = signed_in.post("/people/me/tokens/", {"name": "ci", "scopes": ["read"], "days": "30"}).content.decode()
    assert "acts as you, and reads only." in page and "It signs" not in page
    page = signed_in.post(
        "/people/me/tokens/", {"name": "ci", "scopes": ["read", "write"], "days": "30"}
    ).content.decode()
    assert "It signs only with a grant, which you get on the approval page" in page
    assert "read: see what you may see" in page and "write: change what you may change" in page
    assert ">read, write<" in page


def test_a_changed_name_leaves_its_event(signed_in, admin):
    signed_in.post("/people/me/", {"full_name": "  Ada   Ng-Roy ", "time_zone": "Europe/Berlin"})
    admin.user.refresh_from_db()
    assert (admin.user.full_name, admin.user.time_zone) == ("Ada Ng-Roy", "Europe/Berlin")
    event = AuditEvent.objects.get(action="profile.changed")
    assert event.old["name"] == "Ada Ng"
    assert signed_in.post("/people/me/", {"full_name": "Ada", "time_zone": "Mars/Olympus"}).status_code == 422


def test_p11_50a_no_name_pretends_to_be_a_signature_in_anothers_place_or_somebody_else(signed_in, admin):
    """Names are printed under signatures: neither oneself nor an admin gives one that says more than who somebody is."""
    MembershipFactory(organization=admin.organization, user__full_name="Eva Lind", with_roles=["approver"])
    for name in ("Ada Ng on behalf of Eva Lind", "Ada  ON BEHALF\tof Eva", "Ada \u202egN", "Ada\u200bNg", "\u2066Ada"):
        for page, given in (
            ("/people/me/", {"time_zone": "Europe/Berlin"}),
            ("/people/add/", {"email": "q@example.org"}),
        ):
            answer = signed_in.post(page, {"full_name": name, "title": "", "roles": ["viewer"]} | given)
            assert answer.status_code == 422 and "A name " in answer.content.decode(), (name, page)
    answer = signed_in.post("/people/me/", {"full_name": "eva lind", "time_zone": "Europe/Berlin"})
    assert answer.status_code == 422 and "Somebody here bears this name" in answer.content.decode()
    admin.user.refresh_from_db()
    assert admin.user.full_name == "Ada Ng" and not AuditEvent.objects.filter(action="profile.changed").exists()
    with pytest.raises(ValueError, match="on whose behalf"):
        people.add_member(actor=fresh(admin), email="q@example.org", full_name="Q on behalf of Eva")
    assert signed_in.post("/people/me/", {"full_name": "Ада Нг", "time_zone": "Europe/Berlin"}).status_code == 302
