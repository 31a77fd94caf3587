"""What is typed of a tripwire: a fact, a comparison, a threshold, until when, whose."""

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.models import Membership
from assessments.forms.approval import owner_field
from assessments.forms.taking import TakesProblems
from assessments.models import Review, Tripwire
from assessments.scoring.schema import Schema
from assessments.scoring.tripwires import TYPES, WORDS
from assessments.services.owning import LAST_MONTH
from assessments.services.tripwires import LONGEST_REASON


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
    return f"{field.label} ({field.unit})" if field.unit else field.label


class TripwireForm(TakesProblems):
    """One tripwire. Which thresholds are possible the service says, as they depend on the fact."""

    names = {"field": "fact", "option": "fact"}
    key = forms.CharField(required=False, widget=forms.HiddenInput, max_length=80)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, facts: list, people: Iterable[Membership], **options: Any):
        super().__init__(*args, **options)
        words = [(key, words) for key, words in WORDS.items()]
        self.fields["fact"] = forms.ChoiceField(
            label="Fact", choices=facts, error_messages={"required": "Choose the fact that is watched."}
        )
        self.fields["comparison"] = forms.ChoiceField(label="The decision ends if it", choices=words)
        self.fields["threshold"] = forms.CharField(label="Threshold", max_length=100)
        self.fields["by_month"] = forms.IntegerField(
            label="Until month", min_value=0, max_value=LAST_MONTH, required=False
        )
        self.fields["owner"] = owner_field(people, "", required=False)
        self.fields["because"] = forms.CharField(label="Why", required=False, max_length=LONGEST_REASON)

    def entry(self) -> dict[str, Any]:
        """What services.tripwires.put takes."""
        data = self.cleaned_data
        option, _, field = data["fact"].partition("/")
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


def initial_of(row: Tripwire) -> dict[str, Any]:
    return {
        "key": row.key,
        "version": row.version,
        "fact": f"{row.option_key}/{row.field}",
        "comparison": row.comparison,
        "threshold": str(row.threshold).lower() if isinstance(row.threshold, bool) else row.threshold,
        "by_month": row.by_month,
        "owner": str(row.owner.uuid) if row.owner else "",
        "because": row.because,
    }
