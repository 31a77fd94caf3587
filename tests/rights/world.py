"""One organization with a person in every role, a program with facts and a review; and a stranger next door."""

from dataclasses import dataclass, field
from typing import Any

from accounts.models import MembershipFunction
from assessments.models import ProfileDraft, ProfileRevision, Program, ProgramMember
from assessments.services import criteria
from tests.factories import MembershipFactory, OrganizationFactory
from tests.scoring import sample


@dataclass
class World:
    people: dict[str, Any]
    version: Any
    draft_version: Any
    program: Any
    revision: Any
    review: Any = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def foreign_membership(self):
        return self.people["stranger"].uuid


def document() -> dict:
    given = sample.document()
    given["schema"]["fields"].append({"key": "assessment_date", "label": "Month 0", "type": "date"})
    given["route"] = [
        {"key": "functional", "name": "Functional sign-off", "kind": "functional", "functions": ["cmc", "qa"],
         "rule": "all", "due_days": 5},
        {"key": "executive", "name": "Executive decision", "kind": "executive", "role": "approver", "rule": "any",
         "due_days": 5},
    ]  # fmt: skip
    return given


def make_people() -> dict[str, Any]:
    here = OrganizationFactory()
    people = {
        role: MembershipFactory(organization=here, with_roles=[role])
        for role in ("viewer", "assessor", "approver", "admin", "auditor")
    }
    people["rater"] = MembershipFactory(organization=here, with_roles=["assessor"])
    people["lead"] = MembershipFactory(organization=here, with_roles=["assessor"])
    for role, function in (("rater", "cmc"), ("lead", "qa")):
        MembershipFunction.objects.create(
            organization=here, membership=people[role], function=here.functions.get(key=function)
        )
    people["nobody"] = MembershipFactory(organization=here)
    people["stranger"] = MembershipFactory(with_roles=["admin"])
    people["deactivated"] = MembershipFactory(organization=here, with_roles=["admin"])
    return people


def make_world(**changed) -> World:
    """Everything but the review, which each row wants in a state of its own. Keywords replace facts of the sample."""
    from assessments.scoring.framework import Framework
    from assessments.scoring.profile import read_profile

    people = make_people()
    admin, lead = people["admin"], people["lead"]
    draft = criteria.import_draft(member=admin, document=document())
    version = criteria.publish(member=admin, version_id=draft.pk, reason="First version.")
    draft_version = criteria.clone(member=admin, version=version)
    common = {"organization": admin.organization}
    program = Program.objects.create(name="MSC-1", criteria_version=version, created_by=admin, **common)
    ProfileDraft.objects.create(program=program, **common)
    ProgramMember.objects.create(program=program, membership=lead, is_lead=True, **common)
    facts = read_profile(
        sample.profile() | {"assessment_date": "2026-01-15"} | changed, Framework.from_data(document()).schema
    )
    revision = ProfileRevision.objects.create(
        program=program,
        number=1,
        facts=facts,
        option_keys=list(facts["options"]),
        digest="0" * 64,
        assessment_date="2026-01-15",
        summary="First facts",
        criteria_version=version,
        created_by=lead,
        **common,
    )
    Program.objects.filter(pk=program.pk).update(revision=revision)
    program.refresh_from_db()
    return World(people, version, draft_version, program, revision)
