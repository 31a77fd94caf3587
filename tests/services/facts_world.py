"""A program on the default framework, with a lead and people of functions; shared by the tests of facts."""

from pathlib import Path

import assessments.frameworks
from accounts import people
from accounts.models import Membership
from assessments.services import criteria, programs
from tests.support.documents import demo_profile, framework_document

DEMO = Path(assessments.frameworks.__file__).parent / "demo"
PROFILES = sorted(DEMO.glob("*.yaml"))
DAY = "2026-01-15"


def profile(name="brightwater", **changed) -> dict:
    """A demo profile with month 0 on 15 January 2026."""
    return demo_profile(name) | {"assessment_date": DAY} | changed


class FactsWorld:
    """people: admin, lead, cmc, finance, viewer, auditor; a program without facts."""

    def __init__(self, slug="h"):
        admin = people.found_organization(
            name=slug, slug=slug, admin_email=f"a@{slug}.example.org", admin_name="Ada Ng"
        )
        self.admin = Membership.objects.with_rights().get(pk=admin.pk)
        self.lead = self._person("lead", ("assessor",), ("qa",), slug)
        self.cmc = self._person("cmc", ("assessor",), ("cmc",), slug)
        self.supply = self._person("supply", ("assessor",), ("supply_chain",), slug)
        self.finance = self._person("finance", ("assessor",), ("finance",), slug)
        self.viewer = self._person("viewer", ("viewer",), (), slug)
        self.auditor = self._person("auditor", ("auditor",), (), slug)
        draft = criteria.import_draft(member=self.admin, document=framework_document())
        self.version = criteria.publish(member=self.admin, version_id=draft.pk, reason="First version.")
        self.program = self.new_program("BW-310")

    def _person(self, name, roles, functions, slug):
        return people.add_member(
            actor=self.admin,
            email=f"{name}@{slug}.example.org",
            full_name=f"{name.title()} Ode",
            roles=roles,
            functions=functions,
        )

    def new_program(self, name):
        return programs.create_program(member=self.admin, name=name, criteria_version=self.version, lead=self.lead)

    def fill(self, name="brightwater", program=None, **changed):
        """Save a demo profile as the program's next revision."""
        program = program or self.program
        saved = programs.import_revision(
            member=self.lead, program=program, document=profile(name, **changed), summary="First facts"
        )
        program.refresh_from_db()
        return saved
