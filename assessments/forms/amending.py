"""What an approver types to put another decision up: the choice, its conditions, its tripwires."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django import forms

from accounts.models import Membership
from assessments.forms.approval import ProposalForm, month_field, owner_field
from assessments.forms.tripwires import TripwireForm, watcher_field
from assessments.forms.versions import SeenVersion
from assessments.models import Condition, Review, Tripwire
from assessments.scoring.schema import Schema
from assessments.services import conditions, tripwires
from assessments.services.conditions import Demand

WIRE_FIELDS = ("field", "option", "comparison", "threshold", "by_month", "owner", "because")


class NewTripwire(TripwireForm):
    """One that may be left empty: a comparison, which is always chosen, asks for none yet."""

    def has_changed(self) -> bool:
        return bool(set(self.changed_data) - {"comparison"})


def _named(owner: Membership | None) -> str:
    return str(owner.uuid) if owner else ""


class AmendForm(ProposalForm):
    """An approver's other decision, with owners for the conditions that it brings.

    rows    the review's conditions by key
    facts   what a tripwire can watch; see `forms.tripwires.fact_choices`
    schema  of the facts
    """

    number = SeenVersion()

    def __init__(
        self,
        data: Any = None,
        *,
        review: Review,
        people: Collection[Membership],
        rows: Mapping[str, Condition],
        facts: list,
        schema: Schema,
        **options: Any,
    ):
        super().__init__(data, **options)
        self.demands: list[Demand] = conditions.demands(self.numbers)
        for demand in self.demands:
            row = rows.get(demand.key)
            self._ask_for(demand.key, people, demand.function_key, row, row.due_month if row else demand.due_month)
        self.advised = [row for row in rows.values() if not row.mandatory]
        for row in self.advised:
            self._ask_for(row.key, people, row.owner_function.key if row.owner_function else "", row, row.due_month)
            self.fields[f"gone-{row.key}"] = forms.BooleanField(label="Take it off", required=False)
        self.wire_words: Mapping[str, str] = {}
        self.wires = list(review.tripwires.with_gone().select_related("owner__user"))
        self.thresholds = {
            wire.key: tripwires.threshold_words(schema.fields.get(wire.field), wire.threshold) for wire in self.wires
        }
        for wire in self.wires:
            self.fields[f"wire-{wire.key}"] = forms.CharField(
                label="Threshold", initial=self.thresholds[wire.key], max_length=100
            )
            self.fields[f"watched-{wire.key}"] = watcher_field(people, wire, initial=_named(wire.owner))
            self.fields[f"off-{wire.key}"] = forms.BooleanField(label="Take it off", required=False)
        self.fields["new_title"] = forms.CharField(label="What has to be done", max_length=250, required=False)
        self.fields["new_because"] = forms.CharField(label="Why", max_length=conditions.LONGEST_BECAUSE, required=False)
        self.fields["new_owner"] = owner_field(people, "", required=False)
        self.fields["new_due"] = month_field(required=False)
        self.new_wire = NewTripwire(
            data,
            review=review,
            gone=[wire.key for wire in self.wires if data and data.get(f"off-{wire.key}")],
            facts=facts,
            people=people,
            prefix="new_wire",
            empty_permitted=True,
            use_required_attribute=False,
        )

    def _ask_for(
        self, key: str, people: Iterable[Membership], function_key: str, row: Condition | None, due: int | None
    ) -> None:
        held = row.owner if row else None
        gone = row.gone if row else ""
        self.fields[f"owner-{key}"] = owner_field(
            people,
            function_key,
            required=False,
            initial=str(held.uuid) if held and not gone else "",
            help_text=f"{held.name} {gone}: choose who sees to it from now on." if held and gone else "",
        )
        self.fields[f"due-{key}"] = month_field(required=False, initial=due)

    def is_valid(self) -> bool:
        wire = self.new_wire.is_valid()
        return super().is_valid() and wire

    @property
    def condition_rows(self) -> list[tuple[Demand, forms.BoundField, forms.BoundField]]:
        return [(demand, self[f"owner-{demand.key}"], self[f"due-{demand.key}"]) for demand in self.demands]

    @property
    def advised_rows(self) -> list[tuple[Condition, forms.BoundField, forms.BoundField, forms.BoundField]]:
        """Each advised condition with its owner, its due month, and whether it goes."""
        return [
            (row, self[f"owner-{row.key}"], self[f"due-{row.key}"], self[f"gone-{row.key}"]) for row in self.advised
        ]

    @property
    def wire_rows(self) -> list[tuple[Tripwire, str, Sequence[forms.BoundField]]]:
        """Each tripwire with its words, and the fields of its threshold, its owner and whether it goes."""
        return [
            (
                wire,
                self.wire_words.get(wire.key, wire.field),
                [self[f"{part}-{wire.key}"] for part in ("wire", "watched", "off")],
            )
            for wire in self.wires
        ]

    def proposed(self) -> dict[str, Any]:
        """What approvals.amend takes; of a form that was refused, as much of it as can be read."""
        given = super().proposed()
        data: dict[str, Any] = {name: None for name in self.fields} | self.cleaned_data
        wanted = {demand.key for demand in conditions.demands_on(self.numbers, given["option_key"])}
        gone = [row.key for row in self.advised if data[f"gone-{row.key}"]]
        asked = [
            demand.key
            for demand in self.demands
            if demand.key in wanted and (data[f"owner-{demand.key}"] or data[f"due-{demand.key}"] is not None)
        ]
        asked += [row.key for row in self.advised if row.key not in gone]
        entries = [{"key": key, "owner": data[f"owner-{key}"], "due_month": data[f"due-{key}"]} for key in asked]
        if data["new_title"]:
            new = {"title": data["new_title"], "because": data["new_because"]}
            entries.append(new | {"owner": data["new_owner"], "due_month": data["new_due"]})
        dropped = [wire.key for wire in self.wires if data[f"off-{wire.key}"]]
        wires = [
            {
                "key": wire.key,
                "threshold": data[f"wire-{wire.key}"],
                "by_month": wire.by_month,
                "owner": data[f"watched-{wire.key}"],
                "because": wire.because,
            }
            for wire in self.wires
            if wire.key not in dropped and self._changes(wire, data)
        ]
        if self.new_wire.has_changed():
            wires.append(self.new_wire.entry())
        return given | {
            "conditions": entries,
            "dropped_conditions": gone,
            "tripwires": wires,
            "dropped_tripwires": dropped,
        }

    def _changes(self, wire: Tripwire, data: Mapping[str, Any]) -> bool:
        """Whether what can be read says something else of a tripwire."""
        threshold, owner = data[f"wire-{wire.key}"], data[f"watched-{wire.key}"]
        if threshold is None or owner is None:
            return False
        return (threshold, owner) != (self.thresholds[wire.key], _named(wire.owner))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        given = any(data.get(name) not in (None, "") for name in ("new_because", "new_owner", "new_due"))
        if given and not data.get("new_title") and "new_title" not in self.errors:
            self.add_error("new_title", "Say what has to be done.")
        return data

    def take(self, problems: Iterable[Mapping[str, Any]]) -> None:
        for entry in problems:
            if self._is_of_new_wire(entry):
                self.new_wire.take([entry])
            else:
                super().take([entry])

    def take_further(self, problems: Iterable[Mapping[str, Any]]) -> None:
        """What a service found besides, but where the form has said already what is wrong with a field."""
        for entry in problems:
            form: Any = self.new_wire if self._is_of_new_wire(entry) else self
            if form.place_of(entry) not in form.errors:
                self.take([entry])

    def _is_of_new_wire(self, entry: Mapping[str, Any]) -> bool:
        return entry["option"] == "" and entry["field"] in WIRE_FIELDS and self.new_wire.has_changed()

    def place_of(self, entry: Mapping[str, Any]) -> str | None:
        key = entry["option"]
        if f"wire-{key}" in self.fields:
            return f"watched-{key}" if entry["field"] == "owner" else f"wire-{key}"
        for field, known, new in (("owner", f"owner-{key}", "new_owner"), ("due_month", f"due-{key}", "new_due")):
            if entry["field"] == field:
                return known if known in self.fields else new
        return "new_title" if entry["field"] == "title" else super().place_of(entry)
