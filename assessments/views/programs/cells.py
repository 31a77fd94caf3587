"""The facts page's own view of a draft: sections, rows and cells, with what was typed and what was wrong with it."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from accounts.audit import database_now
from assessments.errors import Clash
from assessments.forms import facts as raw_facts
from assessments.models import DraftOption
from assessments.permissions import ProgramRights
from assessments.scoring.schema import Field
from assessments.services.drafts import Cell, Draft
from assessments.views.programs.words import date_words, month_words, range_words, value_words


@dataclass
class Answer:
    """What became of an edit that was not taken: the raw content that was typed, and why."""

    raw: raw_facts.Raw
    as_of: str = ""
    error: str = ""
    clash: Clash | None = None


@dataclass
class FactView:
    """One fact as its control shows it."""

    cell: Cell
    start: datetime.date | None
    today: datetime.date
    editable: bool
    changed: bool
    answer: Answer | None = None

    @property
    def field(self) -> Field:
        return self.cell.field

    @property
    def name(self) -> str:
        return self.cell.name

    @property
    def id(self) -> str:
        return "fact-" + self.name.replace(".", "--")

    @property
    def version(self) -> int:
        """The version that the next edit will have seen; after a clash, which shows both values, the present one."""
        clash = self.answer.clash if self.answer else None
        return clash.version if clash is not None and clash.version is not None else self.cell.version

    @property
    def raw(self) -> raw_facts.Raw:
        return self.answer.raw if self.answer else raw_facts.shown(self.field, self.cell.value)

    @property
    def was(self) -> str:
        return raw_facts.kept_raw(raw_facts.shown(self.field, self.cell.value))

    @property
    def as_of(self) -> str:
        if self.answer and self.answer.as_of:
            return self.answer.as_of
        return self.cell.as_of.isoformat() if self.cell.as_of else ""

    @property
    def as_of_was(self) -> str:
        return self.cell.as_of.isoformat() if self.cell.as_of else ""

    @property
    def aged(self) -> bool:
        return self.cell.is_aged(self.today)

    @property
    def error(self) -> str:
        return self.answer.error if self.answer else ""

    @property
    def clash(self) -> Clash | None:
        return self.answer.clash if self.answer else None

    @property
    def mine(self) -> str:
        return value_words(self.field, self.clash.attempted) if self.clash else ""

    @property
    def theirs(self) -> str:
        return value_words(self.field, self.cell.value) if self.clash else ""

    @property
    def month(self) -> str:
        """The calendar month beside a month field."""
        if self.field.clock not in ("anchored", "remaining") or not isinstance(self.cell.value, int | float):
            return ""
        return month_words(self.start, self.cell.value)

    @property
    def words(self) -> str:
        return value_words(self.field, self.cell.value)

    @property
    def empty_words(self) -> str:
        if self.field.default is not None:
            return f"{value_words(self.field, self.field.default)} unless given"
        return "unknown" if self.field.nullable else "missing"

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Rows of a list's editor, with an empty one at the end."""
        rows: list[Any] = [*self.raw, {key: "" for key in self.field.items}] if self.editable else list(self.raw)
        return [
            {
                "name": f"{self.name}.{at}",
                "is_new": at == len(self.raw),
                "month": self._entry_month(row),
                "inputs": [
                    {"name": f"{self.name}.{at}.{key}", "key": key, "item": item, "value": row.get(key, "")}
                    for key, item in self.field.items.items()
                ],
            }
            for at, row in enumerate(rows)
        ]

    def _entry_month(self, row: dict[str, str]) -> str:
        for key, item in self.field.items.items():
            if item.clock == "anchored":
                month = raw_facts.typed(item, row.get(key, ""))
                if isinstance(month, int | float):
                    return month_words(self.start, month)
        return ""

    @property
    def author(self) -> str:
        row = self.cell.row
        return row.updated_by.name if row and row.updated_by else ""


@dataclass
class RowView:
    """A field of a section: one cell for the program, or one for each option column (None where it has no such fact)."""

    field: Field
    cells: list[FactView | None]
    owner: str

    @property
    def range(self) -> str:
        return range_words(self.field)

    @property
    def editable(self) -> bool:
        return any(cell and cell.editable for cell in self.cells)


@dataclass
class SectionView:
    key: str
    name: str
    given: int = 0
    total: int = 0
    to_confirm: int = 0
    rows: list[RowView] = field(default_factory=list)
    option_rows: list[RowView] = field(default_factory=list)
    columns: list[DraftOption] = field(default_factory=list)

    @property
    def missing(self) -> int:
        return self.total - self.given


class DraftView:
    """The sections of a draft as one person sees them; commercial facts are left out without the right."""

    def __init__(self, draft: Draft, rights: ProgramRights, answers: dict[str, Answer] | None = None):
        self.draft, self.rights, self.answers = draft, rights, answers or {}
        self.sees_commercial = bool(rights.see_commercial())
        self.today = database_now().date()
        self.functions = draft.framework.data.get("functions", {})
        self.changed = {
            (one.field.key, one.option) for one in draft.unsaved if one.field is not None and draft.program.revision
        }

    def visible(self) -> list[Cell]:
        return [cell for cell in self.draft.cells if self.sees_commercial or not cell.field.commercial]

    def fact(self, cell: Cell) -> FactView:
        return FactView(
            cell=cell,
            start=self.draft.assessment_date,
            today=self.today,
            editable=bool(self.rights.edit_fact(cell.field.owner, commercial=cell.field.commercial)),
            changed=(cell.field.key, cell.option_key) in self.changed,
            answer=self.answers.get(cell.name),
        )

    def sections(self) -> dict[str, SectionView]:
        """Every section with its counts, in the schema's order; fields without one come last."""
        named = {**self.draft.schema.sections}
        for cell in self.draft.cells:
            named.setdefault(cell.field.section, "Other facts")
        found = {key: SectionView(key, name) for key, name in named.items()}
        for cell in self.visible():
            section = found[cell.field.section]
            if not cell.field.nullable and cell.field.default is None:
                section.total += 1
                section.given += not cell.is_missing
            section.to_confirm += cell.to_confirm
        return {key: section for key, section in found.items() if self._has_facts(key)}

    def _has_facts(self, section: str) -> bool:
        return any(cell.field.section == section for cell in self.visible())

    def section(self, key: str) -> SectionView:
        """One section with its rows."""
        section = self.sections()[key]
        cells = [cell for cell in self.visible() if cell.field.section == key]
        section.columns = [
            option for option in self.draft.options if any(cell.option_key == option.key for cell in cells)
        ]
        by_field: dict[str, list[Cell]] = {}
        for cell in cells:
            by_field.setdefault(cell.field.key, []).append(cell)
        for of_field in by_field.values():
            one = of_field[0].field
            owner = self.functions.get(one.owner, one.owner)
            if one.scope == "program":
                section.rows.append(RowView(one, [self.fact(of_field[0])], owner))
                continue
            there = {cell.option_key: self.fact(cell) for cell in of_field}
            section.option_rows.append(RowView(one, [there.get(option.key) for option in section.columns], owner))
        return section

    @property
    def month_zero(self) -> str:
        start = self.draft.assessment_date
        return date_words(start) if start else ""
