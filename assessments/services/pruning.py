"""Deleting what nobody needs any more: results and files that nothing refers to, answers kept for repeats, leave to sign,
sessions.

Records are never touched: their tables refuse it, and what they refer to is referred to.
"""

from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from accounts.models import IdempotencyKey
from assessments.models import Program, Review, Scorecard, SigningGrant
from assessments.services.evidence import prune_orphans
from assessments.services.reports import prune_reports

KEPT = timedelta(days=1)
AT_ONCE = 200
MOST_BATCHES = 50


def prune() -> dict[str, int]:
    """Delete in batches of AT_ONCE, at most MOST_BATCHES of each; how many of each went."""
    day_ago = Now() - KEPT
    return {
        "reports": _batches(lambda: prune_reports(AT_ONCE)),
        "scorecards": _batches(prune_scorecards),
        "files": _batches(lambda: prune_orphans(AT_ONCE)),
        "idempotency_keys": _batches(lambda: _delete(IdempotencyKey.objects.filter(created_at__lt=day_ago))),
        "signing_grants": _batches(lambda: _delete(SigningGrant.objects.filter(expires_at__lt=day_ago))),
        "sessions": _batches(lambda: _delete(Session.objects.filter(expire_date__lt=Now()))),
    }


def _batches(delete_some) -> int:
    deleted = 0
    for _ in range(MOST_BATCHES):
        some = delete_some()
        deleted += some
        if some < AT_ONCE:
            break
    return deleted


def _delete(rows: QuerySet) -> int:
    some = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    return rows.model.objects.filter(pk__in=some).delete()[0] if some else 0


def unreferenced_scorecards() -> QuerySet:
    """Scorecards that no row of any table refers to: not shown, submitted, reported or summarised."""
    found = Scorecard.objects.all()
    relations: list[Any] = list(Scorecard._meta.get_fields(include_hidden=True))
    for relation in relations:
        if relation.auto_created and not relation.concrete:
            refers = relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
            found = found.exclude(Exists(refers))
    return found


@transaction.atomic
def prune_scorecards() -> int:
    """Delete at most AT_ONCE results that are older than a day and that nothing refers to."""
    old = unreferenced_scorecards().filter(created_at__lt=Now() - KEPT)
    some = list(old.order_by("created_at", "pk").values_list("pk", "program_id", "review_id")[:AT_ONCE])
    if not some:
        return 0
    # A worker that finds the same inputs computed before shows the stored result again, under this same lock.
    for subjects, ids in (
        (Program.objects, {program_id for _, program_id, _ in some}),
        (Review.objects, {review_id for _, _, review_id in some if review_id}),
    ):
        list(subjects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))
    return unreferenced_scorecards().filter(pk__in=[pk for pk, _, _ in some]).only("pk").delete()[0]
