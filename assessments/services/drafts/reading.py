"""Reading a draft: its values with their versions, what is missing, and what it implies."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from accounts.models import Membership
from assessments.errors import Missing
from assessments.models import DraftOption, DraftValue, ProfileDraft, Program
from assessments.permissions import ProgramRights
from assessments.scoring.clock import date_of_month
from assessments.scoring.confidential import without_commercial
from assessments.scoring.framework import Framework
from assessments.scoring.headline import Problem, headline
from assessments.scoring.language import EvaluationError
from assessments.scoring.profile import known_on
from assessments.scoring.schema import HOSTED, Field, Schema, ValueProblem
from assessments.services.differences import Difference, differences
from assessments.services.frameworks import framework_of
from assessments.services.revisions import facts_in_order, problem

NOTHING: dict[str, Any] = {"program": {}, "options": {}, "as_of": {}}


@dataclass(frozen=True)
class Cell:
    """One fact of the draft at its place; `row` is None while nobody gave it."""

    field: Field
    option: DraftOption | None
    row: DraftValue | None

    @property
    def option_key(self) -> str:
        return self.option.key if self.option else ""

    @property
    def name(self) -> str:
        """The key of the fact in forms and in `as_of`: "field" or "option.field"."""
        return known_on(self.field.key, self.option_key)

    @property
    def label(self) -> str:
        return f"{self.field.label} ({self.option.name})" if self.option else self.field.label

    @property
    def value(self) -> Any:
        return self.row.value if self.row else None

    @property
    def version(self) -> int:
        return self.row.version if self.row else 0

    @property
    def as_of(self) -> datetime.date | None:
        return self.row.as_of if self.row else None

    @property
    def to_confirm(self) -> bool:
        return bool(self.row and self.row.to_confirm)

    @property
    def is_missing(self) -> bool:
        """A value that a revision needs and the draft does not have."""
        return self.value is None and not self.field.nullable and self.field.default is None

    @property
    def effective(self) -> Any:
        """What a revision would say: the value, else the schema's default."""
        return self.field.default if self.value is None else self.value

    def problem(self) -> str:
        """Why a revision cannot take the value; "" where it can. Values moved by the clock are taken."""
        if self.is_missing:
            return f"{self.field.label} is missing."
        try:
            self.field.clean(self.effective, shifted=True)
        except ValueProblem as refused:
            return str(refused)
        return ""

    def months_date(self, start: datetime.date | None) -> datetime.date | None:
        """The calendar date of a month counted from `start`, for fields on the clock."""
        if (
            start is None
            or self.field.clock not in ("anchored", "remaining")
            or not isinstance(self.value, int | float)
        ):
            return None
        return date_of_month(start, self.value)

    def is_aged(self, today: datetime.date) -> bool:
        """Whether a dated fact is older than its shelf life."""
        if not (self.field.dated and self.field.shelf_life_days and self.as_of):
            return False
        return (today - self.as_of).days > self.field.shelf_life_days


@dataclass(frozen=True)
class Draft:
    """A draft as it was read: four queries."""

    program: Program
    row: ProfileDraft
    framework: Framework
    options: tuple[DraftOption, ...]
    values: dict[tuple[str, str], DraftValue]

    @property
    def schema(self) -> Schema:
        return self.framework.schema

    @property
    def version(self) -> int:
        return self.row.version

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """Every fact in the schema's order; those of options once for each option of their kinds."""
        return tuple(self._cells())

    def _cells(self) -> Iterator[Cell]:
        for field in self.schema.fields.values():
            if field.scope == "program":
                yield Cell(field, None, self.values.get(("", field.key)))
                continue
            for option in self.options:
                if option.kind in field.kinds:
                    yield Cell(field, option, self.values.get((option.key, field.key)))

    def cell(self, field: str, option_key: str = "") -> Cell | None:
        for cell in self.cells:
            if (cell.field.key, cell.option_key) == (field, option_key):
                return cell
        return None

    @property
    def assessment_date(self) -> datetime.date | None:
        """Month 0 of the draft."""
        row = self.values.get(("", "assessment_date"))
        try:
            return datetime.date.fromisoformat(row.value) if row and row.value else None
        except (TypeError, ValueError):
            return None

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the draft says as plain facts, complete or not; defaults stand where nothing was given."""
        facts: dict[str, Any] = {"program": {}, "options": {}, "as_of": {}}
        for option in self.options:
            said = {"kind": option.kind, "name": option.name, "host": option.host or None, "facts": {}}
            facts["options"][option.key] = said
        for cell in self.cells:
            own = facts["options"][cell.option_key]["facts"] if cell.option else facts["program"]
            own[cell.field.key] = cell.effective
            if cell.field.dated and cell.as_of:
                facts["as_of"][cell.name] = cell.as_of.isoformat()
        return facts

    @cached_property
    def lacking(self) -> list[dict]:
        """What keeps these facts from giving a result: missing or impossible values, no options, no host."""
        found = [
            problem(cell.field.key, said, option=cell.option_key, value=cell.value)
            for cell in self.cells
            if (said := cell.problem())
        ]
        if not self.options:
            found.append(problem("options", "The facts offer no option. Add one."))
        for option in self.options:
            if option.kind in HOSTED and HOSTED[option.kind] in self.schema.kinds and not self.host_of(option):
                host = self.schema.kinds[HOSTED[option.kind]]
                said = f"{option.name} needs a host: an option of kind {host}."
                found.append(problem("host", said, option=option.key))
        return found

    @cached_property
    def problems(self) -> list[dict]:
        """Every reason why these facts cannot be saved: what they lack, and what is still to be confirmed."""
        return self.lacking + [
            problem(
                cell.field.key,
                f"{cell.field.label} is to be confirmed: month 0 moved and nobody said yet that it still holds.",
                option=cell.option_key,
                value=cell.value,
            )
            for cell in self.cells
            if cell.to_confirm
        ]

    def host_of(self, option: DraftOption) -> DraftOption | None:
        wanted = HOSTED.get(option.kind)
        return next((one for one in self.options if one.key == option.host and one.kind == wanted), None)

    @cached_property
    def unsaved(self) -> list[Difference]:
        """What differs from the last saved revision; of a program without one, everything given."""
        revision = self.program.revision
        return differences(facts_in_order(revision) if revision else NOTHING, self.facts, self.schema)


def read_draft(program: Program) -> Draft:
    """The draft of a program as it stands."""
    row = ProfileDraft.objects.select_related("updated_by__user").get(program=program)
    values = DraftValue.objects.filter(draft=row).select_related("updated_by__user")
    return Draft(
        program,
        row,
        framework_of(program.criteria_version),
        tuple(row.options.all()),
        {(value.option_key, value.field): value for value in values},
    )


def completeness(draft: Draft) -> dict[str, Any]:
    """How many of the needed values are there: in all, by section, by the function that owns them; and which are not.

    {"given", "total", "sections": {key: {"given", "total"}}, "functions": {key: {..}}, "missing": [problem, ..]}
    """
    found: dict[str, Any] = {"given": 0, "total": 0, "sections": {}, "functions": {}, "missing": []}
    for cell in draft.cells:
        if cell.field.nullable or cell.field.default is not None:
            continue
        counts = [
            found,
            found["sections"].setdefault(cell.field.section, {"given": 0, "total": 0}),
            found["functions"].setdefault(cell.field.owner, {"given": 0, "total": 0}),
        ]
        for count in counts:
            count["total"] += 1
            count["given"] += not cell.is_missing
        if cell.is_missing:
            found["missing"].append(problem(cell.field.key, f"{cell.label} is missing.", option=cell.option_key))
    return found


def preview(draft: Draft, rights: ProgramRights) -> dict[str, Any]:
    """The headline that the draft would give, facts only, as somebody with these rights may see it.

    A scorecard as `scoring.headline` writes it. Reads nothing and stores nothing. Raises Missing while facts lack.
    """
    if draft.lacking:
        things = [{"what": one["field"], "message": one["message"]} for one in draft.lacking]
        raise Missing("The facts are not complete yet.", things)
    try:
        card = headline(Problem(draft.framework, draft.facts, tuple(option.key for option in draft.options)))
    except (EvaluationError, ValueError) as error:
        raise Missing("A rule has no answer for these facts.", [{"what": "rules", "message": str(error)}]) from error
    return card if rights.see_commercial() else without_commercial(card, draft.framework)


def draft_state(program: Program, member: Membership) -> dict[str, Any]:
    """The draft as plain data, as the member may see it: commercial facts are left out without the right.

    {"version", "updated_at", "updated_by", "assessment_date", "revision", "options": [..], "fields": [..],
     "completeness": {..}, "problems": [..], "changed": [names of facts that differ from the last revision]}
    """
    draft, rights = read_draft(program), ProgramRights(member, program)
    see = bool(rights.see_commercial())
    changed = {known_on(one.field.key, one.option) for one in draft.unsaved if one.field}
    return {
        "version": draft.version,
        "updated_at": draft.row.updated_at.isoformat(),
        "updated_by": draft.row.updated_by.name if draft.row.updated_by else None,
        "assessment_date": draft.assessment_date.isoformat() if draft.assessment_date else None,
        "revision": program.revision.number if program.revision else None,
        "options": [
            {"key": o.key, "kind": o.kind, "name": o.name, "host": o.host or None, "version": o.version}
            for o in draft.options
        ],
        "fields": [
            _plain(cell, rights, draft, changed) for cell in draft.cells if see or not cell.field.commercial
        ],
        "completeness": completeness(draft),
        "problems": [
            one if see or not draft.schema.fields.get(one["field"], _OPEN).commercial else one | {"value": None}
            for one in draft.problems
        ],
        "changed": sorted(changed),
    }  # fmt: skip


_OPEN = Field("", "", "text")


def _plain(cell: Cell, rights: ProgramRights, draft: Draft, changed: set[str]) -> dict[str, Any]:
    field, day = cell.field, cell.months_date(draft.assessment_date)
    return {
        "field": field.key,
        "option": cell.option_key,
        "label": field.label,
        "section": field.section,
        "owner": field.owner,
        "type": field.type,
        "unit": field.unit,
        "min": field.min,
        "max": field.max,
        "choices": dict(field.choices),
        "nullable": field.nullable,
        "default": field.default,
        "clock": field.clock,
        "dated": field.dated,
        "commercial": field.commercial,
        "value": cell.value,
        "version": cell.version,
        "as_of": cell.as_of.isoformat() if cell.as_of else None,
        "to_confirm": cell.to_confirm,
        "calendar_date": day.isoformat() if day else None,
        "missing": cell.is_missing,
        "changed": cell.name in changed,
        "editable": bool(rights.edit_fact(field.owner, commercial=field.commercial)),
    }
