"""The demo's organizations, made by the services that people use: so that what it shows is what the product does."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from accounts import people
from accounts.models import Membership, Organization
from assessments import jobs
from assessments.models import CriteriaVersion, Job, Program, Review
from assessments.services import criteria, programs, ratings, reconciling, reviews
from assessments.services.frameworks import default_document

FRAMEWORKS = Path(__file__).resolve().parent.parent / "frameworks"
STORY = FRAMEWORKS / "demo_story.yaml"
PROFILES = FRAMEWORKS / "demo"

# Each state of the story as the acts that lead there, one after the other.
PATHS = {
    "facts": (),
    "draft": ("open",),
    "scoring": ("open", "start", "rate"),
    "reconciling": ("open", "start", "rate", "reveal", "agree"),
    "in_approval": ("open", "start", "rate", "reveal", "agree"),
    "returned": ("open", "start", "rate", "reveal", "agree"),
    "approved": ("open", "start", "rate", "reveal", "agree"),
}


@dataclass(frozen=True)
class Account:
    """A person of the demo who can sign in."""

    email: str
    password: str
    about: str
    shown: bool


def read_story() -> dict:
    return yaml.safe_load(STORY.read_text(encoding="utf-8"))


def load(password: str, today: datetime.date) -> list[Account]:
    """Make every organization of the story that is not there yet; the accounts of those that were made now.

    password  of every person
    today     month 0 of all facts
    """
    accounts: list[Account] = []
    for told in read_story()["organizations"]:
        if not Organization.objects.filter(slug=told["slug"]).exists():
            accounts += _Telling(told, password, today).tell()
    return accounts


def settle() -> None:
    """Work off everything that is owed now, here and in order, without waiting for quiet."""
    while True:
        with transaction.atomic():
            Job.objects.filter(state=Job.State.QUEUED).update(
                next_at=datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
            )
        due = list(Job.objects.filter(state=Job.State.QUEUED).order_by("pk").values_list("pk", flat=True))
        if not due:
            return
        for job_id in due:
            jobs.run(job_id)


class _Telling:
    """One organization of the story."""

    def __init__(self, told: dict, password: str, today: datetime.date):
        self.told, self.password, self.today = told, password, today
        self.people: dict[str, Membership] = {}
        self.version: CriteriaVersion
        self.programs: list[tuple[dict, Program]] = []

    def tell(self) -> list[Account]:
        with transaction.atomic():
            self.bring_people()
            self.publish_criteria()
            for told in self.told["programs"]:
                self.programs.append((told, self.bring_program(told)))
        settle()
        paths = {id(program): list(PATHS[told["state"]]) for told, program in self.programs}
        while any(paths.values()):
            for told, program in self.programs:
                if paths[id(program)]:
                    act = paths[id(program)].pop(0)
                    getattr(self, act)(told, program)
            settle()
        return [
            Account(row["email"], self.password, f"{row['title']} ({_does(row)})", row["key"] in self.told["shown"])
            for row in self.told["people"]
        ]

    def bring_people(self) -> None:
        rows = self.told["people"]
        first = next(row for row in rows if "admin" in row["roles"])
        admin = people.found_organization(
            name=self.told["name"],
            slug=self.told["slug"],
            admin_email=first["email"],
            admin_name=first["name"],
            password=self.password,
        )
        for role in first["roles"]:
            people.grant_role(actor=admin, membership_id=admin.pk, role=role)
        Membership.objects.filter(pk=admin.pk).update(title=first["title"])
        self.people[first["key"]] = self.admin = admin.now()
        for row in rows:
            if row is not first:
                self.people[row["key"]] = people.add_member(
                    actor=self.admin,
                    email=row["email"],
                    full_name=row["name"],
                    password=self.password,
                    roles=tuple(row["roles"]),
                    functions=tuple(row["functions"]),
                    title=row["title"],
                )

    def publish_criteria(self) -> None:
        draft = criteria.import_draft(member=self.admin, document=default_document())
        self.version = criteria.publish(
            member=self.admin,
            version_id=draft.pk,
            reason="First framework of the organization, as reviewed by all eight functions.",
        )

    def bring_program(self, told: dict) -> Program:
        document = yaml.safe_load((PROFILES / f"{told['profile']}.yaml").read_text(encoding="utf-8"))
        if "named" in told:
            document["program_name"] = told["named"]
        lead = self.people[told["lead"]]
        program = programs.create_program(
            member=self.admin, name=document["program_name"], criteria_version=self.version, lead=lead
        )
        programs.import_revision(
            member=lead,
            program=program,
            document=document,
            summary="Facts as collected by the team.",
            day=self.today.isoformat(),
        )
        return Program.objects.get(pk=program.pk)

    def _review(self, program: Program) -> Review:
        return Review.objects.select_related("program", "criteria_version", "revision").get(
            program=program, state__in=Review.OPEN
        )

    def open(self, told: dict, program: Program) -> None:
        lead = self.people[told["lead"]]
        review = reviews.open_review(
            member=lead, program=program, question=told["question"], due_on=self.today + datetime.timedelta(days=21)
        )
        for key in self.told["raters"]:
            person = self.people[key]
            reviews.assign(
                member=lead,
                review_id=review.pk,
                membership=person,
                function=person.functions[0],
                due_on=self.today + datetime.timedelta(days=14),
            )

    def start(self, told: dict, program: Program) -> None:
        reviews.start(member=self.people[told["lead"]], review_id=self._review(program).pk)

    def rate(self, told: dict, program: Program) -> None:
        """Everyone takes over what the facts suggest and differs where the story says so."""
        review = self._review(program)
        for key in told.get("started", []) + told.get("done", self.told["raters"]):
            person, own = self.people[key], [row for row in told["ratings"] if row[0] == key]
            for _, criterion, option, score, confidence, rationale in own:
                ratings.rate(
                    member=person,
                    review_id=review.pk,
                    criterion_key=criterion,
                    option_key=option,
                    score=score,
                    confidence=confidence,
                    rationale=rationale,
                )
            if key not in told.get("started", []):
                ratings.accept_suggestions(member=person, review_id=review.pk)
                ratings.finish_scoring(member=person, review_id=review.pk)

    def reveal(self, told: dict, program: Program) -> None:
        reconciling.reveal(member=self.people[told["lead"]], review_id=self._review(program).pk)

    def agree(self, told: dict, program: Program) -> None:
        for criterion, option, value, note in told.get("agreed", []):
            reconciling.agree(
                member=self.people[told["lead"]],
                review_id=self._review(program).pk,
                criterion_key=criterion,
                option_key=option,
                value=value,
                note=note,
            )


def _does(row: dict[str, Any]) -> str:
    """Roles and functions in words, for the list that the demo prints."""
    functions = ", ".join(name.replace("_", " ") for name in row["functions"])
    return ", ".join(row["roles"]) + (f"; speaks for {functions}" if functions else "")
