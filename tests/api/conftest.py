"""A world of people and a review, and callers of the API with tokens of their own."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, Membership
from assessments import jobs
from assessments.models import Job
from tests.rights.reviews import bring_review_to
from tests.rights.world import make_world
from tests.support.begun import shared

BASE = "/api/v1/"


def token_of(member: Membership, *scopes: str, days: float = 1) -> str:
    """The secret of a new token; a negative number of days makes one that has expired."""
    secret = ApiToken.new_secret()
    ApiToken.objects.create(
        organization_id=member.organization_id,
        membership=member,
        name="test",
        digest=ApiToken.digest_of(secret),
        scopes=list(scopes or ApiToken.SCOPES),
        expires_at=timezone.now() + timedelta(days=days),
    )
    return secret


@dataclass
class Caller:
    """Sends requests of one membership; paths are given below /api/v1/."""

    secret: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def __call__(self, method: str, path: str, body=None, **headers):
        given = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        more = {} if body is None else {"data": body, "content_type": "application/json"}
        url = path if path.startswith(("/", "http")) else BASE + path
        return getattr(self.client, method.lower())(url, headers=given, **more)

    def get(self, path, **headers):
        return self("GET", path, **headers)

    def post(self, path, body=None, **headers):
        return self("POST", path, {} if body is None else body, **headers)


begun, world = shared(make_world)


@pytest.fixture
def caller(world):
    """`caller("lead")` sends requests as that person of the world; more scopes may be named."""

    def of(role: str, *scopes: str) -> Caller:
        return Caller(token_of(world.people[role], *scopes))

    return of


@pytest.fixture
def review_in(world):
    """Bring the world's review into a state: `review_in("scoring")`."""

    def bring(state: str):
        bring_review_to(world, state)
        return world.review

    return bring


def work_off() -> None:
    """Run what is owed, as a worker would; needs a test without an outer transaction."""
    for job in Job.objects.exclude(state=Job.State.DONE):
        jobs.run(job.pk)
