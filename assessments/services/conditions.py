"""Conditions of a decision: those that gates demand, which can only be assigned, and those that people advise."""

import datetime
import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.text import slugify

from accounts.audit import record_event, sha256_of
from accounts.models import Function, Membership
from assessments import permissions
from assessments.errors import Clash, Invalid, WrongState
from assessments.models import Condition, ProgramMember, Review
from assessments.scoring.clock import after_months
from assessments.services.inputs import lock_review
from assessments.services.reviews import problem

LAST_MONTH = 120


@dataclass(frozen=True)
class Demand:
    """What a gate demands of some options: title, why, whose function, by which month from the assessment date."""

    key: str
    gate: str
    title: str
    because: str
    function_key: str
    due_month: int | None
    options: frozenset[str]


@dataclass(frozen=True)
class Line:
    """A condition as it stands now. `condition` is None while nobody has assigned what a gate demands."""

    demand: Demand | None
    condition: Condition | None

    @property
    def key(self) -> str:
        return self.condition.key if self.condition else self.demand.key

    @property
    def title(self) -> str:
        return self.condition.title if self.condition else self.demand.title

    @property
    def because(self) -> str:
        return self.condition.because if self.condition else self.demand.because

    @property
    def gate(self) -> str:
        return self.demand.gate if self.demand else ""

    @property
    def mandatory(self) -> bool:
        return self.demand is not None

    @property
    def owner(self) -> Membership | None:
        return self.condition.owner if self.condition else None

    @property
    def due_month(self) -> int | None:
        return self.condition.due_month if self.condition else self.demand.due_month

    @property
    def version(self) -> int:
        return self.condition.version if self.condition else 0


def key_of(source: str, title: str) -> str:
    """A stable key: the gate (or "advised") and the title, which two entries of one gate need not share."""
    return f"{slugify(source)}-{sha256_of(title)[:12]}"


def demands(numbers: Mapping[str, Any]) -> list[Demand]:
    """What the gates of a result demand, one entry per gate and title, in the gates' order."""
    found: dict[str, dict[str, Any]] = {}
    for gate in numbers["gates"]:
        asked = gate["condition"]
        if asked is None:
            continue
        key = key_of(gate["id"], asked["title"])
        due = None if asked["due"] is None else min(max(0, math.ceil(asked["due"])), LAST_MONTH)
        entry = found.setdefault(key, {"gate": gate, "asked": asked, "due": due, "options": set(), "messages": []})
        entry["options"].update(gate["options"])
        if gate["message"] not in entry["messages"]:
            entry["messages"].append(gate["message"])
        if due is not None and (entry["due"] is None or due < entry["due"]):
            entry["due"] = due
    return [
        Demand(
            key,
            entry["gate"]["id"],
            entry["asked"]["title"],
            " ".join(entry["messages"]),
            entry["asked"]["owner"] or "",
            entry["due"],
            frozenset(entry["options"]),
        )
        for key, entry in found.items()
    ]


def demands_on(numbers: Mapping[str, Any], option_key: str) -> list[Demand]:
    """The demands on an option. Without one ("not yet"): those on the option that the result puts first, or all."""
    wanted = option_key or numbers["verdict"]["option"]
    return [demand for demand in demands(numbers) if not wanted or wanted in demand.options]


def lines_of(review: Review, numbers: Mapping[str, Any], option_key: str) -> list[Line]:
    """Every condition that goes with a choice: the gates' demands first, then what people advise."""
    rows = {row.key: row for row in review.conditions.select_related("owner__user", "owner_function")}
    wanted = demands_on(numbers, option_key)
    advised = [row for row in rows.values() if not row.mandatory]
    return [Line(demand, rows.get(demand.key)) for demand in wanted] + [Line(None, row) for row in advised]


def due_date(assessment_date: datetime.date, month: int | None) -> datetime.date | None:
    """The calendar date of a due month counted from the assessment date (month 0); None without a month."""
    return None if month is None else after_months(assessment_date, month)


def entries_of(lines: Iterable[Line], assessment_date: datetime.date) -> list[dict[str, Any]]:
    """Conditions as a proposed decision freezes them."""
    return [
        {
            "key": line.key,
            "gate": line.gate,
            "title": line.title,
            "because": line.because,
            "mandatory": line.mandatory,
            "owner_function": line.condition.owner_function.key if line.condition.owner_function else "",
            "owner": {"uuid": str(line.owner.uuid), "name": line.owner.name} if line.owner else None,
            "due_month": line.due_month,
            "due_on": due_date(assessment_date, line.due_month),
        }
        for line in lines
    ]


def _owner_of(review: Review, owner: Any, key: str, problems: list[dict]) -> Membership | None:
    """The active person that a membership or its uuid names."""
    try:
        named = owner.uuid if isinstance(owner, Membership) else uuid.UUID(str(owner))
    except ValueError:
        named = None
    people = Membership.objects.active().select_related("user").filter(organization_id=review.organization_id)
    found = people.filter(uuid=named).first()
    if found is None:
        problems.append(problem("owner", "Choose an active person of this organization.", str(owner), key))
    elif (
        review.program.restricted
        and not ProgramMember.objects.filter(program=review.program, membership=found).exists()
    ):
        problems.append(problem("owner", f"{found.name} is no member of this restricted program.", str(owner), key))
    return found


def _month_of(month: Any, key: str, problems: list[dict]) -> int | None:
    try:
        number = int(str(month).strip())
        within = 0 <= number <= LAST_MONTH
    except ValueError:
        within = False
    if not within:
        problems.append(problem("due_month", f"A due month is a whole number from 0 to {LAST_MONTH}.", str(month), key))
        return None
    return number


def put_conditions(
    *, member: Membership, review: Review, numbers: Mapping[str, Any], option_key: str, entries: Sequence[Mapping],
    on_behalf_of: Membership | None = None,
) -> None:  # fmt: skip
    """Assign demanded conditions and write advised ones, inside the caller's transaction and under its guard.

    entries  dicts with `owner` (membership or its uuid) and `due_month`; `key` of a demanded or written condition, or
             `title` (and `because`, `function_key`) of a new advised one; `version` as seen (0 where there was none)
    Raises   Invalid, Clash
    """
    demanded = {demand.key: demand for demand in demands_on(numbers, option_key)}
    functions = {row.key: row for row in Function.objects.filter(organization_id=review.organization_id)}
    problems: list[dict] = []
    for entry in entries:
        title = str(entry.get("title", "")).strip()
        key = str(entry.get("key", "")) or key_of("advised", title)
        row = Condition.objects.filter(review=review, key=key).first()
        demand = demanded.get(key)
        # A key of somebody's own would stand in the way of the condition that a gate demands under it later.
        if row is None and demand is None and (entry.get("key") or not title):
            problems.append(problem("key", "There is no such condition.", key))
            continue
        if len(title) > Condition._meta.get_field("title").max_length:
            problems.append(problem("title", "A title has at most 250 characters.", title, key))
            continue
        seen = entry.get("version")
        if seen is not None and seen != (row.version if row else 0):
            raise Clash("This condition was changed meanwhile.", version=row.version if row else 0)
        owner = _owner_of(review, entry.get("owner"), key, problems)
        due_month = _month_of(entry.get("due_month"), key, problems)
        if owner is None or due_month is None:
            continue
        function = functions.get(demand.function_key if demand else str(entry.get("function_key", "")))
        _write(member, review, row, demand, key, title, str(entry.get("because", "")), function, owner, due_month,
               on_behalf_of)  # fmt: skip
    if problems:
        raise Invalid(problems)


def _write(
    member: Membership, review: Review, row: Condition | None, demand: Demand | None, key: str, title: str, because: str,
    function: Function | None, owner: Membership, due_month: int, on_behalf_of: Membership | None,
) -> None:  # fmt: skip
    values: dict[str, Any] = {"owner": owner, "due_month": due_month}
    old = None
    if row is None:
        row = Condition.objects.create(
            organization_id=review.organization_id,
            review=review,
            key=key,
            gate=demand.gate if demand else "",
            title=demand.title if demand else title,
            because=demand.because if demand else because.strip(),
            mandatory=demand is not None,
            owner_function=function,
            **values,
        )
    else:
        old = {"owner": row.owner.name if row.owner else None, "due_month": row.due_month}
        Condition.objects.filter(pk=row.pk).update(**values, version=F("version") + 1)
    record_event(
        "condition.assigned",
        organization_id=review.organization_id,
        actor=member,
        on_behalf_of=on_behalf_of,
        subject=row,
        program=review.program,
        review=review,
        old=old,
        new={"owner": owner.name, "due_month": due_month},
    )


def materialise(review: Review, numbers: Mapping[str, Any], option_key: str) -> list[Line]:
    """Make the rows what the choice needs: demanded ones that nobody touched yet are written, those of gates that do
    not fire for it go. Advised ones stay."""
    wanted = {demand.key: demand for demand in demands_on(numbers, option_key)}
    review.conditions.filter(mandatory=True).exclude(key__in=wanted).delete()
    held = set(review.conditions.values_list("key", flat=True))
    functions = {row.key: row for row in Function.objects.filter(organization_id=review.organization_id)}
    Condition.objects.bulk_create(
        Condition(
            organization_id=review.organization_id,
            review=review,
            key=key,
            gate=demand.gate,
            title=demand.title,
            because=demand.because,
            mandatory=True,
            owner_function=functions.get(demand.function_key),
            due_month=demand.due_month,
        )
        for key, demand in wanted.items()
        if key not in held
    )
    return lines_of(review, numbers, option_key)


def lacking(lines: Iterable[Line]) -> list[tuple[Line, str]]:
    """The conditions that lack an owner or a date, each with what it lacks."""
    found = []
    for line in lines:
        missing = [
            words for value, words in ((line.owner, "an owner"), (line.due_month, "a due month")) if value is None
        ]
        if missing:
            found.append((line, " and ".join(missing)))
    return found


def _guarded(member: Membership, review_id: int) -> Review:
    review = lock_review(review_id, states=("reconciling",))
    permissions.can_lead_review(member.now(), review.program).require()
    return review


@transaction.atomic
def assign_condition(
    *, member: Membership, review_id: int, key: str, owner: Any, due_month: Any, seen_version: int = 0
) -> None:
    """Say who sees to a condition and by when. The lead's, while the review is reconciled.

    owner      a membership or its uuid
    due_month  counted from the assessment date
    Raises     NotAllowed, WrongState, Invalid, Clash
    """
    review = _guarded(member, review_id)
    numbers = _numbers(review)
    demanded = {demand.key: demand for demand in demands(numbers)}
    chosen = next(iter(demanded[key].options)) if key in demanded else ""
    entry = {"key": key, "owner": owner, "due_month": due_month, "version": seen_version}
    put_conditions(member=member, review=review, numbers=numbers, option_key=chosen, entries=[entry])


@transaction.atomic
def advise_condition(
    *, member: Membership, review_id: int, title: str, because: str = "", owner: Any, due_month: Any,
    function_key: str = "",
) -> None:  # fmt: skip
    """Add a condition that no gate demands. The lead's. Raises NotAllowed, WrongState, Invalid."""
    review = _guarded(member, review_id)
    if not title.strip():
        raise Invalid([problem("title", "Say what has to be done.", title)])
    if review.conditions.filter(key=key_of("advised", title.strip())).exists():
        raise Invalid([problem("title", "This condition is listed already.", title)])
    entry = {
        "title": title, "because": because, "owner": owner, "due_month": due_month, "function_key": function_key
    }  # fmt: skip
    put_conditions(member=member, review=review, numbers=_numbers(review), option_key="", entries=[entry])


@transaction.atomic
def drop_condition(*, member: Membership, review_id: int, key: str, seen_version: int) -> None:
    """Take an advised condition off the list. Raises NotAllowed, WrongState for one that a gate demands, Clash."""
    review = _guarded(member, review_id)
    row = review.conditions.filter(key=key).first()
    if key in {demand.key for demand in demands(_numbers(review))} or (row and row.mandatory):
        raise WrongState("A gate demands this condition; it can be assigned, not removed.")
    if row is None:
        return
    if row.version != seen_version:
        raise Clash("This condition was changed meanwhile.", version=row.version)
    record_event(
        "condition.dropped",
        organization_id=review.organization_id,
        actor=member,
        subject=row,
        program=review.program,
        review=review,
        old={"title": row.title, "owner": row.owner.name if row.owner else None, "due_month": row.due_month},
    )
    row.delete()


def _numbers(review: Review) -> Mapping[str, Any]:
    """The shown result's numbers, current or not: whose gates conditions follow until the submission fixes them."""
    if review.headline is None:
        raise WrongState("The first result of this review is still being computed.")
    return review.headline.numbers
