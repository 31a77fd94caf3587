"""The demo's organizations, made by the services that people use: so that what it shows is what the product does."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from accounts import people
from accounts.models import Function, Membership, Organization
from assessments import jobs
from assessments.models import ApprovalStep, CriteriaVersion, Job, Program, Review
from assessments.services import (
    approvals,
    condition_states,
    conditions,
    criteria,
    programs,
    ratings,
    reconciling,
    reports,
    reviews,
    signing,
    submissions,
    tripwires,
)
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
    "in_approval": ("open", "start", "rate", "reveal", "agree", "submit", "sign"),
    "returned": ("open", "start", "rate", "reveal", "agree", "submit", "sign", "return_"),
    "approved": ("open", "start", "rate", "reveal", "agree", "submit", "sign", "report"),
    "no_longer_holds": ("open", "start", "rate", "reveal", "agree", "submit", "sign", "report", "move_on"),
}
BEFORE_RESULTS = ("open", "start", "rate", "reveal", "agree")
AFTER_RESULTS = ("submit", "sign", "return_", "report", "move_on")


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
        # A submission and a report want a result of the latest inputs; everything before them is computed once.
        for acts in (BEFORE_RESULTS, AFTER_RESULTS):
            for told, program in self.programs:
                for act in PATHS[told["state"]]:
                    if act in acts:
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
        document = self.document(told)
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

    def document(self, told: dict) -> dict[str, Any]:
        """The facts of a program of the story: those of a profile, with what the story says instead."""
        document = yaml.safe_load((PROFILES / f"{told['profile']}.yaml").read_text(encoding="utf-8"))
        if "named" in told:
            document["program_name"] = told["named"]
        return document | told.get("facts", {})

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

    def submit(self, told: dict, program: Program) -> None:
        """Propose what the result says; every condition gets a person of the function that it is for."""
        lead, review = self.people[told["lead"]], self._review(program)
        numbers = submissions.result_for_submission(review).numbers
        chosen = numbers["verdict"]["option"]
        entries = [
            {
                "key": demand.key,
                "owner": self._speaks_for(demand.function_key, lead),
                "due_month": demand.due_month or 6,
            }
            for demand in conditions.demands_on(numbers, chosen)
        ]
        entries += [
            {**row, "owner": self.people[row["owner"]], "function_key": self.people[row["owner"]].functions[0].key}
            for row in told.get("advised", [])
        ]
        for wire in told.get("tripwires", []):
            tripwires.set_tripwire(member=lead, review_id=review.pk, **wire | {"owner": self.people[wire["owner"]]})
        submissions.submit(
            member=lead,
            review_id=review.pk,
            kind="recommended",
            option_key=chosen,
            justification=told["proposal"],
            conditions=entries,
        )

    def _speaks_for(self, function: str, otherwise: Membership) -> Membership:
        rows = (row for row in self.told["people"] if function in row["functions"])
        found = next(rows, None)
        return self.people[found["key"]] if found else otherwise

    def sign(self, told: dict, program: Program) -> None:
        review = self._review(program)
        functional, executive = (review.steps.get(submission__number=1, key=key) for key in ("functional", "executive"))
        for function, key in told["signs"]["functional"].items():
            self._sign(self.people[key], functional, "reviewed", function)
        if "executive" in told["signs"]:
            self._sign(self.people[told["signs"]["executive"]], executive, "approved")

    def _sign(self, person: Membership, step: ApprovalStep, meaning: str, function: str = "") -> None:
        shown = signing.what_is_signed(step, signing.proposed_of(step))
        grant = signing.grant_to_sign(member=person, step_id=step.pk, password=self.password, bound_to=shown)
        approvals.sign(member=person, step_id=step.pk, grant=grant, meaning=meaning, function_key=function)

    def return_(self, told: dict, program: Program) -> None:
        approvals.return_review(
            member=self.people[told["returned"]["by"]],
            review_id=self._review(program).pk,
            reason=told["returned"]["reason"],
        )

    def report(self, told: dict, program: Program) -> None:
        review = Review.objects.get(program=program, state=Review.State.APPROVED)
        reports.ask_for_report(member=self.people[told["lead"]], review_id=review.pk)

    def move_on(self, told: dict, program: Program) -> None:
        """After the approval: work on its conditions, and facts that moved, on which the watch follows."""
        review = Review.objects.get(program=program, state=Review.State.APPROVED)
        for title, state, note in told["after"]["conditions"]:
            row = review.conditions.select_related("owner").get(title=title)
            condition_states.move(member=row.owner, condition_id=row.pk, state=state, note=note)
        programs.import_revision(
            member=self.people[told["lead"]],
            program=program,
            document=self.document(told) | told["after"]["facts"],
            summary=told["after"]["summary"],
            day=self.today.isoformat(),
        )


def _does(row: dict[str, Any]) -> str:
    """Roles and functions in words, for the list that the demo prints."""
    names = dict(Function.DEFAULTS)
    functions = ", ".join(names[key] for key in row["functions"])
    return ", ".join(row["roles"]) + (f"; speaks for {functions}" if functions else "")
