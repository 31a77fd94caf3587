"""Who leads a program: whom a review's route reports to."""

from accounts.models import Membership
from assessments.models import Program


def leads_of(program: Program) -> list[Membership]:
    """The active leads of a program, by name."""
    leads = Membership.objects.active().filter(program_links__program=program, program_links__is_lead=True)
    return list(leads.select_related("user").distinct())
