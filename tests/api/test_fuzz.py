"""Generated requests: no server error, no undocumented answer, no answer of another shape than the schema's."""

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import token_of
from tests.rights.reviews import bring_review_to
from tests.rights.world import make_world
from tests.support.begun import afresh

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


def scoring():
    world = make_world()
    bring_review_to(world, "scoring")
    return world


def fuzz(examples: int, role: str) -> int:
    """Send generated requests as a role; how many. Ids are those of the world half of the time."""
    world = afresh(scoring)
    headers = {"Authorization": f"Bearer {token_of(world.people[role])}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", get_wsgi_application(), headers=headers)
    ids = {
        "programs": world.program,
        "reviews": world.review,
        "revisions": world.revision,
        "criteria-versions": world.draft_version,
    }
    sent = 0
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def send(case):
            nonlocal sent
            sent += 1
            known = ids.get(case.path.split("/")[3])
            if known is not None and sent % 2 and "id" in (case.path_parameters or {}):
                case.path_parameters["id"] = str(known.uuid)
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=CHECKS)

        send()
    return sent


@pytest.mark.django_db(transaction=True)
def test_generated_requests_of_the_lead(settings):
    settings.API_RATE_PER_MINUTE = 1_000_000
    assert fuzz(4, "lead") > 50


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ["lead", "admin", "rater", "viewer"])
def test_many_generated_requests(settings, role):
    settings.API_RATE_PER_MINUTE = 1_000_000
    assert fuzz(60, role) > 1000
