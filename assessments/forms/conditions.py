"""What people ask the list of conditions for, and what they say of one."""

from django import forms
from django.core.files.uploadedfile import UploadedFile

from accounts.field_words import Form
from assessments.forms.approval import owner_field
from assessments.forms.reviews import DayInput
from assessments.forms.taking import SeenForm, TakesProblems
from assessments.forms.versions import SeenVersion
from assessments.models import Condition
from assessments.services.condition_states import LONGEST_NOTE
from assessments.services.evidence import MOST_BYTES, TYPES, Given

SORTS = {"due": "due_on", "title": "title", "program": "review__program__name", "state": "state"}


class ConditionFilterForm(Form):
    """Anything unknown counts as not asked for: an address may be old."""

    q = forms.CharField(label="Condition", required=False, max_length=150)
    state = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any state"),
            ("undone", "Not done"),
            ("overdue", "Overdue"),
            ("left", "Owner gone"),
            *Condition.State.choices,
        ],
    )
    program = forms.ChoiceField(required=False)
    function = forms.ChoiceField(required=False)
    mine = forms.BooleanField(label="Only mine", required=False)
    sort = forms.CharField(required=False, widget=forms.HiddenInput, max_length=20)

    def __init__(self, *args, programs, functions, **more):
        super().__init__(*args, **more)
        self.fields["program"].choices = [("", "Any program"), *((str(one.uuid), one.name) for one in programs)]
        self.fields["function"].choices = [("", "Any function"), *((one.key, one.name) for one in functions)]
        for name in ("state", "program", "function"):
            self.fields[name].widget.attrs["class"] = "form-select"

    @property
    def asked(self) -> dict:
        """The filters as they are understood, without the empty ones."""
        self.is_valid()
        kept = {key: value for key, value in self.cleaned_data.items() if value}
        if kept.get("sort", "").removeprefix("-") not in SORTS:
            kept.pop("sort", None)
        return kept


class EvidenceForm(TakesProblems):
    """What shows something: a file or a link."""

    file = forms.FileField(
        label="Evidence: a file",
        required=False,
        widget=forms.ClearableFileInput({"accept": ",".join(TYPES)}),
        help_text=f"{', '.join(one.removeprefix('.') for one in TYPES)}; at most {MOST_BYTES // 1024 // 1024} MB.",
    )
    url = forms.CharField(label="or a link", required=False, max_length=1000)
    title = forms.CharField(label="What the evidence is", required=False, max_length=250)
    dated = forms.DateField(label="Its date", required=False, widget=DayInput())
    valid_until = forms.DateField(label="Valid until", required=False, widget=DayInput())

    def given(self) -> Given | None:
        """The evidence, None where nothing of it is given; of what lacks both file and link the service says so."""
        data = self.cleaned_data
        file: UploadedFile | None = data["file"]
        if not file and not any(data[name] for name in ("url", "title", "dated", "valid_until")):
            return None
        # One byte more than allowed is enough to refuse it.
        content = file.read(MOST_BYTES + 1) if file else b""
        name = file.name or "" if file else ""
        return Given(data["title"], name, content, data["url"].strip(), data["dated"], data["valid_until"])

    def ask_again_for_file(self) -> None:
        """After a refusal of something else: no page gives a file back."""
        if self.files.get("file") and not self.has_error("file"):
            self.add_error("file", "Choose the file again: it was not kept.")


class MoveForm(EvidenceForm):
    """How far a condition is now, at will with evidence."""

    version = SeenVersion()
    state = forms.ChoiceField(label="It is now", widget=forms.RadioSelect)
    note = forms.CharField(
        label="What was done, or why it is open again", required=False, max_length=LONGEST_NOTE,
        widget=forms.Textarea({"rows": 3}), help_text="Needed when it is done, and when it is open again.",
    )  # fmt: skip
    field_order = ("version", "state", "note")

    def __init__(self, *args, states, **more):
        super().__init__(*args, **more)
        words = dict(Condition.State.choices)
        self.fields["state"].choices = [(state, words[state]) for state in states]
        self.fields["state"].error_messages["invalid_choice"] = "Choose what it is now."


class RemovalForm(SeenForm):
    """Why a piece of evidence is removed."""

    reason = forms.CharField(label="Why it is removed", max_length=LONGEST_NOTE, widget=forms.Textarea({"rows": 3}))


class HandOverForm(TakesProblems):
    """Who sees to a condition from now on, and why."""

    version = SeenVersion()
    reason = forms.CharField(
        label="Why somebody else sees to it", max_length=LONGEST_NOTE, widget=forms.Textarea({"rows": 3})
    )
    field_order = ("version", "owner", "reason")

    def __init__(self, *args, people, function_key="", **more):
        super().__init__(*args, **more)
        self.fields["owner"] = owner_field(people, function_key)
        self.order_fields(self.field_order)
