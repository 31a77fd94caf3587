"""What people say of weights: a form with one column per function, of fields that the method asks for."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations
from typing import Any

from django import forms

from assessments.forms.taking import SeenForm
from assessments.forms.versions import SeenVersion
from assessments.scoring.elicitation import PAIRS, SCALE, Answer

TOGETHER = "together"  # one answer for everybody
METHODS = {
    "direct": "Direct: points of any sum",
    "swing": "Swing: what the step from worst to best is worth, the largest 100",
    "rank_sum": "Order: rank-sum weights",
    "rank_order_centroid": "Order: rank order centroid weights",
    PAIRS: "Pairs: how many times as important (AHP)",
}
RANKED = ("rank_sum", "rank_order_centroid")
MOST_PAIRED = 10  # keys, beyond which pairs are too many to be judged with care


class ChooseForm(SeenForm):
    """Which weights, by which method, and who answers."""

    group = forms.ChoiceField(label="Weights of")
    method = forms.ChoiceField(choices=list(METHODS.items()))
    functions = forms.MultipleChoiceField(
        label="Who answers", required=False, widget=forms.CheckboxSelectMultiple, help_text="Nobody ticked: one answer."
    )

    def __init__(self, *args: Any, groups: Mapping[str, str], functions: Mapping[str, str], **more: Any):
        super().__init__(*args, **more)
        self.fields["group"].choices = list(groups.items())
        self.fields["functions"].choices = list(functions.items())


def _times(a: str, b: str) -> list[tuple[str, str]]:
    """Saaty's scale from "a nine times" to "b nine times"."""
    found = [("", "choose")]
    for value in sorted(SCALE, reverse=True):
        if value == 1:
            found.append(("1", "equally important"))
        elif value > 1:
            found.append((str(value), f"{value} times: {a}"))
        else:
            found.append((str(value), f"{1 / value} times: {b}"))
    return found


class WeightsForm(SeenForm):
    """names: of what is weighed, by key; answering: names of functions by key, or the one of TOGETHER."""

    version = SeenVersion()

    def __init__(
        self, *args: Any, names: Mapping[str, str], method: str, answering: Mapping[str, str],
        now: Mapping[str, float], **more: Any,
    ):  # fmt: skip
        super().__init__(*args, **more)
        self.names, self.method, self.answering = names, method, answering
        self.pairs = list(combinations(names, 2)) if method == PAIRS else []
        order = sorted(names, key=lambda key: -now[key])
        largest = max(now.values()) or 1.0
        for function, called in answering.items():
            for key, name in names.items():
                label = f"{name}, {called}"
                if method in RANKED:
                    self.fields[f"{function}:{key}"] = forms.IntegerField(
                        label=label, min_value=1, max_value=len(names), initial=order.index(key) + 1
                    )
                elif method != PAIRS:
                    initial = now[key] * 100 / largest if method == "swing" else now[key] * 100
                    self.fields[f"{function}:{key}"] = forms.FloatField(
                        label=label,
                        min_value=0,
                        max_value=100 if method == "swing" else 1_000_000,
                        initial=round(initial, 2),
                        widget=forms.NumberInput(attrs={"step": "any"}),
                    )
            for a, b in self.pairs:
                self.fields[f"{function}:{a}:{b}"] = forms.TypedChoiceField(
                    label=f"{names[a]} or {names[b]}, {called}",
                    choices=_times(names[a], names[b]),
                    coerce=lambda text: float(Fraction(text)),
                )
            if len(answering) > 1:
                self.fields[f"say:{function}"] = forms.FloatField(
                    label=f"Weight of the say of {called}",
                    min_value=0,
                    max_value=1_000_000,
                    initial=1,
                    widget=forms.NumberInput(attrs={"step": "any"}),
                )

    @property
    def rows(self) -> list[tuple[str, list[forms.BoundField]]]:
        """(what is asked, one field per function)."""
        if self.method == PAIRS:
            return [
                (f"{self.names[a]} or {self.names[b]}", [self[f"{function}:{a}:{b}"] for function in self.answering])
                for a, b in self.pairs
            ]
        return [(name, [self[f"{function}:{key}"] for function in self.answering]) for key, name in self.names.items()]

    @property
    def says(self) -> list[forms.BoundField]:
        return [self[f"say:{function}"] for function in self.answering] if len(self.answering) > 1 else []

    def answers(self) -> dict[str, Answer]:
        """Of a valid form."""
        return {function: Answer(self.method, self._given(function)) for function in self.answering}

    def importance(self) -> dict[str, float] | None:
        if len(self.answering) < 2:
            return None
        return {function: self.cleaned_data[f"say:{function}"] for function in self.answering}

    def _given(self, function: str) -> Any:
        if self.method == PAIRS:
            return {(a, b): self.cleaned_data[f"{function}:{a}:{b}"] for a, b in self.pairs}
        said = {key: self.cleaned_data[f"{function}:{key}"] for key in self.names}
        if self.method not in RANKED:
            return said
        places = sorted(set(said.values()))
        return [[key for key, place in said.items() if place == at] for at in places]
