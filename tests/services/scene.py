"""A program with facts, its lead and a team of raters, made by the services that people use."""

from dataclasses import dataclass
from typing import Any

from accounts import people
from accounts.models import Membership
from assessments.models import Review
from assessments.services import criteria, programs, ratings, reconciling, reviews
from tests.scoring import sample
from tests.support.work import work_off

QUESTION = "Where should MSC-1 be made?"


@dataclass
class Scene:
    admin: Membership
    lead: Membership
    program: Any
    raters: dict[str, Membership]
    review: Review | None = None

    def function(self, key):
        return self.admin.organization.functions.get(key=key)

    def assign(self, name):
        rater = self.raters[name]
        return reviews.assign(member=self.lead, review_id=self.review.pk, membership=rater, function=rater.functions[0])

    def rate(self, name, score, criterion="first_lot", option="own", **more):
        return ratings.rate(
            member=self.raters[name],
            review_id=self.review.pk,
            criterion_key=criterion,
            option_key=option,
            score=score,
            **more,
        )

    def now(self) -> Review:
        return Review.objects.select_related("program", "criteria_version", "revision").get(pk=self.review.pk)


def document() -> dict:
    """The small framework; QA is consulted about the criterion that CMC owns."""
    given = sample.document()
    given["schema"]["fields"].append({"key": "assessment_date", "label": "Month 0", "type": "date"})
    given["dimensions"][0]["criteria"][0]["consulted"] = ["qa"]
    return given


def facts(**changed) -> dict:
    return sample.profile() | {"assessment_date": "2026-01-15"} | changed


def save_facts(scene: Scene, **changed):
    return programs.import_revision(
        member=scene.lead, program=scene.program, document=facts(**changed), summary="Facts as they are"
    )


def make_scene(**raters: str) -> Scene:
    """raters: name="function key", each an assessor who speaks for that function."""
    founded = people.found_organization(name="H", slug="h", admin_email="ada@example.org", admin_name="Ada Ng")
    admin = Membership.objects.with_rights().get(pk=founded.pk)

    def add(name, *functions, roles=("assessor",)):
        return people.add_member(
            actor=admin, email=f"{name}@example.org", full_name=name.title(), roles=roles, functions=functions
        )

    lead = add("lea", "regulatory")
    draft = criteria.import_draft(member=admin, document=document())
    version = criteria.publish(member=admin, version_id=draft.pk, reason="First version.")
    program = programs.create_program(member=admin, name="MSC-1", criteria_version=version, lead=lead)
    scene = Scene(admin, lead, program, {name: add(name, function) for name, function in raters.items()})
    save_facts(scene)
    return scene


def open_review(scene: Scene) -> Review:
    scene.program.refresh_from_db()
    scene.review = reviews.open_review(member=scene.lead, program=scene.program, question=QUESTION)
    return scene.review


def start_scoring(scene: Scene) -> Review:
    """A review in blind scoring with everyone assigned."""
    if scene.review is None or scene.review.state != Review.State.DRAFT:
        open_review(scene)
    for name in scene.raters:
        scene.assign(name)
    scene.review = reviews.start(member=scene.lead, review_id=scene.review.pk)
    return scene.review


def rate_blind() -> Scene:
    """A review that two of different functions have rated far apart, not yet revealed."""
    scene = make_scene(cem="cmc", quin="qa")
    start_scoring(scene)
    scene.rate("cem", 2)
    scene.rate("quin", 5)
    return scene


def reveal(scene: Scene) -> Scene:
    """Reveal the ratings, with the results that follow from them."""
    reconciling.reveal(member=scene.lead, review_id=scene.review.pk, reason="Time is up.")
    work_off()
    return scene
