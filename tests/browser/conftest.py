"""Real servers, a real worker and a real browser; four people with passwords."""

import pytest

from accounts import people
from accounts.models import Membership
from assessments.services import criteria
from tests.support.documents import framework_document
from tests.workers.conftest import broker, start_worker, wait_for, web

__all__ = ["broker", "organization", "start_worker", "wait_for", "web"]

PASSWORD = "birch-ember-kelp-4711"


@pytest.fixture
def organization(web) -> dict[str, Membership]:
    """An admin, a lead, a rater who speaks for every function that signs, and an executive; published criteria."""
    admin = people.found_organization(
        name="Northlight Cell Therapies",
        slug="northlight",
        admin_email="ada@northlight.example",
        admin_name="Ada Admin",
        password=PASSWORD,
    ).now()

    def join(email: str, name: str, roles: tuple[str, ...], functions: tuple[str, ...] = ()) -> Membership:
        return people.add_member(
            actor=admin, email=email, full_name=name, password=PASSWORD, roles=roles, functions=functions
        )

    draft = criteria.import_draft(member=admin, document=framework_document())
    criteria.publish(member=admin, version_id=draft.pk, reason="First framework.")
    signers = ("cmc", "qa", "regulatory", "finance")
    return {
        "admin": admin,
        "lead": join("lea@northlight.example", "Lea Lead", ("assessor",), ("program_leadership",)),
        "rater": join("rob@northlight.example", "Rob Rater", ("assessor",), signers),
        "executive": join("eva@northlight.example", "Eva Executive", ("approver",)),
    }
