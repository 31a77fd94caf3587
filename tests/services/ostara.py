"""Ostara of the demo programs in review: the default framework, its facts, a lead and raters of three functions."""

from accounts import people
from accounts.models import Membership
from assessments.models import Review
from assessments.services import criteria, programs, ratings, reconciling, reviews
from tests.factories import PASSWORD
from tests.services.scene import Scene
from tests.support.documents import demo_profile, framework_document
from tests.support.work import work_off

QUESTION = "Where should OST-101 be made until the pivotal trial?"
FUNCTIONS = {"cem": "cmc", "quin": "qa", "finn": "finance"}
ALSO = {"regi": "regulatory"}
WHY = "Nine lots say nothing about a second site."


# Reading the framework's YAML takes longer than anything else here.


def document(**changed) -> dict:
    """The profile, with facts that differ from it."""
    return demo_profile("ostara") | changed


def make_ostara(**changed) -> Scene:
    """Opened and computed, nobody assigned. changed: facts that differ from the profile."""
    founded = people.found_organization(
        name="Harbor", slug="harbor", admin_email="ada@example.org", admin_name="Ada Ng"
    )
    admin = Membership.objects.with_rights().get(pk=founded.pk)

    def add(name, *functions, roles=("assessor",)):
        return people.add_member(
            actor=admin,
            email=f"{name}@example.org",
            full_name=name.title(),
            password=PASSWORD,
            roles=roles,
            functions=functions,
        )

    lead = add("lea", "program_leadership")
    framework = criteria.import_draft(member=admin, document=framework_document())
    version = criteria.publish(member=admin, version_id=framework.pk, reason="First version.")
    program = programs.create_program(member=admin, name="OST-101", criteria_version=version, lead=lead)
    programs.import_revision(
        member=lead, program=program, document=document(**changed), summary="Facts", day="2026-11-15"
    )
    program.refresh_from_db()
    raters = {name: add(name, function) for name, function in FUNCTIONS.items()}
    raters |= {name: add(name, function) for name, function in ALSO.items()}
    raters |= {"grace": add("grace", roles=("approver",)), "vera": add("vera", roles=("viewer",))}
    scene = Scene(admin, lead, program, raters)
    scene.review = reviews.open_review(member=lead, program=program, question=QUESTION)
    work_off()
    return scene


def score(scene: Scene) -> None:
    """Everyone takes over the suggestions; QA rates the partner's quality two points lower and says why."""
    for name in FUNCTIONS:
        scene.assign(name)
    reviews.start(member=scene.lead, review_id=scene.review.pk)
    scene.rate("quin", 3, "omr_qms", "cdmo", rationale=WHY)
    for name in FUNCTIONS:
        ratings.accept_suggestions(member=scene.raters[name], review_id=scene.review.pk)
        ratings.finish_scoring(member=scene.raters[name], review_id=scene.review.pk)


def reveal(scene: Scene) -> Review:
    score(scene)
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk)
    work_off()
    return scene.now()
