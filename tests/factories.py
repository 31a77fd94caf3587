"""Rows that tests begin with. What a service decides is made by the service, not here."""

import factory
from factory.django import DjangoModelFactory

from accounts.models import Function, Membership, Organization, RoleGrant, User


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    full_name = factory.Sequence(lambda n: f"Person {n}")


class OrganizationFactory(DjangoModelFactory):
    class Meta:
        model = Organization
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Organization {n}")
    slug = factory.Sequence(lambda n: f"organization-{n}")

    @factory.post_generation
    def default_functions(self, create, extracted, **kwargs):
        Function.objects.bulk_create(
            Function(organization=self, key=key, name=name, position=at)
            for at, (key, name) in enumerate(Function.DEFAULTS)
        )


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership
        skip_postgeneration_save = True

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)

    @factory.post_generation
    def with_roles(self, create, extracted, **kwargs):
        for role in extracted or ():
            RoleGrant.objects.create(organization=self.organization, membership=self, role=role)
