"""Organizations and the people in them: every change of who may do what, with its audit event."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.dispatch import Signal
from django.urls import reverse

from accounts import letters, names
from accounts.audit import database_now, record_event
from accounts.models import (
    ApiToken,
    Function,
    Membership,
    MembershipFunction,
    Organization,
    RoleGrant,
    User,
)
from accounts.outbound import notify
from accounts.permissions import NotAllowed, can_manage_people

LONGEST_TOKEN_DAYS = 365

# Sent inside the transaction before somebody loses their access, a role or a function: membership. What a receiver answers
# is called once it is lost.
losing = Signal()


@contextmanager
def _loses(membership: Membership) -> Iterator[None]:
    """Around what takes something from somebody."""
    answers: Any = losing.send(None, membership=membership)
    afterwards = [answer for _, answer in answers if answer]
    yield
    for act in afterwards:
        act()


class LastAdmin(Exception):
    """An organization keeps at least one active admin."""


@transaction.atomic
def found_organization(
    *, name: str, slug: str, admin_email: str, admin_name: str, password: str | None = None
) -> Membership:
    """A new organization with the default functions and its first admin; how a tenant begins.

    A person who is known already keeps their name and password. Returns the admin's membership. Raises IntegrityError
    where the slug is taken, ValueError for a name that no organization or nobody may have (`names.fault_in`), and for an
    address with what is not seen
    """
    if fault := letters.fault_in(name):
        raise ValueError(fault)
    user = User.objects.filter(email__iexact=admin_email.strip()).first() or _new_user(
        admin_email, admin_name, password
    )
    organization = Organization.objects.create(name=name, slug=slug)
    Function.objects.bulk_create(
        Function(organization=organization, key=key, name=label, position=at)
        for at, (key, label) in enumerate(Function.DEFAULTS)
    )
    admin = Membership.objects.create(organization=organization, user=user)
    RoleGrant.objects.create(organization=organization, membership=admin, role=RoleGrant.Role.ADMIN)
    record_event(
        "organization.founded",
        organization_id=organization.pk,
        actor=None,
        subject=organization,
        new={"name": name, "admin": user.full_name},
    )
    return admin


def _new_user(email: str, full_name: str, password: str | None) -> User:
    """Raises ValueError for a name that nobody may have, and an address with what is not seen."""
    full_name = names.tidy(full_name)
    if fault := letters.fault_in(email) or names.fault_in(full_name):
        raise ValueError(fault)
    return User.objects.create_user(email, password, full_name=full_name)


def _managed(actor: Membership, membership_id: int) -> Membership:
    """The membership to change, locked. Raises NotAllowed; a foreign one is Membership.DoesNotExist."""
    can_manage_people(actor.now()).require()
    return (
        Membership.objects.select_for_update(no_key=True, of=("self",))
        .select_related("user")
        .get(pk=membership_id, organization_id=actor.organization_id)
    )


@transaction.atomic
def add_member(
    *,
    actor: Membership,
    email: str,
    full_name: str,
    password: str | None = None,
    roles: tuple[str, ...] = (),
    functions: tuple[str, ...] = (),
    title: str = "",
) -> Membership:
    """Bring a person into the actor's organization. Raises NotAllowed, ValueError for an unknown role or function, a title
    or an address that has what is not seen, or a name that nobody may have (`names.fault_in`), NameTaken where a colleague
    bears it.

    A person who is known already keeps their name and password.
    """
    can_manage_people(actor.now()).require()
    if fault := letters.fault_in(title):
        raise ValueError(fault)
    # Of two people of one name who are added at once the second sees the first.
    organization = Organization.objects.select_for_update(no_key=True).get(pk=actor.organization_id)
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is None or not organization.memberships.filter(user=user).exists():
        names.require_own(organization, user, user.full_name if user else names.tidy(full_name))
    user = user or _new_user(email, full_name, password)
    membership = Membership.objects.create(organization_id=actor.organization_id, user=user, title=title)
    record_event(
        "member.added",
        organization_id=actor.organization_id,
        actor=actor,
        subject=membership,
        label=user.full_name,
        new={"email": user.email, "title": title},
    )
    for role in roles:
        grant_role(actor=actor, membership_id=membership.pk, role=role)
    set_functions(actor=actor, membership_id=membership.pk, functions=functions)
    return Membership.objects.with_rights().get(pk=membership.pk)


@transaction.atomic
def grant_role(*, actor: Membership, membership_id: int, role: str) -> None:
    """Give a role; nothing happens if it is held. Raises NotAllowed, ValueError for an unknown role."""
    membership = _managed(actor, membership_id)
    if role not in RoleGrant.Role.values:
        raise ValueError(f"There is no role {role!r}; the roles are {', '.join(RoleGrant.Role.values)}.")
    if membership.grants.filter(role=role, revoked_at=None).exists():
        return
    grant = RoleGrant.objects.create(
        organization_id=actor.organization_id, membership=membership, role=role, granted_by=actor
    )
    record_event(
        "role.granted",
        organization_id=actor.organization_id,
        actor=actor,
        subject=membership,
        label=membership.user.full_name,
        new={"role": role},
    )
    _tell(actor, membership, grant, "You are now")


def _tell(actor: Membership, membership: Membership, grant: RoleGrant, words: str) -> None:
    """Tell a person that their roles changed, each time anew."""
    notify(
        [membership],
        "role_changed",
        organization_id=actor.organization_id,
        title=f"{words} {grant.get_role_display().lower()} in {actor.organization.name}",
        body=f"By {actor.name}.",
        url=reverse("accounts:profile"),
        key=f"role:{grant.pk}:{words}",
        actor=actor,
    )


def _keep_an_admin(organization_id: int, without: Membership) -> None:
    # Two admins who remove each other at once would both see the other one still there.
    Organization.objects.select_for_update(no_key=True).get(pk=organization_id)
    others = Membership.objects.active().filter(
        organization_id=organization_id, grants__role=RoleGrant.Role.ADMIN, grants__revoked_at=None
    )
    if not others.exclude(pk=without.pk).exists():
        raise LastAdmin("The organization would have no admin left. Make another person admin first.")


@transaction.atomic
def revoke_role(*, actor: Membership, membership_id: int, role: str) -> None:
    """Take a role back; the grant's row stays. Raises NotAllowed, LastAdmin."""
    can_manage_people(actor.now()).require()
    if role == RoleGrant.Role.ADMIN:
        Organization.objects.select_for_update(no_key=True).get(pk=actor.organization_id)
    membership = _managed(actor, membership_id)
    grant = membership.grants.filter(role=role, revoked_at=None).first()
    if grant is None:
        return
    if role == RoleGrant.Role.ADMIN:
        _keep_an_admin(actor.organization_id, without=membership)
    with _loses(membership):
        RoleGrant.objects.filter(pk=grant.pk).update(revoked_at=Now(), revoked_by=actor)
        record_event(
            "role.revoked",
            organization_id=actor.organization_id,
            actor=actor,
            subject=membership,
            label=membership.user.full_name,
            old={"role": role},
        )
        _tell(actor, membership, grant, "You are no longer")


@transaction.atomic
def set_functions(*, actor: Membership, membership_id: int, functions: tuple[str, ...]) -> None:
    """Set the functions that a person speaks for. Raises NotAllowed, ValueError for an unknown function."""
    membership = _managed(actor, membership_id)
    known = {f.key: f for f in Function.objects.filter(organization_id=actor.organization_id)}
    unknown = sorted(set(functions) - set(known))
    if unknown:
        raise ValueError(f"There is no function {unknown[0]!r}; the functions are {', '.join(sorted(known))}.")
    held = set(membership.function_links.values_list("function__key", flat=True))
    if held == set(functions):
        return
    with _loses(membership) if held - set(functions) else nullcontext():
        membership.function_links.exclude(function__key__in=functions).delete()
        MembershipFunction.objects.bulk_create(
            MembershipFunction(organization_id=actor.organization_id, membership=membership, function=known[key])
            for key in sorted(set(functions) - held)
        )
        record_event(
            "functions.set",
            organization_id=actor.organization_id,
            actor=actor,
            subject=membership,
            label=membership.user.full_name,
            old={"functions": sorted(held)},
            new={"functions": sorted(set(functions))},
        )


@transaction.atomic
def deactivate_member(*, actor: Membership, membership_id: int) -> None:
    """End a person's access to the organization; nothing of theirs is deleted. Raises NotAllowed, LastAdmin."""
    can_manage_people(actor.now()).require()
    Organization.objects.select_for_update(no_key=True).get(pk=actor.organization_id)
    membership = _managed(actor, membership_id)
    if not membership.is_active:
        return
    _keep_an_admin(actor.organization_id, without=membership)
    with _loses(membership):
        Membership.objects.filter(pk=membership.pk).update(is_active=False)
        ApiToken.objects.filter(membership=membership, revoked_at=None).update(revoked_at=Now())
        record_event(
            "member.deactivated",
            organization_id=actor.organization_id,
            actor=actor,
            subject=membership,
            label=membership.user.full_name,
        )


@transaction.atomic
def reactivate_member(*, actor: Membership, membership_id: int) -> None:
    """Give a person access again, with the roles held before; tokens stay revoked. Raises NotAllowed."""
    membership = _managed(actor, membership_id)
    if membership.is_active:
        return
    Membership.objects.filter(pk=membership.pk).update(is_active=True)
    record_event(
        "member.reactivated",
        organization_id=actor.organization_id,
        actor=actor,
        subject=membership,
        label=membership.user.full_name,
        new={"roles": sorted(membership.grants.filter(revoked_at=None).values_list("role", flat=True))},
    )


@transaction.atomic
def issue_token(
    *, member: Membership, name: str, scopes: tuple[str, ...] = ("read",), days: int = 90
) -> tuple[ApiToken, str]:
    """A new API token of one's own membership, with its secret, which is shown this once.

    days    until it expires, at most LONGEST_TOKEN_DAYS
    Raises  NotAllowed for a membership that is not active, ValueError for scopes or days out of range and for a name with
            what is not seen
    """
    if not (member.is_active and member.user.is_active):
        raise NotAllowed("The account is not active.")
    if fault := letters.fault_in(name):
        raise ValueError(fault)
    if not scopes or set(scopes) - set(ApiToken.SCOPES):
        raise ValueError(f"The scopes are {', '.join(ApiToken.SCOPES)}.")
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise ValueError(f"A token lasts 1 to {LONGEST_TOKEN_DAYS} days.")
    secret = ApiToken.new_secret()
    token = ApiToken.objects.create(
        organization_id=member.organization_id,
        membership=member,
        name=name,
        digest=ApiToken.digest_of(secret),
        scopes=sorted(set(scopes)),
        expires_at=database_now() + timedelta(days=days),
    )
    record_event(
        "token.issued",
        organization_id=member.organization_id,
        actor=member,
        subject=token,
        new={"name": name, "scopes": token.scopes, "days": days},
    )
    return token, secret
