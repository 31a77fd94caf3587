"""Reports by the API: asked for as often as a person may, and no more."""

from django.utils import timezone

from accounts.models import AuditEvent
from assessments.models import Job, Report
from assessments.services import reports


def test_rl_1_two_under_way_or_ten_an_hour_answer_429_and_the_same_key_works_later(world, review_in, caller):
    """A refusal leaves nothing, and is kept under no Idempotency-Key. Who asks in vain is one person, not all."""
    review = review_in("in_approval")
    place, lead = f"reviews/{review.uuid}/reports/", world.people["lead"]
    common = {"organization": lead.organization, "review": review, "asked_by": lead}
    two = [Report.objects.create(inputs=f"{number}", **common) for number in range(reports.MOST_RUNNING)]
    for report in two:
        reports._owe(report, lead)
    asked = caller("lead").post(place, Idempotency_Key="brief")
    assert (asked.status_code, asked.json()["code"], asked.headers["Retry-After"]) == (429, "too_many", "15")
    Job.objects.filter(kind="report").update(state="done")
    hour = [Report(inputs=f"more {number}", asked_at=timezone.now(), **common) for number in range(8)]
    Report.objects.bulk_create(hour)
    asked = caller("lead").post(place, Idempotency_Key="brief")
    assert (asked.status_code, asked.json()["code"]) == (429, "too_many")
    assert 3500 < int(asked.headers["Retry-After"]) <= 3600
    assert Report.objects.count() == reports.MOST_AN_HOUR
    assert not AuditEvent.objects.filter(action="report.asked").exists()
    assert caller("approver").post(place).status_code == 202
    Report.objects.filter(inputs="more 0").delete()
    assert caller("lead").post(place, Idempotency_Key="brief").status_code == 202
