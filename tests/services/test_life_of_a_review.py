"""Whatever people try, in whatever order: a review moves only along the edges of its life, only by those who may move
it, records stay as they were signed, duties stay apart, and a refusal leaves nothing behind (V2.3.1, P11-10f, MA-3).
"""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from accounts import people
from accounts.models import MembershipFunction
from accounts.permissions import ALLOWED
from assessments import permissions
from assessments.services import routes
from tests.factories import MembershipFactory
from tests.rights.world import make_world
from tests.services.lives import MAY, Life

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = make_world(qms=0)
    here = world.program.organization
    for role, roles, function in (("second", ["assessor"], "qa"), ("second_approver", ["approver", "assessor"], "cmc")):
        world.people[role] = MembershipFactory(organization=here, with_roles=roles)
        MembershipFunction.objects.create(
            organization=here, membership=world.people[role], function=here.functions.get(key=function)
        )
    people.deactivate_member(actor=world.people["admin"].now(), membership_id=world.people["deactivated"].pk)
    return world


def live(world, examples: int, steps: int) -> set[str]:
    """Live that many lives; which acts took effect in any of them."""
    done: set[str] = set()
    machine = type("LifeInThisWorld", (Life,), {"world": world, "done": done})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=(Phase.generate,),  # a shorter way to the same fault takes longer to find than the fault to read
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return done


def test_a_review_lives_by_its_rules(world):
    assert live(world, examples=14, steps=25) >= {"open", "start", "finish", "reveal", "submit", "sign_the_decision"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("where", "name", "instead"),
    [
        (permissions, "separation_of_duties", lambda member, step: ALLOWED),
        (permissions, "can_lead_review", lambda member, program: ALLOWED),
        (routes, "fulfilled", lambda step, parties, signed: True),
    ],
)
def test_these_lives_find_a_guard_that_is_off(world, monkeypatch, where, name, instead):
    monkeypatch.setattr(where, name, instead)
    with pytest.raises(AssertionError):
        live(world, examples=300, steps=25)


@pytest.mark.long
def test_a_review_lives_by_its_rules_for_long(world):
    assert live(world, examples=80, steps=30) == set(MAY) | {"delegate"}
