"""Rows that tests begin with. What a service decides is made by the service, not here."""

import datetime

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from accounts.models import Function, Membership, Organization, RoleGrant, User
from assessments.models import (
    CriteriaSet,
    CriteriaVersion,
    ProfileRevision,
    Program,
    Review,
    ReviewOption,
)

PASSWORD = "signs in their own name"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    password = factory.LazyFunction(lambda: make_password(PASSWORD))
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


class CriteriaSetFactory(DjangoModelFactory):
    class Meta:
        model = CriteriaSet

    organization = factory.SubFactory(OrganizationFactory)
    key = factory.Sequence(lambda n: f"criteria-{n}")
    name = factory.Sequence(lambda n: f"Criteria {n}")


class CriteriaVersionFactory(DjangoModelFactory):
    class Meta:
        model = CriteriaVersion

    organization = factory.SelfAttribute("criteria_set.organization")
    criteria_set = factory.SubFactory(CriteriaSetFactory)
    number = factory.Sequence(lambda n: n + 1)
    created_by = factory.SubFactory(MembershipFactory, organization=factory.SelfAttribute("..organization"))


class ProgramFactory(DjangoModelFactory):
    class Meta:
        model = Program

    organization = factory.SelfAttribute("criteria_version.organization")
    criteria_version = factory.SubFactory(CriteriaVersionFactory)
    name = factory.Sequence(lambda n: f"Program {n}")
    created_by = factory.SelfAttribute("criteria_version.created_by")


class ProfileRevisionFactory(DjangoModelFactory):
    class Meta:
        model = ProfileRevision

    organization = factory.SelfAttribute("program.organization")
    program = factory.SubFactory(ProgramFactory)
    number = factory.Sequence(lambda n: n + 1)
    facts = factory.LazyFunction(lambda: {"program": {}, "options": {}})
    assessment_date = factory.LazyFunction(lambda: datetime.date(2026, 1, 1))
    criteria_version = factory.SelfAttribute("program.criteria_version")
    created_by = factory.SelfAttribute("program.created_by")


class ReviewFactory(DjangoModelFactory):
    class Meta:
        model = Review

    organization = factory.SelfAttribute("program.organization")
    program = factory.SubFactory(ProgramFactory)
    number = factory.Sequence(lambda n: n + 1)
    question = "Where should it be made?"
    criteria_version = factory.SelfAttribute("program.criteria_version")
    revision = factory.SubFactory(ProfileRevisionFactory, program=factory.SelfAttribute("..program"))
    opened_by = factory.SelfAttribute("program.created_by")


class ReviewOptionFactory(DjangoModelFactory):
    class Meta:
        model = ReviewOption

    organization = factory.SelfAttribute("review.organization")
    review = factory.SubFactory(ReviewFactory)
    key = factory.Sequence(lambda n: f"option-{n}")
    kind = "cdmo"
    name = "CDMO"
