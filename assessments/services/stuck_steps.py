"""Open steps that nobody can complete: the leads are told in the transaction in which somebody who could signs no more.

Told too where a step opens so (`telling.steps_open`). The round of reminders asks for what happened otherwise, or while
nobody led the program.
"""

from collections.abc import Callable, Iterator
from functools import partial

from django.db.models import Exists, OuterRef

from accounts.models import Membership, Notification
from accounts.people import losing
from assessments.models import ApprovalParty, ApprovalStep, Review
from assessments.services import telling
from assessments.services.able_to_sign import UNFINISHED, Stuck, held_alone_by, stuck


def listen() -> None:
    """Hear of everybody who loses something; once per process, when the application is ready."""
    losing.connect(_when_losing, dispatch_uid="assessments.stuck_steps")


def _when_losing(sender, *, membership: Membership, **_ignored) -> Callable[[], None] | None:
    member = membership.now()
    _lock_what_waits_for(member)
    if held := held_alone_by(member):
        return partial(_tell_of, held, membership)
    return None


def _lock_what_waits_for(member: Membership) -> None:
    """Lock the reviews that have a step which the person could sign, now or once it opens.

    Of the last two who go at once each would see the other still there, and of a step that opens while its only signer
    goes neither act would see the other.
    """
    naming = ApprovalParty.objects.filter(step__review=OuterRef("pk"), step__state__in=UNFINISHED).naming(member)
    reviews = Review.objects.filter(Exists(naming), organization=member.organization_id, state=Review.State.IN_APPROVAL)
    list(reviews.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk"))


def _tell_of(held: list[Stuck], member: Membership) -> None:
    """Tell of those steps that the person alone kept going, as far as nobody can complete them now."""
    before = {one.step.pk: set(one.places) for one in held}
    lost = []
    for one in stuck(ApprovalStep.objects.filter(pk__in=before)):
        if places := [place for place in one.places if place in before[one.step.pk]]:
            lost.append(Stuck(one.step, places))
    for one, key in _keyed(lost):
        telling.step_stuck(one, key, member)


def _keyed(lost: list[Stuck]) -> Iterator[tuple[Stuck, str]]:
    """Each with a key under which nobody was told yet: who comes back and is lost again is told of again."""
    reviews = {one.step.review.uuid for one in lost}
    told = Notification.objects.filter(kind="step_stuck", review_uuid__in=reviews).values_list("key", flat=True)
    keys = set(told.order_by().distinct()) if lost else set()
    for one in lost:
        prefix = telling.key_of_stuck(one.step, "")
        yield one, telling.key_of_stuck(one.step, sum(key.startswith(prefix) for key in keys))
