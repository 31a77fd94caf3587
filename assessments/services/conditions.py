"""Conditions of a decision: those that gates demand, which can only be assigned, and those that people advise."""

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.text import slugify

from accounts.audit import Entry, record_event, record_events, sha256_of
from accounts.models import Function, Membership
from assessments import permissions
from assessments.errors import Invalid, WrongState
from assessments.models import Condition, Review
from assessments.scoring.clock import after_months
from assessments.scoring.confidential import HIDDEN, confidential
from assessments.services.deciding import lacks
from assessments.services.frameworks import framework_of
from assessments.services.inputs import lock_review
from assessments.services.owning import LAST_MONTH, month_of, owner_of
from assessments.services.reviews import problem, too_long
from assessments.services.versions import require_seen, shown_person

LONGEST_BECAUSE = 2000
DEMANDED = "A gate demands this condition; it can be assigned, not removed."


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
    def gone(self) -> str:
        """Why its owner cannot see to it, as it follows the name."""
        return self.condition.gone if self.condition else ""

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
    held = review.conditions.with_gone().select_related("owner__user", "owner_function")
    rows = {row.key: row for row in held}
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


def put_conditions(
    *, member: Membership, review: Review, numbers: Mapping[str, Any], option_key: str, entries: Sequence[Mapping],
    on_behalf_of: Membership | None = None,
) -> None:  # fmt: skip
    """Assign demanded conditions and write advised ones, inside the caller's transaction and under its guard.

    entries  dicts with `owner` (membership or its uuid) and `due_month`; `key` of a demanded or written condition, or
             `title` (and `because`, `function_key`) of a new advised one; `version` as seen (0 where there was none)
    Raises   Invalid, also for a new one that is listed already; Clash
    """
    demanded = {demand.key: demand for demand in demands_on(numbers, option_key)}
    functions = {row.key: row for row in Function.objects.filter(organization_id=review.organization_id)}
    held = review.conditions.values_list("title", flat=True)
    # In whatever capitals: two conditions of the same words are one.
    listed = {title.casefold() for title in (*held, *(demand.title for demand in demanded.values()))}
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
        because = str(entry.get("because", "")).strip()
        longest = Condition._meta.get_field("title").max_length
        if long := [
            *too_long("title", title, longest, what="A title", option=key),
            *too_long("because", because, LONGEST_BECAUSE, option=key),
        ]:
            problems += long
            continue
        if not entry.get("key") and title.casefold() in listed:
            problems.append(
                problem("title", "This condition is listed already; change it where it stands.", title, key)
            )
            continue
        require_seen(
            f"the condition “{row.title if row else title or key}”",
            entry.get("version"),
            row.version if row else 0,
            current={"owner": shown_person(row.owner), "due_month": row.due_month} if row else None,
            attempted={"owner": shown_person(entry.get("owner")), "due_month": entry.get("due_month")},
        )
        owner = owner_of(review, entry.get("owner"), key, problems)
        due_month = month_of(entry.get("due_month"), "due_month", key, problems)
        if owner is None or due_month is None:
            continue
        function = functions.get(demand.function_key if demand else str(entry.get("function_key", "")))
        _write(member, review, row, demand, key, title, because, function, owner, due_month,
               on_behalf_of)  # fmt: skip
        listed.add(title.casefold())
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
            because=demand.because if demand else because,
            mandatory=demand is not None,
            owner_function=function,
            **values,
        )
    elif (row.owner_id, row.due_month) == (owner.pk, due_month):
        return
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


def settle(
    *, member: Membership, review: Review, numbers: Mapping[str, Any], option_key: str,
    on_behalf_of: Membership | None = None,
) -> list[Line]:  # fmt: skip
    """Fit the rows to a choice, inside the caller's transaction: those of gates that do not fire for it go, and those of
    gates that do say why as the result says it now. Each that goes or changes has an event of its own. A demand that
    nobody was asked to see to stays without a row: it is `lacking`."""
    wanted = {demand.key: demand for demand in demands_on(numbers, option_key)}
    rows = list(review.conditions.filter(mandatory=True).select_related("owner__user"))
    gone = [row for row in rows if row.key not in wanted]
    moved = [row for row in rows if row.key in wanted and row.because != wanted[row.key].because]
    told = [Entry("condition.dropped", row, old=_said(row)) for row in gone]
    hidden = confidential(framework_of(review.criteria_version)).gates if moved else frozenset()
    for row in moved:
        old, row.because = row.because, wanted[row.key].because
        words = [HIDDEN if row.gate in hidden else one for one in (old, row.because)]
        told.append(Entry("condition.reworded", row, old={"because": words[0]}, new={"because": words[1]}))
    if told:
        Condition.objects.bulk_update(moved, ["because"])
        review.conditions.filter(pk__in=[row.pk for row in gone]).delete()
        record_events(
            told,
            organization_id=review.organization_id,
            actor=member,
            on_behalf_of=on_behalf_of,
            program=review.program,
            review=review,
        )
    return lines_of(review, numbers, option_key)


def _said(row: Condition) -> dict[str, Any]:
    """What the trail tells of a condition that comes or goes."""
    return {
        "title": row.title,
        "gate": row.gate,
        "owner": row.owner.name if row.owner else None,
        "due_month": row.due_month,
    }


def lacking(lines: Iterable[Line]) -> list[tuple[Line, str]]:
    """The conditions that lack an owner who can see to them, or a date, each with what it lacks."""
    each = [(line, lacks(line.owner, line.gone, line.due_month)) for line in lines]
    return [(line, words) for line, words in each if words]


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
    entry = {
        "title": title, "because": because, "owner": owner, "due_month": due_month, "function_key": function_key
    }  # fmt: skip
    put_conditions(member=member, review=review, numbers=_numbers(review), option_key="", entries=[entry])


@transaction.atomic
def drop_condition(*, member: Membership, review_id: int, key: str, seen_version: int) -> None:
    """Take an advised condition off the list. Raises NotAllowed, WrongState for one that a gate demands, Clash."""
    review = _guarded(member, review_id)
    if key in {demand.key for demand in demands(_numbers(review))}:
        raise WrongState(DEMANDED)
    row = review.conditions.filter(key=key).first()
    if row is None:
        return
    current = {"owner": shown_person(row.owner), "due_month": row.due_month}
    require_seen("this condition", seen_version, row.version, current=current)
    drop_rows(member=member, review=review, keys=[key])


def drop_rows(
    *, member: Membership, review: Review, keys: Sequence[str], on_behalf_of: Membership | None = None
) -> None:
    """Take advised conditions off, inside the caller's transaction and under its guard.

    Raises WrongState for one that a gate demands, Invalid for a key that is none
    """
    rows = list(review.conditions.filter(key__in=keys).select_related("owner__user"))
    if any(row.mandatory for row in rows):
        raise WrongState(DEMANDED)
    if unknown := set(keys) - {row.key for row in rows}:
        raise Invalid(
            [problem("dropped_conditions", "There is no such condition.", key, key) for key in sorted(unknown)]
        )
    if not rows:
        return
    record_events(
        [Entry("condition.dropped", row, old=_said(row)) for row in rows],
        organization_id=review.organization_id,
        actor=member,
        on_behalf_of=on_behalf_of,
        program=review.program,
        review=review,
    )
    review.conditions.filter(pk__in=[row.pk for row in rows]).delete()


def _numbers(review: Review) -> Mapping[str, Any]:
    """The shown result's numbers, current or not: whose gates conditions follow until the submission fixes them."""
    if review.headline is None:
        raise WrongState("The first result of this review is still being computed.")
    return review.headline.numbers
