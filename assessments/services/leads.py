"""Who leads a program: whom its reviews report to."""

from accounts.models import Membership
from assessments.models import Review


def leads_of(review: Review) -> list[Membership]:
    """The active leads of a review's program."""
    leads = Membership.objects.active().filter(program_links__program=review.program_id, program_links__is_lead=True)
    return list(leads.select_related("user").distinct())
