"""Who may do what is changed only by admins, leaves its row and its event, and never crosses organizations."""

import datetime
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.utils import timezone

from accounts import people
from accounts.audit import database_now, event_digest
from accounts.models import ApiToken, AuditEvent, Membership, RoleGrant, User
from accounts.permissions import NotAllowed
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def fresh(member):
    return Membership.objects.with_rights().get(pk=member.pk)


@pytest.fixture
def admin():
    return fresh(
        people.found_organization(name="Halden", slug="halden", admin_email="a@example.org", admin_name="Ada Ng")
    )


@pytest.fixture
def quinn(admin):
    return people.add_member(
        actor=admin, email="q@example.org", full_name="Quinn Roy", roles=("assessor",), functions=("qa", "cmc")
    )


def test_tm_2_a_process_whose_clock_is_wrong_moves_no_time_of_a_right(admin, monkeypatch):
    """A signature counts for a role that its person held when it was given: both times are the database's."""
    wrong = database_now() + datetime.timedelta(hours=3)
    monkeypatch.setattr(timezone, "now", lambda: wrong)
    quinn = people.add_member(actor=admin, email="q@example.org", full_name="Quinn Roy", roles=("approver",))
    monkeypatch.undo()
    grant = RoleGrant.objects.get(membership=quinn)
    for at in (grant.granted_at, quinn.created_at, quinn.user.created_at):
        assert abs(at - database_now()) < datetime.timedelta(minutes=5)


def test_an_organization_begins_with_eight_functions_and_one_admin(admin):
    assert admin.organization.functions.count() == 8
    assert admin.roles == {"admin"}


def test_a_new_member_has_the_roles_and_functions_given_in_the_organizations_order(quinn):
    assert quinn.roles == {"assessor"}
    assert [function.key for function in quinn.functions] == ["cmc", "qa"]


def test_every_change_of_rights_leaves_an_event_with_its_actor(admin, quinn):
    """A11-12."""
    people.grant_role(actor=admin, membership_id=quinn.pk, role="approver")
    people.revoke_role(actor=admin, membership_id=quinn.pk, role="approver")
    people.set_functions(actor=admin, membership_id=quinn.pk, functions=("qa",))
    people.deactivate_member(actor=admin, membership_id=quinn.pk)
    events = list(AuditEvent.objects.order_by("pk"))
    assert [event.action for event in events] == [
        "organization.founded",
        "member.added",
        "role.granted",
        "functions.set",
        "role.granted",
        "role.revoked",
        "functions.set",
        "member.deactivated",
    ]
    assert {event.actor_name for event in events[1:]} == {"Ada Ng"}
    assert all(event_digest(event) == event.digest for event in events)


def test_a_role_taken_back_keeps_its_row_with_both_names(admin, quinn):
    people.revoke_role(actor=admin, membership_id=quinn.pk, role="assessor")
    grant = RoleGrant.objects.get(membership=quinn, role="assessor")
    assert (grant.granted_by, grant.revoked_by) == (admin, admin)
    assert grant.revoked_at >= grant.granted_at
    assert fresh(quinn).roles == frozenset()


def test_granting_twice_is_one_grant(admin, quinn):
    people.grant_role(actor=admin, membership_id=quinn.pk, role="assessor")
    assert RoleGrant.objects.filter(membership=quinn).count() == 1


@pytest.mark.parametrize("roles", [(), ("viewer",), ("assessor",), ("approver",), ("auditor",)])
def test_only_an_admin_manages_people(admin, quinn, roles):
    actor = people.add_member(actor=admin, email="x@example.org", full_name="X", roles=roles)
    before = AuditEvent.objects.count()
    for act in (
        lambda: people.add_member(actor=actor, email="y@example.org", full_name="Y"),
        lambda: people.grant_role(actor=actor, membership_id=actor.pk, role="admin"),
        lambda: people.revoke_role(actor=actor, membership_id=admin.pk, role="admin"),
        lambda: people.set_functions(actor=actor, membership_id=quinn.pk, functions=()),
        lambda: people.deactivate_member(actor=actor, membership_id=quinn.pk),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert AuditEvent.objects.count() == before
    assert fresh(admin).roles == {"admin"}
    assert not User.objects.filter(email="y@example.org").exists()


def test_an_admin_of_another_organization_reaches_nobody_here(quinn):
    stranger = fresh(MembershipFactory(with_roles=["admin"]))
    with pytest.raises(Membership.DoesNotExist):
        people.grant_role(actor=stranger, membership_id=quinn.pk, role="admin")
    assert fresh(quinn).roles == {"assessor"}


def test_a_right_that_was_taken_back_meanwhile_is_gone(admin, quinn):
    people.grant_role(actor=admin, membership_id=quinn.pk, role="admin")
    second = fresh(quinn)
    assert "admin" in second.roles  # as loaded at the start of a request
    people.revoke_role(actor=admin, membership_id=quinn.pk, role="admin")
    with pytest.raises(NotAllowed):
        people.revoke_role(actor=second, membership_id=admin.pk, role="admin")
    people.grant_role(actor=admin, membership_id=quinn.pk, role="admin")
    second = fresh(quinn)
    people.deactivate_member(actor=admin, membership_id=quinn.pk)
    with pytest.raises(NotAllowed):
        people.grant_role(actor=second, membership_id=second.pk, role="approver")


def test_an_unknown_role_or_function_is_named_and_changes_nothing(admin, quinn):
    with pytest.raises(ValueError, match="no role 'king'"):
        people.grant_role(actor=admin, membership_id=quinn.pk, role="king")
    with pytest.raises(ValueError, match="no function 'magic'"):
        people.set_functions(actor=admin, membership_id=quinn.pk, functions=("magic",))
    assert fresh(quinn).function_keys == {"qa", "cmc"}


def test_the_last_admin_stays(admin, quinn):
    with pytest.raises(people.LastAdmin):
        people.revoke_role(actor=admin, membership_id=admin.pk, role="admin")
    with pytest.raises(people.LastAdmin):
        people.deactivate_member(actor=admin, membership_id=admin.pk)
    people.grant_role(actor=admin, membership_id=quinn.pk, role="admin")
    people.revoke_role(actor=admin, membership_id=admin.pk, role="admin")
    assert fresh(admin).roles == frozenset()


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_at_once_leave_one():
    first = fresh(people.found_organization(name="A", slug="a", admin_email="1@example.org", admin_name="One"))
    second = people.add_member(actor=first, email="2@example.org", full_name="Two", roles=("admin",))
    barrier, refusals = threading.Barrier(2), []

    def remove(actor, other):
        barrier.wait()
        try:
            people.revoke_role(actor=actor, membership_id=other.pk, role="admin")
        except (people.LastAdmin, NotAllowed) as refusal:
            refusals.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refusals) == 1
    assert RoleGrant.objects.filter(role="admin", revoked_at=None).count() == 1


def test_the_same_person_is_in_an_organization_once(admin, quinn):
    with pytest.raises(IntegrityError):
        people.add_member(actor=admin, email="Q@example.org", full_name="Again")


def test_a_token_is_stored_as_a_digest_alone(quinn):
    token, secret = people.issue_token(member=quinn, name="ci")
    assert secret.startswith("mkw_")
    assert secret not in str(ApiToken.objects.values().get())
    assert ApiToken.objects.usable().get(digest=ApiToken.digest_of(secret)) == token
    assert secret not in str(list(AuditEvent.objects.values_list("new", flat=True)))


def test_a_deactivated_persons_tokens_end_at_once(admin, quinn):
    people.issue_token(member=quinn, name="ci")
    people.deactivate_member(actor=admin, membership_id=quinn.pk)
    assert not ApiToken.objects.usable().exists()
    with pytest.raises(NotAllowed):
        people.issue_token(member=fresh(quinn), name="ci")


@pytest.mark.parametrize(("scopes", "days"), [((), 90), (("root",), 90), (("read",), 0), (("read",), 366)])
def test_scopes_and_life_of_a_token_are_bounded(quinn, scopes, days):
    with pytest.raises(ValueError):
        people.issue_token(member=quinn, name="ci", scopes=scopes, days=days)
    assert not ApiToken.objects.exists()


def test_the_command_prints_a_token_or_says_who_is_unknown(quinn, capsys):
    call_command("api_token", "q@example.org", "--organization", "halden")
    secret = capsys.readouterr().out.strip()
    assert ApiToken.objects.usable().filter(digest=ApiToken.digest_of(secret)).exists()
    with pytest.raises(CommandError, match="nobody@example.org"):
        call_command("api_token", "nobody@example.org", "--organization", "halden")
