"""What waits and what was told is everybody's own."""

from django.db import transaction

from accounts.models import Notification
from accounts.outbound import notify
from tests.rights.rows import Row, signed_in, with_token


def told_to_the_rater(world):
    """Something that the rater was told; anyone else finds nothing there."""
    rater = world.people["rater"]
    if not Notification.objects.filter(key="told").exists():
        with transaction.atomic():
            notify(
                [rater],
                "ratings_revealed",
                organization_id=rater.organization_id,
                title="Everyone's ratings are shown now",
                url="/portfolio/",
                key="told",
            )
    return {"uuid": Notification.objects.get(key="told").uuid}


def by_id(world):
    return {"id": told_to_the_rater(world)["uuid"]}


OWN = signed_in(404, rater=302)
OWN_BY_TOKEN = with_token(404, rater=200)
NEVER = with_token(405)

TABLE = {
    "assessments:inbox": [Row("GET", signed_in(200)), Row("POST", signed_in(405))],
    "assessments:inbox_state": [Row("GET", signed_in(200)), Row("POST", signed_in(405))],
    "assessments:inbox_count": [Row("GET", signed_in(200)), Row("POST", signed_in(405))],
    "assessments:notifications_read": [Row("GET", signed_in(302)), Row("POST", signed_in(302))],
    "assessments:notification_read": [
        Row("GET", OWN, kwargs=told_to_the_rater),
        Row("POST", OWN, kwargs=told_to_the_rater),
    ],
    "api:inbox": [Row("GET", with_token(200), token=True), Row("POST", NEVER, token=True)],
    "api:notifications": [
        Row("GET", with_token(200), token=True),
        Row("PATCH", with_token(200), token=True, data=lambda world: {"read": True}),
        Row("PATCH", with_token(400), token=True, data=lambda world: {"read": False}),
        Row("POST", NEVER, token=True),
    ],
    "api:notification_detail": [
        Row("GET", OWN_BY_TOKEN, token=True, kwargs=by_id),
        Row("PATCH", OWN_BY_TOKEN, token=True, kwargs=by_id, data=lambda world: {"read": True}),
        Row("POST", NEVER, token=True, kwargs=by_id),
    ],
}
