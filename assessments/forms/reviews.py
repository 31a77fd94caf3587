"""What people type to open a review, to change it, to end a step of it."""

from django import forms

from assessments.forms.taking import SeenForm
from assessments.forms.versions import SeenVersion
from assessments.services.reviews import FEWEST_OPTIONS, LONGEST_CAUSE, LONGEST_QUESTION

NOTE = {"rows": 3}


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self):
        super().__init__(format="%Y-%m-%d")


class ReviewForm(SeenForm):
    """The question of a review and its day."""

    question = forms.CharField(label="Question", max_length=LONGEST_QUESTION, widget=forms.Textarea(attrs={"rows": 2}))
    due_on = forms.DateField(
        label="Decision due", required=False, widget=DayInput(), help_text="The day on which the decision should stand."
    )
    version = SeenVersion(required=False)


class OptionsForm(SeenForm):
    """Which of the places that the facts describe are compared."""

    options = forms.MultipleChoiceField(
        label="Options", widget=forms.CheckboxSelectMultiple, help_text="At least two; two of a kind are fine."
    )
    version = SeenVersion(required=False)

    def __init__(self, *args, choices=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["options"].choices = choices

    def clean_options(self):
        chosen = self.cleaned_data["options"]
        if len(chosen) < FEWEST_OPTIONS:
            raise forms.ValidationError("A review compares at least two options.")
        return chosen


class NewReviewForm(OptionsForm, ReviewForm):
    field_order = ["question", "options", "due_on", "cause"]
    version = None
    cause = forms.CharField(
        label="Why now",
        required=False,
        max_length=LONGEST_CAUSE,
        widget=forms.Textarea(attrs=NOTE),
        help_text="What has happened since the last decision; everyone in the review reads it.",
    )


class AssignForm(SeenForm):
    """A person to ask for one function."""

    function = forms.UUIDField(widget=forms.HiddenInput)
    membership = forms.UUIDField(error_messages={"required": "Choose a person.", "invalid": "Choose a person."})
    due_on = forms.DateField(required=False, widget=DayInput())


class ReasonForm(SeenForm):
    reason = forms.CharField(
        label="Reason", required=False, max_length=2000, widget=forms.Textarea(attrs=NOTE), strip=True
    )
    version = SeenVersion(required=False)


class RateForm(SeenForm):
    """One rating; what is left out stays as it is. `over`: the version that a clash showed and is written over."""

    score = forms.TypedChoiceField(
        choices=[(step, step) for step in range(1, 6)], coerce=int, required=False, empty_value=None,
        error_messages={"invalid_choice": "A score is a whole number from 1 to 5."},
    )  # fmt: skip
    confidence = forms.CharField(required=False, max_length=6)
    rationale = forms.CharField(required=False, strip=False)
    version = SeenVersion()
    over = SeenVersion(required=False)
    facts = forms.IntegerField(required=False, widget=forms.HiddenInput)
    accept = forms.BooleanField(required=False)

    def given(self) -> dict:
        """The arguments of `services.ratings.rate`."""
        said = self.cleaned_data
        seen = said["version"] if said["over"] is None else said["over"]
        return {
            "score": said["score"],
            "confidence": said["confidence"] or None,
            "rationale": said["rationale"].replace("\r\n", "\n") if "rationale" in self.data else None,
            "accepted": said["accept"],
            "seen_version": seen,
            "seen_facts": said["facts"],
        }


class AgreeForm(SeenForm):
    """What the panel agreed on for a cell."""

    value = forms.CharField(
        label="Agreed value", max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}), help_text="1 to 5, two decimals.",
    )  # fmt: skip
    note = forms.CharField(label="Why", widget=forms.Textarea(attrs=NOTE), max_length=4000)
    version = SeenVersion()
    facts = forms.IntegerField(widget=forms.HiddenInput, required=False)
