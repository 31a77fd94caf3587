"""What is typed of a tripwire: a fact, a comparison, a threshold, until when, whose."""

from collections.abc import Collection
from typing import Any

from django import forms

from accounts.models import Membership
from assessments.forms.approval import month_words, owner_choices
from assessments.forms.taking import TakesProblems
from assessments.forms.versions import SeenVersion
from assessments.models import Review, Tripwire
from assessments.scoring.schema import Schema
from assessments.scoring.tripwires import TYPES, WORDS, values_of
from assessments.services import tripwires
from assessments.services.owning import LAST_MONTH
from assessments.services.tripwires import LONGEST_REASON

LONGEST_CHOICES = 60  # characters of a fact's choices beside its name


def fact_choices(schema: Schema, review: Review, *, commercial: bool) -> list:
    """Every fact that a tripwire can watch, "option/field", those of the program first."""
    facts = review.revision.facts
    fields = [field for field in schema.fields.values() if field.type in TYPES and (commercial or not field.commercial)]
    groups = [("The program", [(f"/{field.key}", _label(field)) for field in fields if field.scope == "program"])]
    for option in review.options.all():
        kind = facts["options"][option.key]["kind"]
        own = [(f"{option.key}/{field.key}", _label(field)) for field in schema.option_fields(kind) if field in fields]
        groups.append((option.name, own))
    return [("", "Choose a fact"), *groups]


def _label(field: Any) -> str:
    """A fact with what its threshold is given in: its unit, or the words that it is one of where they are few."""
    values = " / ".join(values_of(field))
    said = field.unit or (values if len(values) <= LONGEST_CHOICES else "one by name")
    return f"{field.label} ({said})" if said else field.label


def watcher_field(people: Collection[Membership], row: Tripwire | None = None, **options: Any) -> forms.ChoiceField:
    """Who sees to a tripwire. Whoever has it may keep it, whether or not they could be chosen now."""
    owner = row.owner if row else None
    kept = []
    if row is not None and owner is not None and owner not in people:
        kept = [(str(owner.uuid), f"{owner.name} (can no longer see to it)")]
        if row.gone:
            options["help_text"] = f"{owner.name} {row.gone}: choose who sees to it from now on."
    choices = [*owner_choices(people, ""), *kept]
    return forms.ChoiceField(label="Owner", choices=choices, required=False, **options)


class TripwireForm(TakesProblems):
    """One tripwire. Which thresholds are possible the service says, as they depend on the fact: asked here already, so
    that all that is wrong is said at once."""

    names = {"field": "fact", "option": "fact"}
    key = forms.CharField(required=False, widget=forms.HiddenInput, max_length=80)
    version = SeenVersion(required=False)

    def __init__(
        self,
        *args: Any,
        review: Review,
        facts: list,
        people: Collection[Membership],
        changed: Tripwire | None = None,
        gone: Collection[str] = (),
        **options: Any,
    ):
        """
        changed  the tripwire that is changed
        gone     keys of the tripwires that are taken off with the same act
        """
        super().__init__(*args, **options)
        self.review, self.gone = review, gone
        words = [(key, words) for key, words in WORDS.items()]
        self.fields["fact"] = forms.ChoiceField(
            label="Fact", choices=facts, error_messages={"required": "Choose the fact that is watched."}
        )
        self.fields["comparison"] = forms.ChoiceField(label="The decision ends if it", choices=words)
        self.fields["threshold"] = forms.CharField(
            label="Threshold", max_length=100, help_text="A number in the fact's unit, or one of its values by name."
        )
        self.fields["by_month"] = forms.IntegerField(
            label="Until month",
            min_value=0,
            max_value=LAST_MONTH,
            required=False,
            error_messages=month_words("The month until which it counts"),
        )
        self.fields["owner"] = watcher_field(people, changed)
        self.fields["because"] = forms.CharField(label="Why", required=False, max_length=LONGEST_REASON)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("fact"):
            option, _, field = data["fact"].partition("/")
            faults = tripwires.faults_of(
                self.review,
                field=field,
                option=option,
                comparison=data.get("comparison", ""),
                threshold=data.get("threshold", ""),
                key=data.get("key", ""),
                gone=self.gone,
            )
            said = set(self.errors)
            self.take([one for one in faults if self.place_of(one) not in said])
        return data

    def entry(self) -> dict[str, Any]:
        """What services.tripwires.put takes; of a form that was refused, as much of it as can be read."""
        data: dict[str, Any] = {name: None for name in self.fields} | self.cleaned_data
        option, _, field = (data["fact"] or "").partition("/")
        return {
            "key": data["key"],
            "field": field,
            "option": option,
            "comparison": data["comparison"],
            "threshold": data["threshold"],
            "by_month": data["by_month"],
            "owner": data["owner"],
            "because": data["because"],
            **({"version": data["version"]} if data["key"] else {}),
        }


def initial_of(row: Tripwire, schema: Schema) -> dict[str, Any]:
    return {
        "key": row.key,
        "version": row.version,
        "fact": f"{row.option_key}/{row.field}",
        "comparison": row.comparison,
        "threshold": tripwires.threshold_words(schema.fields.get(row.field), row.threshold),
        "by_month": row.by_month,
        "owner": str(row.owner.uuid) if row.owner else "",
        "because": row.because,
    }
