"""Who can see to a thing of a program, such as a condition: an active person with a role who may see the program.

Here it is asked of many at once; of one person `permissions.can_see_to` asks.
"""

from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When

from accounts.models import Membership, MembershipFunction, RoleGrant
from assessments.models.decisions import ApprovalParty
from assessments.models.programs import Program, ProgramMember
from assessments.models.reviews import Review
from assessments.models.routes import Delegation

# Why somebody cannot, as it follows their name.
LEFT, WITHOUT_ROLE, SHUT_OUT = "left", "holds no role", "may not see the program"


def able(program: Program) -> QuerySet[Membership]:
    """The people of the program's organization who can see to its things."""
    people = Membership.objects.filter(organization_id=program.organization_id)
    return people.alias(gone=why_not(OuterRef("pk"), program)).filter(gone="")


def why_not(person: OuterRef, program: OuterRef | Program) -> Case:
    """Of a queryset's rows: why the person of each cannot see to things of its program; "" where they can."""
    here = Membership.objects.active().filter(pk=person)
    grants = RoleGrant.objects.filter(membership=person, revoked_at=None)
    return Case(
        When(~Exists(here), then=Value(LEFT)),
        When(~Exists(grants), then=Value(WITHOUT_ROLE)),
        When(~_sees(person, program, grants), then=Value(SHUT_OUT)),
        default=Value(""),
        output_field=CharField(),
    )


def _sees(person: OuterRef, program: OuterRef | Program, grants: QuerySet[RoleGrant]) -> Q:
    """Whether `Program.objects.visible_to` shows the program to somebody who is active and holds a role."""
    key = program.pk if isinstance(program, Program) else program
    is_open = Program.objects.filter(pk=key, restricted=False)
    belongs = ProgramMember.objects.filter(program=key, membership=person)
    parties = ApprovalParty.objects.filter(step__review__program=_further_out(key)).filter(_names("pk"))
    signs = _in_whose_place(person).filter(Exists(parties))
    recorded = Review.objects.filter(program=key, state__in=Review.RECORDED)
    of_interest = Q(Exists(grants.exclude(role=RoleGrant.Role.AUDITOR))) | Q(Exists(recorded))
    return of_interest & (Q(Exists(is_open)) | Q(Exists(belongs)) | Q(Exists(signs)))


def _in_whose_place(person: OuterRef) -> QuerySet[Membership]:
    """The person, and everybody in whose place they sign today."""
    given = Delegation.objects.in_force_there().filter(giver=OuterRef("pk"), taker=_further_out(person))
    return Membership.objects.filter(Q(pk=person) | Q(Exists(given)))


def _names(person: str) -> Q:
    """Of places: those that name the person of the outer row, themselves or by a function or role."""
    held = MembershipFunction.objects.filter(membership=OuterRef(OuterRef(person)))
    roles = RoleGrant.objects.filter(membership=OuterRef(OuterRef(person)), revoked_at=None)
    return Q(membership=OuterRef(person)) | Q(function__in=held.values("function")) | Q(role__in=roles.values("role"))


def _further_out(value: Any) -> Any:
    """The same value one subquery further in."""
    return OuterRef(value) if isinstance(value, OuterRef) else value
