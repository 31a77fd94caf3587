"""What is typed to bend a route: who takes a party's place, who signs in whose place."""

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.models import Membership
from assessments.forms.taking import TakesProblems
from assessments.models import ApprovalParty
from assessments.services import delegations, rerouting, routes


def person_choices(people: Iterable[Membership], empty: str) -> list[tuple[str, str]]:
    found = [("", empty)]
    for person in people:
        functions = ", ".join(function.name for function in person.functions)
        found.append((str(person.uuid), f"{person.name} ({functions})" if functions else person.name))
    return found


def stand_in_field(people: Iterable[Membership], able: Iterable[Membership], empty: str, **options: Any) -> Any:
    """Who takes a place: those who can are offered; of anybody else of the people the service says why not."""
    unknown = {"invalid_choice": "This is nobody who has access here now: choose somebody of the list."}
    field = forms.ChoiceField(choices=person_choices(people, empty), error_messages=unknown, **options)
    field.widget.choices = person_choices(able, empty)
    return field


class ReassignForm(TakesProblems):
    """Which of those whom a step names gives their place to whom, and why."""

    def __init__(
        self,
        *args: Any,
        parties: Iterable[ApprovalParty],
        people: Iterable[Membership],
        able: Iterable[Membership],
        **options: Any,
    ):
        """able  those of the people who can take over"""
        super().__init__(*args, **options)
        choices = [(routes.party_key(party), routes.party_words(party)) for party in parties]
        # Of a place that the step does not name (any more) the service says what became of it.
        self.fields["place"] = forms.CharField(label="In place of", widget=forms.Select(choices=choices))
        self.fields["person"] = stand_in_field(people, able, "Choose a person", label="Signs instead")
        self.fields["reason"] = forms.CharField(
            label="Why", widget=forms.Textarea({"rows": 3}), max_length=rerouting.LONGEST_REASON
        )


class DelegationForm(TakesProblems):
    """Who signs in whose place, from which day to the end of which. `givers` is asked of admins alone."""

    def __init__(
        self,
        *args: Any,
        people: Iterable[Membership],
        able: Iterable[Membership],
        givers: Iterable[Membership] = (),
        **options: Any,
    ):
        """able  those of the people who can sign instead"""
        super().__init__(*args, **options)
        if givers := list(givers):
            self.fields["giver"] = forms.ChoiceField(label="Who is away", choices=person_choices(givers, "Myself"))
            self.fields["giver"].required = False
        self.fields["taker"] = stand_in_field(people, able, "Choose a person", label="Who signs instead")
        for name, label in (("first_day", "First day"), ("last_day", "Last day")):
            self.fields[name] = forms.DateField(label=label, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
        self.fields["reason"] = forms.CharField(
            label="Why",
            widget=forms.Textarea({"rows": 2}),
            max_length=delegations.LONGEST_REASON,
            required=False,
            help_text="Needed when you delegate for somebody else." if givers else "",
        )
